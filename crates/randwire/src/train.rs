//! Learning to classify: one update of the paper's recipe, and what a network is measured by.

use std::{fmt, sync::OnceLock};

use burn::{module::Module, prelude::*};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::Prefetch,
    nn::dropout,
    random::Streams,
};
use rand::{RngExt, seq::IndexedRandom};

use crate::{
    config::{ModelKind, RandWireConfig},
    damage::Study,
    data::{Batches, HostBatch, Pictures},
    evaluate, figures,
    graph::Graph,
    learner::Learner,
    network::{Damage, Mode, RandWire, Wiring},
    resnet::ResNet,
    sgd::half_cosine,
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;

/// A network of either kind.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and a module is no box")]
pub enum Model {
    /// Randomly wired.
    RandWire(RandWire),
    /// Residual.
    ResNet(ResNet),
}

impl Model {
    /// One logit per class; see [`RandWire::forward`]. A residual network has no wires that could be damaged, and no
    /// dropout.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, mode: Mode, dropout: f64) -> Tensor<2> {
        match self {
            Self::RandWire(network) => network.forward(images, mode, dropout),
            Self::ResNet(network) => network.forward(images, mode.statistics),
        }
    }

    /// The randomly wired network, if it is one.
    pub fn wired(&self) -> Option<&RandWire> {
        match self {
            Self::RandWire(network) => Some(network),
            Self::ResNet(_) => None,
        }
    }
}

/// A network that learns to classify.
pub struct Classify {
    config: RandWireConfig,
    learner: Learner,
    /// The wires of each stage; they are saved with the weights.
    graphs: Vec<Option<Graph>>,
    pictures: Pictures,
    batches: Prefetch<HostBatch>,
    /// Edges that can be dropped.
    droppable: Vec<Damage>,
    streams: Streams,
    device: Device,
    /// Updates applied.
    updates: u64,
    /// Of the trained network, once it was made.
    study: OnceLock<Study>,
}

impl Experiment for Classify {
    type Config = RandWireConfig;

