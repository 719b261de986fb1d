//! Adaptive resampling: what is rare in the latent space is drawn more often (section 3.2, algorithm 1).
//!
//! All strategies are computed with logarithms: the paper's product of 100 densities leaves the range of numbers.

mod error;
mod gaussian;
mod sampler;
mod weights;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use error::ResamplingError;
pub use sampler::{DebiasingSampler, SCARCE, SamplingReport};
pub use weights::{InverseCdf, SamplingWeights};

use crate::latent_histogram::{Histogram, Latents, histograms};

/// Dimensions that tell less than this, in nats, are collapsed.
pub const ACTIVE_DIVERGENCE: f64 = 0.01;

/// Halvings of the interval that the exponent of [`Resampling::Tempered`] is looked for in.
const HALVINGS: usize = 200;

/// How often rows are drawn, by where an encoder puts them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Resampling {
    /// All alike: no debiasing.
    Uniform,
    /// The paper's formula: `w ∝ Π 1 / (Q̂(z) + α)` over dimensions, with histograms in place of Q.
    PaperProduct {
        /// Debiasing power α: the smaller, the stronger.
        alpha: f64,
        /// Whether `Q̂` is the share of a bin, or that by its width.
        #[serde(default)]
        estimate: Estimate,
    },
    /// What the first author's public code does: the greatest of the inverse densities of the dimensions.
    LabMax {
        /// Added to each density.
        smoothing: f64,
    },
    /// An independent reproduction's: the product of the five greatest inverse densities.
    Top5Product {
        /// Added to each density.
        smoothing: f64,
    },
    /// Ours: the paper's product to the greatest power up to 1 that leaves an effective sample size of `rho · N`.
    Tempered {
        /// Debiasing power α.
        alpha: f64,
        /// Least effective sample size, as a share of the rows.
        rho: f64,
    },
    /// An independent reproduction's: a soft histogram on a fixed grid to which each row adds all of its Gaussian.
    Gaussian {
        /// Debiasing power α.
        alpha: f64,
        /// Half the width of the grid, in units of the prior's deviation.
        #[serde(default = "half_width")]
        half_width: f64,
    },
    /// Each true group as often as the others; sees what is to stay hidden, and shows how far resampling could come.
    Oracle,
}

fn half_width() -> f64 {
    15.0
}

/// What stands for a density in [`Resampling::PaperProduct`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimate {
    /// The share of a bin.
    #[default]
    Mass,
    /// The share of a bin by its width.
    Density,
}

