use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{module::Module, optim::ModuleOptimizer};
use papers_base::journal::Position;
use serde::de::DeserializeOwned;

use super::{FORMAT, LoopState, MANIFEST, MANIFEST_DIGEST, Manifest, damaged, record};
use crate::{Error, Result, port};

/// No honest part of a manifest is longer.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// Reads the parts of one intact generation.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    manifest: Manifest,
}

impl Reader {
    /// Opens one generation and checks every file against its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Checkpoint`] naming the first part that is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let length = fs::metadata(&path).map_err(Error::io("read", &path))?.len();
        if length > MANIFEST_LIMIT {
            return Err(damaged(&path, "is too large for a manifest"));
        }
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        check_manifest(folder, &bytes)?;
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&path, &format!("is damaged: {error}")))?;
        if manifest.format != FORMAT {
            let problem = format!("has format {}, this program reads {FORMAT}", manifest.format);
            return Err(damaged(&path, &problem));
        }
        let reader = Self {
            folder: folder.to_owned(),
            manifest,
        };
        for name in reader.manifest.files.keys() {
            reader.bytes(name)?;
        }
        Ok(reader)
    }

    /// Updates applied when the generation was written.
    pub fn step(&self) -> u64 {
        self.manifest.step
    }

    /// Where the journal stood.
    pub fn journal(&self) -> &Position {
        &self.manifest.journal
    }

    /// What the loop remembered.
    pub fn state(&self) -> &LoopState {
        &self.manifest.state
    }

    /// The generation's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every file of the generation with its BLAKE3 digest: equal digests, equal state.
    pub fn digests(&self) -> BTreeMap<&str, &str> {
        let files = self.manifest.files.iter();
        files
            .map(|(name, file)| (name.as_str(), file.blake3.as_str()))
            .collect()
    }

    /// Puts the saved weights into `module`.
    ///
    /// # Errors
    ///
    /// Weights that are missing or do not fit.
    pub fn module<M: Module>(&self, name: &str, module: M) -> Result<M> {
        let bytes = self.bytes(&format!("{name}.burnpack"))?;
        port::from_bytes(module, bytes).map_err(|source| record(name, source))
    }

    /// Puts the saved state into `optimizer`.
    ///
    /// # Errors
    ///
    /// State that is missing or damaged.
    pub fn optimizer(&self, name: &str, optimizer: ModuleOptimizer) -> Result<ModuleOptimizer> {
        let bytes = self.bytes(&format!("{name}.optimizer"))?;
        port::optimizer_from_bytes(optimizer, bytes).map_err(|source| record(name, source))
    }

    /// Reads a value written by [`Writer::json`](super::Writer::json).
    ///
    /// # Errors
    ///
    /// A value that is missing or of another type.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let file = format!("{name}.json");
        serde_json::from_slice(&self.bytes(&file)?)
            .map_err(|error| damaged(&self.folder.join(file), &error.to_string()))
    }

    fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.folder.join(file);
        let is_plain = Path::new(file).components().count() == 1 && !file.starts_with('.');
        let Some(expected) = self.manifest.files.get(file).filter(|_| is_plain) else {
            return Err(damaged(&path, "is not part of this checkpoint"));
        };
        let length = fs::metadata(&path).map_err(Error::io("read", &path))?.len();
        if length != expected.bytes {
            return Err(damaged(&path, "has another length than its manifest says"));
        }
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        if blake3::hash(&bytes).to_hex().as_str() != expected.blake3 {
            return Err(damaged(&path, "does not match its digest"));
        }
        Ok(bytes)
    }
}

/// Compares a manifest with its own digest.
fn check_manifest(folder: &Path, manifest: &[u8]) -> Result<()> {
    let path = folder.join(MANIFEST_DIGEST);
    let digest = fs::read(&path).map_err(Error::io("read", &path))?;
    if digest != blake3::hash(manifest).to_hex().as_bytes() {
        return Err(damaged(&folder.join(MANIFEST), "does not match its digest"));
    }
    Ok(())
}
