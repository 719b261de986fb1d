//! Peak memory of the gradient modes, by the number of steps.

use std::io::Write;

use anyhow::Context as _;
use burn::prelude::*;
use papers_core::{
    bench::{
        Session, child, filled,
        memory::{Growth, available},
        three_digits,
    },
    device,
};
use serde_json::json;

use super::perceptron::Perceptron;
use crate::{GradientMode, Method, Solver};

pub(super) const NAME: &str = "memory";

/// Of the solves with a fixed step, over one unit of time.
const STEPS: [usize; 5] = [10, 32, 100, 316, 1000];
const BATCH: usize = 1024;
const WIDTH: usize = 64;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// So that what is resident is what is held: the allocator gives back at once what is freed, in small pages, and there
/// is one thread, whose buffers the first solve has made.
const VARIABLES: [(&str, &str); 3] = [
    ("MIMALLOC_PURGE_DELAY", "0"),
    ("MIMALLOC_ALLOW_THP", "0"),
    ("RAYON_NUM_THREADS", "1"),
];

/// Measures each mode at each number of steps, in a process of its own, and prints a table.
pub(super) fn run(session: &mut Session) -> anyhow::Result<()> {
    let chosen: Vec<_> = names()
        .zip(GradientMode::ALL)
        .filter(|(name, _)| session.wants(name))
        .collect();
    if chosen.is_empty() {
        return Ok(());
    }
    if Growth::start().and_then(Growth::peak).is_none() {
        let result = json!({ "benchmark": NAME, "error": "not measured on this system" });
        return session.row(result, &["\nmemory: not measured on this system"]);
    }
    session.remark(&format!(
        "\npeak memory of forward and backward above what the process had, in MiB: rk4, state {BATCH} x {WIDTH}, {WIDTH} hidden units"
    ))?;
    let steps = STEPS.iter().map(|steps| format!("{steps} steps"));
    let ends = format!("{} to {} steps", STEPS[0], STEPS[STEPS.len() - 1]);
    session.heading(
        &["benchmark".to_owned()]
            .into_iter()
            .chain(steps)
            .chain([ends])
            .collect::<Vec<_>>(),
    )?;
    for (name, mode) in chosen {
        let peaks = peaks(mode)?;
        let growth = growth(&peaks);
        let mebibytes = |peak: &Option<f64>| peak.map_or("too much".to_owned(), |peak| three_digits(peak / MEBIBYTE));
        let result = json!({ "benchmark": name, "steps": STEPS, "peak_bytes": peaks, "growth": growth });
        let mut cells = vec![name];
        cells.extend(peaks.iter().map(mebibytes));
        cells.push(format!("x {}", three_digits(growth)));
        session.row(result, &cells)?;
    }
    session
        .remark("targets: adjoint and adjoint-seminorm within 5 %, direct like the steps, checkpointed in between")?;
    Ok(())
}

/// The names of the benchmarks, in the order of the modes.
pub(super) fn names() -> impl Iterator<Item = String> {
    GradientMode::ALL.into_iter().map(|mode| format!("{NAME}/{mode}"))
}

/// Bytes for each number of steps; `None` where they would be more than half of what is available.
fn peaks(mode: GradientMode) -> anyhow::Result<Vec<Option<f64>>> {
    let mut peaks: Vec<Option<f64>> = Vec::new();
    for (index, &steps) in STEPS.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| (peaks[index], STEPS[index]));
        // At worst it grows like the steps.
        let expected = match before {
            Some((Some(peak), before)) => peak * steps as f64 / before as f64,
            Some((None, _)) => f64::INFINITY,
            None => 0.0,
        };
        let available = available().map_or(f64::INFINITY, |bytes| bytes as f64);
        peaks.push(match expected > 0.5 * available {
            true => None,
            false => Some(peak(mode, steps)?),
        });
    }
    Ok(peaks)
}

/// The last measured one in units of the first.
fn growth(peaks: &[Option<f64>]) -> f64 {
    let measured: Vec<f64> = peaks.iter().flatten().copied().collect();
    measured[measured.len() - 1] / measured[0]
}

fn peak(mode: GradientMode, steps: usize) -> anyhow::Result<f64> {
    let bytes = child::answer(NAME, &format!("{mode} {steps}"), &VARIABLES)?;
    bytes
        .parse()
        .with_context(|| format!("`{bytes}` is no number of bytes"))
}

/// In a process of its own: what `peak` asks for.
pub(super) fn answer(request: &str) -> anyhow::Result<()> {
    let (mode, steps) = request.split_once(' ').context("a mode and a number of steps")?;
    let mode = GradientMode::ALL
        .into_iter()
        .find(|known| known.name() == mode)
        .context("a mode")?;
    let device = device::resolve(device::default_backend()?)?.autodiff();
    let network = Perceptron::new(WIDTH, WIDTH, &device);
    let start: Tensor<2> = filled::tensor([BATCH, WIDTH], 1.0, &device);
    // What is made once, such as threads and their stacks, is not what a solve costs.
    differentiate(&network, start.clone(), mode, 2)?;
    let growth = Growth::start().context("memory cannot be measured on this system")?;
    differentiate(&network, start, mode, steps.parse()?)?;
    let peak = growth.peak().context("memory cannot be measured on this system")?;
    writeln!(std::io::stdout(), "{peak}")?;
    Ok(())
}

fn differentiate(network: &Perceptron, start: Tensor<2>, mode: GradientMode, steps: usize) -> anyhow::Result<()> {
    let solver = Solver::new(Method::Rk4).step_size(1.0 / steps as f64).gradient(mode);
    let solution = solver.solve_module(network, start, &[0.0, 1.0])?;
    solution.into_last().square().sum().backward();
    Ok(())
}
