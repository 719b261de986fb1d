use std::{collections::HashMap, fmt, sync::Arc};

use burn::prelude::*;
use papers_core::{checkpoint, random::Streams};
use rand::{RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};

use super::{
    Bootstrap, Comparison, Moments, Objective, RewardConfig, RewardError, RewardPredictor, SavedComparison,
    member::{Fit, Member, Scale, measure},
    predictor::read,
};
use crate::{answer::Answer, clip::Clip, reward_network::RewardNetwork};

/// Comparisons on which losses and accuracies are measured after a fit, at most.
const MEASURED: usize = 256;

/// An ensemble of reward networks that learns from comparisons.
pub struct RewardLearner<N> {
    config: RewardConfig,
    members: Vec<Member<N>>,
    comparisons: Vec<Comparison>,
    /// Answers that are not learned from.
    unusable: u64,
    /// Minibatches fitted so far.
    version: u64,
    /// An autodiff device.
    device: Device,
    streams: Streams,
}

/// What a fit measured. Losses are without the penalty on weights, and means over the members.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitReport {
    /// Mean loss of the minibatches, each before its update.
    pub loss: f64,
    /// Loss of comparisons that a member learns from, without dropout.
    pub training_loss: f64,
    /// Loss of comparisons that a member never saw; none if there is none.
    pub validation_loss: Option<f64>,
    /// Share of comparisons that say which clip is better where a member agrees; none if all are ties.
    pub accuracy: Option<f64>,
    /// The same of comparisons that a member never saw.
    pub validation_accuracy: Option<f64>,
    /// Coefficient of the penalty on weights; 0 where there is none.
    pub l2: f64,
}

impl<N: RewardNetwork> RewardLearner<N> {
    /// Takes over one network per member, on the autodiff `device` and with weights of their own.
    ///
    /// Build them with [`Streams::initialize`](papers_core::random::Streams::initialize) under names of their own, so that
    /// the same seed gives the same ones.
    pub fn new(config: RewardConfig, networks: Vec<N>, device: Device, streams: Streams) -> Self {
        Self {
            members: networks
                .into_iter()
                .map(|network| Member::new(network, &config))
                .collect(),
            config,
            comparisons: Vec::new(),
            unusable: 0,
            version: 0,
            device,
            streams,
        }
    }

    /// Takes an answer about two clips. One that cannot tell is counted, and not learned from.
    ///
    /// # Errors
    ///
    /// Clips of different lengths or of another task; nothing is learned from them then.
    pub fn answer(&mut self, first: Arc<Clip>, second: Arc<Clip>, answer: Answer) -> Result<(), RewardError> {
        match answer.preference() {
            Some(preference) => self.add(Comparison {
                first,
                second,
                preference,
                true_returns: None,
            }),
            None => {
                self.count_unusable(1);
                Ok(())
            }
        }
    }

    /// Counts answers that nothing can be learned from.
    pub fn count_unusable(&mut self, answers: u64) {
        self.unusable += answers;
    }

    /// Takes a comparison, and draws which members learn from it and which are validated by it.
    ///
    /// # Errors
    ///
    /// Clips of different lengths or of another task, a preference that is no distribution; nothing is learned from
    /// them then.
    pub fn add(&mut self, comparison: Comparison) -> Result<(), RewardError> {
        self.check(&comparison)?;
        let index = self.comparisons.len() as u64;
        for (number, member) in self.members.iter_mut().enumerate() {
            let mut generator = self.streams.at("reward-bootstrap", index, number as u64);
            member.bootstrap.draw(&mut generator);
        }
        self.comparisons.push(comparison);
        Ok(())
    }

    /// Forgets a comparison, as if it had never been given; what the networks learned from it stays.
    ///
    /// # Panics
    ///
    /// If there is no such comparison.
    pub fn forget(&mut self, index: usize) {
        self.comparisons.remove(index);
        for member in &mut self.members {
            member.bootstrap.forget(index);
        }
    }

