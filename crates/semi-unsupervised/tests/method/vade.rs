//! `vade.json`: the bound of variational deep embedding, term by term.

use burn::{module::Param, nn::Linear, prelude::*};
use papers_core::testing::{assert_close, device, fixture, nested, numbers, values};
use semi_unsupervised::model::{Likelihood, Mlp, Vade, Vae};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn mlp(layers: &Value) -> Mlp {
    let layer = |layer: &Value| Linear {
        weight: Param::from_tensor(nested(&layer["W"], &device())),
        bias: Some(Param::from_tensor(nested(&layer["b"], &device()))),
    };
    Mlp {
        layers: layers.as_array().expect("layers").iter().map(layer).collect(),
    }
}

#[test]
fn terms_of_the_bound() {
    let file: Value = fixture(env!("CARGO_MANIFEST_DIR"), "vade.json");
    let cases = file["cases"].as_array().expect("a list of cases");
    assert!(!cases.is_empty());
    for case in cases {
        let weights: Tensor<1> = nested(&case["pi"], &device());
        let model = Vade {
            networks: Vae {
                encoder: mlp(&case["enc"]),
                decoder: mlp(&case["dec"]),
                likelihood: Likelihood::Bernoulli,
            },
            logits: Param::from_tensor(weights.log()),
            mean: Param::from_tensor(nested(&case["component_mu"], &device())),
            log_variance: Param::from_tensor(nested(&case["component_logvar"], &device())),
        };
        let expected = &case["expected"];
        let terms = model.terms(nested(&case["x"], &device()), nested(&case["eps"], &device()));
        let close = |found: Vec<f64>, name: &str| assert_close(&found, &numbers(&expected[name]), TOLERANCE);
        let (x, noise): (Tensor<2>, Tensor<2>) = (nested(&case["x"], &device()), nested(&case["eps"], &device()));
        let [batch, latent] = noise.dims();
        let z = model.networks.posterior(x).sample(noise.reshape([1, batch, 1, latent]));
        close(values(z), "z");
        close(values(terms.responsibilities.clone()), "gamma");
        close(values(terms.reconstruction.clone()), "recon");
        close(values(terms.components.clone()), "cluster_gauss");
        close(values(terms.classes.clone()), "cat");
        close(values(terms.entropy.clone()), "entropy_z");
        close(values(terms.bound()), "elbo");
    }
}
