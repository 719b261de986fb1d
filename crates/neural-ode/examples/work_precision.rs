//! Prints what accuracy costs with each method that chooses its own steps: the numbers behind the guide.
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
    stiff()
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
