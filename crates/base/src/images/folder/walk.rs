//! Finding the pictures of a folder.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
};

use super::FolderError;

/// Sub-folders deeper than this are refused.
const MOST_DEPTH: usize = 16;

/// Endings of pictures, in small letters.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The pictures below `folder`, as sorted paths in it with `/` between their parts.
///
/// Hidden files are passed over, and so are `table` and the sub-folders `skip` of `folder` itself.
pub(super) fn pictures(
    folder: &Path,
    table: Option<&Path>,
    skip: &[String],
    limit: usize,
) -> Result<Vec<String>, FolderError> {
    let walk = Walk {
        root: real_path(folder)?,
        table: table.map(real_path).transpose()?,
        skip,
    };
    let mut pictures = Vec::new();
    let mut folders = vec![(walk.root.clone(), String::new(), 0)];
    while let Some((path, prefix, depth)) = folders.pop() {
        let failed = |source| FolderError::Read {
            path: path.clone(),
            source,
        };
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            match walk.look(&entry, &prefix)? {
                Found::Nothing => {}
                Found::Folder(_) if depth >= MOST_DEPTH => {
                    let (path, limit) = (entry.path(), MOST_DEPTH);
                    return Err(FolderError::TooDeep { path, limit });
                }
                Found::Folder(name) => folders.push((entry.path(), format!("{name}/"), depth + 1)),
                Found::Picture(_) if pictures.len() >= limit => {
                    let folder = folder.to_owned();
                    return Err(FolderError::TooMany { folder, limit });
                }
                Found::Picture(name) => pictures.push(name),
            }
        }
    }
    pictures.sort();
    Ok(pictures)
}

/// What an entry of a folder is; names are paths in the outermost folder.
enum Found {
    Nothing,
    Folder(String),
    Picture(String),
}

struct Walk<'a> {
    root: PathBuf,
    table: Option<PathBuf>,
    skip: &'a [String],
}

impl Walk<'_> {
    fn look(&self, entry: &DirEntry, prefix: &str) -> Result<Found, FolderError> {
        let path = entry.path();
        let failed = |source| FolderError::Read {
            path: path.clone(),
            source,
        };
        let Ok(name) = entry.file_name().into_string() else {
            return Err(FolderError::Name { path });
        };
        if name.starts_with('.') {
            return Ok(Found::Nothing);
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            let is_skipped = prefix.is_empty() && self.skip.contains(&name);
            return Ok(match is_skipped {
                true => Found::Nothing,
                false => Found::Folder(format!("{prefix}{name}")),
            });
        }
        if kind.is_symlink() && !self.leads_to_own_file(&path) {
            return Err(FolderError::Link { path });
        }
        let name = format!("{prefix}{name}");
        if self.is_table(&path).map_err(failed)? {
            return Ok(Found::Nothing);
        }
        let extension = Path::new(&name).extension().and_then(|extension| extension.to_str());
        let is_picture =
            extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()));
        if !is_picture {
            return Err(FolderError::Extension { file: name });
        }
        Ok(Found::Picture(name))
    }

    /// Whether a link leads to a file inside of the folder.
    fn leads_to_own_file(&self, link: &Path) -> bool {
        fs::canonicalize(link).is_ok_and(|target| target.starts_with(&self.root) && target.is_file())
    }

    fn is_table(&self, path: &Path) -> io::Result<bool> {
        match &self.table {
            Some(table) => Ok(fs::canonicalize(path)? == *table),
            None => Ok(false),
        }
    }
}

fn real_path(path: &Path) -> Result<PathBuf, FolderError> {
    fs::canonicalize(path).map_err(|source| FolderError::Read {
        path: path.to_owned(),
        source,
    })
}
