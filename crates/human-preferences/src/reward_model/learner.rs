use std::{collections::VecDeque, fmt, sync::Arc};

use burn::prelude::*;
use papers_core::{base::config::ConfigError, random::Streams};
use rand::{RngExt, seq::SliceRandom};

use super::{
    Bootstrap, Comparison, Moments, Objective, RewardConfig, RewardError, RewardPredictor,
    member::{Fit, Member, Scale, measure},
    predictor::read,
};
use crate::{answer::Answer, clip::Clip, reward_network::RewardNetwork};

/// Comparisons on which losses and accuracies are measured after a fit, at most.
const MEASURED: usize = 256;

/// An ensemble of reward networks that learns from comparisons.
pub struct RewardLearner<N> {
    config: RewardConfig,
    pub(super) members: Vec<Member<N>>,
    pub(super) history: History,
    /// Answers that are not learned from.
    pub(super) unusable: u64,
    /// Minibatches fitted so far.
    pub(super) version: u64,
    /// An autodiff device.
    device: Device,
    streams: Streams,
}

/// The comparisons that are learned from, oldest first.
#[derive(Default)]
pub(super) struct History {
    pub(super) given: VecDeque<Given>,
    /// Number of the next comparison.
    pub(super) next: u64,
}

/// A comparison and its number, which never changes and is never given twice.
pub(super) struct Given {
    pub(super) number: u64,
    pub(super) comparison: Comparison,
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
    ///
    /// # Errors
    ///
    /// What [`RewardConfig::validate`] refuses, and another number of networks than `config.members`.
    pub fn new(config: RewardConfig, networks: Vec<N>, device: Device, streams: Streams) -> Result<Self, ConfigError> {
        config.validate()?;
        if networks.len() != config.members {
            let problem = format!("is {}, and there are {} networks", config.members, networks.len());
            return Err(ConfigError::invalid("reward.members", problem));
        }
        Ok(Self {
            members: networks
                .into_iter()
                .map(|network| Member::new(network, &config))
                .collect(),
            config,
            history: History::default(),
            unusable: 0,
            version: 0,
            device,
            streams,
        })
    }

    /// Takes an answer about two clips, and returns the number of the comparison. An answer that cannot tell is counted,
    /// and not learned from.
    ///
    /// # Errors
    ///
    /// Clips of different lengths or of another task; nothing is learned from them then.
    pub fn answer(&mut self, first: Arc<Clip>, second: Arc<Clip>, answer: Answer) -> Result<Option<u64>, RewardError> {
        let Some(preference) = answer.preference() else {
            self.count_unusable(1);
            return Ok(None);
        };
        let comparison = Comparison {
            first,
            second,
            preference,
            true_returns: None,
        };
        self.add(comparison).map(Some)
    }

    /// Counts answers that nothing can be learned from.
    pub fn count_unusable(&mut self, answers: u64) {
        self.unusable += answers;
    }

    /// Takes a comparison, and draws which members learn from it and which are validated by it. Returns its number, from
    /// 0, by which it can be taken back. The oldest comparison leaves a full window.
    ///
    /// # Errors
    ///
    /// Clips of different lengths or of another task, a preference that is no distribution; nothing is learned from
    /// them then.
    pub fn add(&mut self, comparison: Comparison) -> Result<u64, RewardError> {
        self.check(&comparison)?;
        let number = self.history.next;
        for (index, member) in self.members.iter_mut().enumerate() {
            let mut generator = self.streams.at("reward-bootstrap", number, index as u64);
            member.bootstrap.draw(&mut generator);
        }
        self.history.next += 1;
        self.history.given.push_back(Given { number, comparison });
        if self.config.window > 0 && self.history.given.len() > self.config.window {
            self.remove(0);
        }
        Ok(number)
    }

    /// Takes the comparison of this number back, as if it had never been given; what the networks learned from it stays.
    /// Returns whether it was still there.
    pub fn forget(&mut self, number: u64) -> bool {
        let found = self.history.given.binary_search_by_key(&number, |given| given.number);
        if let Ok(index) = found {
            self.remove(index);
        }
        found.is_ok()
    }

