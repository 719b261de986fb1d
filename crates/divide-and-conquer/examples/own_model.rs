//! Divide and conquer with a network and data of one's own: points of twenty classes around centers of their own.
//!
//! ```sh
//! cargo run --release -p divide-and-conquer --example own_model
//! ```

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use divide_and_conquer::{
    Backbone, BatchShape, Course, DivideConfig, Embedder, Mode, OptimizerConfig, Rows, SliceUpdate, Slices, Trainer,
    loss::{TripletConfig, TripletLoss},
    retrieval::{Labeled, Protocol, retrieve},
};
use papers_core::random::Streams;
use rand::RngExt;

/// Any Burn module that makes features.
#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
}

impl Backbone<2> for Network {
    fn features(&self, inputs: Tensor<2>, _: Mode) -> Tensor<2> {
        relu(self.second.forward(relu(self.first.forward(inputs))))
    }
}

const CLASSES: usize = 20;
const INPUTS: usize = 16;

/// Points of so many classes, each around its own center, with much noise.
fn points(name: &str, count: usize) -> (Vec<f32>, Vec<usize>) {
    let streams = Streams::new(0);
    let centers = &mut streams.at(name, 0, 0);
    let centers: Vec<f32> = (0..CLASSES * INPUTS).map(|_| centers.random_range(-1.0..1.0)).collect();
    let noise = &mut streams.at(name, 1, 0);
    let labels: Vec<usize> = (0..count).map(|index| index % CLASSES).collect();
    let place = |label: usize| (0..INPUTS).map(move |column| label * INPUTS + column);
    let values = labels.iter().flat_map(|&label| place(label));
    // The first half of the numbers tells classes apart; the others are noise, and larger.
    let value = |place: usize| match place % INPUTS < INPUTS / 2 {
        true => centers[place] + noise.random_range(-0.4..0.4),
        false => noise.random_range(-1.5..1.5),
    };
    (values.map(value).collect(), labels)
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    const STEPS: u64 = 600;
    let streams = Streams::new(0);
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let tensor = |values: Vec<f32>| {
        let count = values.len() / INPUTS;
        Tensor::<2>::from_data(TensorData::new(values, [count, INPUTS]), &plain)
    };
    let (values, labels) = points("training classes", 1000);
    let slices = Slices::new(32, 4)?;
    let model = streams.initialize("model", &device, || {
        let backbone = Network {
            first: LinearConfig::new(INPUTS, 64).init(&device),
            second: LinearConfig::new(64, 64).init(&device),
        };
        Embedder::new(backbone, 64, slices, &device)
    });
    // Any loss of this crate, or one of your own: implement `MetricLoss`.
    let loss = TripletLoss::new(TripletConfig::default());
    let optimizer = OptimizerConfig {
        learning_rate: 1e-3,
        ..OptimizerConfig::default()
    };
    let mut trainer = Trainer::new(model, loss, &optimizer, SliceUpdate::Paper)?;
    let config = DivideConfig {
        learners: 4,
        warm_up: 2,
        slices_until: 8,
        clusters_until: 8,
        ..DivideConfig::default()
    };
    let shape = BatchShape { classes: 5, images: 4 };
    let mut course = Course::new(&config, STEPS / 12, labels.clone(), shape, streams)?;
    let embed = |trainer: &Trainer<Network, TripletLoss>, values: &[f32]| -> anyhow::Result<Rows> {
        let (_, embeddings) = trainer.evaluation_model().forward(tensor(values.to_vec()));
        Ok(Rows::of_tensor(embeddings)?.normalized("embeddings")?)
    };
    let (unseen, classes) = points("test classes", 400);
    let report = |trainer: &Trainer<Network, TripletLoss>, step: u64| -> anyhow::Result<()> {
        let rows = embed(trainer, &unseen)?;
        let found = retrieve(Labeled::new(&rows, &classes)?, Protocol::OtherQueries, &[1, 4], &plain)?;
        println!(
            "after {step} updates: Recall@1 {:.3}, Recall@4 {:.3}",
            found.recall[0], found.recall[1]
        );
        Ok(())
    };
    report(&trainer, 0)?;
    for step in 0..STEPS {
        if course.divides_at(step) {
            let record = course.divide(&embed(&trainer, &values)?, step, &plain)?;
            println!("update {step}: clusters of {:?}", record.sizes);
        }
        let turn = course.turn(step);
        let chosen = turn
            .indices
            .iter()
            .flat_map(|&index| values[index * INPUTS..(index + 1) * INPUTS].to_vec());
        let of_batch: Vec<usize> = turn.indices.iter().map(|&index| labels[index]).collect();
        trainer.step(
            tensor(chosen.collect()),
            &of_batch,
            &turn,
            1.0,
            &mut streams.at("mine", step, 0),
        )?;
    }
    report(&trainer, STEPS)
}
