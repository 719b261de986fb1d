//! Prints what accuracy costs with each method, what stiffness costs, and what steps of their own are
//! worth to samples: the numbers behind the guide.
//!
//! ```sh
//! cargo run --release -p neural-ode --example work_precision
//! ```

use neural_ode::{Method, Solver, work_precision};
use papers_core::base::figure::Body;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    for figure in work_precision::figures()? {
        if let Body::Table(table) = figure.body {
            println!("{}\n{}\n{}", figure.title, table.to_markdown(), figure.caption);
        }
    }
    stiff()?;
    samples()
}

/// Van der Pol's oscillator at growing damping: when do implicit steps pay?
#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn stiff() -> anyhow::Result<()> {
    use burn::prelude::*;
    println!("\nattempted steps, and milliseconds, to t = 100 at tolerances of 1e-4");
    for damping in [1.0, 10.0, 100.0, 1000.0] {
        let slope = move |_: f64, state: Tensor<1>| {
            let (x, v) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
            let force = (x.clone().square().neg() + 1.0) * v.clone() * damping - x;
            Tensor::cat(vec![v, force], 0)
        };
        let start = Tensor::<1>::from_data([2.0f64, 0.0], (&Device::flex(), burn::tensor::DType::F64));
        let mut cells = Vec::new();
        for method in [Method::Tsit5, Method::Kvaerno3, Method::VariableAdams] {
            let begun = std::time::Instant::now();
            let solver = Solver::new(method).tolerances(1e-4, 1e-4).max_steps(1_000_000);
            let attempts = solver.solve(&slope, start.clone(), &[0.0, 100.0])?.statistics.attempts;
            cells.push(format!(
                "{method} {attempts} ({:.0} ms)",
                1e3 * begun.elapsed().as_secs_f64()
            ));
        }
        println!("damping {damping}: {}", cells.join(", "));
    }
    Ok(())
}

/// Circles, one in sixteen of which turns faster than the others: rows of the state for which the dynamics are evaluated.
#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn samples() -> anyhow::Result<()> {
    use burn::prelude::*;
    use neural_ode::Samples;
    use std::cell::Cell;
    const COUNT: usize = 64;
    println!("\nrows evaluated by tsit5 at tolerances of 1e-6, to t = 10: one step for all, steps of their own");
    let device = Device::flex();
    for factor in [1.0, 3.0, 10.0, 30.0] {
        let speeds: Vec<f64> = (0..COUNT)
            .map(|index| if index.is_multiple_of(16) { factor } else { 1.0 })
            .collect();
        let tensor = |data: Vec<f64>, width: usize| {
            Tensor::<2>::from_data(
                TensorData::new(data, [COUNT, width]),
                (&device, burn::tensor::DType::F64),
            )
        };
        let speeds = tensor(speeds, 1);
        let start = tensor([1.0, 0.0].repeat(COUNT), 2);
        let turn = |state: Tensor<2>, speeds: Tensor<2>| {
            let (x, v) = (state.clone().narrow(1, 0, 1), state.narrow(1, 1, 1));
            Tensor::cat(vec![v, x.neg()], 1) * speeds
        };
        let rows = Cell::new(0);
        let joint = |_: f64, state: Tensor<2>| {
            rows.set(rows.get() + COUNT);
            turn(state, speeds.clone())
        };
        let solver = Solver::new(Method::Tsit5).tolerances(1e-6, 1e-6);
        solver.solve(&joint, start.clone(), &[0.0, 10.0])?;
        let together = rows.replace(0);
        let own = |at: &Samples<'_>, state: Tensor<2>| {
            rows.set(rows.get() + at.indices().len());
            turn(state, at.rows_of(&speeds))
        };
        solver.solve_samples(&own, start, [0.0, 10.0])?;
        let ratio = together as f64 / rows.get() as f64;
        println!(
            "{factor} times faster: {together}, {} ({ratio:.1} times fewer)",
            rows.get()
        );
    }
    Ok(())
}
