//! What the seed fixes: named streams of random numbers, drawn on the host.
//!
//! A stream is addressed, not advanced: `(seed, name, step, index)` gives the key of a ChaCha generator. Nothing has to
//! be saved with a checkpoint but the seed and the step, draws of one stream never shift those of another, and data
//! workers may draw in any order.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::{module::Module, prelude::*};
use rand::{Rng, RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::port;

/// All random streams of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of a run's seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The generator of stream `name` at `step`, item `index` (0 where a step draws once).
    pub fn at(&self, name: &str, step: u64, index: u64) -> ChaCha8Rng {
        let mut hasher = blake3::Hasher::new_derive_key("burn-papers random stream v1");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&step.to_le_bytes());
        hasher.update(&index.to_le_bytes());
        hasher.update(name.as_bytes());
        ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
    }

    /// A number for a generator that only takes one, such as a device's.
    pub fn number(&self, name: &str, step: u64) -> u64 {
        self.at(name, step, 0).next_u64()
    }

    /// Standard normal numbers, in `f32` precision.
    ///
    /// # Shapes
    ///
    /// - output: `shape`
    pub fn normal<const D: usize>(&self, name: &str, step: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
        let mut generator = self.at(name, step, 0);
        from_host(shape, device, || StandardNormal.sample(&mut generator))
    }

    /// Uniform numbers in `[0, 1)`, in `f32` precision.
    ///
    /// # Shapes
    ///
    /// - output: `shape`
    pub fn uniform<const D: usize>(&self, name: &str, step: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
        let mut generator = self.at(name, step, 0);
        from_host(shape, device, || generator.random::<f32>())
    }

    /// A permutation of `0..length`.
    pub fn permutation(&self, name: &str, step: u64, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        order.shuffle(&mut self.at(name, step, 0));
        order
    }

    /// Builds a module whose initial weights and parameter ids follow from the seed and `name` alone.
    ///
    /// Burn draws initial weights from the device's generator and parameter ids from the operating system: the former
    /// is seeded here and the weights are drawn at once, the latter are replaced by hashes of the parameters' paths.
    pub fn initialize<M: Module>(&self, name: &str, device: &Device, build: impl FnOnce() -> M) -> M {
        let _seeded = self.seed_device(name, 0, device);
        port::with_path_ids(build().materialize(), name)
    }

    /// Seeds the device's own generator. As long as the result is held, nobody else seeds it through this function:
    /// the generator may be one for the whole process.
    pub fn seed_device(&self, name: &str, step: u64, device: &Device) -> MutexGuard<'static, ()> {
        static SEEDING: Mutex<()> = Mutex::new(());
        let seeding = SEEDING.lock().unwrap_or_else(PoisonError::into_inner);
        device.seed(self.number(name, step));
        seeding
    }
}

fn from_host<const D: usize>(shape: [usize; D], device: &Device, mut draw: impl FnMut() -> f32) -> Tensor<D> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| draw()).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;

    use super::*;
    use crate::testing;

    #[test]
    fn the_same_address_gives_the_same_numbers() {
        let first = Streams::new(7).permutation("shuffle", 3, 100);
        assert_eq!(first, Streams::new(7).permutation("shuffle", 3, 100));
    }

    #[test]
    fn every_part_of_the_address_matters() {
        let base = Streams::new(7).at("shuffle", 3, 0).next_u64();
        assert_ne!(base, Streams::new(8).at("shuffle", 3, 0).next_u64());
        assert_ne!(base, Streams::new(7).at("noise", 3, 0).next_u64());
        assert_ne!(base, Streams::new(7).at("shuffle", 4, 0).next_u64());
        assert_ne!(base, Streams::new(7).at("shuffle", 3, 1).next_u64());
    }

    #[test]
    fn the_generator_is_pinned_across_releases() {
        // First output of the stream on the day it was defined: a change of it would change every published number.
        assert_eq!(Streams::new(0).at("pin", 0, 0).next_u64(), 8_732_056_700_799_821_857);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let device = testing::device();
        let draws = Streams::new(1).normal("noise", 0, [200_000], &device);
        let mean: f32 = draws.clone().mean().into_scalar();
        let square: f32 = draws.square().mean().into_scalar();
        // Standard errors are 0.0022 and 0.0032: four of them.
        assert!(mean.abs() < 0.009, "{mean}");
        assert!((square - 1.0).abs() < 0.013, "{square}");
    }

    #[test]
    fn a_module_is_fixed_by_seed_and_name() {
        let device = testing::device();
        let build = |seed, name| {
            let layer = Streams::new(seed).initialize(name, &device, || LinearConfig::new(3, 2).init(&device));
            port::to_bytes(&layer).expect("a record")
        };
        assert_eq!(build(1, "layer"), build(1, "layer"));
        assert_ne!(build(1, "layer"), build(2, "layer"));
        assert_ne!(build(1, "layer"), build(1, "other"));
    }
}
