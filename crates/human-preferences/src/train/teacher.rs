//! Where the agent's rewards come from.

use papers_core::{Context, Error, Result, base::journal::Scalars, checkpoint};

use super::{
    beside::Beside,
    ensemble::{frozen, learner},
    judge::judge,
    page::Page,
};
use crate::{
    config::{FeedbackMode, PreferenceConfig, TrueReward},
    environment::Environment,
    evaluate::Evaluation,
    experience::AgentRewards,
    feedback::Counts,
    labelling::{Asked, Labelling, LabellingState},
    reward_model::{FitReport, RewardError, RewardLearner, RewardNormalizer, RewardPredictor},
    reward_network::AnyReward,
    rollout::{Collected, Lengths, RecordedClip},
};

/// Who says how good the agent was.
pub(crate) enum Teacher {
    /// The true reward, for the baseline.
    True(TrueReward, RewardNormalizer),
    /// A reward model that no longer learns.
    Frozen(RewardPredictor<AnyReward>, RewardNormalizer),
    /// A reward model that learns from answers that come at once.
    Learning(Box<Learning>),
    /// A reward model that learns beside the agent.
    Beside(Box<Beside>),
}

/// Asking, fitting and scaling in a fixed order: the same seed gives the same rewards.
pub(crate) struct Learning {
    labelling: Labelling,
    learner: RewardLearner<AnyReward>,
    normalizer: RewardNormalizer,
    predictor: RewardPredictor<AnyReward>,
}

impl Teacher {
    pub(super) fn new(
        config: &PreferenceConfig,
        environment: &dyn Environment,
        lengths: Lengths,
        context: &Context,
    ) -> Result<Self> {
        let (reward, task) = (config.reward(), environment.task());
        let normalizer = |members| RewardNormalizer::new(members, &reward.normalization);
        let mode = config.feedback.mode;
        if mode == FeedbackMode::None {
            return Ok(Self::True(config.feedback.true_reward, normalizer(1)));
        }
        if mode == FeedbackMode::Frozen {
            let predictor = frozen(config, task, context)?;
            let members = predictor.members().len();
            return Ok(Self::Frozen(predictor, normalizer(members)));
        }
        let schedule = config.labels().over(config.total_steps());
        let judge = judge(config, task, lengths)?;
        let labelling = Labelling::new(task, schedule, config.queries(), judge, context.streams);
        let learner = learner(config, task, context)?;
        let normalizer = normalizer(reward.members);
        if mode == FeedbackMode::Human || config.asynchronous {
            let page = match &context.folder {
                Some(folder) if mode == FeedbackMode::Human => {
                    Some(Page::open(config, environment, lengths, folder, context)?)
                }
                _ => None,
            };
            let minibatches = [config.fitting.initial_minibatches, config.fitting.minibatches];
            let beside = Beside::new(labelling, learner, normalizer, page, minibatches, context);
            return Ok(Self::Beside(Box::new(beside)));
        }
        Ok(Self::Learning(Box::new(Learning {
            labelling,
            normalizer,
            predictor: learner.predictor(),
            learner,
        })))
    }

