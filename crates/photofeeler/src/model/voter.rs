//! The voter model (the paper, section 3): an embedding of the voter beside the temporary output of the photo, and a small network.

use burn::{
    module::{Initializer, Module, Param},
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::{
        activation::{relu, softmax},
        s,
    },
};
use papers_core::{Result, nn::RunningAverage};
use serde::{Deserialize, Serialize};

use super::BaseOutputs;
use crate::votes::{BINS, center};

/// Deviation of embeddings at first.
const EMBEDDING_DEVIATION: f64 = 0.1;
/// Hidden units of photos and voters that are in memory together.
const TOGETHER: usize = 1 << 21;
/// Inputs that do not differ are only shifted.
const LEAST_DEVIATION: f32 = 1e-6;

/// What a voter model sees of a photo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoterInput {
    /// The temporary output, ten numbers: the paper's.
    #[default]
    Temporary,
    /// The embedding.
    Gap,
    /// Both.
    Both,
}

impl VoterInput {
    /// The numbers of each photo, `[photos, width]`, and their width; nothing, of width 0, without photos.
    pub fn of(self, outputs: &BaseOutputs) -> (Vec<f32>, usize) {
        match self {
            Self::Temporary => (outputs.temporary.clone(), outputs.units),
            Self::Gap => (outputs.embeddings.clone(), outputs.features),
            // Without photos nobody knows the widths.
            Self::Both if outputs.is_empty() => (Vec::new(), 0),
            Self::Both => {
                let temporary = outputs.temporary.chunks(outputs.units);
                let rows = temporary.zip(outputs.embeddings.chunks(outputs.features));
                let values = rows.flat_map(|(one, other)| one.iter().chain(other)).copied();
                (values.collect(), outputs.units + outputs.features)
            }
        }
    }
}

/// Sizes of a voter model.
#[derive(Config, Debug)]
pub struct VoterModelConfig {
    /// Voters that votes are learned from.
    pub voters: usize,
    /// Numbers that are seen of a photo.
    pub inputs: usize,
    /// Numbers that describe a voter.
    pub embedding: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
}

impl VoterModelConfig {
    /// Random weights; embeddings are normal with deviation 0.1.
    pub fn init(&self, device: &Device) -> VoterModel {
        let deviation = Initializer::Normal {
            mean: 0.0,
            std: EMBEDDING_DEVIATION,
        };
        let first = self.inputs + self.embedding;
        let from = std::iter::once(first).chain(self.hidden.iter().copied());
        let plain = device.clone().inner();
        VoterModel {
            embeddings: deviation.init([self.voters, self.embedding], device),
            layers: from
                .zip(&self.hidden)
                .map(|(input, &output)| LinearConfig::new(input, output).init(device))
                .collect(),
            output: LinearConfig::new(self.hidden.last().copied().unwrap_or(first), BINS).init(device),
            mean: RunningAverage::new(Tensor::zeros([self.inputs], &plain)),
            deviation: RunningAverage::new(Tensor::ones([self.inputs], &plain)),
        }
    }
}

/// Voters, and what each says of a photo.
#[derive(Module, Debug)]
pub struct VoterModel {
    /// `[voters, embedding]`
    pub embeddings: Param<Tensor<2>>,
    /// From a photo's numbers and a voter's, with rectifiers.
    pub layers: Vec<Linear>,
    /// To the bins.
    pub output: Linear,
    /// Of a photo's numbers over the photos to learn from, `[inputs]`.
    pub mean: RunningAverage,
    /// Their deviations, `[inputs]`.
    pub deviation: RunningAverage,
}

impl VoterModel {
    /// Sets what inputs are standardized by: mean and deviation of each column.
    pub fn standardize_by(&self, values: &[f32], width: usize) {
        let rows = values.len() / width;
        let column = |column: usize| values.iter().skip(column).step_by(width);
        let mean: Vec<f32> = (0..width)
            .map(|index| (column(index).map(|value| f64::from(*value)).sum::<f64>() / rows as f64) as f32)
            .collect();
        let deviation: Vec<f32> = (0..width)
            .map(|index| {
                let squares = column(index).map(|value| f64::from(value - mean[index]).powi(2));
                let deviation = (squares.sum::<f64>() / rows as f64).sqrt() as f32;
                if deviation > LEAST_DEVIATION { deviation } else { 1.0 }
            })
            .collect();
        let set = |average: &RunningAverage, values: Vec<f32>| {
            let device = average.value().device();
            average.update(Tensor::from_data(TensorData::new(values, [width]), &device), 0.0);
        };
        set(&self.mean, mean);
        set(&self.deviation, deviation);
    }

    fn standardized(&self, inputs: Tensor<2>) -> Tensor<2> {
        (inputs - self.mean.value().unsqueeze_dim(0)) / self.deviation.value().unsqueeze_dim(0)
    }

    /// Logits of what voters say of photos, one voter for each photo.
    ///
    /// # Shapes
    ///
    /// - inputs: `[rows, inputs]`
    /// - voters: `[rows]`
    /// - output: `[rows, bins]`
    pub fn forward(&self, inputs: Tensor<2>, voters: Tensor<1, Int>) -> Tensor<2> {
        self.of_embeddings(inputs, self.embeddings.val().select(0, voters))
    }

    /// The same for embeddings at hand.
    ///
    /// # Shapes
    ///
    /// - inputs: `[rows, inputs]`
    /// - embeddings: `[rows, embedding]`
    /// - output: `[rows, bins]`
    pub fn of_embeddings(&self, inputs: Tensor<2>, embeddings: Tensor<2>) -> Tensor<2> {
        let hidden = Tensor::cat(vec![self.standardized(inputs), embeddings], 1);
        let hidden = self
            .layers
            .iter()
            .fold(hidden, |hidden, layer| relu(layer.forward(hidden)));
        self.output.forward(hidden)
    }

