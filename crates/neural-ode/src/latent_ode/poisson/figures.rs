//! The learned rate beside the true one.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table},
        plot::{Chart, Color, Series, Style, palette},
    },
};

use super::RATE;

const TRUTH: Color = Color(0x99, 0x99, 0x99);
/// Bins of the histogram of events.
const BINS: usize = 40;

pub(super) fn rates(times: &[f64], rates: &[f64], constant: f64, events: &[Vec<f64>]) -> Result<Figure> {
    let end = times[times.len() - 1];
    let line = |value: &dyn Fn(f64) -> f64| times.iter().map(|&time| (time, value(time))).collect::<Vec<_>>();
    let width = end / BINS as f64;
    let observed = (0..BINS).map(|bin| {
        let (from, to) = (bin as f64 * width, (bin + 1) as f64 * width);
        let count = events
            .iter()
            .flatten()
            .filter(|time| (from..to).contains(*time))
            .count();
        (0.5 * (from + to), count as f64 / (events.len() as f64 * width))
    });
    let chart = Chart {
        x_label: "time".to_owned(),
        y_label: "events per unit of time".to_owned(),
        series: vec![
            Series::points("test events, counted", observed).colored(palette(2)),
            Series::new("truth", line(&|time| RATE.at(time)), Style::Dashed).colored(TRUTH),
            Series::new("constant", line(&|_| constant), Style::Faint).colored(palette(1)),
            Series::line("latent ODE", times.iter().copied().zip(rates.iter().copied())).colored(palette(0)),
        ],
        ..Chart::default()
    };
    Ok(Figure {
        name: "rate".to_owned(),
        title: "Rate of events".to_owned(),
        caption:
            "Learned from the times of the training events alone, beside the rate that they were drawn with, the best \
                  constant rate, and the test events counted in bins."
                .to_owned(),
        body: Body::Svg(chart.to_svg()?),
    })
}

pub(super) fn table(model: f64, truth: f64, constant: f64) -> Figure {
    let mut table = Table::new([
        "rate",
        "log-likelihood of a test sequence, nats",
        "share below the true rate",
    ]);
    for (name, score) in [("true", truth), ("latent ODE", model), ("constant", constant)] {
        let share = 100.0 * (truth - score) / truth.abs();
        table.push([name.to_owned(), format!("{score:.3}"), format!("{share:.2} %")]);
    }
    Figure {
        name: "log-likelihood".to_owned(),
        title: "Log-likelihood of test sequences".to_owned(),
        caption: "Mean over the test sequences.".to_owned(),
        body: Body::Table(table),
    }
}
