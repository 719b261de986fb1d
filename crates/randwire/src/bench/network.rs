//! Networks with made-up weights, pictures and draws.

use burn::prelude::*;
use papers_core::{
    base::config,
    bench::{Case, filled},
    device,
    nn::Statistics,
};

use super::keeping;
use crate::{
    config::{ModelKind, PRESETS, RandWireConfig},
    graph::{Draws, Generator, Graph},
    learner::Learner,
    network::{Mode, Operation, Stage},
    train::Model,
};

/// So small that weights stay what they are.
const RATE: f64 = 1e-9;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("fashion/step", "step", || FASHION.updates("model='randwire'")),
        Case::new("fashion/resnet-step", "step", || FASHION.updates("model='resnet'")),
        Case::new("fashion/inference", "batch", || FASHION.predictions()),
        Case::new("small-128/step", "step", || SMALL.updates("model='randwire'")),
        Case::new("small-128/inference", "batch", || SMALL.predictions()),
        Case::new("stage/inference", "batch", || {
            stage_alone(|stage, input| stage.forward(input, Statistics::Running, None))
        }),
        Case::new("stage/inference-keeping", "batch", || stage_alone(keeping::forward)),
    ]
}

/// A network and its pictures.
struct Problem {
    experiment: &'static str,
    shape: [usize; 4],
    classes: usize,
}

/// The small experiment: three stages of 10 nodes.
const FASHION: Problem = Problem {
    experiment: "fashion",
    shape: [64, 1, 28, 28],
    classes: 10,
};

/// The paper's small regime with pictures of 128 pixels: three stages of 32 nodes, 78 channels and more.
const SMALL: Problem = Problem {
    experiment: "imagenet-small",
    shape: [8, 3, 128, 128],
    classes: 1000,
};

/// Draws that follow from their number, as in the script.
pub(super) struct Counted(pub(super) usize);

impl Draws for Counted {
    fn uniform(&mut self) -> f64 {
        self.0 += 1;
        filled::number(self.0) + 0.5
    }

    fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }
}

impl Problem {
    fn config(&self, model: &str) -> anyhow::Result<RandWireConfig> {
        Ok(config::experiment(PRESETS, self.experiment, &[model])?)
    }

    fn model(&self, config: &RandWireConfig, device: &Device) -> anyhow::Result<Model> {
        let graphs = graphs(config)?;
        let [_, colors, ..] = self.shape;
        Ok(filled::module(match config.model {
            ModelKind::RandWire => Model::RandWire(config.network.init(colors, self.classes, &graphs, device)),
            ModelKind::ResNet => Model::ResNet(config.resnet.init(colors, self.classes, device)),
        }))
    }

    fn updates(&self, model: &str) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
        let plain = device::resolve(device::default_backend()?)?;
        let config = self.config(model)?;
        let model = self.model(&config, &plain.clone().autodiff())?;
        let mut learner = Learner::new(model, &config.training);
        let images = filled::tensor(self.shape, 1.0, &plain);
        let labels: Vec<i32> = (0..self.shape[0]).map(|index| (index % self.classes) as i32).collect();
        Ok(move || {
            let l = rayon::join(|| learner.step(images.clone(), &labels, None, RATE), || ())
                .0?
                .loss;
            std::hint::black_box(l);
            plain.sync()?;
            Ok(1)
        })
    }

    fn predictions(&self) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
        let plain = device::resolve(device::default_backend()?)?;
        let model = self.model(&self.config("model='randwire'")?, &plain)?;
        let images = filled::tensor(self.shape, 1.0, &plain);
        Ok(move || {
            std::hint::black_box(model.forward(images.clone(), Mode::EVALUATION, 0.0).argmax(1));
            plain.sync()?;
            Ok(1)
        })
    }
}

/// A stage of the paper's network, at a size where the outputs of its nodes are most of the memory.
fn stage_alone(
    pass: impl Fn(&Stage, Tensor<4>) -> Tensor<4> + Send + 'static,
) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    const CHANNELS: usize = 78;
    let plain = device::resolve(device::default_backend()?)?;
    let graph = Generator::Ws { k: 4, p: 0.75 }.draw(32, &mut Counted(0))?;
    let stage = Stage::new(graph, [CHANNELS; 2], Operation::Separable, 0.0, &plain);
    let stage = filled::module(stage);
    let input = filled::tensor([8, 64, 64, CHANNELS], 1.0, &plain);
    Ok(move || {
        std::hint::black_box(pass(&stage, input.clone()));
        plain.sync()?;
        Ok(1)
    })
}

/// Wires by draws that are the same in every stage.
fn graphs(config: &RandWireConfig) -> anyhow::Result<Vec<Option<Graph>>> {
    let stages = config.network.stages.iter();
    let graphs = stages.map(|stage| {
        let graph = (stage.nodes > 0).then(|| config.network.graph.draw(stage.nodes, &mut Counted(0)));
        graph.transpose()
    });
    Ok(graphs.collect::<Result<_, _>>()?)
}
