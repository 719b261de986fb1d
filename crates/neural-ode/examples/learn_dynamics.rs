//! Learns the parameters of an equation from a few observations of its solution: gradients through the solver are
//! `loss.backward()`.
//!
//! ```sh
//! cargo run --release -p neural-ode --example learn_dynamics
//! ```

use burn::{
    module::{Module, Param},
    optim::{AdamConfig, GradientsParams},
    prelude::*,
};
use neural_ode::{Dynamics, GradientMode, Method, Solver};

/// Predators and their prey: `x' = a·x - b·x·y`, `y' = d·x·y - c·y`, with rates `[a, b, c, d]`.
#[derive(Module, Debug)]
struct LotkaVolterra {
    rates: Param<Tensor<1>>,
}

impl LotkaVolterra {
    fn new(rates: [f32; 4], device: &Device) -> Self {
        Self {
            rates: Param::from_tensor(Tensor::from_floats(rates, device)),
        }
    }
}

impl Dynamics<Tensor<1>> for LotkaVolterra {
    fn evaluate(&self, _time: f64, state: Tensor<1>) -> Tensor<1> {
        let rate = |index| self.rates.val().narrow(0, index, 1);
        let (prey, predators) = (state.clone().narrow(0, 0, 1), state.narrow(0, 1, 1));
        let met = prey.clone() * predators.clone();
        Tensor::cat(
            vec![
                prey * rate(0) - met.clone() * rate(1),
                met * rate(3) - predators * rate(2),
            ],
            0,
        )
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let times: Vec<f64> = (0..=20).map(|index| f64::from(index) * 0.25).collect();
    let solver = Solver::new(Method::Dopri5)
        .tolerances(1e-4, 1e-5)
        .gradient(GradientMode::Adjoint);

    let truth = LotkaVolterra::new([1.3, 0.9, 0.8, 1.8], &plain);
    let observed = solver
        .solve(&truth, Tensor::from_floats([1.0, 1.0], &plain), &times)?
        .states;

    let mut model = LotkaVolterra::new([1.0, 1.0, 1.0, 1.0], &device);
    let mut optimizer = AdamConfig::new().init();
    for update in 0..=300 {
        let start = Tensor::from_floats([1.0, 1.0], &device);
        let solution = solver.solve_module(&model, start, &times)?;
        let pairs = solution.states.iter().zip(&observed);
        let errors = pairs.map(|(state, seen)| (state.clone() - seen.clone().autodiff()).square());
        let loss = Tensor::cat(errors.collect(), 0).mean();
        if update % 100 == 0 {
            let value: f32 = loss.clone().into_scalar();
            println!(
                "update {update}: loss {value:.6}, rates {}",
                model.rates.val().into_data()
            );
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.1, model, gradients);
    }
    Ok(())
}
