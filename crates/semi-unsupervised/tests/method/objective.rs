//! What is minimized, beside hand-worked numbers: the prior of weights, the balance, free bits, the bound of VaDE, the rate.

use burn::{
    module::{Param, ParamId},
    nn::Linear,
    prelude::*,
};
use papers_core::{
    base::journal::Scalars,
    random::Streams,
    testing::{assert_close, assert_gradient, device, tensor_f64, values},
};
use semi_unsupervised::{
    data::Batch,
    learner::{Learner, LearnerConfig, Moment},
    model::{
        ClassModel, Kind, Likelihood, Mlp, Sizes, Vade, Vae,
        bound::{KlMode, KlWeight, Terms},
    },
    network::Network,
    objective::{Counts, ObjectiveConfig},
    weight_prior,
};

const COUNTS: Counts = Counts {
    labeled: 4,
    unlabeled: 16,
};

fn sizes() -> Sizes {
    Sizes {
        hidden: vec![5],
        latent: 2,
        auxiliary: 1,
        prior_mean_init_std: 1.0,
        auxiliary_sees_data: None,
    }
}

fn model(device: &Device) -> ClassModel {
    let build = || ClassModel::new(Kind::GmDgm, Likelihood::Bernoulli, 3, &[0.25, 0.75], &sizes(), device);
    Streams::new(1).initialize("model", device, || build().expect("a prior"))
}

