//! A function that Burn cannot differentiate usefully, with a gradient by hand: the solution `x` of `x = cos(a·x)`.
//!
//! The fixed point is found by a loop outside the tape. Its derivative follows from the implicit function theorem and
//! needs neither the loop's steps nor their memory: `dx/da = -x·s / (1 + a·s)` with `s = sin(a·x)`.
//!
//! ```sh
//! cargo run --release -p papers-core --example hand_written_gradient
//! ```

use burn::prelude::*;
use papers_core::{device, vjp};

fn fixed_point(a: Tensor<1>) -> Tensor<1> {
    vjp::function([a], |[a]| {
        let mut x = a.ones_like();
        for _ in 0..200 {
            x = (a.clone() * x).cos();
        }
        let solution = x.clone();
        let pullback = move |gradient: Tensor<1>| {
            let sine = (a.clone() * x.clone()).sin();
            let derivative = (x * sine.clone()).neg() / (a * sine + 1.0);
            [gradient * derivative]
        };
        (solution, pullback)
    })
}

fn main() -> anyhow::Result<()> {
    let device = device::resolve(device::default_backend()?)?.autodiff();
    let a = Tensor::<1>::from_floats([0.25, 0.5, 1.0], &device).require_grad();
    let x = fixed_point(a.clone());
    let gradients = x.clone().sum().backward();
    let gradient = a.grad(&gradients).map(Tensor::into_data);

    #[expect(clippy::print_stdout, reason = "an example shows its result")]
    {
        println!("x     = {}", x.into_data());
        println!(
            "dx/da = {}",
            gradient.map_or_else(|| "none".to_owned(), |data| data.to_string())
        );
    }
    Ok(())
}
