//! What survives a crash: one generation of everything, written atomically, with a digest of each file.
//!
//! ```text
//! RUN/checkpoints/step-000000500/
//!     manifest.json        step, position of the journal, state of the loop, size and BLAKE3 digest of every file
//!     manifest.blake3      digest of the manifest itself
//!     <name>.burnpack      weights of a module
//!     <name>.optimizer     state of its optimizer
//!     <name>.json          anything else
//! ```
//! A generation is assembled in a temporary folder and renamed into place, so it exists whole or not at all. Reading
//! checks every digest and falls back to the newest generation that is intact.

mod state;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{module::Module, optim::ModuleOptimizer};
use papers_base::{commit, journal::Position};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tempfile::TempDir;

pub use self::state::{Best, LoopState, Recent};
use crate::{Error, Result, port};

const FORMAT: u32 = 2;
const MANIFEST: &str = "manifest.json";
/// A number of the manifest with a bit flipped is a number still: it has a digest as all other parts have.
const MANIFEST_DIGEST: &str = "manifest.blake3";
/// No honest part of a manifest is longer.
const MANIFEST_LIMIT: u64 = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    step: u64,
    journal: Position,
    state: LoopState,
    files: BTreeMap<String, FileDigest>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FileDigest {
    bytes: u64,
    blake3: String,
}

/// Collects the parts of one generation, or of an export.
#[derive(Debug)]
pub struct Writer {
    staging: TempDir,
    kind: Kind,
    files: BTreeMap<String, FileDigest>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Checkpoint,
    Export,
}

impl Writer {
    fn new(parent: &Path, kind: Kind) -> Result<Self> {
        create_folder(parent)?;
        let staging = tempfile::Builder::new()
            .prefix(".staging-")
            .tempdir_in(parent)
            .map_err(|source| io("write to", parent, source))?;
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
        let length = fs::metadata(&path).map_err(|source| io("read", &path, source))?.len();
        if length > MANIFEST_LIMIT {
            return Err(damaged(&path, "is too large for a manifest"));
        }
        let bytes = fs::read(&path).map_err(|source| io("read", &path, source))?;
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

    /// Reads a value written by [`Writer::json`].
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
        let length = fs::metadata(&path).map_err(|source| io("read", &path, source))?.len();
        if length != expected.bytes {
            return Err(damaged(&path, "has another length than its manifest says"));
        }
        let bytes = fs::read(&path).map_err(|source| io("read", &path, source))?;
        if blake3::hash(&bytes).to_hex().as_str() != expected.blake3 {
            return Err(damaged(&path, "does not match its digest"));
        }
        Ok(bytes)
    }
}

/// The generations of a run: `RUN/checkpoints`.
#[derive(Debug, Clone)]
pub struct Store {
    run: PathBuf,
    folder: PathBuf,
}

impl Store {
    /// The generations of the run in `run`; nothing is touched yet.
    pub fn new(run: &Path) -> Self {
        Self {
            run: run.to_owned(),
            folder: run.join("checkpoints"),
        }
    }

    /// Writes one generation and returns its folder.
    ///
    /// # Errors
    ///
    /// What `fill` or the disk reports; earlier generations are untouched then.
    pub fn save(
        &self,
        step: u64,
        journal: Position,
        state: &LoopState,
        fill: impl FnOnce(&mut Writer) -> Result<()>,
    ) -> Result<PathBuf> {
        let mut writer = Writer::new(&self.folder, Kind::Checkpoint)?;
        fill(&mut writer)?;
        let manifest = Manifest {
            format: FORMAT,
            step,
            journal,
            state: state.clone(),
            files: std::mem::take(&mut writer.files),
        };
        let bytes = serde_json::to_vec_pretty(&manifest).map_err(|error| damaged(&self.folder, &error.to_string()))?;
        commit::part(&writer.staging.path().join(MANIFEST), &bytes)?;
        let digest = blake3::hash(&bytes).to_hex();
        commit::part(&writer.staging.path().join(MANIFEST_DIGEST), digest.as_bytes())?;
        let folder = self.generation(step);
        if folder.exists() {
            self.remove(&folder)?;
        }
        commit::directory(writer.staging, &folder)?;
        Ok(folder)
    }

