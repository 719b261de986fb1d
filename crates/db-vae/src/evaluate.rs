//! The numbers of the paper's tables, and those beside them (section 4): recall of each group, at a threshold and at a false positive
//! rate that all models share.

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::{images::ImageSet, journal::Scalars},
    nn::Statistics,
};

use crate::{
    config::EvaluationConfig,
    data::{Comparable, DataSet, Grouped, pictures},
    fairness::{Confusion, Fairness, threshold_at_false_positive_rate},
    latent_histogram::Latents,
    model::DbVae,
    resampling::ResamplingError,
};

/// Pictures that pass the network together.
const BATCH: usize = 500;

/// What the encoder says of every picture of a set: the log odds of its first label, and latents.
#[derive(Debug, Clone)]
pub struct Said {
    /// Log odds of a face, for each picture.
    pub logits: Vec<f64>,
    /// Means and log-variances, `[pictures, latent]` each.
    pub latents: [Vec<f64>; 2],
    /// Latent dimensions.
    pub dimensions: usize,
}

impl Said {
    /// Of a set, in evaluation mode and without noise. The network is on the plain device.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn of(network: &DbVae, set: &ImageSet, device: &Device) -> Result<Self> {
        let mut said = Self {
            logits: Vec::with_capacity(set.len()),
            latents: [Vec::new(), Vec::new()],
            dimensions: network.latent(),
        };
        let indices: Vec<usize> = (0..set.len()).collect();
        for indices in indices.chunks(BATCH) {
            let encoded = network.encode(pictures(set, indices, device), Statistics::Running);
            let logits = encoded.logits.narrow(1, 0, 1);
            said.logits.extend(logits.try_into_vec_as::<f64>()?);
            said.latents[0].extend(encoded.posterior.mean.try_into_vec_as::<f64>()?);
            said.latents[1].extend(encoded.posterior.log_variance.try_into_vec_as::<f64>()?);
        }
        Ok(said)
    }

    /// The latents, checked.
    ///
    /// # Errors
    ///
    /// A set without pictures, or a number that is not finite, with picture and dimension.
    pub fn into_latents(self) -> Result<Latents, ResamplingError> {
        let [means, log_variances] = self.latents;
        Latents::new(means, self.dimensions)?.with_log_variances(log_variances)
    }
}

/// Scores of the pictures to measure with: log odds of a face.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Of faces.
    pub faces: Vec<f64>,
    /// Of others.
    pub others: Vec<f64>,
}

impl Scores {
    /// Scores that can be compared with a threshold; `updates` is how often the weights were changed.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] with the first that is not finite: finite weights may be so large that what they say is not.
    pub fn checked(self, updates: u64) -> Result<Self> {
        let terms = [
            ("log odds of test faces", &self.faces),
            ("log odds of other test pictures", &self.others),
        ];
        for (term, scores) in terms {
            if let Some(&value) = scores.iter().find(|score| !score.is_finite()) {
                return Err(Error::diverged(term, value, updates, Scalars::new()));
            }
        }
        Ok(self)
    }
}

/// A detector at one threshold.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Log odds from which on a picture counts as a face; where it is undefined nothing is judged, and all rates are undefined.
    pub threshold: Option<f64>,
    /// Faces, by group.
    pub faces: Fairness,
    /// Others, by kind.
    pub others: Fairness,
    /// Faces and others that share a trait, where there are such.
    pub comparable: Fairness,
}

impl Assessment {
    /// By scores of faces and of others, at a threshold of log odds.
    pub fn of(
        scores: &Scores,
        [faces, others]: [&Grouped; 2],
        comparables: &[Comparable],
        threshold: Option<f64>,
    ) -> Self {
        let judged = |groups: &Grouped, scores: &[f64], is_face: bool| {
            let mut sums = Fairness::new(groups.names.iter().cloned());
            for (&group, score) in groups.groups.iter().zip(scores) {
                if let Some(threshold) = threshold {
                    sums.add(group, is_face, *score >= threshold);
                }
            }
            sums
        };
        let faces = judged(faces, &scores.faces, true);
        let others = judged(others, &scores.others, false);
        let mut comparable = Fairness::new(comparables.iter().map(|comparable| comparable.name.clone()));
        for (sum, comparable) in comparable.groups.iter_mut().zip(comparables) {
            let groups = comparable.face_groups.iter().map(|&group| &faces.groups[group]);
            let kinds = comparable.kinds.iter().map(|&kind| &others.groups[kind]);
            *sum = groups
                .chain(kinds)
                .fold(Confusion::default(), |sum, part| sum.plus(part));
        }
        Self {
            threshold,
            faces,
            others,
            comparable,
        }
    }

    /// All pictures together.
    pub fn overall(&self) -> Confusion {
        self.faces.overall().plus(&self.others.overall())
    }

    /// Named numbers; undefined ones are left out.
    fn scalars(&self, prefix: &str) -> Scalars {
        let mut scalars = Scalars::new();
        let mut push = |name: String, value: Option<f64>| {
            scalars.extend(value.map(|value| (format!("{prefix}{name}"), value)));
        };
        for (name, group) in self.faces.names.iter().zip(&self.faces.groups) {
            push(format!("recall_{name}"), group.recall());
        }
        push(
            "mean_recall".to_owned(),
            self.faces.mean_recall_percent().map(|mean| mean / 100.0),
        );
        push("recall_variance".to_owned(), self.faces.recall_variance());
        push("worst_recall".to_owned(), self.faces.worst(Confusion::recall));
        push("recall_gap".to_owned(), self.faces.gap(Confusion::recall));
        let overall = self.overall();
        push("false_positive_rate".to_owned(), overall.false_positive_rate());
        for (name, kind) in self.others.names.iter().zip(&self.others.groups) {
            push(format!("false_positive_rate_{name}"), kind.false_positive_rate());
        }
        push("precision".to_owned(), overall.precision());
        push("accuracy".to_owned(), overall.accuracy());
        scalars
    }
}

/// A detector at the threshold of the configuration, and at the one with the wanted false positive rate.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Scores behind both.
    pub scores: Scores,
    /// At the threshold.
    pub fixed: Assessment,
    /// At the false positive rate.
    pub matched: Assessment,
}

impl Assessed {
    /// Measures a network, which is on the plain device and was updated so often.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and what [`Scores::checked`] reports.
    pub fn of(
        network: &DbVae,
        data: &DataSet,
        config: &EvaluationConfig,
        updates: u64,
        device: &Device,
    ) -> Result<Self> {
        let scores = Scores {
            faces: Said::of(network, &data.test_faces.pictures, device)?.logits,
            others: Said::of(network, &data.test_non_faces.pictures, device)?.logits,
        }
        .checked(updates)?;
        let groups = [&data.test_faces, &data.test_non_faces];
        Ok(Self::by(scores, groups, &data.comparable, config))
    }

    /// By scores of faces and of others, at both thresholds.
    pub fn by(scores: Scores, groups: [&Grouped; 2], comparables: &[Comparable], config: &EvaluationConfig) -> Self {
        let threshold = (config.threshold / (1.0 - config.threshold)).ln();
        let matched = threshold_at_false_positive_rate(&scores.others, config.false_positive_rate);
        Self {
            fixed: Assessment::of(&scores, groups, comparables, Some(threshold)),
            matched: Assessment::of(&scores, groups, comparables, matched),
            scores,
        }
    }

    /// Named numbers: rates as shares, variances of percentages.
    pub fn scalars(&self) -> Scalars {
        let mut scalars = self.fixed.scalars("");
        scalars.extend(self.matched.scalars("matched_"));
        scalars
    }
}
