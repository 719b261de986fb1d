//! A stage that keeps the output of every node to its end: what it takes not to let go of them.

use burn::prelude::*;
use papers_core::nn::Statistics;

use crate::network::Stage;

/// As [`Stage::forward`] in evaluation.
pub(super) fn forward(stage: &Stage, input: Tensor<4>) -> Tensor<4> {
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
