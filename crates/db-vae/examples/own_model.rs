//! The sampler with a model and data of one's own: numbers of two kinds, one of them rare, and a linear encoder.
//!
//! ```sh
//! cargo run --release -p db-vae --example own_model
//! ```

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use db_vae::{
    latent_histogram::Latents,
    resampling::{DebiasingSampler, Resampling},
};
use papers_core::{device, random::Streams};
use rand::RngExt;

const ROWS: usize = 1000;
const FEATURES: usize = 8;
const LATENT: usize = 2;
/// Every fiftieth row is of the rare kind.
const RARE_EVERY: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = device::resolve(device::default_backend()?)?;
    let streams = Streams::new(0);
    let noise: Tensor<2> = streams.normal("rows", 0, [ROWS, FEATURES], &device);
    let shift: Vec<f32> = (0..ROWS).map(|row| if is_rare(row) { 4.0 } else { 0.0 }).collect();
    let rows = noise + Tensor::<1>::from_floats(shift.as_slice(), &device).unsqueeze_dim(1);

    // Any encoder will do, trained with any library; the sampler only wants its latent means, here on the host.
    let encoder: Linear = streams.initialize("encoder", &device, || LinearConfig::new(FEATURES, LATENT).init(&device));
    let means: Vec<f64> = encoder.forward(rows).try_into_vec_as()?;

    let strategy = Resampling::Tempered { alpha: 0.01, rho: 0.2 };
    let mut sampler = DebiasingSampler::new(strategy, 10, ROWS, LATENT)?;
    let share = |sampler: &DebiasingSampler| {
        let mut random = streams.at("draws", 0, 0);
        let drawn = sampler.rows((0..ROWS).map(|_| random.random::<f64>()));
        100.0 * drawn.iter().filter(|&&row| is_rare(row)).count() as f64 / ROWS as f64
    };
    let before = share(&sampler);
    let report = sampler.refresh(&Latents::new(means, LATENT)?, None)?;
    let after = share(&sampler);
    eprintln!("rare rows: {before:.1} % of uniform draws, {after:.1} % of debiased ones");
    eprintln!("effective sample size: {:.0} of {ROWS}", report.effective_sample_size);
    Ok(())
}

fn is_rare(row: usize) -> bool {
    row.is_multiple_of(RARE_EVERY)
}
