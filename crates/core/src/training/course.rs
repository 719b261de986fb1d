use std::{path::PathBuf, time::Instant};

use papers_base::{
    commit,
    config::{self, Goal, Median, RunConfig, Schedule},
    journal::{Event, Journal, Scalars, scalar},
    progress::{Outcome, Progress},
    report,
};

use super::{Ending, Options, Summary};
use crate::{
    Context, Error, Experiment, Result,
    checkpoint::{Best, LoopState, Store},
    device::pool,
    signals,
};

/// A run under way.
pub(super) struct Training<'a, E: Experiment> {
    experiment: E,
    schedule: Schedule,
    context: &'a Context,
    options: &'a Options,
    store: Store,
    journal: Journal,
    progress: Progress,
    state: LoopState,
    /// Updates applied.
    step: u64,
    /// Step of the newest checkpoint.
    saved: Option<u64>,
    evaluated: Option<(u64, Scalars)>,
    started: Instant,
}

impl<'a, E: Experiment> Training<'a, E> {
    pub(super) fn start(
        mut experiment: E,
        config: &E::Config,
        context: &'a Context,
        options: &'a Options,
        warnings: Vec<String>,
    ) -> Result<Self> {
        let out = &options.out;
        let schedule = config.schedule().clone();
        let store = Store::new(out);
        let (journal, state, step) = if let Some(reader) = &context.saved {
            experiment.restore(reader)?;
            let mut journal = Journal::resume(out, reader.journal())?;
            for message in warnings {
                log::warn!("{message}");
                journal.event(&Event::Warning { message })?;
            }
            store.remove_after(reader.step())?;
            // The last process may have ended between writing a checkpoint and removing those that it replaces.
            let best = reader.state().best.as_ref().map(|best| best.step);
            store.prune(schedule.keep_last, best)?;
            journal.event(&Event::Resumed { step: reader.step() })?;
            (journal, reader.state().clone(), reader.step())
        } else {
            options.provenance.save(out)?;
            (Journal::create(out)?, LoopState::default(), 0)
        };
        commit::bytes(&out.join(config::FILE), config::to_toml(config)?.as_bytes())?;
        let mut training = Self {
            experiment,
            context,
            options,
            store,
            journal,
            progress: Progress::new(schedule.steps, options.mode),
            state,
            step,
            saved: options.resume.then_some(step),
            evaluated: None,
            started: Instant::now(),
            schedule,
        };
        training.progress.set(step);
        Ok(training)
    }

    pub(super) fn until_the_end(&mut self) -> Result<Ending> {
        // A run that was stopped early stays stopped, also if it was killed after its last checkpoint.
        if self.is_stale() {
            return Ok(Ending::StoppedEarly);
        }
        while self.step < self.schedule.steps {
            if signals::received() {
                return Ok(Ending::Interrupted);
            }
            match self.update() {
                Err(Error::Interrupted) => return Ok(Ending::Interrupted),
                updated => updated?,
            }
            if is_due(self.step, self.schedule.evaluate_every, self.schedule.steps) {
                self.evaluate()?;
            }
            if self.is_stale() {
                return Ok(Ending::StoppedEarly);
            }
            if is_due(self.step, self.schedule.checkpoint_every, self.schedule.steps) {
                self.save()?;
            }
        }
        Ok(Ending::Finished)
    }

    fn is_stale(&self) -> bool {
        let patience = self.schedule.early_stop.as_ref().map(|early| early.patience);
        patience.is_some_and(|patience| self.state.stale_evaluations >= patience)
    }

    fn update(&mut self) -> Result<()> {
        let step = self.step;
        drop(self.context.streams.seed_device("device", step, &self.context.device));
        let experiment = &mut self.experiment;
        let scalars = match pool::run(&self.context.device, move || experiment.step(step)) {
            Ok(scalars) => scalars,
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => return self.stop(step, self.with_origin(error)),
        };
        if let Some((term, value)) = scalars.iter().find(|(_, value)| !value.is_finite()) {
            let error = Error::diverged(term, *value, step, scalars.clone());
            return self.stop(step, self.with_origin(error));
        }
        self.step += 1;
        if is_due(self.step, self.schedule.report_every, self.schedule.steps) {
            self.progress.update(self.step, &scalars);
            self.journal.event(&Event::Progress {
                step: self.step,
                scalars,
            })?;
        } else {
            self.progress.set(self.step);
        }
        Ok(())
    }

    /// Tells the finding that a run diverged which run that was, and where it can be looked at before that.
    fn with_origin(&self, mut error: Error) -> Error {
        if let Error::Diverged { seed, checkpoint, .. } = &mut error {
            *seed = Some(self.context.seed);
            *checkpoint = checkpoint.take().or_else(|| self.last_checkpoint());
        }
        error
    }

    /// Ends the run with an error that the journal tells, too; nothing is saved any more.
    fn stop(&mut self, step: u64, error: Error) -> Result<()> {
        let outcome = self.outcome("failed", &Scalars::new());
        self.progress.finish(&outcome);
        self.journal.event(&Event::Stopped {
            step,
            reason: error.to_string(),
        })?;
        Err(error)
    }

    fn last_checkpoint(&self) -> Option<PathBuf> {
        let latest = self.store.latest().ok();
        latest.map(|(reader, _)| reader.folder().to_owned())
    }

