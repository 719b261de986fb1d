use serde::{Deserialize, Serialize};

/// The random numbers within an environment: SplitMix64, whose whole state is one number that a snapshot can hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers from 0 to `limit` - 1.
    pub(super) fn below(&mut self, limit: u32) -> i32 {
        // The upper half of a 32 by 32 bit product: its bias is below 1e-8 for the few outcomes drawn here.
        (((self.draw() >> 32) * u64::from(limit)) >> 32) as i32
    }

    /// -1 or 1.
    pub(super) fn sign(&mut self) -> i32 {
        2 * self.below(2) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First numbers of SplitMix64 from seed 1234567, as published with the generator.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut dice = Dice::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| dice.draw()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn every_outcome_comes_as_often_as_the_others() {
        let mut dice = Dice::new(0);
        let mut counts = [0; 5];
        for _ in 0..5000 {
            counts[dice.below(5) as usize] += 1;
        }
        // Five standard deviations of a binomial with 5,000 draws of probability 1/5.
        assert!(counts.iter().all(|count| (count - 1000_i32).abs() < 142), "{counts:?}");
    }
}
