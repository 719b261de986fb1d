use std::{
    marker::PhantomData,
    path::{Path, PathBuf},
};

use papers_base::{
    cli::EvalArgs,
    config::{self, Preset, RunConfig},
    journal::Scalars,
    progress::{Mode, Notices},
    provenance::Provenance,
};

use crate::{
    Context, Error, Experiment, Result,
    device::pool,
    training::{self, Summary},
};

/// One run to be carried out.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the run is written.
    pub out: PathBuf,
    /// Overrides, `key.path=value`.
    pub sets: Vec<String>,
    /// A TOML file merged over the preset.
    pub config: Option<PathBuf>,
    /// Go on from the newest checkpoint in `out`.
    pub resume: bool,
    /// Replace what `out` holds.
    pub overwrite: bool,
    /// How progress is shown.
    pub mode: Mode,
    /// What is recorded about the run.
    pub provenance: Provenance,
}

/// Experiments that share one implementation; the trait forgets which.
pub(crate) trait Family: Send + Sync {
    fn presets(&self) -> &'static [Preset];
    fn resolve(&self, preset: &Preset, file: Option<&Path>, sets: &[String]) -> Result<String>;
    fn train(&self, preset: &Preset, context: &Context, request: &Request) -> Result<Summary>;
    fn evaluate(&self, arguments: &EvalArgs, context: &Context) -> Result<(u64, Scalars)>;
}

pub(super) struct FamilyOf<E> {
    presets: &'static [Preset],
    experiment: PhantomData<fn() -> E>,
}

impl<E> FamilyOf<E> {
    pub(super) fn new(presets: &'static [Preset]) -> Self {
        Self {
            presets,
            experiment: PhantomData,
        }
    }
}

impl<E: Experiment> Family for FamilyOf<E> {
    fn presets(&self) -> &'static [Preset] {
        self.presets
    }

    fn resolve(&self, preset: &Preset, file: Option<&Path>, sets: &[String]) -> Result<String> {
        let config: E::Config = config::resolve(preset.toml, file, sets)?;
        Ok(config::to_toml(&config)?)
    }

    fn train(&self, preset: &Preset, context: &Context, request: &Request) -> Result<Summary> {
        let config: E::Config = if request.resume {
            resumed_config(request)?
        } else {
            config::resolve(preset.toml, request.config.as_deref(), &request.sets)?
        };
        let options = training::Options {
            out: request.out.clone(),
            resume: request.resume,
            overwrite: request.overwrite,
            mode: request.mode,
            provenance: request.provenance.clone(),
        };
        let context = Context {
            folder: Some(request.out.clone()),
            notices: Notices::new(request.mode),
            ..context.clone()
        };
        training::run::<E>(&config, &context, &options)
    }

    fn evaluate(&self, arguments: &EvalArgs, context: &Context) -> Result<(u64, Scalars)> {
        let run = &arguments.run;
        let config: E::Config = measured_config(run, &arguments.set)?;
        let (experiment, step) = match arguments.best {
            true => training::restore_best::<E>(&config, context, run)?,
            false => training::restore::<E>(&config, context, run)?,
        };
        Ok((step, pool::run(&context.device, move || experiment.evaluate())?))
    }
}

/// A run is measured with its saved configuration, but for what shapes no weight.
fn measured_config<C: RunConfig>(run: &Path, sets: &[String]) -> Result<C> {
    let is_allowed = |set: &&String| {
        let key = set.split('=').next().unwrap_or_default().trim();
        C::MEASURED_WITH.contains(&key)
    };
    if let Some(other) = sets.iter().find(|set| !is_allowed(set)) {
        let allowed = match C::MEASURED_WITH {
            [] => "nothing can be set".to_owned(),
            keys => format!("only {} can be set", keys.join(", ")),
        };
        return Err(Error::Usage(format!(
            "`--set {other}` cannot be measured with: the run was trained without it; {allowed}"
        )));
    }
    Ok(config::of_run(run, sets)?)
}

/// A resumed run keeps its saved configuration; only its schedule may be changed.
fn resumed_config<C: RunConfig>(request: &Request) -> Result<C> {
    let other = request.sets.iter().find(|set| !set.starts_with("schedule."));
    if let Some(set) = other {
        return Err(Error::Usage(format!(
            "`--set {set}` would change a run that has begun; with --resume only `schedule.*` can be set"
        )));
    }
    if request.config.is_some() {
        return Err(Error::Usage(
            "--config cannot be combined with --resume: a resumed run keeps its configuration".to_owned(),
        ));
    }
    Ok(config::of_run(&request.out, &request.sets)?)
}
