//! What the threads do: one takes clips and asks about them, the other fits the reward model.

use std::{
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
};

use papers_core::{Error, Result};

use super::{
    super::{answers::Answers, page::Page},
    PAUSE,
};
use crate::{
    labelling::{Asked, Labelling},
    reward_model::{FitReport, RewardLearner, RewardPredictor},
    reward_network::AnyReward,
    rollout::RecordedClip,
    server::lock,
};

/// What the threads share. Of several locks they take the upper one first.
pub(super) struct Shared {
    /// Held for as long as the reward model is fitted: what asks never waits for it.
    pub(super) taught: Mutex<Taught>,
    pub(super) labelling: Mutex<Labelling>,
    /// Answers of an oracle that the reward model does not have yet.
    pub(super) asked: Mutex<Vec<Asked>>,
    pub(super) predictor: Mutex<RewardPredictor<AnyReward>>,
    pub(super) report: Mutex<Option<FitReport>>,
    pub(super) failure: Mutex<Option<Error>>,
    /// Steps of the environments.
    pub(super) step: AtomicU64,
    /// Rounds that the agent began.
    pub(super) rounds: AtomicU64,
    /// As many of them when the latest fit began.
    pub(super) fitted: AtomicU64,
    /// Clips that wait for the thread that asks.
    pub(super) clips_waiting: AtomicU64,
    /// Pairs that wait for an answer of people.
    pub(super) pairs_waiting: AtomicU64,
    /// Variances over the ensemble of the pairs that were asked about since the agent's last round.
    pub(super) variances: Mutex<Vec<f64>>,
    /// Whether the initial labels may be asked for.
    pub(super) may_ask: AtomicBool,
    pub(super) stop: AtomicBool,
    pub(super) initial_minibatches: u64,
    pub(super) minibatches: u64,
}

/// The reward model, and the answers of people that it learns from.
pub(super) struct Taught {
    pub(super) learner: RewardLearner<AnyReward>,
    pub(super) answers: Option<Answers>,
}

impl Shared {
    fn has_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A thread that failed says so once; the agent's thread ends the run.
    fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Takes clips and asks about them, until the run ends.
    pub(super) fn ask(&self, clips: &Receiver<Vec<RecordedClip>>, mut page: Option<Page>) {
        while !self.has_stopped() {
            match clips.recv_timeout(PAUSE) {
                Ok(clips) => {
                    self.clips_waiting.fetch_sub(clips.len() as u64, Ordering::Relaxed);
                    lock(&self.labelling).offer(clips);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !self.may_ask.load(Ordering::Relaxed) {
                continue;
            }
            let asked = match &mut page {
                Some(page) => self.ask_people(page),
                None => self.ask_oracle(),
            };
            if let Err(error) = asked {
                return self.fail(error);
            }
        }
    }

    /// The reward model as it is now, if it was ever fitted.
    fn trained(&self) -> Option<RewardPredictor<AnyReward>> {
        let predictor = lock(&self.predictor).clone();
        (predictor.version() > 0).then_some(predictor)
    }

    fn ask_oracle(&self) -> Result<()> {
        let (step, trained) = (self.step.load(Ordering::Relaxed), self.trained());
        let mut labelling = lock(&self.labelling);
        let asked = labelling.ask(step, trained.as_ref()).map_err(Error::usage)?;
        // Under the same lock as they are counted: a checkpoint has every answer that it counts.
        lock(&self.variances).extend(asked.variance);
        lock(&self.asked).push(asked);
        Ok(())
    }

    fn ask_people(&self, page: &mut Page) -> Result<()> {
        let mut labelling = lock(&self.labelling);
        let due = labelling.schedule().due(self.step.load(Ordering::Relaxed));
        if !page.has_news(&labelling, due)? {
            return Ok(());
        }
        let trained = self.trained();
        let variances = page.show(&mut labelling, due, trained.as_ref())?;
        lock(&self.variances).extend(variances);
        let stats = page.stats().map_err(Error::usage)?;
        self.pairs_waiting.store(stats.waiting, Ordering::Relaxed);
        labelling.set_counts(stats.counts());
        let total = labelling.schedule().total();
        drop(labelling);
        page.set_status(
            "The agent is trying something new; the next pair comes by itself.",
            stats.answered >= total && stats.answered > stats.cant_tell,
        );
        Ok(())
    }

    /// Gives the reward model the answers that came meanwhile.
    pub(super) fn take_in(&self, taught: &mut Taught) -> Result<()> {
        let Taught { learner, answers } = taught;
        for asked in mem::take(&mut *lock(&self.asked)) {
            learner.count_unusable(asked.unusable);
            for comparison in asked.comparisons {
                learner.add(comparison).map_err(Error::usage)?;
            }
        }
        answers.as_mut().map_or(Ok(()), |answers| answers.bring(learner))
    }

    /// Fits the reward model whenever the agent or the labels are further than before, until the run ends.
    pub(super) fn fit(&self) {
        let mut seen = (u64::MAX, 0, 0);
        while !self.has_stopped() {
            // Looked at first: by then there are at least as many answers as it says.
            let has_initial = {
                let labelling = lock(&self.labelling);
                labelling.counts().total() >= labelling.schedule().initial()
            };
            let mut taught = lock(&self.taught);
            if let Err(error) = self.take_in(&mut taught) {
                return self.fail(error);
            }
            let learner = &mut taught.learner;
            let comparisons = learner.comparisons().len();
            let now = (self.rounds.load(Ordering::Relaxed), learner.received(), comparisons);
            // Each fit adapts the penalty on weights, so that there are about as many as without a person: one for each
            // round, and, where the agent waits, one for each tenth more of labels.
            let is_due = now.0 != seen.0 || comparisons >= seen.2 + (seen.2 / 10).max(1);
            if now == seen || !is_due || comparisons == 0 || !has_initial {
                drop(taught);
                thread::sleep(PAUSE);
                continue;
            }
            seen = now;
            let minibatches = if learner.is_trained() {
                self.minibatches
            } else {
                self.initial_minibatches
            };
            match learner.fit(minibatches) {
                Ok(report) => {
                    *lock(&self.predictor) = learner.predictor();
                    *lock(&self.report) = Some(report);
                    self.fitted.store(now.0, Ordering::Relaxed);
                }
                Err(error) => return self.fail(error.at(self.rounds.load(Ordering::Relaxed))),
            }
        }
    }
}