    fn check(&self, comparison: &Comparison) -> Result<(), RewardError> {
        let [first, second] = comparison.preference;
        let is_distribution = first >= 0.0 && second >= 0.0 && (first + second - 1.0).abs() < 1e-9;
        if !is_distribution {
            return Err(RewardError::Preference { first, second });
        }
        comparison.first.check_pair(&comparison.second)?;
        let known = self.comparisons.first().map_or(&comparison.first, |known| &known.first);
        for clip in [&comparison.first, &comparison.second] {
            let sizes = |clip: &Clip| (clip.observations.size(), clip.actions.features());
            let ((found, found_features), (expected, expected_features)) = (sizes(clip), sizes(known));
            if found != expected {
                return Err(RewardError::Size {
                    what: "observation",
                    found,
                    expected,
                });
            }
            if found_features != expected_features {
                return Err(RewardError::Size {
                    what: "action",
                    found: found_features,
                    expected: expected_features,
                });
            }
            if clip.steps() != known.steps() {
                return Err(crate::clip::ClipError::Unequal {
                    first: known.steps(),
                    second: clip.steps(),
                }
                .into());
            }
        }
        match comparison.true_returns {
            None if self.config.objective == Objective::Return => Err(RewardError::NoReturns),
            Some([first, second]) if !(first.is_finite() && second.is_finite()) => {
                Err(RewardError::TrueReturns { first, second })
            }
            _ => Ok(()),
        }
    }

    /// The comparisons that are learned from.
    pub fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// How it learns.
    pub fn config(&self) -> &RewardConfig {
        &self.config
    }

    /// Whether it has learned anything: rewards of an ensemble that has not are noise.
    pub fn is_trained(&self) -> bool {
        self.version > 0
    }

    /// Minibatches fitted so far.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What the ensemble predicts now.
    pub fn predictor(&self) -> RewardPredictor<N> {
        let members = self.members.iter().map(|member| member.network.valid()).collect();
        RewardPredictor::new(members, self.device.clone().inner(), self.version)
    }

    /// Fits every member to `minibatches` minibatches (at least one) of its own comparisons, and adapts the penalty on
    /// weights.
    ///
    /// # Errors
    ///
    /// [`RewardError::NoUsableComparison`] before there is one, and a loss that is not finite.
    pub fn fit(&mut self, minibatches: u64) -> Result<FitReport, RewardError> {
        if self.comparisons.is_empty() {
            return Err(RewardError::NoUsableComparison { answers: self.unusable });
        }
        let from = match self.config.window {
            0 => 0,
            window => self.comparisons.len().saturating_sub(window),
        };
        let scale = self.scale(from);
        let training: Vec<Vec<usize>> = self
            .members
            .iter()
            .map(|member| training_data(&member.bootstrap, from, self.comparisons.len()))
            .collect();
        let mut losses = vec![Vec::new(); self.members.len()];
        for _ in 0..minibatches.max(1) {
            for (number, training) in training.iter().enumerate() {
                losses[number].push(self.update(number, training, scale));
            }
            self.version += 1;
        }
        let loss = mean_loss(losses)?;
        self.measure(from, scale, loss)
    }

    fn update(&mut self, number: usize, training: &[usize], scale: Option<Scale>) -> Tensor<1> {
        let mut generator = self.streams.at("reward-batch", self.version, number as u64);
        let size = self.config.batch.min(training.len());
        let batch: Vec<&Comparison> = (0..size)
            .map(|_| &self.comparisons[training[generator.random_range(0..training.len())]])
            .collect();
        let name = format!("reward-dropout-{number}");
        let seeded = self.streams.seed_device(&name, self.version, &self.device);
        self.members[number].update(&batch, scale, &self.config, &self.device, seeded)
    }

    /// Scale of the returns that are regressed; none where preferences are fitted.
    fn scale(&self, from: usize) -> Option<Scale> {
        if self.config.objective != Objective::Return {
            return None;
        }
        let returns = self.comparisons[from..]
            .iter()
            .filter_map(|comparison| comparison.true_returns);
        let moments = Moments::of(returns.flatten());
        let deviation = moments.deviation();
        Some(Scale {
            mean: moments.mean,
            // All returns alike: there is nothing to scale.
            deviation: if deviation > 0.0 { deviation } else { 1.0 },
        })
    }

