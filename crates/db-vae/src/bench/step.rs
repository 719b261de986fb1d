//! Updates on made-up pictures, and what an epoch begins with.

use burn::{module::Module as _, prelude::*};
use papers_core::{
    base::config,
    bench::{Case, filled},
    device,
    nn::Statistics,
};

use crate::{
    config::{DbVaeConfig, PRESETS},
    latent_histogram::Latents,
    learner::{Batch, Learner, LearnerConfig},
    model::DbVae,
    objective::DebiasMask,
    resampling::{DebiasingSampler, Resampling},
};

/// So small that weights stay what they are.
const RATE: f64 = 1e-9;
const BINS: usize = 10;
/// Faces of an epoch.
const FACES: usize = 2500;
/// Faces and latent dimensions whose histograms are made without encoding.
const MANY: [usize; 2] = [50_000, 100];
/// Pictures that pass the network together.
const DETECTED: usize = 500;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("drawn/step", "step", || updates("drawn-faces")),
        Case::new("fairface/step", "step", || updates("fairface")),
        Case::new("lab/step", "step", || updates("drawn-faces-64")),
        Case::new("drawn/epoch-weights", "epoch", || weights("drawn-faces")),
        Case::new("lab/weights", "50,000 faces", latents_to_weights),
        Case::new("drawn/detect", "500 pictures", || detection("drawn-faces")),
    ]
}

struct Setting {
    config: DbVaeConfig,
    plain: Device,
    network: DbVae,
}

impl Setting {
    fn of(experiment: &str, is_tracked: bool) -> anyhow::Result<Self> {
        let plain = device::resolve(device::default_backend()?)?;
        let config: DbVaeConfig = config::experiment(PRESETS, experiment, &[])?;
        let [height, width, channels] = config.data.shape();
        let device = if is_tracked {
            plain.clone().autodiff()
        } else {
            plain.clone()
        };
        let network = filled::module(config.network.init([channels, height, width], &device));
        Ok(Self { config, plain, network })
    }

    /// Values in `[0, 1]`.
    fn pictures(&self, count: usize) -> Tensor<4> {
        let [height, width, channels] = self.config.data.shape();
        filled::tensor([count, height, width, channels], 0.5, &self.plain) + 0.5
    }
}

/// Updates with the sizes of an experiment.
fn updates(experiment: &str) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
    let setting = Setting::of(experiment, true)?;
    let (batch, plain) = (setting.config.batch, setting.plain.clone());
    let (faces, pictures) = (batch.div_ceil(2), setting.pictures(batch));
    let mask = DebiasMask::first(faces, batch);
    let labels: Vec<f32> = (0..batch).map(|row| f32::from(u8::from(row < faces))).collect();
    let batch = Batch {
        pictures,
        labels: Tensor::from_data(TensorData::new(labels, [batch, 1]), &plain),
        mask,
        noise: filled::tensor([faces, setting.config.network.latent], 1.0, &plain),
    };
    let mut learner = Learner::new(
        setting.network,
        &LearnerConfig { rate: RATE },
        &setting.config.objective,
    );
    let mut step = 0;
    Ok(move || {
        std::hint::black_box(learner.step(batch.clone(), step)?);
        step += 1;
        plain.sync()?;
        Ok(1)
    })
}

/// Histograms of all faces, weights, and the draws of an epoch.
fn weights(experiment: &str) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
    let setting = Setting::of(experiment, false)?;
    let pictures = setting.pictures(FACES);
    let latent = setting.config.network.latent;
    let strategy = Resampling::LabMax { smoothing: 0.01 };
    let mut sampler = DebiasingSampler::new(strategy, setting.config.resampling.bins, FACES, latent)?;
    Ok(move || {
        let encoded = setting.network.encode(pictures.clone(), Statistics::Running);
        let means = encoded.posterior.mean.try_into_vec_as::<f64>()?;
        sampler.refresh(&Latents::new(means, latent)?, None)?;
        let uniforms = (0..FACES).map(|draw| filled::number(draw) + 0.5);
        std::hint::black_box(sampler.rows(uniforms));
        Ok(1)
    })
}

/// Histograms, weights and draws alone.
fn latents_to_weights() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
    let [faces, latent] = MANY;
    let means = (0..faces * latent).map(filled::number);
    let latents = Latents::new(means.collect(), latent)?;
    let mut sampler = DebiasingSampler::new(Resampling::LabMax { smoothing: 0.01 }, BINS, faces, latent)?;
    Ok(move || {
        sampler.refresh(&latents, None)?;
        std::hint::black_box(sampler.rows((0..faces).map(|draw| filled::number(draw) + 0.5)));
        Ok(1)
    })
}

/// What the detector says of pictures.
fn detection(experiment: &str) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
    let setting = Setting::of(experiment, false)?;
    let pictures = setting.pictures(DETECTED);
    let network = setting.network.valid();
    Ok(move || {
        let encoded = network.encode(pictures.clone(), Statistics::Running);
        std::hint::black_box(encoded.logits.try_into_vec_as::<f32>()?);
        Ok(1)
    })
}
