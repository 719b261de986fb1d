//! A small network on made-up points.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use divide_and_conquer::{Backbone, Embedder, Mode, Slices};
use papers_core::{random::Streams, testing};
use rand::RngExt;

/// One layer with ReLU.
#[derive(Module, Debug)]
pub(crate) struct Layer {
    layer: Linear,
}

impl Backbone<2> for Layer {
    fn features(&self, inputs: Tensor<2>, _: Mode) -> Tensor<2> {
        relu(self.layer.forward(inputs))
    }
}

pub(crate) const INPUTS: usize = 6;
pub(crate) const FEATURES: usize = 16;

/// An embedder on the tape.
pub(crate) fn embedder(dimension: usize, learners: usize) -> Embedder<Layer> {
    let device = testing::device().autodiff();
    let slices = Slices::new(dimension, learners).expect("equal slices");
    Streams::new(1).initialize("model", &device, || {
        let backbone = Layer {
            layer: LinearConfig::new(INPUTS, FEATURES).init(&device),
        };
        Embedder::new(backbone, FEATURES, slices, &device)
    })
}

/// Points around one center for each class, and their classes.
pub(crate) struct Points {
    pub(crate) values: Vec<f32>,
    pub(crate) labels: Vec<usize>,
}

impl Points {
    pub(crate) fn new(classes: usize, of_each: usize) -> Self {
        let random = &mut Streams::new(2).at("points", 0, 0);
        let centers: Vec<f32> = (0..classes * INPUTS).map(|_| random.random_range(-1.0..1.0)).collect();
        let labels: Vec<usize> = (0..classes * of_each).map(|index| index % classes).collect();
        let value = |(&label, column): (&usize, usize)| (label * INPUTS + column, column);
        let places = labels
            .iter()
            .flat_map(|label| (0..INPUTS).map(move |column| value((label, column)).0));
        let values = places
            .map(|place| centers[place] + random.random_range(-0.3..0.3))
            .collect();
        Self { values, labels }
    }

    pub(crate) fn all(&self, device: &Device) -> Tensor<2> {
        let shape = [self.labels.len(), INPUTS];
        Tensor::from_data(TensorData::new(self.values.clone(), shape), device)
    }

    pub(crate) fn batch(&self, indices: &[usize], device: &Device) -> (Tensor<2>, Vec<usize>) {
        let values: Vec<f32> = indices
            .iter()
            .flat_map(|&index| self.values[index * INPUTS..(index + 1) * INPUTS].to_vec())
            .collect();
        let inputs = Tensor::from_data(TensorData::new(values, [indices.len(), INPUTS]), device);
        (inputs, indices.iter().map(|&index| self.labels[index]).collect())
    }
}