    fn new(config: &RandWireConfig, context: &Context) -> Result<Self> {
        let pictures = Pictures::load(&config.data, context)?;
        let [colors, height, width] = pictures.shape();
        let classes = pictures.classes();
        if classes < 2 {
            return Err(Error::Usage(format!(
                "`data.set`: {classes} class cannot be told from others"
            )));
        }
        let fits = config.network.check(height, width);
        fits.map_err(|problem| Error::Usage(format!("`network.stages`: {problem}")))?;
        let fitted = |graphs: &[_]| config.network.fitted(graphs, colors, classes, [height, width]);
        let Wiring { network, graphs } = Wiring::of(&config.network, context, fitted)?;
        warn_of_parts(&graphs);
        let device = context.device.clone().autodiff();
        let model = context.streams.initialize("model", &device, || match config.model {
            ModelKind::RandWire => Model::RandWire(network.init(colors, classes, &graphs, &device)),
            ModelKind::ResNet => Model::ResNet(config.resnet.init(colors, classes, &device)),
        });
        let mut batches = Batches::new(&pictures, config.training.batch, context.streams);
        Ok(Self {
            droppable: model
                .wired()
                .map(|network| network.backbone.droppable_edges())
                .unwrap_or_default(),
            learner: Learner::new(model, &config.training),
            batches: Prefetch::new(PREFETCHED, move |step| batches.at(step))?,
            config: RandWireConfig {
                network,
                ..config.clone()
            },
            streams: context.streams,
            study: OnceLock::new(),
            updates: 0,
            graphs,
            pictures,
            device,
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let host = self.batches.next(step)?;
        let labels = host.labels().to_vec();
        // Pictures stay off the tape: nothing needs their gradients.
        let (images, _) = self.pictures.upload(host, &self.device.clone().inner());
        let rate = half_cosine(self.config.training.rate, step, self.config.schedule.steps);
        let (dropped, learner) = (self.dropped(step), &mut self.learner);
        let seed = self.streams.number("device", step);
        let update = dropout::seeded(seed, || learner.step(images, &labels, dropped, rate))?;
        self.updates = step + 1;
        Ok(vec![
            ("loss".to_owned(), update.loss),
            ("accuracy".to_owned(), update.accuracy),
            ("rate".to_owned(), rate),
        ])
    }

    fn evaluate(&self) -> Result<Scalars> {
        let mut scalars = evaluate::errors(&self.learner.model.valid(), &self.pictures)?;
        // Each time: a run may end at any of them, and its best is measured by itself.
        scalars.extend(evaluate::size(&self.config, &self.graphs, &self.pictures));
        if let Some(study) = self.study()? {
            scalars.extend(study.correlations());
        }
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let model = self.learner.model.valid();
        let mut figures = vec![figures::cost(&self.config, &self.graphs, &self.pictures)];
        figures.extend(figures::wires(&model)?);
        if let Some(study) = self.study()? {
            figures.extend(study.figures()?);
        }
        if let Some(set) = self.pictures.test_set() {
            let classification = evaluate::classify(&model, &self.pictures, set)?;
            figures.push(classification.samples(set)?);
            figures.push(classification.confusion(set));
        }
        Ok(figures)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        let wiring = Wiring {
            network: self.config.network.clone(),
            graphs: self.graphs.clone(),
        };
        wiring.save(checkpoint)?;
        checkpoint.module("model", &self.learner.model.valid())?;
        checkpoint.optimizer("optimizer", &self.learner.optimizer)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        Wiring::saved(checkpoint)?.check(&self.graphs)?;
        self.learner.model = checkpoint.module("model", self.learner.model.clone())?;
        self.learner.optimizer = checkpoint.optimizer("optimizer", self.learner.optimizer.clone())?;
        self.updates = checkpoint.step();
        self.study = OnceLock::new();
        Ok(())
    }
}

impl Classify {
    /// The network that learns.
    pub fn model(&self) -> &Model {
        &self.learner.model
    }

    /// The network, taken out.
    pub fn into_model(self) -> Model {
        self.learner.model
    }

    /// The wires of each stage, `None` for dense ones.
    pub fn graphs(&self) -> &[Option<Graph>] {
        &self.graphs
    }

    /// What it learns from and is measured by.
    pub fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// The configuration, with the number of channels that was fitted to a cost.
    pub fn config(&self) -> &RandWireConfig {
        &self.config
    }

    /// The edge that update `step` leaves out, if it does.
    fn dropped(&self, step: u64) -> Option<Damage> {
        if self.config.training.edge_drop == 0.0 {
            return None;
        }
        let mut generator = self.streams.at("edge drop", step, 0);
        let drops = generator.random_bool(self.config.training.edge_drop);
        drops.then(|| self.droppable.choose(&mut generator).copied()).flatten()
    }

    /// What damage does to the trained network; none before the last update, and where none is asked for.
    fn study(&self) -> Result<Option<&Study>> {
        let is_trained = self.updates >= self.config.schedule.steps;
        let asked = self.config.damage.pictures > 0 && is_trained;
        let model = self.learner.model.valid();
        let Some(network) = model.wired().filter(|_| asked) else {
            return Ok(None);
        };
        if let Some(study) = self.study.get() {
            return Ok(Some(study));
        }
        let study = Study::of(network, &self.pictures, &self.config.damage, &self.streams)?;
        Ok(Some(self.study.get_or_init(|| study)))
    }
}

fn warn_of_parts(graphs: &[Option<Graph>]) {
    for (stage, graph) in graphs.iter().enumerate() {
        let parts = graph.as_ref().map_or(1, Graph::components);
        if parts > 1 {
            log::warn!(
                "the graph of stage {stage} falls into {parts} parts; each has inputs and outputs of its own, as in the paper; \
                 `--set network.connectivity={{require={{tries=200}}}}` draws connected ones"
            );
        }
    }
}

impl fmt::Debug for Classify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classify")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use papers_core::{base::config, testing};

    use super::*;
    use crate::{config::PRESETS, network::Removal};

    fn begun(sets: &[&str]) -> Classify {
        let small = [
            "network.channels=4",
            "network.head=8",
            "damage.pictures=0",
            "data.test=64",
        ];
        let config = config::experiment(PRESETS, "digits", &[&small, sets].concat()).unwrap();
        Classify::new(&config, &Context::new(testing::device(), 2)).unwrap()
    }

    /// Expected are the probability, and each edge as often as any other of any stage; allowed are four deviations.
    #[test]
    fn an_update_drops_one_edge_of_all_stages_with_the_given_probability() {
        const UPDATES: u64 = 20_000;
        let run = begun(&["training.edge_drop=0.1"]);
        let mut counts = BTreeMap::new();
        for damage in (0..UPDATES).filter_map(|step| run.dropped(step)) {
            *counts.entry(damage).or_insert(0_u32) += 1;
        }
        let expected = 0.1 * UPDATES as f64;
        let dropped: u32 = counts.values().sum();
        assert!(
            (f64::from(dropped) - expected).abs() < 4.0 * (0.9 * expected).sqrt(),
            "{dropped}"
        );
        let eligible: usize = run
            .graphs
            .iter()
            .flatten()
            .map(|graph| graph.droppable_edges().len())
            .sum();
        assert_eq!(counts.len(), eligible, "each of them, and no other");
        let each = f64::from(dropped) / eligible as f64;
        assert!(
            counts
                .values()
                .all(|&count| (f64::from(count) - each).abs() < 4.0 * each.sqrt()),
            "{counts:?}"
        );
        for damage in counts.keys() {
            let Removal::Edge([_, to]) = damage.removal else {
                panic!("an edge")
            };
            assert!(run.graphs[damage.stage].as_ref().unwrap().in_degree(to) > 1);
        }
        assert!(
            (0..100).all(|step| run.dropped(step) == run.dropped(step)),
            "a function of the step"
        );
    }

    #[test]
    fn evaluation_drops_nothing() {
        let [never, always] = ["0.0", "1.0"].map(|drop| begun(&[&format!("training.edge_drop={drop}")]));
        assert!((0..20).all(|step| never.dropped(step).is_none() && always.dropped(step).is_some()));
        // Twice the same network: other tests may draw from the device's generator while a second one is made.
        let mut run = always;
        let dropping = run.evaluate().unwrap();
        run.config.training.edge_drop = 0.0;
        assert_eq!(dropping, run.evaluate().unwrap());
    }

    #[test]
    fn where_no_edge_can_be_dropped_none_is() {
        let run = begun(&["network.graph={generator='chain'}", "training.edge_drop=1.0"]);
        assert!((0..20).all(|step| run.dropped(step).is_none()));
    }
}
