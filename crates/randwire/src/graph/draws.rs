use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a generator asks chance for. Tests answer by a script.
pub trait Draws {
    /// A number of `[0, 1)`.
    fn uniform(&mut self) -> f64;

    /// One of `0..count`, all equally likely; `count` is at least 1.
    fn below(&mut self, count: usize) -> usize;

    /// One of `0..weights.len()`, each with a probability in proportion to its weight; they do not all weigh nothing.
    fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut rest = self.below(weights.iter().sum());
        for (place, &weight) in weights.iter().enumerate() {
            match rest.checked_sub(weight) {
                Some(less) => rest = less,
                None => return place,
            }
        }
        weights.len() - 1
    }

    /// A permutation of `0..count`, all equally likely.
    fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// Draws that follow from a seed, on every machine and in every version: bits of ChaCha with eight rounds, whose use is
/// written out here.
#[derive(Debug, Clone)]
pub struct SeededDraws(ChaCha8Rng);

impl SeededDraws {
    /// The draws of a seed, which is the beginning of the generator's key, in little endian; the rest is zero.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }
}

impl Draws for SeededDraws {
    /// The upper 53 bits of a draw.
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The remainder of the first draw below the largest multiple of `count`.
    fn below(&mut self, count: usize) -> usize {
        let count = count as u64;
        let beyond = u64::MAX - u64::MAX % count;
        loop {
            let draw = self.0.next_u64();
            if draw < beyond {
                return (draw % count) as usize;
            }
        }
    }
}

/// The seed of a stage's graph: draw number `stage` of SplitMix64 (Steele, Lea, Flood 2014) with the network's seed. The stages of a
/// network have graphs of their own.
pub fn stage_seed(seed: u64, stage: usize) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut mixed = seed.wrapping_add(STEP.wrapping_mul(stage as u64 + 1));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_seeds_are_the_first_draws_of_splitmix() {
        // The reference implementation's draws with seed 1234567 (https://prng.di.unimi.it/splitmix64.c).
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([0, 1, 2].map(|stage| stage_seed(1_234_567, stage)), expected);
    }

    #[test]
    fn draws_are_spread_as_they_should_be() {
        let mut draws = SeededDraws::new(3);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            counts[draws.weighted(&[1, 0, 2])] += 1;
        }
        assert!(counts[1] == 0 && (900..1100).contains(&counts[0]), "{counts:?}");
        let mean = (0..1000).map(|_| draws.uniform()).sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
        let mut order = draws.permutation(50);
        assert!(order.windows(2).any(|pair| pair[0] > pair[1]));
        order.sort_unstable();
        assert!(order.into_iter().eq(0..50));
    }
}
