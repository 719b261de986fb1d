//! Both phases of learning (the paper, section 3), and what is measured of them.

use std::collections::BTreeSet;

use burn::prelude::*;
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    random::Streams,
};
use serde::{Deserialize, Serialize};

use crate::{
    base_phase::BasePhase,
    cache::OutputCache,
    config::PhotofeelerConfig,
    data::RatedPhotos,
    evaluate::{Findings, Model},
    figures,
    model::{Base, BaseOutputs, OutputKind, load_backbone},
    prepared::Prepared,
    voter_phase::VoterPhase,
    votes::VotesError,
};

/// A model of one trait, and what it learns from.
pub struct Photofeeler {
    config: PhotofeelerConfig,
    data: RatedPhotos,
    prepared: Prepared,
    /// The base network: the best so far, and what it is from phase 2 on.
    base: Base,
    /// What phase 1 is at, or was at its end.
    phase_1: BasePhase,
    /// Numbers of the photos to learn from by networks that had not seen them, `[photos, inputs]`; empty without cross-fitting.
    out_of_fold: Vec<f32>,
    phase_2: Option<VoterPhase>,
    /// Updates so far.
    updates: u64,
    cache: OutputCache,
    streams: Streams,
    /// The plain device: batches are not on the tape.
    device: Device,
}

/// What a checkpoint holds beside weights.
#[derive(Serialize, Deserialize)]
struct State {
    updates: u64,
    out_of_fold: Vec<f32>,
    /// Names by number, to rate with the model without its data.
    voters: Vec<String>,
    seen: Vec<usize>,
    inputs: usize,
    has_voters: bool,
}

impl Experiment for Photofeeler {
    type Config = PhotofeelerConfig;

    fn new(config: &PhotofeelerConfig, context: &Context) -> Result<Self> {
        Self::with_data(config, RatedPhotos::load(&config.data, context)?, context)
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let base_steps = self.config.base_steps();
        let measured = if step < base_steps {
            self.step_base(step)?
        } else {
            self.step_voters(step - base_steps)?
        };
        self.updates = step + 1;
        Ok(measured)
    }

    fn evaluate(&self) -> Result<Scalars> {
        Ok(self.findings()?.scalars())
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        figures::all(self)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        let state = State {
            updates: self.updates,
            out_of_fold: self.out_of_fold.clone(),
            voters: self.data.voters.clone(),
            seen: self.prepared.seen.clone(),
            inputs: self.data.inputs.channels(),
            has_voters: self.phase_2.is_some(),
        };
        checkpoint.json("state", &state)?;
        checkpoint.json("tables", &self.prepared.tables)?;
        checkpoint.module("base", &self.base)?;
        match &self.phase_2 {
            None => self.phase_1.save(checkpoint),
            Some(phase) => phase.save(checkpoint),
        }
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        let state: State = checkpoint.json("state")?;
        if state.voters != self.data.voters || state.seen != self.prepared.seen {
            return Err(Error::usage(
                "the checkpoint was made with other voters; use the data and the seed that it was made with",
            ));
        }
        self.updates = state.updates;
        self.out_of_fold = state.out_of_fold;
        self.base = checkpoint.module("base", self.base.clone())?;
        let base_steps = self.config.base_steps();
        if self.updates > base_steps && self.config.output == OutputKind::Voter {
            let mut phase = self.new_voter_phase()?;
            phase.restore(checkpoint)?;
            self.phase_2 = Some(phase);
            return Ok(());
        }
        // A run of phase 1 that has ended is left by its last update; the next one begins with its first.
        let run = self.updates.saturating_sub(1) / self.phase_1_steps();
        if run > 0 {
            self.phase_1 = self.new_base_phase(run)?;
        }
        self.phase_1.restore(checkpoint)
    }
}