    fn remove(&mut self, index: usize) {
        self.history.given.remove(index);
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
        let known = self
            .comparisons()
            .next()
            .map_or(&comparison.first, |known| &known.first);
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

    /// The comparisons that are learned from, oldest first.
    pub fn comparisons(&self) -> impl ExactSizeIterator<Item = &Comparison> {
        self.history.given.iter().map(|given| &given.comparison)
    }

    /// Comparisons that were ever given, those included that are no longer learned from.
    pub fn received(&self) -> u64 {
        self.history.next
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
        if self.history.given.is_empty() {
            return Err(RewardError::NoUsableComparison { answers: self.unusable });
        }
        let scale = self.scale();
        let training: Vec<Vec<usize>> = self
            .members
            .iter()
            .map(|member| training_data(&member.bootstrap))
            .collect();
        let mut losses = vec![Vec::new(); self.members.len()];
        for _ in 0..minibatches.max(1) {
            for (number, training) in training.iter().enumerate() {
                losses[number].push(self.update(number, training, scale));
            }
            self.version += 1;
        }
        let loss = mean_loss(losses)?;
        self.measure(scale, loss)
    }

    fn update(&mut self, number: usize, training: &[usize], scale: Option<Scale>) -> Tensor<1> {
        let mut generator = self.streams.at("reward-batch", self.version, number as u64);
        let size = self.config.batch.min(training.len());
        let batch: Vec<&Comparison> = (0..size)
            .map(|_| &self.history.given[training[generator.random_range(0..training.len())]].comparison)
            .collect();
        let name = format!("reward-dropout-{number}");
        // For networks with another dropout than core's.
        drop(self.streams.seed_device(&name, self.version, &self.device));
        let seed = self.streams.number(&name, self.version);
        self.members[number].update(&batch, scale, &self.config, &self.device, seed)
    }

    /// Scale of the returns that are regressed; none where preferences are fitted.
    fn scale(&self) -> Option<Scale> {
        if self.config.objective != Objective::Return {
            return None;
        }
        let returns = self.comparisons().filter_map(|comparison| comparison.true_returns);
        let moments = Moments::of(returns.flatten());
        let deviation = moments.deviation();
        Some(Scale {
            mean: moments.mean,
            // All returns alike: there is nothing to scale.
            deviation: if deviation > 0.0 { deviation } else { 1.0 },
        })
    }

    /// Looks at a sample of the comparisons without dropout and penalty, and adapts the penalty.
    fn measure(&mut self, scale: Option<Scale>, loss: f64) -> Result<FitReport, RewardError> {
        let given = &self.history.given;
        let mut sample: Vec<usize> = (0..given.len()).collect();
        sample.shuffle(&mut self.streams.at("reward-sample", self.version, 0));
        sample.truncate(MEASURED);
        let clips: Vec<&Clip> = sample
            .iter()
            .flat_map(|&index| {
                let comparison = &given[index].comparison;
                [comparison.first.as_ref(), comparison.second.as_ref()]
            })
            .collect();
        let returns = self.predictor().clip_returns(&clips)?;
        let mut fits = Vec::with_capacity(self.members.len());
        for (member, returns) in self.members.iter_mut().zip(&returns) {
            let of = |is_held_out: bool| {
                let pairs = sample.iter().zip(returns.chunks_exact(2));
                let chosen = pairs.filter(|(index, _)| (member.bootstrap.counts()[**index] == 0) == is_held_out);
                let known = chosen.map(|(&index, returns)| (&given[index].comparison, [returns[0], returns[1]]));
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
}

/// A member that drew nothing at all, as may be with few comparisons, learns from all.
fn training_data(bootstrap: &Bootstrap) -> Vec<usize> {
    let training = bootstrap.training();
    if training.is_empty() {
        (0..bootstrap.counts().len()).collect()
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

impl<N> fmt::Debug for RewardLearner<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewardLearner")
            .field("config", &self.config)
            .field("comparisons", &self.history.given.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