    /// Looks at a sample of the comparisons without dropout and penalty, and adapts the penalty.
    fn measure(&mut self, from: usize, scale: Option<Scale>, loss: f64) -> Result<FitReport, RewardError> {
        let mut sample: Vec<usize> = (from..self.comparisons.len()).collect();
        sample.shuffle(&mut self.streams.at("reward-sample", self.version, 0));
        sample.truncate(MEASURED);
        let clips: Vec<&Clip> = sample
            .iter()
            .flat_map(|&index| {
                [
                    self.comparisons[index].first.as_ref(),
                    self.comparisons[index].second.as_ref(),
                ]
            })
            .collect();
        let returns = self.predictor().clip_returns(&clips)?;
        let mut fits = Vec::with_capacity(self.members.len());
        for (member, returns) in self.members.iter_mut().zip(&returns) {
            let of = |is_held_out: bool| {
                let pairs = sample.iter().zip(returns.chunks_exact(2));
                let chosen = pairs.filter(|(index, _)| (member.bootstrap.counts()[**index] == 0) == is_held_out);
                let known = chosen.map(|(&index, returns)| (&self.comparisons[index], [returns[0], returns[1]]));
                measure(known, scale, &self.config)
            };
            let (training, validation) = (of(false), of(true));
            member.adapt(training, validation, &self.config);
            fits.push((training, validation));
        }
        Ok(self.report(&fits, loss))
    }

    fn report(&self, fits: &[(Fit, Fit)], loss: f64) -> FitReport {
        let training = || fits.iter().map(|(training, _)| *training);
        let validation = || fits.iter().map(|(_, validation)| *validation);
        let sum = |fits: &mut dyn Iterator<Item = Fit>| {
            let fits: Vec<Fit> = fits.filter(|fit| fit.count > 0).collect();
            let count = fits.len();
            (count > 0).then(|| fits.iter().map(|fit| fit.loss).sum::<f64>() / count as f64)
        };
        let share = |fits: &mut dyn Iterator<Item = Fit>| {
            let (right, decided) = fits.fold((0, 0), |(right, decided), fit| {
                (right + fit.right, decided + fit.decided)
            });
            (decided > 0).then(|| right as f64 / decided as f64)
        };
        FitReport {
            loss,
            training_loss: sum(&mut training()).unwrap_or(loss),
            validation_loss: sum(&mut validation()),
            accuracy: share(&mut training()),
            validation_accuracy: share(&mut validation()),
            l2: self.penalty(),
        }
    }

    /// Mean coefficient of the penalty on weights; 0 where there is none.
    fn penalty(&self) -> f64 {
        if !self.config.l2.enabled {
            return 0.0;
        }
        self.members.iter().map(|member| member.l2).sum::<f64>() / self.members.len() as f64
    }

    /// Adds everything that [`restore`](Self::restore) needs to a checkpoint, the comparisons included.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        for (index, member) in self.members.iter().enumerate() {
            member.save(index, checkpoint)?;
        }
        checkpoint.json("reward", &self.state())?;
        checkpoint.json("comparisons", &SavedComparisons::of(&self.comparisons))
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        let state: State = checkpoint.json("reward")?;
        let comparisons = saved_comparisons(checkpoint)?;
        let damaged = |problem: &str| papers_core::Error::Checkpoint {
            path: checkpoint.folder().to_owned(),
            problem: problem.to_owned(),
        };
        if state.counts.len() != self.members.len() {
            let (found, expected) = (state.counts.len(), self.members.len());
            return Err(damaged(&format!(
                "has an ensemble of {found}, and the run one of {expected}"
            )));
        }
        if state.counts.iter().any(|counts| counts.len() != comparisons.len()) {
            return Err(damaged("has other comparisons than its ensemble knows"));
        }
        for (index, member) in self.members.iter_mut().enumerate() {
            member.restore(index, checkpoint)?;
        }
        for ((member, counts), l2) in self.members.iter_mut().zip(state.counts).zip(state.l2) {
            member.bootstrap = Bootstrap::of_counts(counts);
            member.l2 = l2;
        }
        self.comparisons = comparisons;
        self.unusable = state.unusable;
        self.version = state.version;
        Ok(())
    }

    fn state(&self) -> State {
        State {
            counts: self
                .members
                .iter()
                .map(|member| member.bootstrap.counts().to_vec())
                .collect(),
            l2: self.members.iter().map(|member| member.l2).collect(),
            unusable: self.unusable,
            version: self.version,
        }
    }
}