impl Photofeeler {
    /// A model that learns from photos and votes at hand.
    ///
    /// # Errors
    ///
    /// Votes that nothing can be learned from, folds without photos, pictures that are too small for the backbone, weights that do not fit.
    pub fn with_data(config: &PhotofeelerConfig, data: RatedPhotos, context: &Context) -> Result<Self> {
        data.check()?;
        check_side(config, &data)?;
        let prepared = Prepared::of(&data, config)?;
        check_folds(config, &data, &prepared, &context.streams)?;
        for warning in &data.warnings {
            log::warn!("{warning}");
        }
        // Of most sets there are some of these; they stand in the report.
        for warning in &prepared.warnings {
            log::info!("{warning}");
        }
        let phase_1 = base_phase(config, &data, &prepared, &context.streams, &context.device, 0)?;
        Ok(Self {
            base: phase_1.best().clone(),
            phase_1,
            out_of_fold: Vec::new(),
            phase_2: None,
            updates: 0,
            cache: OutputCache::new(context.folder.as_deref()),
            streams: context.streams,
            device: context.device.clone(),
            config: config.clone(),
            prepared,
            data,
        })
    }

    /// Updates from the first to the last, without a folder.
    ///
    /// # Errors
    ///
    /// What an update reports.
    pub fn train(&mut self) -> Result<()> {
        for step in self.updates..self.config.schedule.steps {
            self.step(step)?;
        }
        Ok(())
    }

    /// The run's configuration.
    pub fn config(&self) -> &PhotofeelerConfig {
        &self.config
    }

    /// What it learns from and is measured with.
    pub fn data(&self) -> &RatedPhotos {
        &self.data
    }

    /// What is made of the votes.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The plain device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The random streams.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// What networks say of photos, each of which passes them once.
    pub(crate) fn outputs(&self, photos: &[usize]) -> Result<BaseOutputs> {
        let input = self.config.phase_2.input;
        self.cache
            .outputs(&self.base, &self.data.inputs, photos, input, &self.device)
    }

    /// Numbers of the photos to learn from by networks that have not seen them, `[photos, inputs]`; empty without cross-fitting.
    pub fn out_of_fold(&self) -> &[f32] {
        &self.out_of_fold
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The networks as they would be used now: the best so far.
    pub fn model(&self) -> Model {
        Model {
            base: self.base.clone(),
            voters: self.phase_2.as_ref().map(|phase| phase.best().clone()),
            input: self.config.phase_2.input,
            seen: self.prepared.seen.clone(),
        }
    }

    /// What the model says of the photos to measure with, and how right it is.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn findings(&self) -> Result<Findings> {
        Findings::of(self)
    }

    fn phase_1_steps(&self) -> u64 {
        match self.config.output {
            OutputKind::Voter => self.config.phase_1.steps,
            _ => self.config.schedule.steps,
        }
    }

    fn new_base_phase(&self, run: u64) -> Result<BasePhase> {
        base_phase(
            &self.config,
            &self.data,
            &self.prepared,
            &self.streams,
            &self.device,
            run,
        )
    }

    /// The fold of a photo, whose numbers in phase 2 come from a network that has not seen the fold.
    pub fn fold(&self, photo: usize) -> u64 {
        fold(&self.config, &self.data, &self.streams, photo)
    }

    fn step_base(&mut self, step: u64) -> Result<Scalars> {
        let steps = self.phase_1_steps();
        let (run, age) = (step / steps, step % steps);
        if age == 0 && run > 0 {
            self.phase_1 = self.new_base_phase(run)?;
        }
        let measured = self.phase_1.step(
            age,
            &self.data,
            &self.prepared,
            &self.config.phase_1,
            &self.streams,
            &self.device,
        )?;
        if run == 0 {
            self.base = self.phase_1.best().clone();
        } else if age + 1 == steps {
            self.leave_out(run - 1)?;
        }
        Ok(measured)
    }

