use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::{answer::Answer, preference};

/// An oracle that compares clips by their true returns (section 3.1 of the paper: "synthetic" labels).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    /// Share of answers that are turned around at random.
    pub noise: f64,
    /// Inverse temperature β of an oracle that errs the more, the closer the clips are, in units of the standard
    /// deviation of the clips' returns; none for one that never errs.
    pub boltzmann: Option<f64>,
}

impl Synthetic {
    /// Compares two true returns; `spread` is the standard deviation of the returns of the clips to choose from.
    ///
    /// Equal returns are a tie. What is not a number cannot be compared.
    pub fn compare(&self, first: f64, second: f64, spread: f64, generator: &mut ChaCha8Rng) -> Answer {
        let difference = first - second;
        if !difference.is_finite() {
            return Answer::CantTell;
        }
        let answer = match self.boltzmann {
            None if difference == 0.0 => return Answer::Tie,
            None if difference > 0.0 => Answer::Left,
            None => Answer::Right,
            Some(beta) => {
                let scaled = if spread > 0.0 { difference / spread } else { 0.0 };
                if generator.random::<f64>() < preference::probability(beta * scaled) {
                    Answer::Left
                } else {
                    Answer::Right
                }
            }
        };
        self.err(answer, generator)
    }

    /// Turns its share of answers around; a tie stays one.
    pub fn err(&self, answer: Answer, generator: &mut ChaCha8Rng) -> Answer {
        if generator.random::<f64>() < self.noise {
            answer.swapped()
        } else {
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use papers_core::random::Streams;

    use super::*;

    const EXACT: Synthetic = Synthetic {
        noise: 0.0,
        boltzmann: None,
    };

    fn share_of_left(oracle: Synthetic, first: f64, second: f64, spread: f64) -> f64 {
        let mut generator = Streams::new(0).at("test", 0, 0);
        let left = |_: &u32| oracle.compare(first, second, spread, &mut generator) == Answer::Left;
        f64::from((0..20_000).filter(left).count() as u32) / 20_000.0
    }

    #[test]
    fn the_larger_return_is_better_and_equal_ones_are_a_tie() {
        let mut generator = Streams::new(0).at("test", 0, 0);
        assert_eq!(EXACT.compare(2.0, 1.0, 1.0, &mut generator), Answer::Left);
        assert_eq!(EXACT.compare(-2.0, 1.0, 1.0, &mut generator), Answer::Right);
        assert_eq!(EXACT.compare(1.0, 1.0, 1.0, &mut generator), Answer::Tie);
        assert_eq!(EXACT.compare(f64::NAN, 1.0, 1.0, &mut generator), Answer::CantTell);
    }

    #[test]
    fn noise_turns_its_share_of_answers_around() {
        let noisy = Synthetic { noise: 0.1, ..EXACT };
        // Standard error 0.002: four of them.
        assert!((share_of_left(noisy, 1.0, 0.0, 1.0) - 0.9).abs() < 0.0085);
    }

    #[test]
    fn a_boltzmann_oracle_errs_by_the_difference_in_units_of_the_spread() {
        let oracle = Synthetic {
            boltzmann: Some(1.0),
            ..EXACT
        };
        // 1 / (1 + exp(-1)) = 0.731, whatever the scale of returns.
        for scale in [1.0, 1000.0] {
            assert!((share_of_left(oracle, scale, 0.0, scale) - 0.731).abs() < 0.013);
        }
        assert!((share_of_left(oracle, 1.0, 1.0, 1.0) - 0.5).abs() < 0.015);
    }
}
