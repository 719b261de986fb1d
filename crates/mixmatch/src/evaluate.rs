//! Classifying sets of pictures, and how good guessed labels are.

use burn::{module::Module, prelude::*, tensor::TensorReadError};
use papers_core::{
    Result,
    base::{images::ImageSet, journal::Scalars},
    classification::Classification,
    data::augmented,
    nn::Statistics,
    random::Streams,
};

use crate::{
    Classifier, Guesses, Learner,
    config::MixMatchConfig,
    data::Pictures,
    label_guess,
    method::{Guesser, MixMatch},
    network::Network,
};

/// Pictures that are classified at once.
const BATCH: usize = 256;

/// Unlabeled pictures whose guesses are looked at.
const GUESSED: usize = 512;

/// Classifies every picture of a set, which is one of `pictures`, with running statistics and without augmentation.
///
/// # Errors
///
/// What the device reports.
pub fn classify(network: &Network, pictures: &Pictures, set: &ImageSet) -> Result<Classification, TensorReadError> {
    let device = device_of(network);
    Classification::of(set, BATCH, |indices| {
        Ok(network.forward(pictures.plain(set, indices, &device), Statistics::Running))
    })
}

fn device_of(network: &Network) -> Device {
    network.devices().first().cloned().expect("a network has weights")
}

/// Guessed labels of the first unlabeled pictures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Labels {
    /// Mean probabilities over the augmentations.
    pub(crate) mean: Guesses,
    /// The same, sharpened.
    pub(crate) sharpened: Guesses,
}

/// Guesses labels as training does: several augmentations, always the same ones, and the statistics of their batch.
///
/// # Errors
///
/// What the device reports.
pub(crate) fn guesses(
    learner: &Learner<Network>,
    settings: &MixMatch,
    pictures: &Pictures,
    config: &MixMatchConfig,
    streams: &Streams,
) -> Result<Labels> {
    let set = &pictures.unlabeled;
    let network = match settings.guess {
        Guesser::Raw => &learner.model().valid(),
        Guesser::Ema => learner.average().weights(),
    };
    let device = device_of(network);
    // As many at a time as in training, since they are normalized together; a rest is left out.
    let batch = config.batch.min(set.len());
    let indices: Vec<usize> = (0..set.len().min(GUESSED.max(batch))).collect();
    let mut means = Vec::new();
    for (number, indices) in indices.chunks_exact(batch).enumerate() {
        let shape = [batch, set.channels, set.height, set.width];
        let logits = |augmentation: usize| {
            let name = format!("guessed/{augmentation}");
            let values = augmented(set, indices, &config.data.augmentation, streams, &name, number as u64);
            let images = Tensor::<4>::from_data(TensorData::new(values, shape), &device);
            let images = pictures.whitened(images);
            network.forward(images, Statistics::Batch)
        };
        let logits: Vec<Tensor<2>> = (0..settings.augmentations).map(logits).collect();
        means.push(label_guess::mean_probabilities(&logits));
    }
    let mean = Tensor::cat(means, 0);
    let sharpened = label_guess::sharpen(mean.clone(), settings.temperature)?;
    Ok(Labels {
        mean: read(mean)?,
        sharpened: read(sharpened)?,
    })
}

fn read(rows: Tensor<2>) -> Result<Guesses, TensorReadError> {
    let classes = rows.dims()[1];
    Ok(Guesses {
        probabilities: rows.try_into_vec_as()?,
        classes,
    })
}

/// Mean probability of the likeliest class, mean entropy in nats, and, where it is known what the pictures show, the
/// share of guesses whose likeliest class is right.
pub(crate) fn quality<'a>(name: &str, rows: impl Iterator<Item = &'a [f32]>, hidden_labels: &[u8]) -> Scalars {
    let (mut count, mut confidence, mut disorder, mut right) = (0.0, 0.0, 0.0, 0.0);
    for (index, row) in rows.enumerate() {
        let class = likeliest(row);
        count += 1.0;
        confidence += f64::from(row[class]);
        disorder += entropy(row);
        if hidden_labels
            .get(index)
            .is_some_and(|&label| usize::from(label) == class)
        {
            right += 1.0;
        }
    }
    let mut scalars = vec![
        (format!("{name}_confidence"), confidence / count),
        (format!("{name}_entropy"), disorder / count),
    ];
    if !hidden_labels.is_empty() {
        scalars.push((format!("{name}_accuracy"), right / count));
    }
    scalars
}

/// The first place of the largest probability.
pub(crate) fn likeliest(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
}

fn entropy(row: &[f32]) -> f64 {
    let terms = row.iter().map(|&p| f64::from(p)).filter(|&p| p > 0.0);
    -terms.map(|p| p * p.ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_of_two_guesses() {
        let guesses: [&[f32]; 2] = [&[0.5, 0.5], &[0.0, 1.0]];
        let found = quality("guess", guesses.into_iter(), &[0, 0]);
        let expected = [
            ("guess_confidence", 0.75),
            ("guess_entropy", 0.5 * 2.0_f64.ln()),
            ("guess_accuracy", 0.5),
        ];
        for ((name, value), (expected_name, expected)) in found.iter().zip(expected) {
            assert_eq!(name, expected_name);
            assert!((value - expected).abs() < 1e-12, "{name}: {value}");
        }
    }

    #[test]
    fn without_hidden_labels_there_is_no_accuracy() {
        let guesses: [&[f32]; 1] = [&[1.0]];
        assert_eq!(quality("guess", guesses.into_iter(), &[]).len(), 2);
    }
}