    /// Logits of what each of some voters says of each of some photos: the first layer looks at each photo and each voter once.
    ///
    /// # Shapes
    ///
    /// - inputs: `[photos, inputs]`
    /// - embeddings: `[voters, embedding]`
    /// - output: `[photos, voters, bins]`
    pub fn grid(&self, inputs: Tensor<2>, embeddings: Tensor<2>) -> Tensor<3> {
        let (photos, voters) = (inputs.dims()[0], embeddings.dims()[0]);
        let width = inputs.dims()[1];
        let Some((first, others)) = self.layers.split_first() else {
            let rows = inputs.unsqueeze_dim::<3>(1).repeat_dim(1, voters).flatten(0, 1);
            return self
                .of_embeddings(rows, embeddings.repeat_dim(0, photos))
                .reshape([photos, voters, BINS]);
        };
        let weight = first.weight.val();
        // [photos, 1, hidden] + [1, voters, hidden]
        let of_photos: Tensor<2> = self.standardized(inputs).matmul(weight.clone().slice(s![..width, ..]));
        let of_voters = embeddings.matmul(weight.slice(s![width.., ..]));
        let of_voters = match &first.bias {
            Some(bias) => of_voters + bias.val().unsqueeze_dim(0),
            None => of_voters,
        };
        let sum = of_photos.unsqueeze_dim::<3>(1) + of_voters.unsqueeze_dim::<3>(0);
        let rows: Tensor<2> = relu(sum).flatten(0, 1);
        let hidden = others.iter().fold(rows, |hidden, layer| relu(layer.forward(hidden)));
        self.output.forward(hidden).reshape([photos, voters, BINS])
    }

    /// Embeddings of voters. One who is unknown, or not among those in `seen`, has the mean embedding of these (of all without any).
    ///
    /// # Shapes
    ///
    /// - output: `[voters, embedding]`
    pub fn embeddings_of(&self, voters: &[Option<usize>], seen: &[usize]) -> Tensor<2> {
        let table = self.embeddings.val();
        let count = table.dims()[0];
        let mut is_seen = vec![false; count];
        seen.iter()
            .filter(|&&voter| voter < count)
            .for_each(|&voter| is_seen[voter] = true);
        // Whoever is unknown has the row behind the last one.
        let row = |voter: &Option<usize>| voter.filter(|&voter| voter < count && is_seen[voter]).unwrap_or(count);
        let wanted: Vec<usize> = voters.iter().map(row).collect();
        if !wanted.contains(&count) {
            return rows(&table, &wanted);
        }
        let mean = match seen.is_empty() {
            true => table.clone().mean_dim(0),
            false => rows(&table, seen).mean_dim(0),
        };
        rows(&Tensor::cat(vec![table, mean], 0), &wanted)
    }

    /// What each of some voters says of each of some photos, read from the device: scores, and the mean distribution of each photo.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn panel(&self, inputs: &[f32], width: usize, embeddings: &Tensor<2>) -> Result<Panel> {
        let (device, voters) = (embeddings.device(), embeddings.dims()[0]);
        let hidden = self
            .layers
            .iter()
            .map(|layer| layer.weight.dims()[1])
            .max()
            .unwrap_or(BINS);
        let together = (TOGETHER / (voters * hidden.max(BINS))).max(1);
        let centers: Vec<f32> = (0..BINS).map(|bin| center(bin) as f32).collect();
        let centers: Tensor<3> = Tensor::from_data(TensorData::new(centers, [1, 1, BINS]), &device);
        let mut panel = Panel {
            voters,
            ..Panel::default()
        };
        for chunk in inputs.chunks((together * width).max(1)) {
            let photos = chunk.len() / width;
            let inputs = Tensor::from_data(TensorData::new(chunk.to_vec(), [photos, width]), &device);
            let shares = softmax(self.grid(inputs, embeddings.clone()), 2);
            let scores = (shares.clone() * centers.clone()).sum_dim(2);
            panel.scores.extend(scores.try_into_vec_as::<f32>()?);
            panel.shares.extend(shares.mean_dim(1).try_into_vec_as::<f32>()?);
        }
        Ok(panel)
    }
}

/// What voters say of photos.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// Number of voters.
    pub voters: usize,
    /// `[photos, voters]`: scores.
    pub scores: Vec<f32>,
    /// `[photos, bins]`: the mean over voters of their distributions.
    pub shares: Vec<f32>,
}

impl Panel {
    /// Scores of a photo, one of each voter.
    pub fn of_photo(&self, photo: usize) -> Vec<f64> {
        let scores = &self.scores[photo * self.voters..(photo + 1) * self.voters];
        scores.iter().copied().map(f64::from).collect()
    }

    /// Mean over the voters of each photo's scores.
    pub fn photo_scores(&self) -> Vec<f64> {
        let photos = self.scores.chunks(self.voters);
        photos
            .map(|scores| scores.iter().copied().map(f64::from).sum::<f64>() / self.voters as f64)
            .collect()
    }

    /// Mean distribution of a photo.
    pub fn shares_of(&self, photo: usize) -> Vec<f64> {
        let shares = &self.shares[photo * BINS..(photo + 1) * BINS];
        shares.iter().copied().map(f64::from).collect()
    }
}

fn rows(table: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let indices: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), &table.device());
    table.clone().select(0, indices)
}
