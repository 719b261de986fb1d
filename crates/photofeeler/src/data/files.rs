use std::{fs, path::PathBuf, sync::Arc};

use papers_core::{Error, Result};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::picture;

/// Pictures that are read when a batch needs them: no more than a batch is in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFiles {
    folder: Arc<PathBuf>,
    /// Paths in the folder.
    files: Vec<Arc<str>>,
    side: usize,
    channels: usize,
}

impl PictureFiles {
    /// Files of a folder, each a picture that becomes `[side, side, channels]`.
    pub fn new(folder: PathBuf, files: impl IntoIterator<Item = String>, side: usize, channels: usize) -> Self {
        Self {
            folder: Arc::new(folder),
            files: files.into_iter().map(Arc::from).collect(),
            side,
            channels,
        }
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Rows and columns, and channels.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.side, self.channels]
    }

    /// These pictures alone, in this order.
    pub(super) fn subset(&self, photos: &[usize]) -> Self {
        Self {
            files: photos.iter().map(|&photo| self.files[photo].clone()).collect(),
            ..self.clone()
        }
    }

    /// Pixels of some pictures, read by all cores.
    pub(super) fn read(&self, photos: &[usize]) -> Result<Vec<Vec<u8>>> {
        self.of_each(photos, |path| {
            let picture = picture::read(path)?;
            Ok(picture::fit(&picture, self.side, self.channels))
        })
    }

    /// Digests of some files, and of what is made of them.
    pub(super) fn digest(&self, photos: &[usize], hasher: &mut blake3::Hasher) -> Result<()> {
        hasher.update(
            &[self.side, self.channels]
                .map(|number| number as u64)
                .map(u64::to_le_bytes)
                .concat(),
        );
        for digest in self.of_each(photos, |path| {
            let bytes = fs::read(path).map_err(|error| error.to_string())?;
            Ok(blake3::hash(&bytes))
        })? {
            hasher.update(digest.as_bytes());
        }
        Ok(())
    }

    fn of_each<T: Send>(
        &self,
        photos: &[usize],
        read: impl Fn(&std::path::Path) -> std::result::Result<T, String> + Sync,
    ) -> Result<Vec<T>> {
        let one = |&photo: &usize| {
            let path = self.folder.join(&*self.files[photo]);
            read(&path).map_err(|problem| Error::usage(format_args!("{}: {problem}", path.display())))
        };
        photos.into_par_iter().map(one).collect()
    }
}
