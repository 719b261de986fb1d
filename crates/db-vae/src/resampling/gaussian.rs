//! A soft histogram on a fixed grid, to which each row adds the mass of its Gaussian.

use super::ResamplingError;
use crate::latent_histogram::Latents;

/// Deviations of a row's Gaussian that are looked at; beyond lies less than 1e-9 of it.
const REACH: f64 = 6.0;

/// `-Σ log(Q̂ + α)` over dimensions, where `Q̂` of a row is what all rows' Gaussians have in the cells on average, weighted by how much
/// of its own Gaussian is in each.
///
/// What of a Gaussian lies beyond the grid counts to its first or last cell.
pub(super) fn logarithms(
    latents: &Latents,
    cells: usize,
    alpha: f64,
    half_width: f64,
) -> Result<Vec<f64>, ResamplingError> {
    if cells == 0 {
        return Err(ResamplingError::Bins { bins: cells });
    }
    let log_variances = latents.log_variances().ok_or(ResamplingError::Missing {
        strategy: "gaussian",
        what: "the variances of the encoder",
    })?;
    let (rows, dimensions) = (latents.rows(), latents.dimensions());
    let mut logarithms = vec![0.0; rows];
    for dimension in 0..dimensions {
        let mut shares = vec![0.0; cells];
        let row = |row: usize| {
            let place = row * dimensions + dimension;
            (latents.means()[place], (0.5 * log_variances[place]).exp())
        };
        for index in 0..rows {
            let (mean, deviation) = row(index);
            masses(mean, deviation, cells, half_width, |cell, mass| {
                shares[cell] += mass / rows as f64;
            });
        }
        for (index, logarithm) in logarithms.iter_mut().enumerate() {
            let (mean, deviation) = row(index);
            let mut density = 0.0;
            masses(mean, deviation, cells, half_width, |cell, mass| {
                density += mass * shares[cell];
            });
            *logarithm -= (density + alpha).ln();
        }
    }
    Ok(logarithms)
}

/// Gives each cell within reach what of a Gaussian lies in it; the masses sum to 1.
fn masses(mean: f64, deviation: f64, cells: usize, half_width: f64, mut give: impl FnMut(usize, f64)) {
    let width = 2.0 * half_width / cells as f64;
    let cell_of = |value: f64| (((value + half_width) / width).floor().max(0.0) as usize).min(cells - 1);
    let (first, last) = (cell_of(mean - REACH * deviation), cell_of(mean + REACH * deviation));
    let mut below = 0.0;
    for cell in first..=last {
        let end = -half_width + (cell + 1) as f64 * width;
        let up_to = match cell == last {
            true => 1.0,
            false => cumulated((end - mean) / deviation.max(f64::MIN_POSITIVE)),
        };
        give(cell, up_to - below);
        below = up_to;
    }
}

/// The standard normal distribution function, to 2e-7: with the Chebyshev fit of the complementary error function (Numerical
/// Recipes, section 6.2).
fn cumulated(value: f64) -> f64 {
    let z = value.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let coefficients = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let polynomial = coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * t + coefficient);
    let above = 0.5 * t * (-z * z + polynomial).exp();
    if value > 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_function_at_tabulated_places() {
        for (value, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746),
            (-1.96, 0.024_997_895),
            (3.0, 0.998_650_102),
        ] {
            assert!((cumulated(value) - expected).abs() < 2e-7, "{value}");
        }
    }

    #[test]
    fn all_of_a_gaussian_is_given_wherever_it_lies() {
        for (mean, deviation) in [(0.0, 1.0), (-40.0, 0.1), (14.9, 3.0), (2.0, 1e-300), (0.0, 1e3)] {
            let mut sum = 0.0;
            masses(mean, deviation, 30, 15.0, |_, mass| sum += mass);
            assert!((sum - 1.0_f64).abs() < 1e-12, "{mean} {deviation}: {sum}");
        }
    }
}