impl Resampling {
    /// The name of the strategy in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::PaperProduct { .. } => "paper-product",
            Self::LabMax { .. } => "lab-max",
            Self::Top5Product { .. } => "top5-product",
            Self::Tempered { .. } => "tempered",
            Self::Gaussian { .. } => "gaussian",
            Self::Oracle => "oracle",
        }
    }

    /// Whether it looks at latents at all.
    pub fn needs_latents(&self) -> bool {
        !matches!(self, Self::Uniform | Self::Oracle)
    }

    /// Whether collapsed dimensions are left out unless asked for: their histograms fill the whole range with noise. The public
    /// code has no such rule.
    pub fn prefers_active_dimensions(&self) -> bool {
        matches!(self, Self::PaperProduct { .. } | Self::Tempered { .. })
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Setting`]: α ≤ 0 or not finite, smoothing below 0, ρ outside of (0, 1], a grid without width.
    pub fn validate(&self) -> Result<(), ResamplingError> {
        let require = |holds: bool, name, what: &str, value: f64| match holds {
            true => Ok(()),
            false => Err(ResamplingError::Setting {
                name,
                problem: format!("must be {what}, not {value}"),
            }),
        };
        let positive = |name, value: f64| require(value.is_finite() && value > 0.0, name, "above 0 and finite", value);
        match *self {
            Self::Uniform | Self::Oracle => Ok(()),
            Self::PaperProduct { alpha, .. } => positive("alpha", alpha),
            Self::LabMax { smoothing } | Self::Top5Product { smoothing } => require(
                smoothing.is_finite() && smoothing >= 0.0,
                "smoothing",
                "at least 0 and finite",
                smoothing,
            ),
            Self::Tempered { alpha, rho } => {
                positive("alpha", alpha)?;
                check_share(rho)
            }
            Self::Gaussian { alpha, half_width } => {
                positive("alpha", alpha)?;
                positive("half_width", half_width)
            }
        }
    }

    /// The probability of drawing each row.
    ///
    /// `groups` are true groups, which only [`Oracle`](Self::Oracle) looks at.
    ///
    /// # Errors
    ///
    /// Settings out of their range, histograms that cannot be made, weights that give nothing a chance, an oracle without groups, or
    /// [`Gaussian`](Self::Gaussian) without variances.
    pub fn weights(
        &self,
        latents: &Latents,
        bins: usize,
        groups: Option<&[usize]>,
    ) -> Result<SamplingWeights, ResamplingError> {
        self.validate()?;
        match *self {
            Self::Uniform => SamplingWeights::uniform(latents.rows()),
            Self::PaperProduct { alpha, estimate } => {
                SamplingWeights::from_logarithms(&product_logarithms(&histograms(latents, bins)?, alpha, estimate))
            }
            Self::LabMax { smoothing } => lab_max(&histograms(latents, bins)?, smoothing),
            Self::Top5Product { smoothing } => top_product(&histograms(latents, bins)?, smoothing),
            Self::Tempered { alpha, rho } => {
                let logarithms = product_logarithms(&histograms(latents, bins)?, alpha, Estimate::Mass);
                Ok(tempered(&logarithms, rho)?.0)
            }
            Self::Gaussian { alpha, half_width } => {
                SamplingWeights::from_logarithms(&gaussian::logarithms(latents, bins, alpha, half_width)?)
            }
            Self::Oracle => oracle(latents.rows(), groups),
        }
    }
}

/// `log w` of the paper's product before it is normalized: `-Σ log(Q̂ + α)` over dimensions.
pub fn product_logarithms(histograms: &[Histogram], alpha: f64, estimate: Estimate) -> Vec<f64> {
    let rows = histograms.first().map_or(0, |histogram| histogram.bin_of_row.len());
    let mut logarithms = vec![0.0; rows];
    for histogram in histograms {
        let probabilities = match estimate {
            Estimate::Mass => histogram.masses(),
            Estimate::Density => histogram.densities(),
        };
        let of_bin: Vec<f64> = probabilities
            .iter()
            .map(|probability| (probability + alpha).ln())
            .collect();
        for (logarithm, &bin) in logarithms.iter_mut().zip(&histogram.bin_of_row) {
            *logarithm -= of_bin[bin as usize];
        }
    }
    logarithms
}

fn check_share(rho: f64) -> Result<(), ResamplingError> {
    match rho > 0.0 && rho <= 1.0 {
        true => Ok(()),
        false => Err(ResamplingError::Setting {
            name: "rho",
            problem: format!("must be above 0 and at most 1, not {rho}"),
        }),
    }
}

/// The greatest power up to 1 of weights, given by their logarithms, whose effective sample size is at least `rho · N`; and that
/// power. Ties of rounding aside, power 0 has the size N.
///
/// # Errors
///
/// [`ResamplingError::Setting`] if ρ is outside of (0, 1]; [`ResamplingError::Degenerate`].
pub fn tempered(logarithms: &[f64], rho: f64) -> Result<(SamplingWeights, f64), ResamplingError> {
    check_share(rho)?;
    let at = |power: f64| {
        let scaled: Vec<f64> = logarithms.iter().map(|logarithm| power * logarithm).collect();
        SamplingWeights::from_logarithms(&scaled)
    };
    let least = rho * logarithms.len() as f64;
    let whole = at(1.0)?;
    if whole.effective_sample_size() >= least {
        return Ok((whole, 1.0));
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if at(middle)?.effective_sample_size() >= least {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok((at(low)?, low))
}

/// Logarithms of the inverse smoothed density of each bin of one dimension, normalized over rows.
fn inverse_density(histogram: &Histogram, smoothing: f64) -> Vec<f64> {
    let mut densities = histogram.densities();
    densities.iter_mut().for_each(|density| *density += smoothing);
    let over_bins: f64 = densities.iter().sum();
    let of_bin: Vec<f64> = densities.iter().map(|density| over_bins.ln() - density.ln()).collect();
    // Of bins that hold rows: others may have an infinite inverse, which nobody sees.
    let sum: f64 = std::iter::zip(&histogram.counts, &of_bin)
        .filter(|(count, _)| **count > 0)
        .map(|(&count, inverse)| count as f64 * inverse.exp())
        .sum();
    of_bin.into_iter().map(|inverse| inverse - sum.ln()).collect()
}

fn lab_max(histograms: &[Histogram], smoothing: f64) -> Result<SamplingWeights, ResamplingError> {
    let mut greatest = vec![f64::NEG_INFINITY; histograms[0].bin_of_row.len()];
    for histogram in histograms {
        let of_bin = inverse_density(histogram, smoothing);
        for (greatest, &bin) in greatest.iter_mut().zip(&histogram.bin_of_row) {
            *greatest = greatest.max(of_bin[bin as usize]);
        }
    }
    SamplingWeights::from_logarithms(&greatest)
}

/// Factors of [`Resampling::Top5Product`].
const FACTORS: usize = 5;

fn top_product(histograms: &[Histogram], smoothing: f64) -> Result<SamplingWeights, ResamplingError> {
    let columns: Vec<(&Histogram, Vec<f64>)> = histograms
        .iter()
        .map(|histogram| (histogram, inverse_density(histogram, smoothing)))
        .collect();
    let rows = histograms[0].bin_of_row.len();
    let logarithm = |row: usize| {
        let factor = |(histogram, of_bin): &(&Histogram, Vec<f64>)| of_bin[histogram.bin_of_row[row] as usize];
        let mut factors: Vec<f64> = columns.iter().map(factor).collect();
        factors.sort_unstable_by(|one, other| other.total_cmp(one));
        factors.iter().take(FACTORS).sum::<f64>()
    };
    SamplingWeights::from_logarithms(&(0..rows).map(logarithm).collect::<Vec<f64>>())
}

fn oracle(rows: usize, groups: Option<&[usize]>) -> Result<SamplingWeights, ResamplingError> {
    let groups = groups.ok_or(ResamplingError::Missing {
        strategy: "oracle",
        what: "the true group of each row",
    })?;
    if groups.len() != rows {
        return Err(ResamplingError::Shape {
            what: "true groups",
            expected: [rows, 1],
            found: [groups.len(), 1],
        });
    }
    // Numbers of groups may be any.
    let mut counts = HashMap::<usize, usize>::new();
    groups.iter().for_each(|&group| *counts.entry(group).or_default() += 1);
    SamplingWeights::proportional_to(groups.iter().map(|group| 1.0 / counts[group] as f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latents() -> Latents {
        Latents::new(vec![0.0, 0.1, 0.2, 0.1, 0.0, 5.0], 1).unwrap()
    }

    #[test]
    fn the_rare_row_is_drawn_more_often_by_every_strategy_but_uniform() {
        let strategies = [
            Resampling::PaperProduct {
                alpha: 0.01,
                estimate: Estimate::Mass,
            },
            Resampling::LabMax { smoothing: 0.001 },
            Resampling::Top5Product { smoothing: 0.001 },
            Resampling::Tempered { alpha: 0.01, rho: 0.2 },
            Resampling::Gaussian {
                alpha: 0.01,
                half_width: 15.0,
            },
        ];
        let latents = latents().with_log_variances(vec![-4.0; 6]).unwrap();
        for strategy in strategies {
            let weights = strategy.weights(&latents, 10, None).unwrap();
            assert!(weights.values()[5] > 0.25, "{strategy:?}: {weights:?}");
        }
        let uniform = Resampling::Uniform.weights(&latents, 10, None).unwrap();
        assert_eq!(uniform.values(), [1.0 / 6.0; 6]);
    }

    #[test]
    fn an_oracle_draws_each_group_as_often_and_needs_to_know_them() {
        let weights = Resampling::Oracle
            .weights(&latents(), 10, Some(&[0, 0, 0, 0, 2, 1]))
            .unwrap();
        let masses = weights.mass_by_group(&[0, 0, 0, 0, 2, 1], 3);
        masses.iter().for_each(|mass| assert!((mass - 1.0 / 3.0).abs() < 1e-12));
        let huge = Resampling::Oracle
            .weights(&latents(), 10, Some(&[0, 0, 0, 0, usize::MAX, 1]))
            .unwrap();
        assert_eq!(huge, weights);
        assert!(Resampling::Oracle.weights(&latents(), 10, None).is_err());
        assert!(Resampling::Oracle.weights(&latents(), 10, Some(&[0])).is_err());
    }

    #[test]
    fn tempering_stops_at_the_wanted_size() {
        let logarithms = [0.0, 0.0, 0.0, 0.0, 9.0];
        let (weights, power) = tempered(&logarithms, 0.6).unwrap();
        assert!((weights.effective_sample_size() - 3.0).abs() < 1e-9);
        assert!((0.0..1.0).contains(&power));
        let (_, power) = tempered(&logarithms, 0.1).unwrap();
        assert_eq!(power, 1.0);
        for rho in [0.0, -1.0, 1.1, f64::NAN] {
            let error = tempered(&logarithms, rho).unwrap_err();
            assert!(matches!(error, ResamplingError::Setting { name: "rho", .. }), "{error}");
        }
    }

    #[test]
    fn settings_out_of_their_range_are_refused() {
        let product = |alpha| Resampling::PaperProduct {
            alpha,
            estimate: Estimate::Mass,
        };
        for strategy in [
            product(0.0),
            product(-1.0),
            product(f64::NAN),
            product(f64::INFINITY),
            Resampling::LabMax { smoothing: -0.1 },
            Resampling::Top5Product { smoothing: f64::NAN },
            Resampling::Tempered { alpha: 0.1, rho: 0.0 },
            Resampling::Tempered { alpha: 0.1, rho: 1.1 },
            Resampling::Tempered { alpha: 0.0, rho: 0.5 },
            Resampling::Gaussian {
                alpha: 0.1,
                half_width: 0.0,
            },
        ] {
            assert!(strategy.weights(&latents(), 10, None).is_err(), "{strategy:?}");
        }
        assert!(product(f64::MIN_POSITIVE).weights(&latents(), 10, None).is_ok());
        assert!(product(1.0).weights(&latents(), 0, None).is_err());
    }
}
