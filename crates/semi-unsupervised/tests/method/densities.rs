//! `densities.json`: Gaussians, Bernoulli variables, mixtures.

use burn::{prelude::*, tensor::activation::log_softmax};
use papers_core::{
    distributions::{Bernoulli, DiagonalGaussian, entropy, kl},
    testing::{assert_close, device, fixture, nested, numbers, values},
};
use semi_unsupervised::model::responsibilities;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn tensor<const D: usize>(list: &Value) -> Tensor<D> {
    nested(list, &device())
}

fn close<const D: usize>(found: Tensor<D>, expected: &Value) {
    assert_close(&values(found), &numbers(expected), TOLERANCE);
}

fn file() -> Value {
    fixture(env!("CARGO_MANIFEST_DIR"), "densities.json")
}

fn cases<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    let cases = file[name].as_array().expect("a list of cases");
    assert!(!cases.is_empty());
    cases
}

#[test]
fn gaussians() {
    for case in cases(&file(), "gaussian") {
        let gaussian = |number: usize| DiagonalGaussian::<2> {
            mean: tensor(&case[format!("mu{number}")]),
            log_variance: tensor(&case[format!("logvar{number}")]),
        };
        let (first, second) = (gaussian(1), gaussian(2));
        close(first.kl(&second).sum_dim(1), &case["kl"]);
        close(first.kl_to_standard_normal().sum_dim(1), &case["kl_std"]);
        close(
            first.log_density(tensor(&case["x"])).sum_dim(1),
            &case["logpdf_x_under_1"],
        );
    }
}

#[test]
fn bernoulli_variables() {
    let file = file();
    for case in cases(&file, "bernoulli").iter().chain([&file["bernoulli_extreme"]]) {
        let logits: Tensor<2> = tensor(&case["logits"]);
        let found = Bernoulli { logits }.log_density(tensor(&case["x"]));
        close(found.sum_dim(1), &case["loglik"]);
    }
}

#[test]
fn mixtures() {
    let file = file();
    let case = &file["gmm"];
    let rows = |name: &str| tensor::<2>(&case[name]);
    let across = |name: &str| {
        let components = rows(name);
        let [count, latent] = components.dims();
        components.reshape([1, 1, count, latent])
    };
    let down = |name: &str| {
        let rows = rows(name);
        let [count, latent] = rows.dims();
        rows.reshape([1, count, 1, latent])
    };
    let components = DiagonalGaussian {
        mean: across("component_mu"),
        log_variance: across("component_logvar"),
    };
    let posterior = DiagonalGaussian {
        mean: down("q_mu"),
        log_variance: down("q_logvar"),
    };
    let [_, batch, _, _] = posterior.mean.dims();
    let count = components.mean.dims()[2];
    let of_all: Tensor<2> = posterior.kl(&components).sum_dim(3).reshape([batch, count]);
    close(of_all.clone(), &case["kl_all_components"]);
    let chosen: Vec<i64> = numbers(&case["y"]).into_iter().map(|class| class as i64).collect();
    let chosen = Tensor::<1, Int>::from_data(TensorData::new(chosen, [batch]), &device());
    let given = |of_all: Tensor<2>| of_all.gather(1, chosen.clone().reshape([batch, 1]));
    close(given(of_all.clone()), &case["kl_given_y"]);

    let noise: Tensor<3> = tensor(&case["eps"]);
    let [samples, _, latent] = noise.dims();
    let z = posterior.sample(noise.reshape([samples, batch, 1, latent]));
    close(z.clone(), &case["z"]);
    let divergence = posterior.log_density(z.clone()) - components.log_density(z.clone());
    let monte_carlo = divergence.sum_dim(3).mean_dim(0).reshape([batch, count]);
    close(given(monte_carlo), &case["mc_kl_given_y"]);

    let prior: Tensor<1> = tensor(&case["py"]);
    let log_classes = log_softmax(rows("qy_logits"), 1);
    close(kl(log_classes.clone(), prior.clone().log().unsqueeze()), &case["kl_y"]);
    close(entropy(log_classes.clone()), &case["entropy_qy"]);
    close((log_classes.exp() * of_all).sum_dim(1), &case["expected_kl_under_qy"]);
    let (density, shares) = responsibilities(z, &components, prior.log());
    close(density, &case["log_marginal_p_z"]);
    close(shares.exp(), &case["responsibilities"]);
}
