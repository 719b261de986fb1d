use std::{collections::BTreeMap, fs, path::Path};

use burn::{module::Module, optim::ModuleOptimizer};
use papers_base::commit;
use serde::Serialize;
use tempfile::TempDir;

use super::{FileDigest, record};
use crate::{Error, Result, port};

/// Collects the parts of one generation, or of an export.
#[derive(Debug)]
pub struct Writer {
    pub(super) staging: TempDir,
    kind: Kind,
    pub(super) files: BTreeMap<String, FileDigest>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Checkpoint,
    Export,
}

impl Writer {
    pub(super) fn new(parent: &Path, kind: Kind) -> Result<Self> {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let staging = tempfile::Builder::new()
            .prefix(".staging-")
            .tempdir_in(parent)
            .map_err(Error::io("write to", parent))?;
        Ok(Self {
            staging,
            kind,
            files: BTreeMap::new(),
        })
    }

    /// Adds the weights of a module.
    ///
    /// # Errors
    ///
    /// A full disk, weights that Burn cannot write, and [`Error::NonFiniteWeights`]: a checkpoint is something to go on
    /// from.
    pub fn module<M: Module>(&mut self, name: &str, module: &M) -> Result<()> {
        if !port::is_finite(module)? {
            return Err(Error::NonFiniteWeights { name: name.to_owned() });
        }
        match self.kind {
            Kind::Checkpoint => {
                let bytes = port::to_bytes(module).map_err(|source| record(name, source))?;
                self.bytes(&format!("{name}.burnpack"), &bytes)
            }
            Kind::Export => {
                let bytes = port::to_safetensors(module).map_err(|problem| Error::Checkpoint {
                    path: name.into(),
                    problem,
                })?;
                self.bytes(&format!("{name}.safetensors"), &bytes)
            }
        }
    }

    /// Adds the state of an optimizer.
    ///
    /// # Errors
    ///
    /// A full disk, or state that Burn cannot write.
    pub fn optimizer(&mut self, name: &str, optimizer: &ModuleOptimizer) -> Result<()> {
        if self.kind == Kind::Export {
            return Ok(());
        }
        let bytes = port::optimizer_to_bytes(optimizer).map_err(|source| record(name, source))?;
        self.bytes(&format!("{name}.optimizer"), &bytes)
    }

    /// Adds any other value.
    ///
    /// # Errors
    ///
    /// A full disk.
    pub fn json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        if self.kind == Kind::Export {
            return Ok(());
        }
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Checkpoint {
            path: name.into(),
            problem: error.to_string(),
        })?;
        self.bytes(&format!("{name}.json"), &bytes)
    }

    fn bytes(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        commit::part(&self.staging.path().join(file), bytes)?;
        let digest = FileDigest {
            bytes: bytes.len() as u64,
            blake3: blake3::hash(bytes).to_hex().to_string(),
        };
        self.files.insert(file.to_owned(), digest);
        Ok(())
    }
}
