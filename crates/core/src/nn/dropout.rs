//! Dropout, faster than Burn's on CPUs.

use std::cell::RefCell;

use burn::{prelude::*, tensor::Distribution};
use rand::{SeedableRng, rngs::StdRng};
#[cfg(feature = "flex")]
use {rand::Rng, rand_chacha::ChaCha8Rng};

#[cfg(feature = "flex")]
use super::host::{host, split};
use crate::vjp;

thread_local! {
    /// What dropout of this thread draws from on the CPU, while [`seeded`] works.
    static GENERATOR: RefCell<Option<StdRng>> = const { RefCell::new(None) };
}

/// Runs `work`, in which what is dropped follows on the CPU from `seed`: the same as if the device had been seeded with it and nobody else
/// drew from the device's generator, which is one for the whole process.
pub fn seeded<R>(seed: u64, work: impl FnOnce() -> R) -> R {
    /// Puts back what was there, also behind a panic.
    struct Before(Option<StdRng>);
    impl Drop for Before {
        fn drop(&mut self) {
            GENERATOR.set(self.0.take());
        }
    }
    let _before = Before(GENERATOR.replace(Some(StdRng::seed_from_u64(seed))));
    work()
}

/// Where `input` is on a tape, sets a random `share` of its elements to zero and scales the others up, so that the mean
/// stays (Srivastava et al. 2014); anywhere else, returns it as it is.
///
/// What is dropped follows from the device's generator, or from that of [`seeded`]. On the CPU that gives only the key of another one, which
/// takes a tenth of the time; the share is rounded to a multiple of 1/65,536 then.
///
/// # Shapes
///
/// - input, output: any shape
///
/// # Panics
///
/// If the share is not in `[0, 1)`.
pub fn dropout<const D: usize>(input: Tensor<D>, share: f64) -> Tensor<D> {
    assert!((0.0..1.0).contains(&share), "a share of {share} cannot be dropped");
    if share == 0.0 || !input.is_autodiff() {
        return input;
    }
    vjp::function([input], |[input]| {
        let mask = mask(&input, share);
        (input * mask.clone(), move |gradient| [gradient * mask])
    })
}

/// 0 for what is dropped, and what the others are scaled by.
#[expect(clippy::disallowed_methods, reason = "whoever trains the module seeds the device")]
fn mask<const D: usize>(input: &Tensor<D>, share: f64) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if host(input).is_some() {
        return host_mask(input, share);
    }
    let keep = 1.0 - share;
    input.random_like(Distribution::Bernoulli(keep)) / keep
}

#[cfg(feature = "flex")]
fn host_mask<const D: usize>(input: &Tensor<D>, share: f64) -> Tensor<D> {
    // Elements that one key serves; a cost in nanoseconds per element.
    const PIECE: usize = 1 << 14;
    const COST: usize = 1;
    let device = input.device();
    let below = (share * 65_536.0).round();
    let scale = (65_536.0 / (65_536.0 - below)) as f32;
    let below = below as u16;
    let seed = key(&device);
    let count = input.shape().num_elements();
    let mut values = vec![0.0_f32; count];
    split(&mut values, PIECE, COST * count, |first, values| {
        let mut bytes = vec![0; 2 * PIECE];
        for (index, values) in values.chunks_mut(PIECE).enumerate() {
            let mut generator = ChaCha8Rng::from_seed(seed);
            generator.set_stream((first + index) as u64);
            let bytes = &mut bytes[..2 * values.len()];
            generator.fill_bytes(bytes);
            for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(2)) {
                let drawn = u16::from_le_bytes([bytes[0], bytes[1]]);
                *value = if drawn < below { 0.0 } else { scale };
            }
        }
    });
    Tensor::from_data(TensorData::new(values, input.dims()), (&device, input.dtype()))
}

/// Of the generator that draws what is dropped.
#[cfg(feature = "flex")]
#[expect(clippy::disallowed_methods, reason = "whoever trains the module seeds the device")]
fn key(device: &Device) -> [u8; 32] {
    let distribution = Distribution::Uniform(0.0, 16_777_216.0);
    let draw = |generator: &mut StdRng| TensorData::random::<f32, _, _>([8], distribution, generator);
    let drawn = GENERATOR.with_borrow_mut(|generator| generator.as_mut().map(draw));
    let numbers = drawn.unwrap_or_else(|| Tensor::<1>::random([8], distribution, device).into_data());
    let mut key = [0; 32];
    for (key, number) in key.chunks_exact_mut(4).zip(numbers.iter::<f32>()) {
        key.copy_from_slice(&(number as u32).to_le_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, values};

    fn ones(device: &Device) -> Tensor<2> {
        Tensor::ones([300, 400], device)
    }

    #[test]
    fn its_share_is_dropped_and_the_mean_stays() {
        let device = device().autodiff();
        for share in [0.25, 0.5, 0.9] {
            let dropped = values(seeded(7, || dropout(ones(&device), share)));
            let zeros = dropped.iter().filter(|&&value| value == 0.0).count() as f64 / dropped.len() as f64;
            // Standard errors are at most 0.0015 and 0.0087: four of them.
            assert!((zeros - share).abs() < 0.006, "{share}: {zeros}");
            let mean = dropped.iter().sum::<f64>() / dropped.len() as f64;
            assert!((mean - 1.0).abs() < 0.035, "{share}: {mean}");
        }
    }

    #[test]
    fn gradients_pass_where_values_do() {
        let device = device().autodiff();
        let input = ones(&device).require_grad();
        let output = seeded(7, || dropout(input.clone(), 0.5));
        let gradients = output.clone().sum().backward();
        assert_close(&values(input.grad(&gradients).expect("tracked")), &values(output), 0.0);
    }

    #[test]
    fn a_seed_drops_what_a_device_with_that_seed_drops() {
        let device = device().autodiff();
        let twice = || [0, 1].map(|_| values(dropout(ones(&device), 0.5)));
        let found = seeded(7, twice);
        assert_ne!(found[0], found[1]);
        let inside = seeded(7, || {
            let first = values(dropout(ones(&device), 0.5));
            // Another that works in between, as a thread does that waits for the first.
            seeded(8, twice);
            [first, values(dropout(ones(&device), 0.5))]
        });
        assert_eq!(inside, found);
        let streams = crate::random::Streams::new(0);
        let _seeded = streams.seed_device("dropout", 0, &device);
        assert_eq!(seeded(streams.number("dropout", 0), twice), twice());
    }

    #[test]
    fn nothing_is_dropped_off_the_tape_or_without_a_share() {
        let plain = ones(&device());
        assert_close(&values(dropout(plain.clone(), 0.5)), &values(plain), 0.0);
        let tracked = ones(&device().autodiff());
        assert_close(&values(dropout(tracked.clone(), 0.0)), &values(tracked), 0.0);
    }
}
