//! The part of a run that asks people: it shows pairs on a page, and keeps a few ready.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use papers_core::{Context, Error, Result};
use rand::RngExt;

use super::answers::Answers;
use crate::{
    clip_frames,
    config::PreferenceConfig,
    environment::{Environment, Storage, Task},
    feedback::{Counts, Script},
    frame::animation,
    labelling::Labelling,
    labels::{Changes, LabelStore, NewPair, NewSegment, Stats, StoreError, digest, sheet},
    queries::{Candidate, Query},
    reward_model::RewardPredictor,
    reward_network::RewardNetwork,
    rollout::{Lengths, Record, RecordedClip},
    server::{LabelServer, RunStatus, ServerOptions, SharedStore, lock, now},
};

/// File of the answers in a run's folder.
pub const DATABASE: &str = "labels.sqlite";
/// Pairs that are kept ready beyond those that are due, so that nobody waits for a picture.
const READY: u64 = 8;
/// Pairs that are drawn at a time.
const AT_ONCE: u64 = 2;

/// The page of a run.
pub(super) struct Page {
    store: SharedStore,
    server: LabelServer,
    environment: Box<dyn Environment>,
    lengths: Lengths,
    run: String,
    context: Context,
    /// Pairs that were ever asked about: the address of what is drawn for the next one.
    pairs: u64,
    /// What the pairs depended on when they were last looked at.
    seen: Option<Seen>,
}

/// What it depends on whether pairs are missing and can be had. The reward model is not among it: it says which pairs are
/// asked about, and not whether there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    database: Changes,
    due: u64,
    clips: u64,
}

