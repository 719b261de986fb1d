//! Pictures and tables about a trained model.

use burn::prelude::*;
use papers_core::{
    Result,
    base::{
        Result as BaseResult,
        figure::{Body, Figure, Table, number},
        plot::{self, Chart, Color, Series, Style, palette},
    },
    distributions::DiagonalGaussian,
};

use super::{
    evaluate::Trajectories,
    spirals::{Spiral, SpiralSet, WINDOW},
};

/// Spirals of the grid of reconstructions, and its columns.
const SAMPLES: usize = 9;
const COLUMNS: usize = 3;
/// Latent paths that are drawn.
const PATHS: usize = 40;
const TRUTH: Color = Color(0x99, 0x99, 0x99);

/// Indices of the spirals that are drawn: both families in turn.
pub(super) fn samples(set: &SpiralSet) -> Vec<usize> {
    (0..set.len().min(SAMPLES)).collect()
}

/// Observations, truth and predictions of some spirals, inside and beyond the windows.
pub(super) fn reconstructions(set: &SpiralSet, indices: &[usize], trajectories: &Trajectories) -> Result<Figure> {
    let truth = points(&trajectories.truth)?;
    let predicted = points(&trajectories.predicted)?;
    let charts: Vec<Chart> = indices
        .iter()
        .map(|&index| reconstruction(set.spiral(index), &truth[index], &predicted[index]))
        .collect();
    Ok(Figure {
        name: "reconstructions".to_owned(),
        title: "Test spirals".to_owned(),
        caption: format!(
            "Dots: the {} noisy observations of each, all that the model sees. Dashed: the true curve. Then what the model \
             makes of it at the {WINDOW} times of the observed window, and at the {WINDOW} times that follow.",
            set.observations()
        ),
        body: svg(plot::grid(&charts, COLUMNS))?,
    })
}

fn reconstruction(spiral: &Spiral, truth: &[(f64, f64)], predicted: &[(f64, f64)]) -> Chart {
    let observed = spiral.positions.iter().map(|&[x, y]| (x, y));
    Chart {
        series: vec![
            Series::new("truth", truth.to_vec(), Style::Dashed).colored(TRUTH),
            Series::line("interpolation", predicted[..WINDOW].to_vec()).colored(palette(0)),
            // From the last point inside, so that the line has no gap.
            Series::new("extrapolation", predicted[WINDOW - 1..].to_vec(), Style::Line).colored(palette(1)),
            Series::points("observations", observed).colored(palette(2)),
        ],
        width: 300,
        height: 260,
        equal_aspect: true,
        ..Chart::default()
    }
}

/// Root mean squared error at each time, inside and beyond the windows.
pub(super) fn error_by_time(runs: &[(&str, &Trajectories)], spacing: f64) -> Result<Figure> {
    let mut series = Vec::new();
    for (name, trajectories) in runs {
        let errors = trajectories.rmse_by_time()?;
        let points = errors.into_iter().enumerate();
        series.push(Series::line(
            *name,
            points.map(|(time, error)| (time as f64 * spacing, error)),
        ));
    }
    let end = WINDOW as f64 * spacing;
    let chart = Chart {
        x_label: "time since the start of the window".to_owned(),
        y_label: "RMSE".to_owned(),
        y_scale: plot::Scale::Log,
        series,
        ..Chart::default()
    };
    Ok(Figure {
        name: "error_by_time".to_owned(),
        title: "Error inside and beyond the observed window".to_owned(),
        caption: format!(
            "Over all test spirals, against the noise-free curves. Observations end at {}.",
            number(end)
        ),
        body: svg(chart.to_svg())?,
    })
}

