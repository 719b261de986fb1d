//! Learns from where a ball stops how it bounces: events end the solves, and gradients flow through their times.
//!
//! The ball falls, and at the ground loses part of its speed. Observed are only the times between its hits; how deep the
//! ground lies and which share of the speed is kept are learnt from them.
//!
//! ```sh
//! cargo run --release -p neural-ode --example bouncing_ball
//! ```

use burn::{
    module::{Module, Param},
    optim::{AdamConfig, GradientsParams},
    prelude::*,
};
use neural_ode::{Direction, Dynamics, Events, Method, SolveError, Solver};

/// How high the ball is let go.
const START: f32 = 5.0;
const GRAVITY: f32 = 9.81;
const BOUNCES: usize = 4;

/// `h' = v`, `v' = -9.81`; at `h = ground`, falling, `v` becomes `-kept · v`.
#[derive(Module, Debug)]
struct Ball {
    ground: Param<Tensor<1>>,
    kept: Param<Tensor<1>>,
}

impl Ball {
    fn new([ground, kept]: [f32; 2], device: &Device) -> Self {
        let number = |value| Param::from_tensor(Tensor::from_floats([value], device));
        Self {
            ground: number(ground),
            kept: number(kept),
        }
    }

    /// The times between bounces, each `[1]`.
    fn bounces(&self, solver: &Solver, device: &Device) -> Result<Vec<Tensor<1>>, SolveError> {
        let hits_ground = Events::new(|_: f64, state: Tensor<1>| state.narrow(0, 0, 1) - self.ground.val())
            .direction(Direction::Falling)
            .tolerance(1e-6);
        let mut state = Tensor::<1>::from_floats([START, 0.0], device);
        let mut spans = Vec::new();
        for _ in 0..BOUNCES {
            // Without a dependence on time, every flight begins at 0.
            let flight = solver.solve_event_module(self, state, 0.0, 10.0, &hits_ground)?;
            spans.push(flight.events[0].moment.clone());
            let speed = flight.state.narrow(0, 1, 1);
            state = Tensor::cat(vec![self.ground.val(), speed.neg() * self.kept.val()], 0);
        }
        Ok(spans)
    }
}

impl Dynamics<Tensor<1>> for Ball {
    fn evaluate(&self, _time: f64, state: Tensor<1>) -> Tensor<1> {
        let speed = state.narrow(0, 1, 1);
        Tensor::cat(vec![speed.clone(), speed.full_like(-GRAVITY)], 0)
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    let device = Device::flex().autodiff();
    let solver = Solver::new(Method::Tsit5).tolerances(1e-5, 1e-6);
    let truth = Ball::new([0.5, 0.8], &device);
    let observed: Vec<_> = truth
        .bounces(&solver, &device)?
        .into_iter()
        .map(Tensor::detach)
        .collect();

    let mut ball = Ball::new([1.5, 0.6], &device);
    let mut optimizer = AdamConfig::new().init();
    for update in 0..=300 {
        let pairs = ball.bounces(&solver, &device)?.into_iter().zip(&observed);
        let errors = pairs.map(|(span, seen)| (span - seen.clone()).square());
        let loss = Tensor::cat(errors.collect(), 0).mean();
        if update % 100 == 0 {
            let value: f32 = loss.clone().into_scalar();
            let number = |param: &Param<Tensor<1>>| param.val().into_scalar::<f32>();
            let (ground, kept) = (number(&ball.ground), number(&ball.kept));
            println!("update {update}: loss {value:.7}, ground {ground:.4}, kept {kept:.4}");
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &ball);
        ball = optimizer.step(0.03, ball, gradients);
    }
    Ok(())
}