    /// Evaluates, and remembers whether that was the best and whether it was better than the last.
    fn evaluate(&mut self) -> Result<()> {
        let experiment = &mut self.experiment;
        let scalars = match pool::run(&self.context.device, move || experiment.evaluate()) {
            Ok(scalars) => self.with_median(scalars)?,
            // Weights that say nothing but NaN are no place to go on from.
            Err(error @ Error::Diverged { .. }) => return self.stop(self.step, self.with_origin(error)),
            Err(error) => {
                // The updates are good: they are kept.
                self.save()?;
                return self.stop(self.step, error);
            }
        };
        self.journal.event(&Event::Evaluation {
            step: self.step,
            scalars: scalars.clone(),
        })?;
        self.progress.evaluation(self.step, &scalars);
        if let Some(early) = &self.schedule.early_stop {
            let value = metric(&scalars, &early.metric)?;
            if is_better(early.goal, value, self.state.early_stop_best) {
                self.state.early_stop_best = Some(value);
                self.state.stale_evaluations = 0;
            } else {
                self.state.stale_evaluations += 1;
            }
        }
        let improved = match &self.schedule.best {
            Some(best) => {
                let value = metric(&scalars, &best.metric)?;
                let previous = self.state.best.as_ref().map(|best| best.value);
                is_better(best.goal, value, previous).then_some(value)
            }
            None => None,
        };
        self.evaluated = Some((self.step, scalars));
        if let Some(value) = improved {
            self.state.best = Some(Best { step: self.step, value });
            self.save()?;
        }
        Ok(())
    }

    /// Adds the median of the last evaluations, this one included, if the schedule asks for it.
    fn with_median(&mut self, mut scalars: Scalars) -> Result<Scalars> {
        if let Some(Median { metric: name, last }) = &self.schedule.median {
            let value = metric(&scalars, name)?;
            let median = self.state.recent.median(name, self.step, value, *last);
            scalars.push((format!("{name}_median"), median));
        }
        Ok(scalars)
    }

    fn save(&mut self) -> Result<()> {
        if self.saved == Some(self.step) {
            return Ok(());
        }
        self.journal.event(&Event::Checkpoint { step: self.step })?;
        let mut state = self.state.clone();
        state.seconds += self.started.elapsed().as_secs_f64();
        let position = self.journal.position()?;
        self.store
            .save(self.step, position, &state, |writer| self.experiment.save(writer))?;
        self.saved = Some(self.step);
        let best = self.state.best.as_ref().map(|best| best.step);
        self.store.prune(self.schedule.keep_last, best)
    }

    pub(super) fn close(mut self, ending: Ending) -> Result<Summary> {
        let seconds = self.state.seconds + self.started.elapsed().as_secs_f64();
        self.save()?;
        if ending == Ending::Interrupted {
            signals::forget();
            let outcome = self.outcome("interrupted", &Scalars::new());
            self.progress.finish(&outcome);
            self.journal.event(&Event::Stopped {
                step: self.step,
                reason: "asked to stop by a signal; continue with --resume".to_owned(),
            })?;
            return Ok(self.summary(ending, seconds, Scalars::new()));
        }
        let scalars = match self.evaluated.take() {
            Some((step, scalars)) if step == self.step => scalars,
            _ => {
                let experiment = &mut self.experiment;
                let scalars = pool::run(&self.context.device, move || experiment.evaluate())?;
                self.with_median(scalars)?
            }
        };
        // What was trained comes first: a figure that cannot be drawn takes nothing else with it.
        self.store.export(|writer| self.experiment.save(writer))?;
        self.draw()?;
        let name = if ending == Ending::StoppedEarly {
            "stopped-early"
        } else {
            "finished"
        };
        let outcome = self.outcome(name, &scalars);
        self.progress.finish(&outcome);
        self.journal.event(&Event::Finished {
            step: self.step,
            seconds,
            scalars: scalars.clone(),
        })?;
        report::save_results(&self.options.out, &scalars)?;
        report::run(&self.options.out)?;
        Ok(self.summary(ending, seconds, scalars))
    }

    fn draw(&mut self) -> Result<()> {
        let experiment = &mut self.experiment;
        match pool::run(&self.context.device, move || experiment.figures()) {
            Ok(figures) => Ok(report::save_figures(&self.options.out, &figures)?),
            Err(error) => {
                let message = format!("no figures: {error}");
                log::warn!("{message}");
                Ok(self.journal.event(&Event::Warning { message })?)
            }
        }
    }

    fn outcome(&self, ending: &'static str, scalars: &Scalars) -> Outcome {
        Outcome {
            ending,
            folder: self.options.out.clone(),
            scalars: scalars.clone(),
        }
    }

    fn summary(self, ending: Ending, seconds: f64, scalars: Scalars) -> Summary {
        Summary {
            folder: self.options.out.clone(),
            step: self.step,
            seconds,
            ending,
            scalars,
        }
    }
}

/// Whether something that happens `every` so many updates (0: only at the end) is due after `step` of them.
fn is_due(step: u64, every: u64, steps: u64) -> bool {
    step == steps || (every > 0 && step.is_multiple_of(every))
}

fn metric(scalars: &Scalars, name: &str) -> Result<f64> {
    scalar(scalars, name).ok_or_else(|| {
        let known: Vec<&str> = scalars.iter().map(|(key, _)| key.as_str()).collect();
        Error::Usage(format!(
            "schedule: no metric `{name}` in the evaluation; it has: {}",
            known.join(", ")
        ))
    })
}

/// A value that is not a number is never better; the first number always is.
fn is_better(goal: Goal, value: f64, previous: Option<f64>) -> bool {
    match (goal, previous) {
        _ if value.is_nan() => false,
        (_, None) => true,
        (Goal::Minimize, Some(previous)) => value < previous,
        (Goal::Maximize, Some(previous)) => value > previous,
    }
}
