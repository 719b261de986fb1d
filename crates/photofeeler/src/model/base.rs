//! The base network (the paper, section 3): backbone, and a dense layer to ten bins, or to one number.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::softmax,
};
use papers_core::{Result, nn::Statistics};
use serde::{Deserialize, Serialize};

use super::{Backbone, BackboneConfig, VoterInput};
use crate::{
    data::{Input, Inputs},
    votes::{BINS, expected_score},
};

/// Photos that pass the network together where nothing is learned, and pixels that they may have: maps of large pictures are large.
const TOGETHER: usize = 64;
const PIXELS: usize = TOGETHER * 128 * 128;

/// What is learned of the votes: the outputs of the paper's study.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// One number, by the squared error to the photo's score.
    Regression,
    /// The bin of the photo's score, by cross-entropy.
    Classification,
    /// The distribution of the photo's votes, by KL divergence: phase 1 alone.
    Distribution,
    /// The distribution, by the earth mover's distance.
    Emd,
    /// The distribution, and then each voter's: both phases.
    #[default]
    Voter,
}

impl OutputKind {
    /// All of them, in the paper's order from worst to best, the earth mover's beside KL.
    pub const ALL: [Self; 5] = [
        Self::Regression,
        Self::Classification,
        Self::Distribution,
        Self::Emd,
        Self::Voter,
    ];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Classification => "classification",
            Self::Distribution => "distribution",
            Self::Emd => "emd",
            Self::Voter => "voter",
        }
    }

    /// Outputs of the base network.
    pub fn units(self) -> usize {
        match self {
            Self::Regression => 1,
            _ => BINS,
        }
    }
}

/// Backbone and head.
#[derive(Module, Debug)]
pub struct Base {
    /// From photos to embeddings.
    pub backbone: Backbone,
    /// From embeddings to bins, or to one number.
    pub head: Linear,
}

impl Base {
    /// Random weights, for pictures of so many channels or photos of so many numbers.
    pub fn new(config: &BackboneConfig, inputs: usize, units: usize, device: &Device) -> Self {
        Self {
            backbone: config.init(inputs, device),
            head: LinearConfig::new(config.features(), units).init(device),
        }
    }

    /// Logits of the temporary output, or the one number.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, bins]` or `[batch, 1]`
    pub fn forward(&self, input: Input, statistics: Statistics) -> Tensor<2> {
        self.head.forward(self.backbone.forward(input, statistics))
    }

    /// What the network says of photos, each of which passes it once; nothing is learned. Embeddings are kept if `wanted` needs them.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and a file that can no longer be read.
    pub fn outputs(
        &self,
        inputs: &Inputs,
        photos: &[usize],
        wanted: VoterInput,
        device: &Device,
    ) -> Result<BaseOutputs> {
        let mut outputs = BaseOutputs::default();
        let together = inputs
            .side()
            .map_or(TOGETHER, |side| (PIXELS / (side * side)).clamp(1, TOGETHER));
        for batch in photos.chunks(together) {
            let embeddings = self
                .backbone
                .forward(inputs.batch(batch, &[], device)?, Statistics::Running);
            let head = self.head.forward(embeddings.clone());
            outputs.units = head.dims()[1];
            let head = if outputs.units == 1 { head } else { softmax(head, 1) };
            if wanted != VoterInput::Temporary {
                outputs.features = embeddings.dims()[1];
                outputs.embeddings.extend(embeddings.try_into_vec_as::<f32>()?);
            }
            outputs.temporary.extend(head.try_into_vec_as::<f32>()?);
        }
        Ok(outputs)
    }
}

/// What a base network says of photos, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BaseOutputs {
    /// `[photos, features]`: means over pixels of the last map; empty where nobody needs them.
    pub embeddings: Vec<f32>,
    /// Length of an embedding.
    pub features: usize,
    /// `[photos, units]`: the temporary output, shares of the bins; or the one number.
    pub temporary: Vec<f32>,
    /// Numbers of a temporary output.
    pub units: usize,
}

impl BaseOutputs {
    /// Number of photos.
    pub fn len(&self) -> usize {
        self.temporary.len() / self.units.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.temporary.is_empty()
    }

    /// Temporary output of a photo.
    pub fn shares(&self, photo: usize) -> Vec<f64> {
        let row = &self.temporary[photo * self.units..(photo + 1) * self.units];
        row.iter().copied().map(f64::from).collect()
    }

    /// Score of each photo: the mean of its distribution, or the one number.
    pub fn scores(&self) -> Vec<f64> {
        let score = |photo| {
            let shares = self.shares(photo);
            if self.units == 1 {
                shares[0]
            } else {
                expected_score(&shares)
            }
        };
        (0..self.len()).map(score).collect()
    }
}
