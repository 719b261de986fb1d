//! What a network is measured by.

use burn::prelude::*;
use papers_core::{
    Result,
    base::{images::ImageSet, journal::Scalars, metrics::mean},
    classification::Classification,
};

use crate::{
    config::{ModelKind, RandWireConfig},
    data::Pictures,
    graph::Graph,
    network::Mode,
    train::Model,
};

/// Pictures that are classified at once.
const BATCH: usize = 256;

/// Classes of which one has to be right: top-1 and top-5.
const FIRST: [usize; 2] = [1, 5];

/// Classifies every test picture with running statistics; `set` holds them.
///
/// # Errors
///
/// What the device reports.
pub fn classify(model: &Model, pictures: &Pictures, set: &ImageSet) -> Result<Classification> {
    let device = device_of(model);
    Classification::of(set, BATCH, |indices| {
        let images = pictures.test(indices, &device)?;
        Ok::<_, papers_core::Error>(model.forward(images, Mode::EVALUATION, 0.0))
    })
}

/// Shares of the test pictures whose class is not the likeliest, and not among the five likeliest.
///
/// # Errors
///
/// What the device reports, or a picture that cannot be read.
pub fn errors(model: &Model, pictures: &Pictures) -> Result<Scalars> {
    let device = device_of(model);
    let forward = |images| model.forward(images, Mode::EVALUATION, 0.0);
    let ranks = ranks(pictures, pictures.test_len(), forward, &device)?;
    let error = |first: usize| {
        let wrong = ranks.iter().filter(|&&rank| rank >= first).count();
        wrong as f64 / ranks.len().max(1) as f64
    };
    let names = ["test_error", "test_error_top5"];
    Ok(std::iter::zip(names, FIRST)
        .map(|(name, first)| (name.to_owned(), error(first)))
        .collect())
}

/// Weights, multiply-adds of a test picture, and what the wires are like: input nodes, output nodes and levels of a stage, the
/// mean over wired ones.
pub(crate) fn size(config: &RandWireConfig, graphs: &[Option<Graph>], pictures: &Pictures) -> Scalars {
    let [colors, height, width] = pictures.shape();
    let (classes, size) = (pictures.classes(), [height, width]);
    let named = |name: &str, value: usize| (name.to_owned(), value as f64);
    if config.model == ModelKind::ResNet {
        let [weights, multiply_adds] = config.resnet.cost(colors, classes, size);
        return vec![named("parameters", weights), named("multiply_adds", multiply_adds)];
    }
    let cost = config.network.cost(graphs, colors, classes, size);
    let mut scalars = vec![
        named("parameters", cost.parameters()),
        named("multiply_adds", cost.multiply_adds),
    ];
    let wired: Vec<&Graph> = graphs.iter().flatten().collect();
    if !wired.is_empty() {
        let of_stage = |of: fn(&Graph) -> usize| mean(&wired.iter().map(|graph| of(graph) as f64).collect::<Vec<_>>());
        scalars.extend([
            ("inputs".to_owned(), of_stage(|graph| graph.inputs().len())),
            ("outputs".to_owned(), of_stage(|graph| graph.outputs().len())),
            ("depth".to_owned(), of_stage(Graph::depth)),
        ]);
    }
    scalars
}

/// For each of the first `count` test pictures the number of classes that are likelier than its own.
///
/// # Errors
///
/// What the device reports, or a picture that cannot be read.
pub(crate) fn ranks(
    pictures: &Pictures,
    count: usize,
    forward: impl Fn(Tensor<4>) -> Tensor<2>,
    device: &Device,
) -> Result<Vec<usize>> {
    let indices: Vec<usize> = (0..count.min(pictures.test_len())).collect();
    let classes = pictures.classes();
    let mut ranks = Vec::with_capacity(indices.len());
    for indices in indices.chunks(BATCH) {
        let logits: Vec<f32> = forward(pictures.test(indices, device)?).try_into_vec_as()?;
        for (logits, &index) in logits.chunks(classes).zip(indices) {
            let own = logits[pictures.test_label(index)];
            let is_likelier = |other: &&f32| **other > own || other.is_nan();
            // What is no number is right in no way.
            let rank = if own.is_nan() {
                classes
            } else {
                logits.iter().filter(is_likelier).count()
            };
            ranks.push(rank);
        }
    }
    Ok(ranks)
}

fn device_of(model: &Model) -> Device {
    model.devices().first().cloned().expect("a network has weights")
}