    /// Numbers of a fold's photos by the network that has not seen them.
    fn leave_out(&mut self, fold: u64) -> Result<()> {
        let train = &self.prepared.train;
        let places: Vec<usize> = (0..train.len())
            .filter(|&place| self.fold(train[place]) == fold)
            .collect();
        let photos: Vec<usize> = places.iter().map(|&place| train[place]).collect();
        let input = self.config.phase_2.input;
        let outputs = self
            .phase_1
            .best()
            .outputs(&self.data.inputs, &photos, input, &self.device)?;
        let (values, width) = self.config.phase_2.input.of(&outputs);
        let all = train.len() * width.max(1);
        if self.out_of_fold.len() != all && width > 0 {
            self.out_of_fold = vec![0.0; all];
        }
        for (row, place) in values.chunks_exact(width.max(1)).zip(places) {
            self.out_of_fold[place * width..(place + 1) * width].copy_from_slice(row);
        }
        Ok(())
    }

    fn new_voter_phase(&self) -> Result<VoterPhase> {
        VoterPhase::new(self, &self.base, &self.out_of_fold, &self.cache)
    }

    fn step_voters(&mut self, age: u64) -> Result<Scalars> {
        if self.phase_2.is_none() {
            self.phase_2 = Some(self.new_voter_phase()?);
        }
        let Some(phase) = &mut self.phase_2 else {
            return Err(Error::usage("phase 2 has begun above"));
        };
        let measured = phase.step(age, &self.data, &self.config, &self.device)?;
        if let Some(base) = phase.best_base() {
            self.base = base.clone();
        }
        Ok(measured)
    }
}

/// Run 0 of phase 1 learns from all photos, each other one leaves a fold out.
fn base_phase(
    config: &PhotofeelerConfig,
    data: &RatedPhotos,
    prepared: &Prepared,
    streams: &Streams,
    device: &Device,
    run: u64,
) -> Result<BasePhase> {
    let phase = BasePhase::new(fresh_base(config, data, streams, device, run)?, config.output);
    let is_learned = |photo: &usize| run == 0 || fold(config, data, streams, *photo) != run - 1;
    let photos = prepared.train.iter().copied().filter(is_learned).collect();
    Ok(phase.on(photos, streams, &config.phase_1))
}

/// A person's photos are in one fold.
fn fold(config: &PhotofeelerConfig, data: &RatedPhotos, streams: &Streams, photo: usize) -> u64 {
    streams.number("fold", data.persons[photo] as u64) % config.phase_2.cross_fit.max(1)
}

/// A base network with random weights, or with those of a file in its backbone.
fn fresh_base(
    config: &PhotofeelerConfig,
    data: &RatedPhotos,
    streams: &Streams,
    device: &Device,
    run: u64,
) -> Result<Base> {
    let device = device.clone().autodiff();
    let (name, inputs) = (format!("base {run}"), data.inputs.channels());
    let units = config.output.units();
    let mut base = streams.initialize(&name, &device, || Base::new(&config.backbone, inputs, units, &device));
    if let Some(weights) = &config.phase_1.weights {
        base.backbone = load_backbone(base.backbone, weights)?;
    }
    Ok(base)
}

/// Every fold has a photo to learn from, so that each network that leaves one out is another one.
fn check_folds(
    config: &PhotofeelerConfig,
    data: &RatedPhotos,
    prepared: &Prepared,
    streams: &Streams,
) -> std::result::Result<(), VotesError> {
    if config.output != OutputKind::Voter {
        return Ok(());
    }
    let folds = config.phase_2.cross_fit;
    let has: BTreeSet<u64> = prepared
        .train
        .iter()
        .map(|&photo| fold(config, data, streams, photo))
        .collect();
    match (0..folds).find(|number| !has.contains(number)) {
        None => Ok(()),
        Some(fold) => {
            let persons: BTreeSet<usize> = prepared.train.iter().map(|&photo| data.persons[photo]).collect();
            Err(VotesError::EmptyFold {
                fold,
                folds,
                persons: persons.len(),
            })
        }
    }
}

fn check_side(config: &PhotofeelerConfig, data: &RatedPhotos) -> Result<()> {
    let least = config.backbone.least_side();
    match data.inputs.side() {
        Some(side) if side < least => Err(Error::usage(format_args!(
            "pictures have {side} rows and the backbone needs {least}; set `data.side`, or another `backbone`"
        ))),
        _ => Ok(()),
    }
}
