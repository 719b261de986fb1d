//! How the divergence of a field is found, and the noise that estimates it.

use burn::{prelude::*, tensor::DType};
use papers_core::random::Streams;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How `tr ∂f/∂z` is found along a solve.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a solve has one of them")]
pub enum Trace {
    /// In closed form where the field has one, else by the columns of the Jacobian.
    Exact,
    /// Hutchinson's estimate `mean_k ε_kᵀ (∂f/∂z) ε_k` with `E[εεᵀ] = I`. The noise is drawn once for a solve: one that
    /// changed from evaluation to evaluation would make the field random, and its steps endless.
    ///
    /// `[noises, batch, D]`.
    Hutchinson(Tensor<3>),
}

/// The law of Hutchinson's noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Signs: the least variance.
    #[default]
    Rademacher,
    /// Standard normal numbers.
    Gaussian,
}

impl Noise {
    /// Draws `noises` directions for each of `batch` positions, from a stream of the host.
    pub fn draw(self, streams: &Streams, step: u64, shape: [usize; 3], device: &Device) -> Trace {
        let mut generator = streams.at("trace", step, 0);
        let mut number = || match self {
            Self::Rademacher => f32::from(i8::from(generator.random::<bool>())) * 2.0 - 1.0,
            Self::Gaussian => StandardNormal.sample(&mut generator),
        };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| number()).collect();
        let noise = Tensor::from_data(TensorData::new(values, shape), (device, DType::F32));
        Trace::Hutchinson(noise)
    }
}
