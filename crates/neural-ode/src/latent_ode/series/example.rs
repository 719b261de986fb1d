//! The series that are there without a file: swinging pendulums, seen now and then.

use std::f64::consts::TAU;

use papers_core::random::Streams;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::table::{Series, SeriesTable};

const COUNT: usize = 60;
const OBSERVATIONS: usize = 40;
const SPAN: f64 = 20.0;
const NOISE: f64 = 0.05;
/// Share of cells that are empty.
const GAPS: f64 = 0.2;

/// Damped swings of equal length from different angles: angle and speed with noise, each cell missing now and then.
pub(super) fn pendulums(streams: &Streams) -> SeriesTable {
    SeriesTable {
        columns: vec!["angle".to_owned(), "speed".to_owned()],
        series: (0..COUNT).map(|index| pendulum(index, streams)).collect(),
    }
}

fn pendulum(index: usize, streams: &Streams) -> Series {
    let mut generator = streams.at("pendulums", 0, index as u64);
    let amplitude = generator.random_range(0.5..1.5);
    let phase = generator.random_range(0.0..TAU);
    let mut times: Vec<f64> = (0..OBSERVATIONS).map(|_| generator.random_range(0.0..SPAN)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let values = times.iter().map(|&time| {
        let (frequency, damping) = (1.2, 0.04);
        let decay = amplitude * (-damping * time).exp();
        let angle = decay * (frequency * time + phase).cos();
        let speed =
            -decay * (damping * (frequency * time + phase).cos() + frequency * (frequency * time + phase).sin());
        let mut cells: Vec<Option<f64>> = [angle, speed]
            .into_iter()
            .map(|value| {
                let noise: f64 = StandardNormal.sample(&mut generator);
                let is_missing = generator.random::<f64>() < GAPS;
                (!is_missing).then_some(value + NOISE * noise)
            })
            .collect();
        if cells.iter().all(Option::is_none) {
            cells[0] = Some(angle);
        }
        cells
    });
    Series {
        id: format!("pendulum {}", index + 1),
        values: values.collect(),
        times,
    }
}
