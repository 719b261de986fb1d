//! Acting, asking and fitting beside each other (section 2.2: "these processes run asynchronously").
//!
//! Clips flow from the agent to the thread that asks, comparisons from there to the thread that fits, and the reward model
//! from there to the agent, as snapshots with a version.

mod threads;

#[cfg(test)]
mod tests;

use std::{
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use papers_core::{
    Context, Error, Result, base::journal::Scalars, base::progress::Notices, checkpoint, device::pool, signals,
};

use self::threads::{Shared, Taught};
use super::{
    answers::{Answers, KnownAnswer},
    page::Page,
    teacher::{fit_scalars, restore_normalizer},
};
use crate::{
    experience::AgentRewards,
    feedback::Counts,
    labelling::{Labelling, LabellingState},
    reward_model::{Moments, RewardLearner, RewardNormalizer, RewardPredictor},
    reward_network::AnyReward,
    rollout::{Collected, RecordedClip},
};

/// Batches of clips that wait for the thread that asks, at most; more are left out.
const QUEUED: usize = 16;
/// How long a thread that has nothing to do looks away.
const PAUSE: Duration = Duration::from_millis(30);
/// How long is waited for an oracle.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the agent waits for people before it says so.
const QUIET: Duration = Duration::from_secs(2);
/// Share of the labels due without which the agent waits.
const ENOUGH: f64 = 0.75;

/// What the agent's side knows.
pub(crate) struct Beside {
    shared: Arc<Shared>,
    /// The page of people, until the thread that asks has it.
    page: Option<Page>,
    clips: Option<SyncSender<Vec<RecordedClip>>>,
    threads: Vec<JoinHandle<()>>,
    normalizer: RewardNormalizer,
    notices: Notices,
    has_said_that_it_waits: bool,
    url: Option<String>,
    /// How long an oracle may take, which answers at once, before something is wrong.
    patience: Duration,
}

impl Beside {
    pub(super) fn new(
        labelling: Labelling,
        learner: RewardLearner<AnyReward>,
        normalizer: RewardNormalizer,
        page: Option<Page>,
        [initial_minibatches, minibatches]: [u64; 2],
        context: &Context,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                predictor: Mutex::new(learner.predictor()),
                taught: Mutex::new(Taught {
                    learner,
                    answers: page.as_ref().map(Page::answers),
                }),
                labelling: Mutex::new(labelling),
                asked: Mutex::new(Vec::new()),
                report: Mutex::new(None),
                failure: Mutex::new(None),
                step: AtomicU64::new(0),
                rounds: AtomicU64::new(0),
                fitted: AtomicU64::new(0),
                clips_waiting: AtomicU64::new(0),
                pairs_waiting: AtomicU64::new(0),
                variances: Mutex::new(Vec::new()),
                may_ask: AtomicBool::new(false),
                stop: AtomicBool::new(false),
                // A model that was never fitted predicts noise.
                initial_minibatches: initial_minibatches.max(1),
                minibatches,
            }),
            clips: None,
            threads: Vec::new(),
            normalizer,
            notices: context.notices,
            has_said_that_it_waits: false,
            url: page.as_ref().map(Page::url),
            page,
            patience: PATIENCE,
        }
    }

    /// Starts the threads, once.
    fn start(&mut self) -> Result<()> {
        if self.clips.is_some() {
            return Ok(());
        }
        let (sender, receiver) = sync_channel(QUEUED);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
            spawned.map_err(|source| Error::Thread {
                purpose: "asking and fitting",
                source,
            })
        };
        let (asking, fitting) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
        let page = self.page.take();
        self.threads
            .push(spawn("asking", Box::new(move || asking.ask(&receiver, page)))?);
        self.threads.push(spawn("fitting", Box::new(move || fitting.fit()))?);
        self.clips = Some(sender);
        Ok(())
    }

    /// Whether the reward model was fitted to the initial labels.
    pub(super) fn is_ready(&self) -> bool {
        pool::lock(&self.shared.predictor).version() >= self.shared.initial_minibatches
    }

    pub(super) fn has_clips_to_begin(&self) -> bool {
        pool::lock(&self.shared.labelling).has_clips_to_begin()
    }

    /// Hands clips to the thread that asks. Where that one is behind, it has enough of them.
    pub(super) fn offer(&mut self, clips: Vec<RecordedClip>) {
        match &self.clips {
            Some(sender) => {
                let count = clips.len() as u64;
                // Before they are sent, so that it is never taken from what was not added.
                self.shared.clips_waiting.fetch_add(count, Ordering::Relaxed);
                if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = sender.try_send(clips) {
                    self.shared.clips_waiting.fetch_sub(count, Ordering::Relaxed);
                }
            }
            None => pool::lock(&self.shared.labelling).offer(clips),
        }
    }

    /// Waits until the initial labels are given and the reward model is fitted to them.
    pub(super) fn begin(&mut self, round: u64) -> Result<()> {
        self.shared.may_ask.store(true, Ordering::Relaxed);
        self.start()?;
        let initial = pool::lock(&self.shared.labelling).schedule().initial();
        self.wait(round, "the initial labels", initial, |beside| {
            beside.is_ready() && beside.answers().total() >= initial
        })
    }

    /// Tells the threads how far the agent is, and waits where labels are more than a quarter behind.
    pub(super) fn teach(&mut self, step: u64, round: u64) -> Result<Scalars> {
        self.shared.may_ask.store(true, Ordering::Relaxed);
        self.shared.step.store(step, Ordering::Relaxed);
        self.shared.rounds.store(round + 1, Ordering::Relaxed);
        self.start()?;
        let due = pool::lock(&self.shared.labelling).schedule().due(step);
        let enough = (ENOUGH * due as f64).ceil() as u64;
        self.wait(round, "labels that are due", enough, |beside| {
            beside.answers().total() >= enough
        })?;
        Ok(self.scalars(round))
    }

    /// How the reward model is, what was asked, and how far the threads are behind each other.
    fn scalars(&self, round: u64) -> Scalars {
        let shared = &self.shared;
        let mut scalars = pool::lock(&shared.report).as_ref().map(fit_scalars).unwrap_or_default();
        let variances = Moments::of(mem::take(&mut *pool::lock(&shared.variances)));
        // Fits from before the first round are of that round.
        let fitted = shared.fitted.load(Ordering::Relaxed).saturating_sub(1);
        let waiting = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let named = [
            ("query_variance", (variances.count > 0).then_some(variances.mean)),
            ("labels", Some(self.answers().total() as f64)),
            ("reward_version", Some(pool::lock(&shared.predictor).version() as f64)),
            ("reward_age", Some(round.saturating_sub(fitted) as f64)),
            ("clips_waiting", Some(waiting(&shared.clips_waiting))),
            (
                "pairs_waiting",
                self.url.is_some().then(|| waiting(&shared.pairs_waiting)),
            ),
        ];
        let known = named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        scalars.extend(known);
        scalars
    }

    /// Waits until something holds, a thread fails, or a signal comes.
    fn wait(&mut self, round: u64, what: &str, wanted: u64, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let mut started = Instant::now();
        let mut seen = self.advance();
        while !holds(self) {
            // As long as answers come or the model is fitted, nothing is stuck.
            let advance = self.advance();
            if advance != seen {
                (seen, started) = (advance, Instant::now());
            }
            if let Some(error) = pool::lock(&self.shared.failure).take() {
                return Err(error);
            }
            if signals::received() {
                return Err(Error::Interrupted);
            }
            if self.threads.iter().any(JoinHandle::is_finished) {
                let message = "the thread that asks or the one that fits ended by a mistake of this program".to_owned();
                return Err(Error::Step { step: round, message });
            }
            let has_person = self.url.is_some();
            if !has_person && started.elapsed() > self.patience {
                return Err(self.stuck(round, what, wanted));
            }
            if has_person && !self.has_said_that_it_waits && started.elapsed() > QUIET {
                self.has_said_that_it_waits = true;
                let url = self.url.as_deref().unwrap_or_default();
                let answers = self.answers().total();
                self.notices.say(&format!(
                    "the agent waits for {what}: {answers} of {wanted} are given; compare clips at {url}"
                ));
            }
            pool::pause(PAUSE);
        }
        if self.has_said_that_it_waits {
            self.has_said_that_it_waits = false;
            self.notices.say("the agent goes on");
        }
        match pool::lock(&self.shared.failure).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Answers so far, and the reward model's version.
    fn advance(&self) -> (u64, u64) {
        (self.answers().total(), pool::lock(&self.shared.predictor).version())
    }

    /// Names the queue that nothing comes out of.
    fn stuck(&self, round: u64, what: &str, wanted: u64) -> Error {
        let clips = pool::lock(&self.shared.labelling).pool().len();
        let answers = self.answers();
        let message = format!(
            "waited {} s for {what}: {} of {wanted} answers ({} usable), {clips} clips to ask about, reward model at \
             version {}; raise `queries.pool` or lower `labels.initial`",
            self.patience.as_secs(),
            answers.total(),
            answers.usable(),
            pool::lock(&self.shared.predictor).version()
        );
        Error::Step { step: round, message }
    }

    pub(super) fn answers(&self) -> Counts {
        pool::lock(&self.shared.labelling).counts()
    }

    pub(super) fn rewards(&mut self, collected: &Collected, round: u64) -> Result<AgentRewards> {
        let predictor = pool::lock(&self.shared.predictor).clone();
        let rewards = predictor.rewards(&collected.experience, &mut self.normalizer);
        rewards.map_err(|error| error.at(round))
    }

    /// The present reward model and its scale.
    pub(super) fn model(&self) -> (RewardPredictor<AnyReward>, &RewardNormalizer) {
        (pool::lock(&self.shared.predictor).clone(), &self.normalizer)
    }

    /// How good a clip is in the eyes of the judge.
    pub(super) fn score(&self, record: &crate::rollout::Record) -> Option<f64> {
        pool::lock(&self.shared.labelling).score(record)
    }

    pub(super) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("normalizer", &self.normalizer)?;
        let mut taught = pool::lock(&self.shared.taught);
        let labelling = pool::lock(&self.shared.labelling);
        self.shared.take_in(&mut taught)?;
        let known: &[KnownAnswer] = taught.answers.as_ref().map(Answers::known).unwrap_or_default();
        checkpoint.json("known", &known)?;
        checkpoint.json("labelling", labelling.state())?;
        taught.learner.save(checkpoint)
    }

    pub(super) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        restore_normalizer(&mut self.normalizer, checkpoint)?;
        let state: LabellingState = checkpoint.json("labelling")?;
        let known: Vec<KnownAnswer> = checkpoint.json("known")?;
        let mut taught = pool::lock(&self.shared.taught);
        let mut labelling = pool::lock(&self.shared.labelling);
        labelling.restore(state);
        taught.learner.restore(checkpoint)?;
        if let Some(answers) = &mut taught.answers {
            answers.set_known(known);
        }
        *pool::lock(&self.shared.predictor) = taught.learner.predictor();
        // In which round it was fitted is not kept: the latest one before the checkpoint is assumed.
        self.shared.rounds.store(checkpoint.step(), Ordering::Relaxed);
        self.shared.fitted.store(checkpoint.step(), Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.clips = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
