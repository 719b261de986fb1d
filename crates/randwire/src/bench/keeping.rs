//! A network that keeps the output of every node to the end of its stage: what it takes not to let go of them.

use burn::prelude::*;
use papers_core::nn::{Statistics, leaky_relu};

use crate::network::{Block, RandWire, Stage};

/// As [`RandWire::forward`] in evaluation.
pub(super) fn forward(network: &RandWire, images: Tensor<4>) -> Tensor<2> {
    let stem = &network.backbone.stem;
    let mut hidden = stem.forward(images.permute([0, 2, 3, 1]), Statistics::Running, 1.0);
    for block in &network.backbone.stages {
        hidden = match block {
            Block::Dense(unit) => unit.forward(leaky_relu(hidden, 0.0), Statistics::Running, 1.0),
            Block::Wired(stage) => pass(stage, hidden),
        };
    }
    network.classify(hidden, Statistics::Running, 0.0)
}

fn pass(stage: &Stage, input: Tensor<4>) -> Tensor<4> {
    let mut outputs: Vec<Tensor<4>> = Vec::new();
    for (number, node) in stage.nodes.iter().enumerate() {
        let before = stage.graph.predecessors(number);
        let inputs: Vec<_> = before.iter().map(|&before| outputs[before].clone()).collect();
        let places: Vec<usize> = (0..inputs.len()).collect();
        let sum = match inputs.is_empty() {
            true => input.clone(),
            false => node.aggregate(&inputs, &places),
        };
        outputs.push(node.transform(sum, Statistics::Running));
    }
    let ends = (0..outputs.len()).filter(|&node| stage.graph.out_degree(node) == 0);
    let ends: Vec<_> = ends.map(|node| outputs[node].clone()).collect();
    let share = 1.0 / ends.len() as f64;
    ends.into_iter()
        .reduce(|sum, end| sum + end)
        .expect("a graph has an end")
        * share
}