/// What the first update of a learner tells.
fn told(objective: &ObjectiveConfig) -> Scalars {
    let network = Network::Classes(model(&device().autodiff()));
    let mut learner = Learner::new(network, &LearnerConfig::default(), objective, COUNTS);
    let x = || Tensor::<2>::from_data([[1.0_f32, 0.0, 1.0], [0.0, 0.0, 1.0]], &device());
    let batch = Batch {
        labeled: Some([x(), Tensor::eye(2, &device())]),
        unlabeled: Some(x()),
    };
    let moment = Moment {
        step: 0,
        age: 0,
        epoch: 0,
    };
    let told = learner.step(&batch, &Streams::new(2), moment).expect("an update");
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn of(told: &Scalars, name: &str) -> f64 {
    papers_core::base::journal::scalar(told, name).expect("a number")
}

/// The loss is what its terms say, less `λ/N` of the log-density of the weights (section 3).
#[test]
fn the_loss_is_that_of_its_terms_and_of_the_weights() {
    let objective = ObjectiveConfig {
        alpha: 0.3,
        balance: 2.0,
        weight_prior: 0.5,
        ..ObjectiveConfig::default()
    };
    let told = told(&objective);
    let density = values(weight_prior::log_density(&model(&device())))[0];
    // α is multiplied by 20 examples over 4 labels.
    let terms = of(&told, "bound_labeled") + of(&told, "bound_unlabeled") + 0.3 * 5.0 * of(&told, "log_class");
    let expected = 2.0 * of(&told, "balance") - terms - 0.5 / 20.0 * density;
    assert_close(&[of(&told, "loss")], &[expected], 1e-5);
}

/// A mixture that no network gives has no prior of its own, which would draw it to the origin.
#[test]
fn the_prior_of_weights_is_not_that_of_vades_mixture() {
    let loss = |spread: f64| {
        let device = device().autodiff();
        let networks = || Vae::new(Likelihood::Bernoulli, 3, &[4], 2, &device);
        let networks = Streams::new(1).initialize("networks", &device, networks);
        let far = Tensor::<2>::ones([2, 2], &device) * spread;
        let variances = Tensor::<2>::zeros([2, 2], &device);
        let vade = Vade::new(networks, 2, &device).with_components(Tensor::zeros([2], &device), far, variances);
        let batch = Batch {
            labeled: None,
            unlabeled: Some(Tensor::ones([2, 3], &device.clone().inner())),
        };
        let mut learner = Learner::new(
            Network::Vade(vade),
            &LearnerConfig::default(),
            &ObjectiveConfig::default(),
            COUNTS,
        );
        let moment = Moment {
            step: 0,
            age: 0,
            epoch: 0,
        };
        let told = learner.step(&batch, &Streams::new(2), moment).expect("an update");
        let of = |name: &str| told.iter().find(|(other, _)| *other == name).expect("a number").1;
        of("loss") + of("bound_unlabeled")
    };
    assert_close(&[loss(0.0)], &[loss(50.0)], 1e-4);
}

/// `KL(mean of q(y|x) ‖ p(y))` of the batch.
#[test]
fn the_balance_is_the_divergence_of_the_mean() {
    let told = told(&ObjectiveConfig {
        balance: 1.0,
        ..ObjectiveConfig::default()
    });
    // Logits begin close to zero: q(y|x) is uniform.
    let expected = 0.5 * (0.5_f64 / 0.25).ln() + 0.5 * (0.5_f64 / 0.75).ln();
    assert_close(&[of(&told, "balance")], &[expected], 1e-3);
}

/// Divergences below the free nats count as those.
#[test]
fn free_nats_cost_nothing() {
    let row = |numbers: [f64; 3]| tensor_f64(numbers.to_vec(), [3], &device()).reshape([1, 1, 3]);
    let terms = Terms {
        log_px: row([-1.0, -2.0, -3.0]),
        log_py: row([-0.5, -0.5, -0.5]),
        log_pz: row([0.0; 3]),
        log_qz: row([9.0; 3]),
        kl_z: row([0.1, 0.7, 2.0]),
        auxiliary: None,
    };
    let weight = KlWeight {
        mode: KlMode::Analytic,
        beta: 0.5,
        free_bits: 0.8,
    };
    assert_close(&values(terms.bound(weight)), &[-1.9, -2.9, -4.5], 1e-12);
}

/// The authors': three quarters every 200 epochs, but not below a tenth.
#[test]
fn the_rate_falls_in_steps_to_its_least() {
    let config = LearnerConfig::default();
    let rates = [0, 199, 200, 400, u64::MAX].map(|epoch| config.rate_in(epoch));
    assert_close(&rates, &[3e-4, 3e-4, 2.25e-4, 1.6875e-4, 3e-5], 1e-15);
    let constant = LearnerConfig {
        decay_every: 0,
        ..config
    };
    assert_close(&[constant.rate_in(1000)], &[3e-4], 1e-15);
}

/// A layer in double precision.
fn mlp([inputs, outputs]: [usize; 2], device: &Device) -> Mlp {
    let numbers = |count: usize| (0..count).map(|index| (index as f64 * 1.7).sin()).collect();
    Mlp {
        layers: vec![Linear {
            weight: Param::from_tensor(tensor_f64(numbers(inputs * outputs), [inputs, outputs], device)),
            bias: Some(Param::from_tensor(tensor_f64(numbers(outputs), [outputs], device))),
        }],
    }
}

/// Gradients of VaDE's bound with respect to its mixture: weights, means and variances.
#[test]
fn the_gradient_of_vades_bound_matches_finite_differences() {
    assert_gradient(&[0.3, -0.4, 0.5, -1.0, 0.2, 1.5, 0.1, -0.3, 0.4, 0.2], |point| {
        let device = point.device();
        let part = |first: usize, count: usize| point.clone().narrow(0, first, count);
        let vade = Vade {
            logits: Param::initialized(ParamId::new(), part(0, 2)),
            mean: Param::initialized(ParamId::new(), part(2, 4).reshape([2, 2])),
            log_variance: Param::initialized(ParamId::new(), part(6, 4).reshape([2, 2])),
            networks: Vae {
                encoder: mlp([3, 4], &device),
                decoder: mlp([2, 3], &device),
                likelihood: Likelihood::Bernoulli,
            },
        };
        let x = tensor_f64::<2>(vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0], [2, 3], &device);
        let noise = tensor_f64::<2>(vec![0.3, -1.0, 0.2, 0.8], [2, 2], &device);
        vade.terms(x, noise).bound()
    });
}
