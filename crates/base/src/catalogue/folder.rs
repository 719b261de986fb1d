use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    digest::{Digest, Hasher},
    error::CatalogueError,
    locate::Origin,
    manifest::{Dataset, DatasetFile},
};
use crate::commit;

/// File beside imported files that remembers the digests that nobody publishes.
const IMPORT_RECORD: &str = "imported.json";

/// A data set on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetFolder {
    dataset: Dataset,
    path: PathBuf,
    origin: Origin,
}

/// What a file of a data set is, compared with what was published, or recorded at import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileState {
    /// It has the right size and digest.
    Good {
        /// The digest.
        digest: Digest,
    },
    /// It is not there.
    Missing,
    /// Its size is wrong, mostly because a copy was cut.
    WrongSize {
        /// Size published, in bytes.
        expected: u64,
        /// Size of the file, in bytes.
        found: u64,
    },
    /// Its digest is wrong.
    WrongDigest {
        /// Digest published or recorded.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// Nothing is published and nothing was recorded to compare it with.
    Unrecorded {
        /// Digest of the file.
        found: Digest,
    },
}

/// What was found at an import of a file without a published digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Imported {
    /// Size in bytes.
    pub(super) bytes: u64,
    /// Digest at the import.
    pub(super) digest: Digest,
}

impl DatasetFolder {
    /// A folder that holds, or is to hold, the files of `dataset`.
    pub fn new(dataset: &Dataset, path: impl Into<PathBuf>, origin: Origin) -> Self {
        Self {
            dataset: dataset.clone(),
            path: path.into(),
            origin,
        }
    }

    /// The description of the set.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the folder was named.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Names of the files that are not there, or have not the published size; optional ones left out.
    pub fn lacking(&self) -> Vec<&str> {
        let is_there = |file: &DatasetFile| {
            fs::metadata(self.path.join(&file.name))
                .is_ok_and(|metadata| metadata.is_file() && file.bytes.is_none_or(|bytes| bytes == metadata.len()))
        };
        let files = self.dataset.files.iter();
        files
            .filter(|file| !file.optional && !is_there(file))
            .map(|file| file.name.as_str())
            .collect()
    }

    /// Opens a file at its start, after reading all of it to compare it with its digest.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::OptionalMissing`] for an optional file that is not there;
    /// [`CatalogueError::WrongSize`], [`CatalogueError::WrongDigest`] or [`CatalogueError::Unrecorded`]
    /// if it is not the right file; [`CatalogueError::Io`] if it cannot be read.
    pub fn open(&self, name: &str) -> Result<File, CatalogueError> {
        let file = self.dataset.file(name)?;
        let path = self.path.join(name);
        let mut source = match File::open(&path) {
            Err(error) if file.optional && error.kind() == io::ErrorKind::NotFound => {
                return Err(CatalogueError::OptionalMissing {
                    name: self.dataset.name.clone(),
                    path,
                });
            }
            opened => opened.map_err(CatalogueError::io("open", &path))?,
        };
        let size = source.metadata().map_err(CatalogueError::io("read", &path))?.len();
        if let Some(expected) = file.bytes
            && expected != size
        {
            let found = size;
            return Err(CatalogueError::WrongSize { path, expected, found });
        }
        let Some(expected) = self.expected_digest(file)? else {
            let name = self.dataset.name.clone();
            return Err(CatalogueError::Unrecorded { path, name });
        };
        let mut hasher = expected.hasher();
        io::copy(&mut (&source).take(size), &mut hasher).map_err(CatalogueError::io("read", &path))?;
        let found = hasher.finish();
        if found != expected {
            return Err(CatalogueError::WrongDigest { path, expected, found });
        }
        source.rewind().map_err(CatalogueError::io("read", &path))?;
        Ok(source)
    }

