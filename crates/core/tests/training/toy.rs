//! A small experiment: fits a line to points by Adam, and can be told to misbehave.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    optim::{AdamConfig, GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{
        config::{ConfigError, RunConfig, Schedule},
        figure::{Body, Figure},
        journal::Scalars,
    },
    checkpoint,
    data::Sampler,
    random::Streams,
};
use serde::{Deserialize, Serialize};

/// Preset of the experiment.
pub(crate) const PRESET: &str = r#"
learning_rate = 0.1

[about]
summary = "a line"
reproduces = "nothing"
data = []
cost = "none"

[schedule]
steps = 40
report_every = 10
evaluate_every = 10
checkpoint_every = 10
"#;

/// Settings of the experiment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Of Adam.
    pub(crate) learning_rate: f64,
    /// Update whose loss is not a number.
    #[serde(default)]
    pub(crate) poison: Option<u64>,
    /// Update during which the process gets SIGTERM.
    #[serde(default)]
    pub(crate) signal: Option<u64>,
    /// What fails: `new`, `begin` (`new` without a checkpoint to go on from), `evaluate`, `figures`.
    #[serde(default)]
    pub(crate) broken: String,
    /// Of the loop.
    pub(crate) schedule: Schedule,
}

impl RunConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

/// The experiment.
pub(crate) struct Line {
    config: Config,
    model: Linear,
    optimizer: ModuleOptimizer,
    sampler: Sampler,
    streams: Streams,
    device: Device,
}

const POINTS: usize = 32;

impl Config {
    fn check(&self, part: &str) -> Result<()> {
        match self.broken == part {
            true => Err(Error::Usage(format!("{part} is broken"))),
            false => Ok(()),
        }
    }
}

impl Line {
    fn loss(&self, model: &Linear, indices: &[usize], noise: Tensor<2>) -> Tensor<1> {
        let values: Vec<f32> = indices.iter().map(|&index| index as f32 / POINTS as f32).collect();
        let device = noise.device();
        let input = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([indices.len(), 1]);
        let target = input.clone() * 2.0 - 1.0 + noise * 0.1;
        (model.forward(input) - target).square().mean()
    }
}

impl Experiment for Line {
    type Config = Config;

    fn new(config: &Config, context: &Context) -> Result<Self> {
        config.check("new")?;
        if context.saved.is_none() {
            config.check("begin")?;
        }
        let device = context.device.clone().autodiff();
        Ok(Self {
            config: config.clone(),
            model: context
                .streams
                .initialize("line", &device, || LinearConfig::new(1, 1).init(&device)),
            optimizer: AdamConfig::new().init(),
            sampler: Sampler::new(context.streams, "shuffle", POINTS, 8),
            streams: context.streams,
            device,
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        if self.config.signal == Some(step) {
            signal_hook::low_level::raise(signal_hook::consts::SIGTERM).expect("a signal can be raised");
        }
        let indices = self.sampler.batch(step).to_vec();
        let noise = self.streams.normal("noise", step, [indices.len(), 1], &self.device);
        let loss = self.loss(&self.model, &indices, noise);
        let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self
            .optimizer
            .step(self.config.learning_rate, self.model.clone(), gradients);
        let is_poisoned = self.config.poison == Some(step);
        Ok(vec![("loss".to_owned(), if is_poisoned { f64::NAN } else { value })])
    }

    fn evaluate(&self) -> Result<Scalars> {
        self.config.check("evaluate")?;
        let device = self.device.clone().inner();
        let all: Vec<usize> = (0..POINTS).collect();
        let loss = self.loss(&self.model.valid(), &all, Tensor::zeros([POINTS, 1], &device));
        Ok(vec![("error".to_owned(), f64::from(loss.try_into_scalar::<f32>()?))])
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        self.config.check("figures")?;
        Ok(vec![Figure {
            name: "note".to_owned(),
            title: "A note".to_owned(),
            caption: String::new(),
            body: Body::Text("a line".to_owned()),
        }])
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("line", &self.model)?;
        checkpoint.optimizer("line", &self.optimizer)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.model = checkpoint.module("line", self.model.clone())?;
        self.optimizer = checkpoint.optimizer("line", self.optimizer.clone())?;
        Ok(())
    }
}