/// The latent trajectories of some spirals: the first two coordinates, colored by family.
pub(super) fn latent_trajectories(set: &SpiralSet, states: &Tensor<3>) -> Result<Figure> {
    let paths = points(&states.clone().narrow(2, 0, 2))?;
    let series = paths.into_iter().take(PATHS).enumerate().map(|(index, path)| {
        let turning = set.spiral(index).turning;
        // One entry of the legend for each family.
        let name = if index < 2 { turning.name() } else { "" };
        Series::new(name, path, Style::Line).colored(palette(turning as usize))
    });
    let chart = Chart {
        x_label: "latent coordinate 1".to_owned(),
        y_label: "latent coordinate 2".to_owned(),
        series: series.collect(),
        ..Chart::default()
    };
    Ok(Figure {
        name: "latent_trajectories".to_owned(),
        title: "Latent trajectories".to_owned(),
        caption: "Paths of test spirals through the first two latent coordinates, from the start of the window to the \
                  end of the extrapolation."
            .to_owned(),
        body: svg(chart.to_svg())?,
    })
}

/// Where the posterior of the initial latent state lies, against where on its curve the first observation is.
pub(super) fn initial_states(set: &SpiralSet, posterior: &DiagonalGaussian<2>) -> Result<Figure> {
    let [size, latent] = posterior.mean.dims();
    let means: Vec<f64> = posterior.mean.clone().try_into_vec_as()?;
    let deviations: Vec<f64> = (posterior.log_variance.clone() * 0.5).exp().try_into_vec_as()?;
    let charts: Vec<Chart> = (0..latent)
        .map(|coordinate| {
            let of_family = |parity: usize| {
                let points = (parity..size).step_by(2).map(|index| {
                    let spiral = set.spiral(index);
                    let time = set.curves().time(spiral.first + spiral.observed[0]);
                    (time, means[index * latent + coordinate])
                });
                let name = set.spiral(parity.min(size - 1)).turning.name();
                Series::points(name, points).colored(palette(parity))
            };
            Chart {
                title: format!("coordinate {}", coordinate + 1),
                x_label: "first observation on its curve".to_owned(),
                y_label: "posterior mean".to_owned(),
                series: vec![of_family(0), of_family(1)],
                width: 380,
                height: 260,
                ..Chart::default()
            }
        })
        .collect();
    let typical = deviations.iter().sum::<f64>() / deviations.len() as f64;
    Ok(Figure {
        name: "initial_states".to_owned(),
        title: "Posterior of the initial state".to_owned(),
        caption: format!(
            "Mean of q(z(t₀) | x) of every test spiral against the time of its first observation on the whole curve; the \
             model is not told that time. The mean standard deviation is {}.",
            number(typical)
        ),
        body: svg(plot::grid(&charts, 2))?,
    })
}

/// The numbers of the evaluation as a table.
pub(super) fn table(model: &str, trajectories: &Trajectories) -> Result<Figure> {
    let rmse = trajectories.rmse()?;
    let mut table = Table::new([
        "model",
        "interpolation RMSE",
        "extrapolation RMSE",
        "evaluations of the dynamics",
    ]);
    let evaluations = trajectories
        .statistics
        .map_or("–".to_owned(), |statistics| statistics.evaluations.to_string());
    table.push([
        model.to_owned(),
        number(rmse.interpolation),
        number(rmse.extrapolation),
        evaluations,
    ]);
    Ok(Figure {
        name: "errors".to_owned(),
        title: "Distance to the noise-free curves".to_owned(),
        caption: "Over all test spirals and both coordinates.".to_owned(),
        body: Body::Table(table),
    })
}

/// `[times, spirals, 2]` as one list of points for each spiral.
fn points(positions: &Tensor<3>) -> Result<Vec<Vec<(f64, f64)>>> {
    let [times, spirals, _] = positions.dims();
    let values: Vec<f64> = positions.clone().try_into_vec_as()?;
    let point = |time: usize, spiral: usize| {
        let start = (time * spirals + spiral) * 2;
        (values[start], values[start + 1])
    };
    Ok((0..spirals)
        .map(|spiral| (0..times).map(|time| point(time, spiral)).collect())
        .collect())
}

fn svg(drawn: BaseResult<String>) -> Result<Body> {
    Ok(Body::Svg(drawn?))
}