    /// Reads a file into memory and compares it with its digest.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::WrongSize`], [`CatalogueError::WrongDigest`] or [`CatalogueError::Unrecorded`]
    /// if it is not the right file; [`CatalogueError::Io`] if it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, CatalogueError> {
        let file = self.dataset.file(name)?;
        let path = self.path.join(name);
        let source = File::open(&path).map_err(CatalogueError::io("open", &path))?;
        let limit = file.bytes.map_or(u64::MAX, |bytes| bytes.saturating_add(1));
        let mut bytes = Vec::new();
        source
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(CatalogueError::io("read", &path))?;
        if let Some(expected) = file.bytes
            && expected != bytes.len() as u64
        {
            let found = fs::metadata(&path).map_or(bytes.len() as u64, |metadata| metadata.len());
            return Err(CatalogueError::WrongSize { path, expected, found });
        }
        let Some(expected) = self.expected_digest(file)? else {
            return Err(CatalogueError::Unrecorded {
                path,
                name: self.dataset.name.clone(),
            });
        };
        let mut hasher = expected.hasher();
        hasher.update(&bytes);
        let found = hasher.finish();
        if found != expected {
            return Err(CatalogueError::WrongDigest { path, expected, found });
        }
        Ok(bytes)
    }

    /// The digest that each file must have, for the record of a run.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Io`] if the record of an import cannot be read.
    pub fn digests(&self) -> Result<Vec<(String, Digest)>, CatalogueError> {
        let mut digests = Vec::new();
        for file in &self.dataset.files {
            if let Some(digest) = self.expected_digest(file)? {
                digests.push((file.name.clone(), digest));
            }
        }
        Ok(digests)
    }

    /// Compares every file with its digest, reading all of them.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Io`] if a file that is there cannot be read.
    pub fn verify(&self) -> Result<Vec<(&DatasetFile, FileState)>, CatalogueError> {
        let files = self.dataset.files.iter();
        files.map(|file| Ok((file, self.state(file)?))).collect()
    }

    /// Compares one file with its digest.
    pub(super) fn state(&self, file: &DatasetFile) -> Result<FileState, CatalogueError> {
        let path = self.path.join(&file.name);
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileState::Missing),
            Err(error) => return Err(CatalogueError::io("read", path)(error)),
        };
        if let Some(expected) = file.bytes
            && expected != size
        {
            return Ok(FileState::WrongSize { expected, found: size });
        }
        let expected = self.expected_digest(file)?;
        let hasher = expected.map_or_else(Hasher::sha256, |digest| digest.hasher());
        let (_, found) = hasher.file(&path).map_err(CatalogueError::io("read", &path))?;
        Ok(match expected {
            Some(expected) if expected == found => FileState::Good { digest: found },
            Some(expected) => FileState::WrongDigest { expected, found },
            None => FileState::Unrecorded { found },
        })
    }

    /// Digests recorded by earlier imports.
    pub(super) fn imported(&self) -> Result<BTreeMap<String, Imported>, CatalogueError> {
        let path = self.path.join(IMPORT_RECORD);
        match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json)
                .map_err(io::Error::other)
                .map_err(CatalogueError::io("understand", path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(CatalogueError::io("read", path)(error)),
        }
    }

    /// Records digests for later comparisons.
    pub(super) fn record(&self, imported: &BTreeMap<String, Imported>) -> Result<(), CatalogueError> {
        let path = self.path.join(IMPORT_RECORD);
        let json = serde_json::to_vec_pretty(imported)
            .map_err(io::Error::other)
            .map_err(CatalogueError::io("describe", &path))?;
        commit::bytes(&path, &json)?;
        Ok(())
    }

    /// Locks the folder against other fetches and imports, creating it if needed.
    pub(super) fn lock(&self) -> Result<File, CatalogueError> {
        fs::create_dir_all(&self.path).map_err(CatalogueError::io("create", &self.path))?;
        let path = self.path.join(".lock");
        let lock = File::create(&path).map_err(CatalogueError::io("create", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(CatalogueError::Busy {
                folder: self.path.clone(),
            }),
            Err(fs::TryLockError::Error(error)) => Err(CatalogueError::io("lock", path)(error)),
        }
    }

    /// Moves a bad file out of the way without losing it, to `<name>.bad-<n>`.
    pub(super) fn quarantine(&self, path: &Path, name: &str) -> Result<PathBuf, CatalogueError> {
        let free = (1_u32..)
            .map(|number| self.path.join(format!("{name}.bad-{number}")))
            .find(|candidate| !candidate.exists());
        let target = free.unwrap_or_else(|| self.path.join(format!("{name}.bad")));
        fs::rename(path, &target).map_err(CatalogueError::io("move away", path))?;
        Ok(target)
    }

    fn expected_digest(&self, file: &DatasetFile) -> Result<Option<Digest>, CatalogueError> {
        match file.published_digest() {
            Some(digest) => Ok(Some(digest)),
            None => Ok(self.imported()?.get(&file.name).map(|imported| imported.digest)),
        }
    }
}
