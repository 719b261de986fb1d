//! Outputs of a frozen network, computed once and kept in the run's folder.
//!
//! A file is called after the digests of what the network sees and of its weights, and ends with the digest of its own content: what
//! does not match is computed again. Numbers of the same photos by other weights are no longer of use, and are deleted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::prelude::*;
use papers_core::{Error, Result, base::commit, port};

use crate::{
    data::Inputs,
    model::{Base, BaseOutputs, VoterInput},
};

/// Sub-folder of a run.
const FOLDER: &str = "embeddings";
/// Bytes of the numbers in front: photos, features, units.
const HEADER: usize = 24;
const DIGEST: usize = blake3::OUT_LEN;

/// Where outputs are kept; nowhere without a folder.
#[derive(Debug, Clone, Default)]
pub struct OutputCache {
    folder: Option<PathBuf>,
}

impl OutputCache {
    /// In the folder of a run, if there is one.
    pub fn new(run: Option<&Path>) -> Self {
        Self {
            folder: run.map(|run| run.join(FOLDER)),
        }
    }

    /// What a network says of photos: from the cache if it is there, or else computed and kept.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and a folder that cannot be written to.
    pub fn outputs(
        &self,
        base: &Base,
        inputs: &Inputs,
        photos: &[usize],
        wanted: VoterInput,
        device: &Device,
    ) -> Result<BaseOutputs> {
        let Some(folder) = &self.folder else {
            return base.outputs(inputs, photos, wanted, device);
        };
        let [seen, weights] = keys(base, inputs, photos, wanted)?;
        let path = folder.join(format!("{seen}-{weights}.bin"));
        if let Some(outputs) = fs::read(&path).ok().and_then(|bytes| decode(&bytes)) {
            return Ok(outputs);
        }
        let outputs = base.outputs(inputs, photos, wanted, device)?;
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let old = entry.map_err(Error::io("read", folder))?;
            if old.file_name().to_string_lossy().starts_with(&seen) {
                fs::remove_file(old.path()).map_err(Error::io("delete", &old.path()))?;
            }
        }
        commit::bytes(&path, &encode(&outputs))?;
        Ok(outputs)
    }
}

/// Of what is seen, and of the weights.
fn keys(base: &Base, inputs: &Inputs, photos: &[usize], wanted: VoterInput) -> Result<[String; 2]> {
    let record = |source| Error::Record {
        name: "base".to_owned(),
        source,
    };
    let weights = blake3::hash(&port::to_bytes(base).map_err(record)?);
    let kept = if wanted == VoterInput::Temporary {
        "outputs"
    } else {
        "embeddings"
    };
    let [seen, weights] = [inputs.digest(photos)?, weights].map(|of| of.to_hex().as_str()[..24].to_owned());
    Ok([format!("{kept}-{seen}"), weights])
}

fn encode(outputs: &BaseOutputs) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [outputs.len(), outputs.features, outputs.units] {
        bytes.extend((number as u64).to_le_bytes());
    }
    for value in outputs.embeddings.iter().chain(&outputs.temporary) {
        bytes.extend(value.to_le_bytes());
    }
    let digest = blake3::hash(&bytes);
    bytes.extend(digest.as_bytes());
    bytes
}

/// None of bytes that are damaged.
fn decode(bytes: &[u8]) -> Option<BaseOutputs> {
    let content = bytes.get(..bytes.len().checked_sub(DIGEST)?)?;
    if blake3::hash(content).as_bytes() != &bytes[content.len()..] {
        return None;
    }
    let number = |place: usize| {
        let bytes = content.get(8 * place..8 * place + 8)?;
        usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let (photos, features, units) = (number(0)?, number(1)?, number(2)?);
    let values: Vec<f32> = content
        .get(HEADER..)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let split = photos.checked_mul(features)?;
    if values.len() != split.checked_add(photos.checked_mul(units)?)? {
        return None;
    }
    let (embeddings, temporary) = values.split_at(split);
    Some(BaseOutputs {
        embeddings: embeddings.to_vec(),
        features,
        temporary: temporary.to_vec(),
        units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_not_taken() {
        let outputs = BaseOutputs {
            embeddings: vec![1.0, 2.0, 3.0, 4.0],
            features: 2,
            temporary: vec![0.25, 0.75],
            units: 1,
        };
        let bytes = encode(&outputs);
        assert_eq!(decode(&bytes), Some(outputs));
        for place in [0, HEADER, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert_eq!(decode(&damaged), None);
        }
        assert_eq!(decode(&bytes[..bytes.len() - 3]), None);
        assert_eq!(decode(&[]), None);
    }
}
