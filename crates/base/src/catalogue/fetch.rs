use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use ureq::Agent;

use super::{
    digest::Digest,
    error::{CatalogueError, MirrorFailure},
    folder::{DatasetFolder, FileState},
    locate::Origin,
    manifest::{Dataset, DatasetFile},
    transfer::{self, TransferError, part_size, transfer},
};
use crate::commit;

/// How patient a fetch is.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Attempts at one mirror while its connection breaks; at least one is made.
    pub attempts: u32,
    /// Pause between two attempts at the same mirror.
    pub pause: Duration,
    /// Longest wait for the next bytes.
    pub patience: Duration,
    /// Whether to fetch optional files, too.
    pub optional: bool,
    /// Whether to use the proxy that the environment (`HTTPS_PROXY`, `NO_PROXY`) names.
    pub use_proxy: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            attempts: 4,
            pause: Duration::from_secs(2),
            patience: Duration::from_secs(30),
            optional: false,
            use_proxy: true,
        }
    }
}

/// What happens during a fetch, for whoever shows it.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchEvent<'a> {
    /// Something will be fetched: the moment to show the license and whom to cite.
    Terms {
        /// The set.
        dataset: &'a Dataset,
    },
    /// A file is there already, and it is good.
    Present {
        /// The file.
        file: &'a DatasetFile,
    },
    /// A transfer begins.
    Started {
        /// The file.
        file: &'a DatasetFile,
        /// The mirror.
        url: &'a str,
        /// Bytes kept from an earlier transfer.
        resumed_from: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// Bytes arrived.
    Received {
        /// Bytes of the file that are on disk now.
        bytes: u64,
    },
    /// A transfer failed; the next attempt or the next mirror follows, if there is one.
    Failed {
        /// What happened.
        failure: &'a MirrorFailure,
    },
    /// A bad file was moved away.
    Quarantined {
        /// Where it is now.
        path: &'a Path,
    },
    /// A file is complete, compared with its digest, and in its place.
    Finished {
        /// The file.
        file: &'a DatasetFile,
    },
}

/// Brings the missing files of `dataset` into the folder of its name in `cache`; optional ones only if
/// `options` ask for them.
///
/// Each file grows in `<file>.part`, which a later call continues; it gets its name only when its
/// size and digest are the published ones. A complete file with another digest is kept as
/// `<file>.bad-<n>`.
///
/// # Errors
///
/// [`CatalogueError::Embedded`] and [`CatalogueError::ImportOnly`] before any connection;
/// [`CatalogueError::Busy`] while another process fills the folder;
/// [`CatalogueError::AllMirrorsFailed`] with what each attempt met; [`CatalogueError::Io`].
pub fn fetch(
    dataset: &Dataset,
    cache: &Path,
    options: &FetchOptions,
    observe: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<DatasetFolder, CatalogueError> {
    if dataset.embedded {
        return Err(CatalogueError::Embedded {
            name: dataset.name.clone(),
            verb: "fetch",
        });
    }
    let wanted = dataset.files.iter().filter(|file| options.optional || !file.optional);
    for file in wanted.clone() {
        source(dataset, file)?;
    }
    let folder = DatasetFolder::new(dataset, cache.join(&dataset.name), Origin::Cache);
    let _lock = folder.lock()?;
    let mut missing = Vec::new();
    for file in wanted {
        match folder.state(file)? {
            FileState::Good { .. } => observe(FetchEvent::Present { file }),
            FileState::Missing => missing.push(file),
            _ => {
                let path = folder.quarantine(&folder.path().join(&file.name), &file.name)?;
                observe(FetchEvent::Quarantined { path: &path });
                missing.push(file);
            }
        }
    }
    if !missing.is_empty() {
        observe(FetchEvent::Terms { dataset });
    }
    let agent = transfer::agent(options);
    for file in missing {
        let (bytes, digest) = source(dataset, file)?;
        let job = Job {
            agent: &agent,
            options,
            folder: &folder,
            file,
            bytes,
            digest,
            part: folder.path().join(format!("{}.part", file.name)),
        };
        job.run(observe)?;
        observe(FetchEvent::Finished { file });
    }
    Ok(folder)
}

/// Size and digest of a file that may be fetched.
fn source(dataset: &Dataset, file: &DatasetFile) -> Result<(u64, Digest), CatalogueError> {
    match (file.bytes, file.published_digest()) {
        (Some(bytes), Some(digest)) if !file.urls.is_empty() => Ok((bytes, digest)),
        _ => Err(CatalogueError::ImportOnly {
            name: dataset.name.clone(),
            file: file.name.clone(),
            homepage: dataset.homepage.clone(),
        }),
    }
}

/// The fetch of one file.
struct Job<'a> {
    agent: &'a Agent,
    options: &'a FetchOptions,
    folder: &'a DatasetFolder,
    file: &'a DatasetFile,
    bytes: u64,
    digest: Digest,
    part: PathBuf,
}

impl Job<'_> {
    /// Tries the mirrors in turn.
    fn run(&self, observe: &mut dyn FnMut(FetchEvent<'_>)) -> Result<(), CatalogueError> {
        let mut failures = Vec::new();
        for url in &self.file.urls {
            if self.try_mirror(url, &mut failures, observe)? {
                return Ok(());
            }
        }
        Err(CatalogueError::AllMirrorsFailed {
            name: self.folder.dataset().name.clone(),
            file: self.file.name.clone(),
            failures,
        })
    }

    /// Tries one mirror until the file is there, or the mirror does not help.
    fn try_mirror(
        &self,
        url: &str,
        failures: &mut Vec<MirrorFailure>,
        observe: &mut dyn FnMut(FetchEvent<'_>),
    ) -> Result<bool, CatalogueError> {
        let mut attempts = self.options.attempts.max(1);
        loop {
            attempts -= 1;
            let resumed_from = part_size(&self.part).unwrap_or(0);
            observe(FetchEvent::Started {
                file: self.file,
                url,
                resumed_from,
                total: self.bytes,
            });
            let result = transfer(self.agent, url, &self.part, self.bytes, &mut |bytes| {
                observe(FetchEvent::Received { bytes });
            });
            let (problem, again) = match result {
                Ok(()) => match self.place(observe)? {
                    None => return Ok(true),
                    // The kept part may be to blame: this mirror deserves one whole transfer.
                    Some(found) => (format!("the file has the digest {found}"), resumed_from > 0),
                },
                Err(TransferError::Disk(error)) => {
                    return Err(CatalogueError::io("write", &self.part)(error));
                }
                Err(error) => (error.to_string(), error.is_passing() && attempts > 0),
            };
            let failure = MirrorFailure {
                url: url.to_owned(),
                problem,
            };
            observe(FetchEvent::Failed { failure: &failure });
            failures.push(failure);
            if !again {
                return Ok(false);
            }
            attempts = attempts.max(1);
            thread::sleep(self.options.pause);
        }
    }

    /// Gives the complete part its name, or moves it away and returns its digest.
    fn place(&self, observe: &mut dyn FnMut(FetchEvent<'_>)) -> Result<Option<Digest>, CatalogueError> {
        let (_, found) = self
            .digest
            .hasher()
            .file(&self.part)
            .map_err(CatalogueError::io("read", &self.part))?;
        if found != self.digest {
            let path = self.folder.quarantine(&self.part, &self.file.name)?;
            observe(FetchEvent::Quarantined { path: &path });
            return Ok(Some(found));
        }
        commit::place(&self.part, &self.folder.path().join(&self.file.name))?;
        Ok(None)
    }
}