/// The comparisons of a checkpoint that a [`RewardLearner`] wrote.
///
/// # Errors
///
/// A part that is missing or damaged.
pub fn saved_comparisons(checkpoint: &checkpoint::Reader) -> papers_core::Result<Vec<Comparison>> {
    let saved: Comparisons = checkpoint.json("comparisons")?;
    saved.read().ok_or_else(|| papers_core::Error::Checkpoint {
        path: checkpoint.folder().to_owned(),
        problem: "has comparisons of clips that it does not hold".to_owned(),
    })
}

/// A member that drew nothing at all, as may be with few comparisons, learns from all.
fn training_data(bootstrap: &Bootstrap, from: usize, to: usize) -> Vec<usize> {
    let training = bootstrap.training(from);
    if training.is_empty() {
        (from..to).collect()
    } else {
        training
    }
}

fn mean_loss(losses: Vec<Vec<Tensor<1>>>) -> Result<f64, RewardError> {
    let members = losses.len().max(1);
    let mut sum = 0.0;
    for (member, losses) in losses.into_iter().enumerate() {
        let values = read(Tensor::cat(losses, 0))?;
        if let Some(&loss) = values.iter().find(|loss| !loss.is_finite()) {
            return Err(RewardError::NonFinite { member, loss });
        }
        sum += values.iter().sum::<f64>() / values.len() as f64;
    }
    Ok(sum / members as f64)
}

#[derive(Serialize, Deserialize)]
struct State {
    counts: Vec<Vec<u32>>,
    l2: Vec<f64>,
    unusable: u64,
    version: u64,
}

/// Comparisons as they are written: each clip once.
#[derive(Serialize)]
struct SavedComparisons<'a> {
    clips: Vec<&'a Clip>,
    comparisons: Vec<SavedComparison>,
}

#[derive(Deserialize)]
struct Comparisons {
    clips: Vec<Clip>,
    comparisons: Vec<SavedComparison>,
}

impl<'a> SavedComparisons<'a> {
    fn of(comparisons: &'a [Comparison]) -> Self {
        let mut clips = Vec::new();
        let mut known = HashMap::new();
        let mut number = |clip: &'a Arc<Clip>| {
            *known.entry(Arc::as_ptr(clip)).or_insert_with(|| {
                clips.push(clip.as_ref());
                clips.len() - 1
            })
        };
        let comparisons = comparisons
            .iter()
            .map(|comparison| SavedComparison {
                first: number(&comparison.first),
                second: number(&comparison.second),
                preference: comparison.preference,
                true_returns: comparison.true_returns,
            })
            .collect();
        Self { clips, comparisons }
    }
}

impl Comparisons {
    fn read(self) -> Option<Vec<Comparison>> {
        let clips: Vec<Arc<Clip>> = self.clips.into_iter().map(Arc::new).collect();
        let read = |saved: SavedComparison| {
            Some(Comparison {
                first: Arc::clone(clips.get(saved.first)?),
                second: Arc::clone(clips.get(saved.second)?),
                preference: saved.preference,
                true_returns: saved.true_returns,
            })
        };
        self.comparisons.into_iter().map(read).collect()
    }
}

impl<N> fmt::Debug for RewardLearner<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewardLearner")
            .field("config", &self.config)
            .field("comparisons", &self.comparisons.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
