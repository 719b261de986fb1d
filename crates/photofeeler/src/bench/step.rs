//! Updates on made-up photos and votes.

use burn::prelude::*;
use papers_core::{
    base::config,
    bench::{Case, filled},
    device,
    nn::Statistics,
};

use crate::{
    config::{PRESETS, PhotofeelerConfig},
    data::Input,
    learner::{BaseBatch, BaseLearner, VoteRow, VoterBatch, VoterLearner},
    model::{BackboneConfig, Base, OutputKind, VoterModelConfig},
    votes::BINS,
};

/// So small that weights stay what they are.
const RATE: f64 = 1e-9;
/// Photos and voters of the panel.
const PHOTOS: usize = 800;
const VOTERS: usize = 150;
/// Photos whose votes are learned from.
const LEARNED: usize = 2000;
/// Pictures of an update of the paper's backbone, and their side: the least that it takes.
const LARGE: [usize; 2] = [4, 71];

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("portraits/base-step", "step", || base("portraits", [64, 32, 32, 1])),
        Case::new("mebeauty/base-step", "step", || base("mebeauty", [48, 48, 48, 3])),
        Case::new("features/base-step", "step", || features("features")),
        Case::new("portraits/voter-step", "step", || voters("portraits")),
        Case::new("mebeauty/voter-step", "step", || voters("mebeauty")),
        Case::new("portraits/panel", "800 photos, 150 voters", panel),
        Case::new("xception/base-step", "step", || {
            xception_step([LARGE[0], LARGE[1], LARGE[1], 3])
        }),
        Case::new("xception/embed", "4 photos", || {
            xception_embed([LARGE[0], LARGE[1], LARGE[1], 3])
        }),
    ]
}

fn plain() -> anyhow::Result<Device> {
    Ok(device::resolve(device::default_backend()?)?)
}

fn experiment(name: &str) -> anyhow::Result<PhotofeelerConfig> {
    Ok(config::experiment(PRESETS, name, &[])?)
}

/// Rows that sum to 1.
fn targets(rows: usize, device: &Device) -> Tensor<2> {
    let positive: Tensor<2> = filled::tensor([rows, BINS], 0.5, device) + 0.6;
    positive.clone() / positive.sum_dim(1)
}

type Work = anyhow::Result<Box<dyn FnMut() -> anyhow::Result<usize> + Send>>;

fn base(name: &str, shape: [usize; 4]) -> Work {
    let config = experiment(name)?;
    let device = plain()?;
    let pictures = Input::Pictures(filled::tensor(shape, 1.0, &device));
    updates(&config, &config.backbone, pictures, shape[3], shape[0], &device)
}

fn xception_step(shape: [usize; 4]) -> Work {
    let config = experiment("paper")?;
    let device = plain()?;
    let pictures = Input::Pictures(filled::tensor(shape, 1.0, &device));
    updates(&config, &config.backbone, pictures, shape[3], shape[0], &device)
}

fn features(name: &str) -> Work {
    let config = experiment(name)?;
    let device = plain()?;
    let batch = config.phase_1.batch;
    let rows = Input::Features(filled::tensor([batch, 32], 1.0, &device));
    updates(&config, &config.backbone, rows, 32, batch, &device)
}

fn updates(
    config: &PhotofeelerConfig,
    backbone: &BackboneConfig,
    photos: Input,
    inputs: usize,
    batch: usize,
    device: &Device,
) -> Work {
    let tracked = device.clone().autodiff();
    let base = filled::module(Base::new(backbone, inputs, BINS, &tracked));
    let mut learner = BaseLearner::new(base, OutputKind::Distribution);
    let mut phase = config.phase_1.clone();
    phase.rate = RATE;
    let batch = BaseBatch {
        photos,
        targets: targets(batch, device),
    };
    let device = device.clone();
    Ok(Box::new(move || {
        std::hint::black_box(learner.step(batch.clone(), 0, &phase)?);
        device.sync()?;
        Ok(1)
    }))
}

/// Updates of the voter model with the sizes of an experiment.
fn voters(name: &str) -> Work {
    let (config, device) = (experiment(name)?, plain()?);
    let tracked = device.clone().autodiff();
    let hidden = config.phase_2.hidden.clone();
    let sizes = VoterModelConfig::new(VOTERS, BINS, config.phase_2.embedding, hidden);
    let model = filled::module(sizes.init(&tracked));
    let inputs: Tensor<2> = targets(LEARNED, &device);
    let rows: Vec<VoteRow> = (0..config.phase_2.batch)
        .map(|row| VoteRow {
            photo: row * 13 % LEARNED,
            voter: row * 7 % VOTERS,
            bin: row % BINS,
        })
        .collect();
    let mut learner = VoterLearner::new(model, RATE);
    Ok(Box::new(move || {
        let batch = VoterBatch::new(rows.iter(), &device);
        std::hint::black_box(learner.step(&inputs, batch)?);
        device.sync()?;
        Ok(1)
    }))
}

/// What all voters say of photos that passed the backbone once.
fn panel() -> Work {
    let (config, device) = (experiment("portraits")?, plain()?);
    let hidden = config.phase_2.hidden.clone();
    let model = filled::module(VoterModelConfig::new(VOTERS, BINS, config.phase_2.embedding, hidden).init(&device));
    let inputs: Vec<f32> = targets(PHOTOS, &device).try_into_vec_as::<f32>()?;
    let all: Vec<usize> = (0..VOTERS).collect();
    let everybody: Vec<Option<usize>> = all.iter().copied().map(Some).collect();
    Ok(Box::new(move || {
        let embeddings = model.embeddings_of(&everybody, &all);
        std::hint::black_box(model.panel(&inputs, BINS, &embeddings)?);
        Ok(1)
    }))
}

/// Embeddings by the paper's backbone.
fn xception_embed(shape: [usize; 4]) -> Work {
    let device = plain()?;
    let base = filled::module(Base::new(&BackboneConfig::Xception, shape[3], BINS, &device));
    let pictures: Tensor<4> = filled::tensor(shape, 1.0, &device);
    Ok(Box::new(move || {
        let embedded = base
            .backbone
            .forward(Input::Pictures(pictures.clone()), Statistics::Running);
        std::hint::black_box(embedded.try_into_vec_as::<f32>()?);
        Ok(1)
    }))
}
