//! Acting, asking and fitting beside each other (section 2.2: "these processes run asynchronously").
//!
//! Clips flow from the agent to the thread that asks, comparisons from there to the thread that fits, and the reward model
//! from there to the agent, as snapshots with a version.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use papers_core::{Context, Error, Result, base::journal::Scalars, base::progress::Notices, checkpoint, signals};

use super::{
    page::{KnownAnswer, Page},
    teacher::{fit_scalars, restore_normalizer},
    usage,
};
use crate::{
    experience::AgentRewards,
    feedback::Counts,
    labelling::{Labelling, LabellingState},
    reward_model::{FitReport, RewardLearner, RewardNormalizer, RewardPredictor},
    reward_network::AnyReward,
    rollout::{Collected, RecordedClip},
    server::lock,
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
    clips: Option<SyncSender<Vec<RecordedClip>>>,
    threads: Vec<JoinHandle<()>>,
    normalizer: RewardNormalizer,
    notices: Notices,
    has_said_that_it_waits: bool,
    url: Option<String>,
    /// How long an oracle may take, which answers at once, before something is wrong.
    patience: Duration,
}

/// What the threads share.
struct Shared {
    labelling: Mutex<Labelling>,
    page: Mutex<Option<Page>>,
    learner: Mutex<RewardLearner<AnyReward>>,
    predictor: Mutex<RewardPredictor<AnyReward>>,
    report: Mutex<Option<FitReport>>,
    failure: Mutex<Option<Error>>,
    /// Steps of the environments.
    step: AtomicU64,
    /// Rounds that the agent learned.
    rounds: AtomicU64,
    /// Whether the initial labels may be asked for.
    may_ask: AtomicBool,
    stop: AtomicBool,
    initial_minibatches: u64,
    minibatches: u64,
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
        let url = page.as_ref().map(Page::url);
        Self {
            shared: Arc::new(Shared {
                labelling: Mutex::new(labelling),
                page: Mutex::new(page),
                predictor: Mutex::new(learner.predictor()),
                learner: Mutex::new(learner),
                report: Mutex::new(None),
                failure: Mutex::new(None),
                step: AtomicU64::new(0),
                rounds: AtomicU64::new(0),
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
            url,
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
        self.threads
            .push(spawn("asking", Box::new(move || asking.ask(&receiver)))?);
        self.threads.push(spawn("fitting", Box::new(move || fitting.fit()))?);
        self.clips = Some(sender);
        Ok(())
    }

    /// Whether the reward model was fitted to the initial labels.
    pub(super) fn is_ready(&self) -> bool {
        lock(&self.shared.predictor).version() >= self.shared.initial_minibatches
    }

    pub(super) fn has_clips_to_begin(&self) -> bool {
        lock(&self.shared.labelling).has_clips_to_begin()
    }

    /// Hands clips to the thread that asks. Where that one is behind, it has enough of them.
    pub(super) fn offer(&mut self, clips: Vec<RecordedClip>) {
        match &self.clips {
            Some(sender) => match sender.try_send(clips) {
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            },
            None => lock(&self.shared.labelling).offer(clips),
        }
    }

    /// Waits until the initial labels are given and the reward model is fitted to them.
    pub(super) fn begin(&mut self, round: u64) -> Result<()> {
        self.shared.may_ask.store(true, Ordering::Relaxed);
        self.start()?;
        let initial = lock(&self.shared.labelling).schedule().initial();
        self.wait(round, "the initial labels", initial, |beside| {
            beside.is_ready() && beside.answers().total() >= initial
        })
    }

    /// Tells the threads how far the agent is, and waits where labels are more than a quarter behind.
    pub(super) fn teach(&mut self, step: u64, round: u64) -> Result<Scalars> {
        self.shared.may_ask.store(true, Ordering::Relaxed);
        self.start()?;
        self.shared.step.store(step, Ordering::Relaxed);
        self.shared.rounds.store(round + 1, Ordering::Relaxed);
        let due = lock(&self.shared.labelling).schedule().due(step);
        let enough = (ENOUGH * due as f64).ceil() as u64;
        self.wait(round, "labels that are due", enough, |beside| {
            beside.answers().total() >= enough
        })?;
        let mut scalars = lock(&self.shared.report).as_ref().map(fit_scalars).unwrap_or_default();
        scalars.push(("labels".to_owned(), self.answers().total() as f64));
        let version = lock(&self.shared.predictor).version();
        scalars.push(("reward_version".to_owned(), version as f64));
        Ok(scalars)
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
            if let Some(error) = lock(&self.shared.failure).take() {
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
            thread::sleep(PAUSE);
        }
        if self.has_said_that_it_waits {
            self.has_said_that_it_waits = false;
            self.notices.say("the agent goes on");
        }
        match lock(&self.shared.failure).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Answers so far, and the reward model's version.
    fn advance(&self) -> (u64, u64) {
        (self.answers().total(), lock(&self.shared.predictor).version())
    }

    /// Names the queue that nothing comes out of.
    fn stuck(&self, round: u64, what: &str, wanted: u64) -> Error {
        let clips = lock(&self.shared.labelling).pool().len();
        let answers = self.answers();
        let message = format!(
            "waited {} s for {what}: {} of {wanted} answers ({} usable), {clips} clips to ask about, reward model at \
             version {}; raise `queries.pool` or lower `labels.initial`",
            self.patience.as_secs(),
            answers.total(),
            answers.usable(),
            lock(&self.shared.predictor).version()
        );
        Error::Step { step: round, message }
    }

    pub(super) fn answers(&self) -> Counts {
        lock(&self.shared.labelling).counts()
    }

    pub(super) fn rewards(&mut self, collected: &Collected, round: u64) -> Result<AgentRewards> {
        let predictor = lock(&self.shared.predictor).clone();
        let rewards = predictor.rewards(&collected.experience, &mut self.normalizer);
        rewards.map_err(|error| error.at(round))
    }

    /// The present reward model and its scale.
    pub(super) fn model(&self) -> (RewardPredictor<AnyReward>, &RewardNormalizer) {
        (lock(&self.shared.predictor).clone(), &self.normalizer)
    }

    /// How good a clip is in the eyes of the judge.
    pub(super) fn score(&self, record: &crate::rollout::Record) -> Option<f64> {
        lock(&self.shared.labelling).score(record)
    }

    pub(super) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("normalizer", &self.normalizer)?;
        // In this order everywhere: page, labelling, learner.
        let page = lock(&self.shared.page);
        let labelling = lock(&self.shared.labelling);
        let learner = lock(&self.shared.learner);
        let known: &[KnownAnswer] = page.as_ref().map(Page::known).unwrap_or_default();
        checkpoint.json("known", &known)?;
        checkpoint.json("labelling", labelling.state())?;
        learner.save(checkpoint)
    }

    pub(super) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        restore_normalizer(&mut self.normalizer, checkpoint)?;
        let state: LabellingState = checkpoint.json("labelling")?;
        let known: Vec<KnownAnswer> = checkpoint.json("known")?;
        let mut page = lock(&self.shared.page);
        let mut labelling = lock(&self.shared.labelling);
        let mut learner = lock(&self.shared.learner);
        labelling.restore(state);
        learner.restore(checkpoint)?;
        if let Some(page) = page.as_mut() {
            page.set_known(known);
        }
        *lock(&self.shared.predictor) = learner.predictor();
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
    fn ask(&self, clips: &Receiver<Vec<RecordedClip>>) {
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
    fn fit(&self) {
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

#[cfg(test)]
mod tests {
    use papers_core::{Context, base::config, testing};

    use super::*;
    use crate::{
        config::{PRESETS, PreferenceConfig},
        environment,
        feedback::Synthetic,
        labelling::Judge,
        reward_model::RewardNormalizer,
        rollout::{Lengths, Rollouts},
        train::teacher,
    };

    const EXACT: Synthetic = Synthetic {
        noise: 0.0,
        boltzmann: None,
    };

    /// A pendulum's oracle of which ten answers are wanted at first, and some of the clips for it.
    fn beside(steps: usize) -> Beside {
        let sets = ["labels.initial=10", "queries.pool=4"].map(str::to_owned);
        let config: PreferenceConfig = config::resolve(PRESETS[0].toml, None, &sets).expect("settings that exist");
        let context = Context::new(testing::device(), 0);
        let environment = environment::make("pendulum", &Default::default()).expect("an environment");
        let task = environment.task();
        let schedule = config.labels().over(1000);
        let judge = Judge::Synthetic(EXACT);
        let mut labelling = Labelling::new(task, schedule, config.queries(), judge, context.streams);
        let lengths = Lengths { episode: 20, clip: 5 };
        let mut rollouts = Rollouts::new(environment.as_ref(), 1, lengths, context.streams, "rollout");
        let rest = |_: &[f32], _: &mut [_]| -> Result<_, Error> {
            Ok(crate::actions::Actions::Continuous {
                size: 1,
                values: vec![0.0],
            })
        };
        labelling.offer(rollouts.collect(steps, 0, rest).expect("steps").clips);
        let learner = teacher::learner(&config, task, &context).expect("networks");
        let normalizer = RewardNormalizer::new(3, &config.reward.normalization);
        let mut beside = Beside::new(labelling, learner, normalizer, None, [1, 1], &context);
        beside.patience = Duration::from_millis(300);
        beside
    }

    #[test]
    fn an_agent_that_waits_in_vain_is_told_which_queue_is_empty() {
        let error = beside(0).begin(7).expect_err("no clips").to_string();
        assert!(
            error.contains("step 7") && error.contains("the initial labels"),
            "{error}"
        );
        assert!(
            error.contains("0 of 10 answers") && error.contains("0 clips to ask about"),
            "{error}"
        );
        assert!(
            error.contains("`queries.pool`") && error.contains("`labels.initial`"),
            "{error}"
        );
    }

    #[test]
    fn a_pool_of_too_few_pairs_is_told_from_one_without_clips() {
        // Four clips are six pairs.
        let error = beside(60).begin(0).expect_err("too few clips").to_string();
        assert!(
            error.contains("6 of 10 answers") && error.contains("4 clips to ask about"),
            "{error}"
        );
    }
}
