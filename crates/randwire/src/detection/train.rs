//! Learning to find: one update of a detector, with a backbone that begins with random weights or with those of a classifier.

use std::{fmt, path::Path, sync::Arc};

use burn::{
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{catalogue::Split, config, figure::Figure, images::ImageSet, journal::Scalars},
    checkpoint,
    data::{DataSource, Prefetch, Sampler},
    nn::Statistics,
    random::Streams,
    training,
};

use super::{
    DetectConfig, Detector, Found,
    average_precision::{Truth, average_precision, mean_average_precision},
    detector::assign,
    figures, loss,
    scene::{Scene, SceneConfig},
};
use crate::{
    config::RandWireConfig,
    graph::Graph,
    network::{Backbone, Wiring},
    sgd::half_cosine,
    train::{Classify, Model},
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;
/// Scenes that are looked at at once.
const AT_ONCE: usize = 64;
/// Scenes to measure on are those of this seed in all runs.
const TEST_SEED: u64 = 0;

/// A detector that learns to find digits in scenes.
pub struct Detect {
    config: DetectConfig,
    model: Detector,
    graphs: Vec<Option<Graph>>,
    optimizer: ModuleOptimizer,
    batches: Prefetch<Vec<Scene>>,
    test: Vec<Scene>,
    set: Arc<ImageSet>,
    device: Device,
    updates: u64,
}

impl Experiment for Detect {
    type Config = DetectConfig;

    fn new(config: &DetectConfig, context: &Context) -> Result<Self> {
        let set = Arc::new(gray(&context.data, &config.data.set, Split::Train)?);
        let test = gray(&context.data, &config.data.set, Split::Test)?;
        let device = context.device.clone().autodiff();
        let (Wiring { network, graphs }, backbone) = backbone(config, context)?;
        let side = config.scenes.side;
        let fits = network.check(side, side);
        fits.map_err(|problem| Error::Usage(format!("`scenes.side`: {problem}")))?;
        let widths = network.widths();
        let model = context.streams.initialize("detector", &device, || {
            let backbone = match backbone {
                Some(backbone) => backbone,
                None => network.init_backbone(1, &graphs, &device),
            };
            let backbone = match config.frozen_norms {
                true => backbone.with_frozen_norms(),
                false => backbone,
            };
            Detector::new(
                backbone.frozen(config.frozen),
                &widths[1..],
                network.stem_stride,
                config.levels,
                &config.pyramid,
                set.classes,
                &device,
            )
        });
        let scenes = config.scenes;
        let test_streams = Streams::new(TEST_SEED);
        let draw_test =
            |index: usize| Scene::draw(&test, &scenes, &mut test_streams.at("test scenes", 0, index as u64));
        Ok(Self {
            optimizer: config.training.sgd.into(),
            batches: batches(config, &set, context.streams)?,
            test: (0..config.data.test).map(draw_test).collect(),
            config: DetectConfig {
                network,
                ..config.clone()
            },
            updates: 0,
            model,
            graphs,
            set,
            device,
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let scenes = self.batches.next(step)?;
        // Pictures stay off the tape: nothing needs their gradients.
        let images = upload(&scenes, &self.config.scenes, &self.device.clone().inner());
        let statistics = match self.config.frozen_norms {
            true => Statistics::Running,
            false => Statistics::Update,
        };
        let prediction = self.model.forward(images, statistics, None);
        let wanted = Wanted::of(&scenes, &prediction.locations, self.set.classes, &self.device);
        let count = wanted.count.max(1.0);
        let [batch, places, classes] = prediction.logits.dims();
        let of_class = loss::focal(prediction.logits.reshape([batch * places, classes]), wanted.classes) / count;
        let sides = prediction.sides.reshape([batch * places, 4]);
        let of_bounds = loss::overlap(sides, wanted.sides, wanted.weights) / count;
        let rate = self.rate(step);
        let read = |loss: &Tensor<1>| Ok::<f64, Error>(f64::from(loss.clone().try_into_scalar::<f32>()?));
        let scalars = vec![
            ("loss_class".to_owned(), read(&of_class)?),
            ("loss_bounds".to_owned(), read(&of_bounds)?),
            ("rate".to_owned(), rate),
        ];
        let gradients = GradientsParams::from_grads((of_class + of_bounds).backward(), &self.model);
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        self.updates = step + 1;
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let (truths, found) = (self.truths(), self.find()?);
        let precision = |overlap: f32| average_precision(&truths, &found, overlap);
        Ok(vec![
            ("ap".to_owned(), mean_average_precision(&truths, &found)),
            ("ap50".to_owned(), precision(0.5)),
            ("ap75".to_owned(), precision(0.75)),
        ])
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        Ok(vec![figures::scenes(
            &self.test,
            &self.find()?,
            self.config.scenes.side,
        )?])
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        let wiring = Wiring {
            network: self.config.network.clone(),
            graphs: self.graphs.clone(),
        };
        wiring.save(checkpoint)?;
        checkpoint.module("model", &self.model.valid())?;
        checkpoint.optimizer("optimizer", &self.optimizer)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        Wiring::saved(checkpoint)?.check(&self.graphs)?;
        self.model = checkpoint.module("model", self.model.clone())?;
        self.optimizer = checkpoint.optimizer("optimizer", self.optimizer.clone())?;
        self.updates = checkpoint.step();
        Ok(())
    }
}

impl Detect {
    /// The detector that learns.
    pub fn model(&self) -> &Detector {
        &self.model
    }

    fn rate(&self, step: u64) -> f64 {
        let training = &self.config.training;
        let rise = (step + 1) as f64 / (training.warm_up + 1) as f64;
        rise.min(1.0) * half_cosine(training.rate, step, self.config.schedule.steps)
    }

    fn truths(&self) -> Vec<Truth> {
        self.test.iter().map(|scene| scene.truth.clone()).collect()
    }

    /// What is found in the scenes to measure on.
    fn find(&self) -> Result<Vec<Vec<Found>>> {
        let (model, device) = (self.model.valid(), self.device.clone().inner());
        let mut found = Vec::with_capacity(self.test.len());
        for scenes in self.test.chunks(AT_ONCE) {
            let images = upload(scenes, &self.config.scenes, &device);
            found.extend(model.forward(images, Statistics::Running, None).found()?);
        }
        Ok(found)
    }
}

fn gray(data: &DataSource, name: &str, split: Split) -> Result<ImageSet> {
    let set = data.images(name, split)?;
    if set.channels == 1 {
        return Ok(set);
    }
    let colors = set.channels;
    Err(Error::Usage(format!(
        "`data.set`: scenes are drawn with gray pictures; those of {name} have {colors} colors"
    )))
}

/// The network, and its stem and stages if a run begins with trained ones. One that goes on has them in its checkpoint, and
/// does not look into `pretrained` any more.
fn backbone(config: &DetectConfig, context: &Context) -> Result<(Wiring, Option<Backbone>)> {
    match (&config.pretrained, &context.saved) {
        (Some(_), Some(checkpoint)) => Ok((Wiring::saved(checkpoint)?, None)),
        (Some(folder), None) => pretrained(config, context, folder),
        (None, _) => Ok((Wiring::of(&config.network, context, |_| config.network.clone())?, None)),
    }
}

/// Of a run that classified.
fn pretrained(config: &DetectConfig, context: &Context, folder: &Path) -> Result<(Wiring, Option<Backbone>)> {
    let named = |problem: String| Error::Usage(format!("`pretrained`: {}: {problem}", folder.display()));
    let saved: RandWireConfig = config::of_run(folder, &[]).map_err(|error| named(error.to_string()))?;
    let seed = papers_core::base::provenance::Provenance::load(folder)
        .map_err(|error| named(error.to_string()))?
        .seed;
    let its_own = Context {
        data: context.data.clone(),
        ..Context::new(context.device.clone(), seed)
    };
    let (classifier, _) = training::restore::<Classify>(&saved, &its_own, folder)?;
    let wiring = Wiring {
        network: classifier.config().network.clone(),
        graphs: classifier.graphs().to_vec(),
    };
    let stages = wiring.graphs.len();
    if stages < config.levels {
        let levels = config.levels;
        return Err(named(format!(
            "its network has {stages} stages, and the pyramid is to have {levels} levels; train `digits-canvas` or \
             `mnist-canvas`, or set `levels={stages}`"
        )));
    }
    if saved.data.whiten {
        return Err(named(
            "its network learned from whitened pictures, and scenes are not".to_owned(),
        ));
    }
    match classifier.into_model() {
        Model::RandWire(network) if network.backbone.stem.convolution.weight.dims()[1] == 1 => {
            Ok((wiring, Some(network.backbone)))
        }
        Model::RandWire(_) => Err(named(
            "its network classifies pictures with colors, and scenes are gray".to_owned(),
        )),
        Model::ResNet(_) => Err(named(
            "it trained a residual network, which is no backbone here".to_owned(),
        )),
    }
}

/// The scenes of every update: a function of the seed and the update's number alone.
fn batches(config: &DetectConfig, set: &Arc<ImageSet>, streams: Streams) -> Result<Prefetch<Vec<Scene>>> {
    let (set, scenes) = (Arc::clone(set), config.scenes);
    let mut sampler = Sampler::new(streams, "shuffle", config.data.train, config.training.batch);
    Prefetch::new(PREFETCHED, move |step| {
        let draw = |&index: &usize| Scene::draw(&set, &scenes, &mut streams.at("scenes", 0, index as u64));
        Ok(sampler.batch(step).iter().map(draw).collect())
    })
}

/// Scenes with values in `[-1, 1]`: `[scenes, 1, side, side]`.
fn upload(scenes: &[Scene], config: &SceneConfig, device: &Device) -> Tensor<4> {
    let pixels = scenes.iter().flat_map(|scene| &scene.pixels);
    let values: Vec<f32> = pixels.map(|&pixel| f32::from(pixel) / 127.5 - 1.0).collect();
    Tensor::from_data(
        TensorData::new(values, [scenes.len(), 1, config.side, config.side]),
        device,
    )
}

/// What the places of a batch are to say.
struct Wanted {
    /// `[places, classes]`
    classes: Tensor<2>,
    /// `[places, 4]`
    sides: Tensor<2>,
    /// 1 where something is to be found: `[places, 1]`.
    weights: Tensor<2>,
    count: f64,
}

impl Wanted {
    fn of(scenes: &[Scene], locations: &[super::Location], classes: usize, device: &Device) -> Self {
        let places = scenes.len() * locations.len();
        let (mut scores, mut weights) = (vec![0.0_f32; places * classes], vec![0.0_f32; places]);
        // Where nothing is to be found the overlap is that of some bounds, and does not count.
        let mut sides = vec![1.0_f32; places * 4];
        let wanted = scenes.iter().flat_map(|scene| assign(&scene.truth, locations));
        for (place, wanted) in wanted.enumerate() {
            let Some((class, own)) = wanted else { continue };
            scores[place * classes + class] = 1.0;
            weights[place] = 1.0;
            sides[4 * place..4 * place + 4].copy_from_slice(&own);
        }
        let count = weights.iter().map(|&weight| f64::from(weight)).sum();
        let tensor =
            |values: Vec<f32>, width: usize| Tensor::from_data(TensorData::new(values, [places, width]), device);
        Self {
            classes: tensor(scores, classes),
            sides: tensor(sides, 4),
            weights: tensor(weights, 1),
            count,
        }
    }
}

impl fmt::Debug for Detect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detect")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
