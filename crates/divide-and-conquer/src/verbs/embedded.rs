//! A folder of pictures with their embeddings, as a file.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use papers_core::base::commit;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::Rows;

const KEY: &str = "index";
const TENSOR: &str = "embeddings";

/// What an index is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The run whose network made it.
    pub(super) run: PathBuf,
    /// Updates that the network had learned from.
    pub(super) step: u64,
    /// The folder of the pictures.
    pub(super) folder: PathBuf,
    /// Path of each picture in it.
    pub(super) files: Vec<String>,
}

/// Embeddings of pictures and what they are of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Index {
    pub(super) origin: Origin,
    pub(super) rows: Rows,
}

impl Index {
    /// Writes a safetensors file with a tensor `embeddings` `[pictures, d]`; the names of the pictures are in its metadata.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let bytes: Vec<u8> = self
            .rows
            .values()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let view = TensorView::new(Dtype::F32, vec![self.rows.len(), self.rows.width()], &bytes)?;
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(&self.origin)?)]);
        let file = safetensors::serialize([(TENSOR, view)], Some(metadata)).context("writing safetensors")?;
        Ok(commit::bytes(path, &file)?)
    }

    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let refused = |problem: &str| anyhow::anyhow!("{} {problem}; make one with `index`", path.display());
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|_| refused("is no index"))?;
        let origin = metadata.metadata().as_ref().and_then(|words| words.get(KEY));
        let origin: Origin = serde_json::from_str(origin.ok_or_else(|| refused("is no index"))?)
            .map_err(|_| refused("is an index of another version"))?;
        let file = SafeTensors::deserialize(&bytes)?;
        let tensor = file.tensor(TENSOR).map_err(|_| refused("has no embeddings"))?;
        let (numbers, _) = tensor.data().as_chunks::<4>();
        let values: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let width = tensor.shape().get(1).copied().unwrap_or(0);
        let rows = Rows::new(values, width).map_err(|_| refused("is damaged"))?;
        if tensor.dtype() != Dtype::F32 || rows.len() != origin.files.len() {
            return Err(refused("is damaged"));
        }
        Ok(Self { origin, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.safetensors");
        let index = Index {
            origin: Origin {
                run: "runs/x".into(),
                step: 7,
                folder: "photos".into(),
                files: vec!["a.png".to_owned(), "b/c.jpg".to_owned()],
            },
            rows: Rows::new(vec![0.6, 0.8, 1.0, 0.0], 2).unwrap(),
        };
        index.save(&path).unwrap();
        assert_eq!(Index::load(&path).unwrap(), index);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
        assert!(Index::load(&path).is_err());
        std::fs::write(&path, "no index").unwrap();
        assert!(Index::load(&path).unwrap_err().to_string().contains("is no index"));
    }
}
