//! Classifying sets of pictures, and how good guessed labels are.

use burn::{module::Module, prelude::*, tensor::TensorReadError};
use papers_core::{
    Result,
    base::{images::ImageSet, journal::Scalars},
    classification::Classification,
    data::{augmented, signed_pixels},
    nn::Statistics,
    random::Streams,
};

use crate::{
    Classifier, config::MixMatchConfig, data::Pictures, label_guess, method::MixMatch, network::Network,
};

/// Pictures that are classified at once.
const BATCH: usize = 256;

/// Unlabeled pictures whose guesses are looked at.
const GUESSED: usize = 512;

/// Classifies every picture of a set with running statistics and without augmentation.
///
/// # Errors
///
/// What the device reports.
pub fn classify(network: &Network, set: &ImageSet) -> Result<Classification, TensorReadError> {
    let device = device_of(network);
    Classification::of(set, BATCH, |indices| {
        Ok(network.forward(signed_pixels(set, indices, &device), Statistics::Running))
    })
}

fn device_of(network: &Network) -> Device {
    network.devices().first().cloned().expect("a network has weights")
}

/// What a method guesses about unlabeled pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Guesses {
    /// Mean probabilities over the augmentations, `[pictures][classes]`.
    pub mean: Vec<Vec<f64>>,
    /// The same, sharpened.
    pub sharpened: Vec<Vec<f64>>,
}

/// Guesses the labels of the first unlabeled pictures as training does: several augmentations, statistics of the batch.
///
/// # Errors
///
/// What the device reports.
pub(crate) fn guesses(
    raw: &Network,
    average: &Network,
    settings: &MixMatch,
    pictures: &Pictures,
    config: &MixMatchConfig,
    streams: &Streams,
) -> Result<Guesses> {
    let set = &pictures.unlabeled;
    let network = settings.guesser(raw, average);
    let device = device_of(network);
    // As many at a time as in training, since they are normalized together; an incomplete batch is left out.
    let batch = config.batch.min(set.len());
    let indices: Vec<usize> = (0..set.len().min(GUESSED.max(batch))).collect();
    let mut found = Guesses {
        mean: Vec::new(),
        sharpened: Vec::new(),
    };
    for (number, indices) in indices.chunks_exact(batch).enumerate() {
        let shape = [indices.len(), set.channels, set.height, set.width];
        let views = (0..settings.k).map(|k| {
            let name = format!("augment guessed {k}");
            let values = augmented(set, indices, &config.data.augmentation, streams, &name, number as u64);
            Tensor::<4>::from_data(TensorData::new(values, shape), &device)
        });
        let logits: Vec<Tensor<2>> = views.map(|view| network.forward(view, Statistics::Batch)).collect();
        let mean = label_guess::mean_probabilities(&logits);
        found.mean.extend(rows(mean.clone())?);
        found.sharpened.extend(rows(label_guess::sharpen(mean, settings.temperature))?);
    }
    Ok(found)
}

fn rows(values: Tensor<2>) -> Result<Vec<Vec<f64>>, TensorReadError> {
    let columns = values.dims()[1];
    let values: Vec<f64> = values.try_into_vec_as()?;
    Ok(values.chunks(columns).map(<[f64]>::to_vec).collect())
}

/// Mean probability of the likeliest class, mean entropy in nats, and, where it is known what the pictures show, the
/// share of guesses whose likeliest class is right.
pub(crate) fn quality(name: &str, guesses: &[Vec<f64>], hidden_labels: &[u8]) -> Scalars {
    let count = guesses.len() as f64;
    let mean = |of: fn(&[f64]) -> f64| guesses.iter().map(|row| of(row)).sum::<f64>() / count;
    let mut scalars = vec![
        (format!("{name}_confidence"), mean(|row| row[likeliest(row)])),
        (format!("{name}_entropy"), mean(entropy)),
    ];
    if !hidden_labels.is_empty() {
        let known = guesses.iter().zip(hidden_labels);
        let right = known.filter(|(row, label)| likeliest(row) == usize::from(**label)).count();
        scalars.push((format!("{name}_accuracy"), right as f64 / count));
    }
    scalars
}

/// The first place of the largest probability.
pub(crate) fn likeliest(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
}

fn entropy(row: &[f64]) -> f64 {
    -row.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_of_two_guesses() {
        let guesses = [vec![0.5, 0.5], vec![0.0, 1.0]];
        let found = quality("guess", &guesses, &[0, 0]);
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
        assert_eq!(quality("guess", &[vec![1.0]], &[]).len(), 2);
    }
}
