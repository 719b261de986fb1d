//! What the threads do: one takes clips and asks about them, the other fits the reward model.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
};

use papers_core::{Error, Result};

use super::{
    super::{page::Page, usage},
    PAUSE,
};
use crate::{
    labelling::Labelling,
    reward_model::{FitReport, RewardLearner, RewardPredictor},
    reward_network::AnyReward,
    rollout::RecordedClip,
    server::lock,
};

/// What the threads share.
pub(super) struct Shared {
    pub(super) labelling: Mutex<Labelling>,
    pub(super) page: Mutex<Option<Page>>,
    pub(super) learner: Mutex<RewardLearner<AnyReward>>,
    pub(super) predictor: Mutex<RewardPredictor<AnyReward>>,
    pub(super) report: Mutex<Option<FitReport>>,
    pub(super) failure: Mutex<Option<Error>>,
    /// Steps of the environments.
    pub(super) step: AtomicU64,
    /// Rounds that the agent learned.
    pub(super) rounds: AtomicU64,
    /// Whether the initial labels may be asked for.
    pub(super) may_ask: AtomicBool,
    pub(super) stop: AtomicBool,
    pub(super) initial_minibatches: u64,
    pub(super) minibatches: u64,
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
    pub(super) fn ask(&self, clips: &Receiver<Vec<RecordedClip>>) {
        while !self.has_stopped() {
            match clips.recv_timeout(PAUSE) {
                Ok(clips) => lock(&self.labelling).offer(clips),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Err(error) = self.ask_once() {
                return self.fail(error);
            }
        }
    }

    fn ask_once(&self) -> Result<()> {
        if !self.may_ask.load(Ordering::Relaxed) {
            return Ok(());
        }
        let predictor = lock(&self.predictor).clone();
        let trained = (predictor.version() > 0).then_some(&predictor);
        let step = self.step.load(Ordering::Relaxed);
        let mut page = lock(&self.page);
        let Some(page) = page.as_mut() else {
            let asked = lock(&self.labelling).ask(step, trained).map_err(usage)?;
            let mut learner = lock(&self.learner);
            learner.count_unusable(asked.unusable);
            return asked
                .comparisons
                .into_iter()
                .try_for_each(|comparison| learner.add(comparison).map(|_| ()))
                .map_err(usage);
        };
        let mut labelling = lock(&self.labelling);
        let due = labelling.schedule().due(step);
        page.show(&mut labelling, due, trained)?;
        let stats = page.stats().map_err(usage)?;
        labelling.set_counts(stats.counts());
        let total = labelling.schedule().total();
        drop(labelling);
        page.set_status(
            "The agent is trying something new; the next pair comes by itself.",
            stats.answered >= total && stats.answered > stats.cant_tell,
        );
        page.bring(&mut lock(&self.learner)).map(|_| ())
    }

    /// Fits the reward model whenever the agent or the labels are further than before, until the run ends.
    pub(super) fn fit(&self) {
        let mut seen = (u64::MAX, 0, 0);
        while !self.has_stopped() {
            // Before the learner is locked: locks are taken in the order page, labelling, learner.
            let has_initial = {
                let labelling = lock(&self.labelling);
                labelling.counts().total() >= labelling.schedule().initial()
            };
            let mut learner = lock(&self.learner);
            let comparisons = learner.comparisons().len();
            let now = (self.rounds.load(Ordering::Relaxed), learner.received(), comparisons);
            // Each fit adapts the penalty on weights, so that there are about as many as without a person: one for each
            // round, and, where the agent waits, one for each tenth more of labels.
            let is_due = now.0 != seen.0 || comparisons >= seen.2 + (seen.2 / 10).max(1);
            if now == seen || !is_due || comparisons == 0 || !has_initial {
                drop(learner);
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
                }
                Err(error) => return self.fail(error.at(self.rounds.load(Ordering::Relaxed))),
            }
        }
    }
}
