//! What a network is measured by.

use burn::{prelude::*, tensor::TensorReadError};
use papers_core::{Result, base::journal::Scalars, classification::Classification, nn::Statistics};

use crate::{data::Pictures, network::Mode, train::Model};

/// Pictures that are classified at once.
const BATCH: usize = 256;

/// Classes of which one has to be right: top-1 and top-5.
const FIRST: [usize; 2] = [1, 5];

/// Classifies every test picture with running statistics.
///
/// # Errors
///
/// What the device reports.
pub fn classify(model: &Model, pictures: &Pictures) -> Result<Classification> {
    let device = device_of(model);
    Classification::of(&pictures.test, BATCH, |indices| {
        let images = pictures.test(indices, &device);
        Ok::<_, papers_core::Error>(model.forward(images, Mode::EVALUATION, 0.0))
    })
}

/// Shares of the test pictures whose class is not the likeliest, and not among the five likeliest.
///
/// # Errors
///
/// What the device reports.
pub fn errors(model: &Model, pictures: &Pictures, mode: Mode) -> Result<Scalars> {
    debug_assert_eq!(mode.statistics, Statistics::Running);
    let device = device_of(model);
    let labels: Vec<usize> = pictures.test.labels.iter().map(|&label| usize::from(label)).collect();
    let ranks = ranks(
        pictures,
        labels.len(),
        |images| model.forward(images, mode, 0.0),
        &device,
    )?;
    let error = |first: usize| {
        let wrong = ranks.iter().filter(|&&rank| rank >= first).count();
        wrong as f64 / ranks.len().max(1) as f64
    };
    let names = ["test_error", "test_error_top5"];
    Ok(names
        .into_iter()
        .zip(FIRST)
        .map(|(name, first)| (name.to_owned(), error(first)))
        .collect())
}

/// For each of the first `count` test pictures the number of classes that are likelier than its own.
///
/// # Errors
///
/// What the device reports.
pub(crate) fn ranks(
    pictures: &Pictures,
    count: usize,
    forward: impl Fn(Tensor<4>) -> Tensor<2>,
    device: &Device,
) -> Result<Vec<usize>, TensorReadError> {
    let indices: Vec<usize> = (0..count.min(pictures.test.len())).collect();
    let classes = pictures.classes();
    let mut ranks = Vec::with_capacity(indices.len());
    for indices in indices.chunks(BATCH) {
        let logits: Vec<f32> = forward(pictures.test(indices, device)).try_into_vec_as()?;
        for (logits, &index) in logits.chunks(classes).zip(indices) {
            let own = logits[usize::from(pictures.test.labels[index])];
            // What is no number is not right: it is not less or equal either.
            ranks.push(logits.iter().filter(|&&other| !(other <= own)).count());
        }
    }
    Ok(ranks)
}

fn device_of(model: &Model) -> Device {
    model.devices().first().cloned().expect("a network has weights")
}