    /// The newest intact generation, and one line for each damaged one that was passed over.
    ///
    /// # Errors
    ///
    /// [`Error::NoCheckpoint`] where none is intact.
    pub fn latest(&self) -> Result<(Reader, Vec<String>)> {
        let mut warnings = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match Reader::open(&self.generation(step)) {
                Ok(reader) => return Ok((reader, warnings)),
                Err(error) => warnings.push(format!("{error}; falling back to the generation before")),
            }
        }
        Err(Error::NoCheckpoint {
            folder: self.run.clone(),
        })
    }

    /// The generation after `step` updates.
    ///
    /// # Errors
    ///
    /// A generation that is missing or damaged.
    pub fn at(&self, step: u64) -> Result<Reader> {
        Reader::open(&self.generation(step))
    }

    /// Steps of all generations, ascending; what a killed writer left behind is not among them.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let exists = self.folder.try_exists();
        if !exists.map_err(|source| io("read", &self.folder, source))? {
            return Ok(Vec::new());
        }
        let mut steps: Vec<u64> = self.entries()?.iter().filter_map(|path| step_of(path)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// Removes all generations but the newest `keep` and the one of step `best`, and what killed writers left.
    ///
    /// # Errors
    ///
    /// A folder that cannot be removed.
    pub fn prune(&self, keep: usize, best: Option<u64>) -> Result<()> {
        let steps = self.steps()?;
        let old = steps.len().saturating_sub(keep.max(1));
        for &step in steps[..old].iter().filter(|&&step| Some(step) != best) {
            self.remove(&self.generation(step))?;
        }
        for path in self.entries()? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(".staging-") || name.starts_with(".old-") {
                fs::remove_dir_all(&path).map_err(|source| io("remove", &path, source))?;
            }
        }
        Ok(())
    }

    /// Removes the generations after `step`, which a run that resumed from there could not read.
    ///
    /// # Errors
    ///
    /// A folder that cannot be removed.
    pub fn remove_after(&self, step: u64) -> Result<()> {
        for later in self.steps()?.into_iter().filter(|&later| later > step) {
            self.remove(&self.generation(later))?;
        }
        Ok(())
    }

    /// Writes the modules of `fill` as safetensors files into `RUN/weights`.
    ///
    /// # Errors
    ///
    /// What `fill` or the disk reports.
    pub fn export(&self, fill: impl FnOnce(&mut Writer) -> Result<()>) -> Result<PathBuf> {
        let mut writer = Writer::new(&self.run, Kind::Export)?;
        fill(&mut writer)?;
        let folder = self.run.join("weights");
        if folder.exists() {
            self.remove(&folder)?;
        }
        commit::directory(writer.staging, &folder)?;
        Ok(folder)
    }

    fn generation(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:09}"))
    }

    fn entries(&self) -> Result<Vec<PathBuf>> {
        // An entry that cannot be read may be the newest generation: a listing without it would be a wrong one.
        let unreadable = |source| io("read", &self.folder, source);
        let entries = fs::read_dir(&self.folder).map_err(unreadable)?;
        entries.map(|entry| Ok(entry.map_err(unreadable)?.path())).collect()
    }

    /// Renames before deleting, so that a kill in between leaves no half generation under a valid name.
    fn remove(&self, folder: &Path) -> Result<()> {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let doomed = folder.with_file_name(format!(".old-{name}"));
        if doomed.exists() {
            fs::remove_dir_all(&doomed).map_err(|source| io("remove", &doomed, source))?;
        }
        fs::rename(folder, &doomed).map_err(|source| io("remove", folder, source))?;
        fs::remove_dir_all(&doomed).map_err(|source| io("remove", &doomed, source))
    }
}

/// Compares a manifest with its own digest.
fn check_manifest(folder: &Path, manifest: &[u8]) -> Result<()> {
    let path = folder.join(MANIFEST_DIGEST);
    let digest = fs::read(&path).map_err(|source| io("read", &path, source))?;
    if digest != blake3::hash(manifest).to_hex().as_bytes() {
        return Err(damaged(&folder.join(MANIFEST), "does not match its digest"));
    }
    Ok(())
}

fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()
}

fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| io("create", path, source))
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn record(name: &str, source: burn::store::RecordError) -> Error {
    Error::Record {
        name: name.to_owned(),
        source,
    }
}

fn damaged(path: &Path, problem: &str) -> Error {
    Error::Checkpoint {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