    /// Whether the agent may learn.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::True(..) | Self::Frozen(..) => true,
            Self::Learning(learning) => learning.learner.is_trained(),
            Self::Beside(beside) => beside.is_ready(),
        }
    }

    /// Whether there are enough clips for the initial labels.
    pub(super) fn has_clips_to_begin(&self) -> bool {
        match self {
            Self::True(..) | Self::Frozen(..) => true,
            Self::Learning(learning) => learning.labelling.has_clips_to_begin(),
            Self::Beside(beside) => beside.has_clips_to_begin(),
        }
    }

    /// Takes clips that can be asked about.
    pub(super) fn offer(&mut self, clips: Vec<RecordedClip>) {
        match self {
            Self::True(..) | Self::Frozen(..) => {}
            Self::Learning(learning) => learning.labelling.offer(clips),
            Self::Beside(beside) => beside.offer(clips),
        }
    }

    /// Asks for the initial labels and fits the reward model to them.
    pub(super) fn begin(&mut self, minibatches: u64, round: u64) -> Result<()> {
        match self {
            Self::True(..) | Self::Frozen(..) => {}
            Self::Learning(learning) => learning.begin(minibatches).map_err(|error| error.at(round))?,
            Self::Beside(beside) => beside.begin(round)?,
        }
        if let Some(counts) = self.answers()
            && counts.says_nothing()
        {
            log::warn!(
                "every one of the {} initial labels is a tie: who gives them does not tell these clips apart, and nothing \
                 can be learned from them",
                counts.usable()
            );
        }
        Ok(())
    }

    /// Asks for the labels that are due after `step` steps of the environments, and fits the reward model.
    pub(super) fn teach(&mut self, step: u64, minibatches: u64, round: u64) -> Result<Scalars> {
        match self {
            Self::True(..) | Self::Frozen(..) => Ok(Scalars::new()),
            Self::Learning(learning) => learning.teach(step, minibatches).map_err(|error| error.at(round)),
            Self::Beside(beside) => beside.teach(step, round),
        }
    }

    /// The rewards of what the agent went through.
    pub(super) fn rewards(&mut self, collected: &Collected, round: u64) -> Result<AgentRewards> {
        let experience = &collected.experience;
        let predicted = match self {
            Self::True(how, normalizer) => return Ok(true_rewards(*how, normalizer, &collected.true_rewards)),
            Self::Frozen(predictor, normalizer) => predictor.rewards(experience, normalizer),
            Self::Learning(learning) => learning.predictor.rewards(experience, &mut learning.normalizer),
            Self::Beside(beside) => return beside.rewards(collected, round),
        };
        predicted.map_err(|error| error.at(round))
    }

    /// Predicts the rewards of the evaluation's episodes.
    pub(super) fn evaluate(&self, collected: Collected, round: u64) -> Result<Evaluation> {
        let evaluation = match self {
            Self::True(..) => return Ok(Evaluation::without_model(collected)),
            Self::Frozen(predictor, normalizer) => {
                Evaluation::new(collected, predictor, normalizer, |record| Some(record.true_return))
            }
            Self::Learning(learning) => {
                let Learning {
                    predictor,
                    normalizer,
                    labelling,
                    ..
                } = learning.as_ref();
                Evaluation::new(collected, predictor, normalizer, |record| labelling.score(record))
            }
            Self::Beside(beside) => {
                let (predictor, normalizer) = beside.model();
                Evaluation::new(collected, &predictor, normalizer, |record| beside.score(record))
            }
        };
        evaluation.map_err(|error| error.at(round))
    }

    /// Answers of each kind, for tables.
    pub(crate) fn counts(&self) -> Scalars {
        let Some(counts) = self.answers() else {
            return Scalars::new();
        };
        let named = [
            ("labels", counts.total()),
            ("labels_usable", counts.usable()),
            ("labels_tie", counts.tie),
            ("labels_cant_tell", counts.cant_tell),
        ];
        named.map(|(name, count)| (name.to_owned(), count as f64)).into()
    }

    /// Answers so far; none where nobody is asked.
    pub(crate) fn answers(&self) -> Option<Counts> {
        match self {
            Self::True(..) | Self::Frozen(..) => None,
            Self::Learning(learning) => Some(learning.labelling.counts()),
            Self::Beside(beside) => Some(beside.answers()),
        }
    }

    pub(super) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        match self {
            Self::True(_, normalizer) | Self::Frozen(_, normalizer) => checkpoint.json("normalizer", normalizer),
            Self::Learning(learning) => learning.save(checkpoint),
            Self::Beside(beside) => beside.save(checkpoint),
        }
    }

    pub(super) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        match self {
            Self::True(_, normalizer) | Self::Frozen(_, normalizer) => restore_normalizer(normalizer, checkpoint),
            Self::Learning(learning) => learning.restore(checkpoint),
            Self::Beside(beside) => beside.restore(checkpoint),
        }
    }
}

impl Learning {
    fn begin(&mut self, minibatches: u64) -> Result<(), RewardError> {
        // The ensemble knows nothing yet: its members disagree at random.
        let asked = self.labelling.ask::<AnyReward>(0, None)?;
        self.learn(asked)?;
        self.fit(minibatches).map(|_| ())
    }

    fn teach(&mut self, step: u64, minibatches: u64) -> Result<Scalars, RewardError> {
        let asked = self.labelling.ask(step, Some(&self.predictor))?;
        let variance = asked.variance;
        self.learn(asked)?;
        let report = self.fit(minibatches)?;
        let mut scalars = fit_scalars(&report);
        scalars.extend(variance.map(|variance| ("query_variance".to_owned(), variance)));
        scalars.push(("labels".to_owned(), self.labelling.counts().total() as f64));
        Ok(scalars)
    }

    fn learn(&mut self, asked: Asked) -> Result<(), RewardError> {
        self.learner.count_unusable(asked.unusable);
        asked
            .comparisons
            .into_iter()
            .try_for_each(|comparison| self.learner.add(comparison).map(|_| ()))
    }

    fn fit(&mut self, minibatches: u64) -> Result<FitReport, RewardError> {
        let report = self.learner.fit(minibatches)?;
        self.predictor = self.learner.predictor();
        Ok(report)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("normalizer", &self.normalizer)?;
        checkpoint.json("labelling", self.labelling.state())?;
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        restore_normalizer(&mut self.normalizer, checkpoint)?;
        let state: LabellingState = checkpoint.json("labelling")?;
        self.labelling.restore(state);
        self.learner.restore(checkpoint)?;
        self.predictor = self.learner.predictor();
        Ok(())
    }
}

/// What a fit measured, by name.
pub(super) fn fit_scalars(report: &FitReport) -> Scalars {
    let always = [
        ("reward_loss", Some(report.training_loss)),
        ("reward_loss_validation", report.validation_loss),
        ("reward_accuracy", report.accuracy),
        ("reward_accuracy_validation", report.validation_accuracy),
        ("reward_l2", Some(report.l2)),
    ];
    let known = always
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.collect()
}

pub(super) fn restore_normalizer(normalizer: &mut RewardNormalizer, checkpoint: &checkpoint::Reader) -> Result<()> {
    let saved: RewardNormalizer = checkpoint.json("normalizer")?;
    normalizer.restore(saved).map_err(Error::usage)
}

fn true_rewards(how: TrueReward, normalizer: &mut RewardNormalizer, rewards: &[f64]) -> AgentRewards {
    match how {
        TrueReward::Normalized => {
            let scaled = normalizer.normalized(&[rewards.to_vec()]);
            AgentRewards::of_baseline(scaled.into_iter().map(|reward| reward as f32).collect())
        }
        TrueReward::Clipped => {
            AgentRewards::of_baseline(rewards.iter().map(|reward| reward.clamp(-1.0, 1.0) as f32).collect())
        }
    }
}
