use burn::prelude::*;
use papers_core::{Result, random::Streams};
use rand::RngExt;

use crate::{
    config::EvaluationConfig,
    data::Inputs,
    model::{Base, BaseOutputs, Panel, VoterInput, VoterModel},
};

/// Networks as they are used.
#[derive(Debug, Clone)]
pub struct Model {
    /// From photos to temporary outputs.
    pub base: Base,
    /// What voters make of them; none where the distribution is all that was learned.
    pub voters: Option<VoterModel>,
    /// What the voter model sees.
    pub input: VoterInput,
    /// Voters with votes to learn from.
    pub seen: Vec<usize>,
}

/// The voters whose scores are averaged (the paper: 200): the same for every photo, all alike. As many as asked for of those that were
/// learned from, or all of them if there are fewer, each once; with replacement always as many as asked for.
pub fn draw_panel(seen: &[usize], config: &EvaluationConfig, streams: &Streams) -> Vec<usize> {
    if seen.is_empty() {
        return Vec::new();
    }
    if config.with_replacement {
        let mut random = streams.at("panel", 0, 0);
        return (0..config.voters)
            .map(|_| seen[random.random_range(0..seen.len())])
            .collect();
    }
    let mut order = streams.permutation("panel", 0, seen.len());
    order.truncate(config.voters);
    order.iter().map(|&place| seen[place]).collect()
}

impl Model {
    /// What some voters say of photos that the base network has looked at; none without a voter model.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn panel(&self, outputs: &BaseOutputs, voters: &[usize]) -> Result<Option<Panel>> {
        let Some(model) = self.voters.as_ref().filter(|_| !voters.is_empty()) else {
            return Ok(None);
        };
        let (values, width) = self.input.of(outputs);
        let voters: Vec<Option<usize>> = voters.iter().copied().map(Some).collect();
        model
            .panel(&values, width, &model.embeddings_of(&voters, &self.seen))
            .map(Some)
    }

    /// What each of some voters, known or not, says of one photo each: distributions, row by row.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn votes(
        &self,
        outputs: &BaseOutputs,
        votes: &[(usize, Option<usize>)],
        device: &Device,
    ) -> Result<Option<Vec<f32>>> {
        const TOGETHER: usize = 4096;
        let Some(model) = &self.voters else {
            return Ok(None);
        };
        let (values, width) = self.input.of(outputs);
        let mut shares = Vec::new();
        for chunk in votes.chunks(TOGETHER) {
            let rows: Vec<f32> = chunk
                .iter()
                .flat_map(|&(photo, _)| &values[photo * width..(photo + 1) * width])
                .copied()
                .collect();
            let inputs = Tensor::from_data(TensorData::new(rows, [chunk.len(), width]), device);
            let voters: Vec<Option<usize>> = chunk.iter().map(|&(_, voter)| voter).collect();
            let logits = model.of_embeddings(inputs, model.embeddings_of(&voters, &self.seen));
            shares.extend(burn::tensor::activation::softmax(logits, 1).try_into_vec_as::<f32>()?);
        }
        Ok(Some(shares))
    }

    /// Score of each photo by the panel, or by the base network where there is no voter model.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn score(&self, inputs: &Inputs, photos: &[usize], panel: &[usize], device: &Device) -> Result<Vec<f64>> {
        let outputs = self.base.outputs(inputs, photos, self.input, device)?;
        let panel = self.panel(&outputs, panel)?;
        Ok(panel.map_or_else(|| outputs.scores(), |panel| panel.photo_scores()))
    }
}
