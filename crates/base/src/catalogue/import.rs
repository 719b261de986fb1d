use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{
    digest::{Hasher, HashingReader},
    error::CatalogueError,
    folder::{DatasetFolder, FileState, Imported},
    locate::Origin,
    manifest::{Dataset, DatasetFile},
};
use crate::commit;

/// Copies the files of `dataset` from the folder `from`, or from a folder inside that may hold it, into the
/// cache, after comparing each with its published size and digest.
///
/// Optional files that are not there are left out.
///
/// The digest of a file without a published one is recorded, so that it can be compared from then on. The
/// files of `from` are only read. `observe` is told the name of each file before it is read.
///
/// # Errors
///
/// [`CatalogueError::ImportIncomplete`] before anything is copied; [`CatalogueError::WrongSize`] or
/// [`CatalogueError::WrongDigest`] for a file that is another one, leaving the cache as it was.
pub fn import(
    dataset: &Dataset,
    from: &Path,
    cache: &Path,
    observe: &mut dyn FnMut(&DatasetFile),
) -> Result<DatasetFolder, CatalogueError> {
    if dataset.embedded {
        return Err(CatalogueError::Embedded {
            name: dataset.name.clone(),
            verb: "import",
        });
    }
    if !from.is_dir() {
        return Err(CatalogueError::FolderMissing { path: from.to_owned() });
    }
    let inside = dataset
        .folder_names()
        .map(|name| from.join(name))
        .find(|inside| inside.is_dir());
    let from = inside.as_deref().unwrap_or(from);
    let (present, absent): (Vec<_>, Vec<_>) = dataset.files.iter().partition(|file| from.join(&file.name).is_file());
    let missing: Vec<String> = absent
        .iter()
        .filter(|file| !file.optional)
        .map(|file| file.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(CatalogueError::ImportIncomplete {
            name: dataset.name.clone(),
            folder: from.to_owned(),
            missing,
        });
    }

    let folder = DatasetFolder::new(dataset, cache.join(&dataset.name), Origin::Cache);
    let _lock = folder.lock()?;
    let mut imported = folder.imported()?;
    for file in present {
        observe(file);
        if file.published_digest().is_some() {
            match folder.state(file)? {
                FileState::Good { .. } => continue,
                FileState::Missing => {}
                _ => drop(folder.quarantine(&folder.path().join(&file.name), &file.name)?),
            }
        }
        let copied = copy(file, &from.join(&file.name), &folder.path().join(&file.name))?;
        if file.published_digest().is_none() {
            imported.insert(file.name.clone(), copied);
            folder.record(&imported)?;
        }
    }
    Ok(folder)
}

/// Copies one file, and gives it its final name only if it is the right one.
fn copy(file: &DatasetFile, from: &Path, to: &Path) -> Result<Imported, CatalogueError> {
    let expected = file.published_digest();
    let source = File::open(from).map_err(CatalogueError::io("open", from))?;
    let mut source = HashingReader {
        inner: source.take(file.bytes.map_or(u64::MAX, |bytes| bytes.saturating_add(1))),
        hasher: expected.map_or_else(Hasher::sha256, |digest| digest.hasher()),
    };
    let mut bytes = 0;
    let mut refusal = None;
    let result = commit::file(to, |target| {
        bytes = io::copy(&mut source, target)?;
        let found = source.hasher.clone().finish();
        refusal = match (file.bytes, expected) {
            (Some(expected), _) if expected != bytes => Some(CatalogueError::WrongSize {
                path: from.to_owned(),
                expected,
                found: bytes,
            }),
            (_, Some(expected)) if expected != found => Some(CatalogueError::WrongDigest {
                path: from.to_owned(),
                expected,
                found,
            }),
            _ => None,
        };
        match refusal {
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None => Ok(()),
        }
    });
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    result?;
    Ok(Imported {
        bytes,
        digest: source.hasher.finish(),
    })
}
