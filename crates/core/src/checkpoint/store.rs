use std::{
    fs, io,
    path::{Path, PathBuf},
};

use papers_base::{commit, journal::Position};

use super::{FORMAT, LoopState, MANIFEST, MANIFEST_DIGEST, Manifest, Reader, Writer, damaged, writer::Kind};
use crate::{Error, Result};

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
        if !exists.map_err(Error::io("read", &self.folder))? {
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
    pub(crate) fn prune(&self, keep: usize, best: Option<u64>) -> Result<()> {
        let steps = self.steps()?;
        let old = steps.len().saturating_sub(keep.max(1));
        for &step in steps[..old].iter().filter(|&&step| Some(step) != best) {
            self.remove(&self.generation(step))?;
        }
        for path in self.entries()? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(".staging-") || name.starts_with(".old-") {
                fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Removes the generations after `step`, which a run that resumed from there could not read.
    ///
    /// # Errors
    ///
    /// A folder that cannot be removed.
    pub(crate) fn remove_after(&self, step: u64) -> Result<()> {
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
        let entries = fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))?;
        // An entry that cannot be read may be the newest generation: a listing without it would be a wrong one.
        let path = |entry: io::Result<fs::DirEntry>| Ok(entry.map_err(Error::io("read", &self.folder))?.path());
        entries.map(path).collect()
    }

    /// Renames before deleting, so that a kill in between leaves no half generation under a valid name.
    fn remove(&self, folder: &Path) -> Result<()> {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let doomed = folder.with_file_name(format!(".old-{name}"));
        if doomed.exists() {
            fs::remove_dir_all(&doomed).map_err(Error::io("remove", &doomed))?;
        }
        fs::rename(folder, &doomed).map_err(Error::io("remove", folder))?;
        fs::remove_dir_all(&doomed).map_err(Error::io("remove", &doomed))
    }
}

fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()
}