impl Page {
    /// Opens the answers of the run's folder, and serves the page.
    pub(super) fn open(
        config: &PreferenceConfig,
        environment: &dyn Environment,
        lengths: Lengths,
        folder: &Path,
        context: &Context,
    ) -> Result<Self> {
        let task = environment.task();
        let store = LabelStore::open(&folder.join(DATABASE), task.name).map_err(Error::usage)?;
        let pairs = store.pairs().map_err(Error::usage)?;
        let answered = store.stats(now()).map_err(Error::usage)?.answered;
        let store = Arc::new(Mutex::new(store));
        let server = LabelServer::start(Arc::clone(&store), server_options(config, task)?).map_err(Error::usage)?;
        context.notices.say(&format!("compare clips at {}", server.url()));
        if answered > 0 {
            context
                .notices
                .say(&format!("{answered} answers of before are kept and used"));
        }
        Ok(Self {
            store,
            server,
            environment: environment.boxed_clone(),
            lengths,
            run: folder.display().to_string(),
            context: context.clone(),
            pairs,
            seen: None,
        })
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    pub(super) fn stats(&self) -> Result<Stats, StoreError> {
        lock(&self.store).stats(now())
    }

    pub(super) fn set_status(&self, waiting_for: &str, is_finished: bool) {
        self.server.set_status(RunStatus {
            waiting_for: waiting_for.to_owned(),
            is_finished,
        });
    }

    /// The answers that it brings.
    pub(super) fn answers(&self) -> Answers {
        Answers::new(Arc::clone(&self.store), self.environment.task().clone(), self.lengths)
    }

    /// Whether pairs may be missing, or answers have come, since this was last asked.
    pub(super) fn has_news(&mut self, labelling: &Labelling, due: u64) -> Result<bool> {
        let now = Seen {
            database: lock(&self.store).changes().map_err(Error::usage)?,
            due,
            clips: labelling.pool().received(),
        };
        Ok(self.seen.replace(now) != Some(now))
    }

    /// Adds pairs where fewer are ready than should be; returns the variance of each one, where the ensemble was asked.
    pub(super) fn show<N: RewardNetwork>(
        &mut self,
        labelling: &mut Labelling,
        due: u64,
        predictor: Option<&RewardPredictor<N>>,
    ) -> Result<Vec<f64>> {
        let stats = self.stats().map_err(Error::usage)?;
        // Where nobody could tell so far there is nothing to begin with: more is asked, beyond the plan if need be.
        let has_usable = stats.answered > stats.cant_tell;
        let planned = (due + READY).min(labelling.schedule().total());
        let wanted = if has_usable {
            planned
        } else {
            planned.max(stats.answered + READY)
        };
        let missing = wanted.saturating_sub(stats.answered + stats.waiting);
        if missing == 0 {
            return Ok(Vec::new());
        }
        let chosen = labelling.choose(missing.min(AT_ONCE) as usize, self.pairs, predictor);
        let queries = chosen.map_err(Error::usage)?;
        let version = predictor.map_or(0, RewardPredictor::version);
        let mut variances = Vec::new();
        for query in &queries {
            if self.add(query, version)? {
                variances.extend(query.variance);
            }
        }
        if !queries.is_empty() {
            // There may be others, also where all of these were asked about before.
            self.seen = None;
        }
        Ok(variances)
    }

    /// Adds a pair, unless it was asked about before: a run that was killed has forgotten the pairs since its last
    /// checkpoint, and the database has not. Returns whether it is new.
    fn add(&mut self, query: &Query<Record>, model_version: u64) -> Result<bool> {
        let [first, second] = [self.segment(&query.first)?, self.segment(&query.second)?];
        let is_swapped = self.context.streams.at("sides", self.pairs, 0).random();
        let pair = NewPair {
            first,
            second,
            is_swapped,
            variance: query.variance,
            model_version,
        };
        let is_new = lock(&self.store)
            .add_pair(&pair, now())
            .map_err(Error::usage)?
            .is_some();
        self.pairs += u64::from(is_new);
        Ok(is_new)
    }

    /// Draws a clip and puts it into the database.
    fn segment(&self, candidate: &Candidate<Record>) -> Result<i64> {
        let clip = RecordedClip {
            clip: candidate.clip.as_ref().clone(),
            record: candidate.record.clone(),
        };
        let frames = clip_frames::of_clip(self.environment.as_ref(), &clip)?;
        let rate = self.environment.task().steps_per_second;
        let film = animation::encode(&frames, rate).map_err(Error::usage)?;
        let (sheet, layout) = sheet(&frames, rate).ok_or_else(|| Error::usage("the environment draws no pictures"))?;
        let data = serde_json::to_vec(&clip.clip).map_err(Error::usage)?;
        let segment = NewSegment {
            digest: &digest(&data),
            run: &self.run,
            seed: self.context.seed,
            start: clip.clip.start,
            steps: clip.clip.steps(),
            data: &data,
            film: &film,
            sheet: &sheet,
            layout,
            true_return: Some(clip.record.true_return),
        };
        lock(&self.store).add_segment(&segment).map_err(Error::usage)
    }
}

impl Stats {
    /// As the counts of a run.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            left: self.left,
            right: self.right,
            tie: self.tie,
            cant_tell: self.cant_tell,
            scripted: self.sources.get("script").copied().unwrap_or(0),
        }
    }
}

/// What the page of a run shows, and where.
///
/// # Errors
///
/// A file of instructions that cannot be read.
pub(crate) fn server_options(config: &PreferenceConfig, task: &Task) -> Result<ServerOptions> {
    let server = &config.feedback.server;
    let instructions = match &server.instructions {
        Some(path) => fs::read_to_string(path).map_err(Error::io("read", path))?,
        // An experiment with a script is about its behavior, also where a person answers.
        None => {
            let script = config.feedback.script.map(Script::instructions);
            script.unwrap_or(task.instructions).to_owned()
        }
    };
    Ok(ServerOptions {
        port: server.port,
        task: task.name.to_owned(),
        instructions,
        planned: Some(config.labels().total),
        is_pixelated: task.observation.storage != Storage::Float,
    })
}
