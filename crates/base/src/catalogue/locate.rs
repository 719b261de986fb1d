use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Catalogue, error::CatalogueError, folder::DatasetFolder, manifest::Dataset};

/// Environment variable that names a folder of data sets.
pub const DATA_VARIABLE: &str = "BURN_PAPERS_DATA";

/// Where a folder of data sets was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// On the command line.
    CommandLine,
    /// In [`DATA_VARIABLE`].
    Environment,
    /// Nowhere: it is the folder that this project fills.
    Cache,
}

/// A folder that may hold data sets, each in a folder of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it was named.
    pub origin: Origin,
    /// The folder.
    pub path: PathBuf,
}

/// The folders that are looked in, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    roots: Vec<Root>,
}

impl Search {
    /// The folder given on the command line, that of [`DATA_VARIABLE`], the cache.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::FolderMissing`] if the folder of the command line does not exist.
    pub fn new(command_line: Option<&Path>) -> Result<Self, CatalogueError> {
        if let Some(path) = command_line
            && !path.is_dir()
        {
            return Err(CatalogueError::FolderMissing { path: path.to_owned() });
        }
        let environment = env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty());
        let named = [
            (Origin::CommandLine, command_line.map(Path::to_owned)),
            (Origin::Environment, environment.map(PathBuf::from)),
            (Origin::Cache, cache_folder().ok()),
        ];
        Ok(Self::of(
            named
                .into_iter()
                .filter_map(|(origin, path)| path.map(|path| Root { origin, path })),
        ))
    }

    /// A search of the caller's own folders.
    pub fn of(roots: impl IntoIterator<Item = Root>) -> Self {
        Self {
            roots: roots.into_iter().collect(),
        }
    }

    /// The folders, in order.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The first folder that holds every file of `dataset` that is not optional, each of the right size where that
    /// is known.
    ///
    /// In each root, the folder of the set's name comes before those of [`Dataset::also_in`].
    ///
    /// # Errors
    ///
    /// [`CatalogueError::DatasetMissing`] with the command that gets the set, and with what each folder lacks.
    pub fn find(&self, dataset: &Dataset) -> Result<DatasetFolder, CatalogueError> {
        let mut searched = Vec::new();
        let places = self
            .roots
            .iter()
            .flat_map(|root| dataset.folder_names().map(move |name| (root, name)));
        for (root, name) in places {
            let folder = DatasetFolder::new(dataset, root.path.join(name), root.origin);
            if !folder.path().is_dir() {
                searched.push(format!("{} (not there)", folder.path().display()));
                continue;
            }
            let lacking = folder.lacking();
            if lacking.is_empty() {
                return Ok(folder);
            }
            searched.push(format!("{} (lacks {})", folder.path().display(), lacking.join(", ")));
        }
        let name = &dataset.name;
        Err(CatalogueError::DatasetMissing {
            name: name.clone(),
            remedy: if dataset.is_fetchable() {
                format!("get it with `cargo xtask data fetch {name}`")
            } else {
                format!("import it with `cargo xtask data import {name} --from DIR`")
            },
            searched,
        })
    }
}

/// Finds a data set of this project; see [`Search`].
///
/// # Errors
///
/// As [`Search::new`], [`Catalogue::get`] and [`Search::find`].
pub fn locate(name: &str, command_line: Option<&Path>) -> Result<DatasetFolder, CatalogueError> {
    let catalogue = Catalogue::builtin()?;
    Search::new(command_line)?.find(catalogue.get(name)?)
}

/// The folder that this project keeps data sets in: `burn-papers/data` in the user's cache folder.
///
/// # Errors
///
/// [`CatalogueError::NoCacheFolder`] if the environment names none.
pub fn cache_folder() -> Result<PathBuf, CatalogueError> {
    let absolute = |variable| {
        env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let user_cache = absolute("XDG_CACHE_HOME").or_else(|| {
        if cfg!(windows) {
            absolute("LOCALAPPDATA")
        } else {
            absolute("HOME").map(|home| home.join(".cache"))
        }
    });
    user_cache
        .map(|cache| cache.join("burn-papers").join("data"))
        .ok_or(CatalogueError::NoCacheFolder)
}
