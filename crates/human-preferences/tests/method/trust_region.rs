//! What the trust region promises.

use human_preferences::policy::TangentPolicy;
use human_preferences::trpo::{Surrogate, conjugate_gradient, line_search};

use crate::gradients::{CONTINUOUS, DISCRETE, policy, samples};

#[test]
fn accepted_steps_stay_within_one_and_a_half_times_the_bound() {
    let mut accepted = 0;
    for seed in 0..100 {
        let space = if seed % 2 == 0 { CONTINUOUS } else { DISCRETE };
        let max_kl = [0.001, 0.01, 0.1, 1.0][seed as usize / 2 % 4];
        let policy = policy(&space, &[8, 5], seed);
        let start = policy.parameters().expect("parameters");
        let surrogate = Surrogate::new(policy, vec![samples(&space, seed, 30)], 0.01, 1);
        let gradient = surrogate.gradient().expect("a gradient");
        let solution =
            conjugate_gradient(|v| surrogate.fisher_product(v, 0.1), &gradient, 10, 1e-10).expect("products");
        let scale = (2.0 * max_kl / solution.curvature(&gradient)).sqrt();
        let step: Vec<f64> = solution.x.iter().map(|x| scale * x).collect();
        let expected: f64 = step.iter().zip(&gradient).map(|(a, b)| a * b).sum();
        let search = line_search(&surrogate, &start, &step, expected, max_kl, 10).expect("a search");
        let Some(parameters) = search.parameters else { continue };
        accepted += 1;
        let found = surrogate.evaluate(&parameters).expect("an evaluation");
        assert!(found.kl <= 1.5 * max_kl, "seed {seed}: {} of {max_kl}", found.kl);
        assert!(found.improvement > 0.0, "seed {seed}");
    }
    assert!(accepted > 90, "{accepted} of 100 steps were accepted");
}

#[test]
fn a_matrix_that_is_not_positive_definite_is_found_out() {
    let indefinite = |v: &[f64]| -> Result<Vec<f64>, ()> { Ok(vec![v[0], -v[1]]) };
    let found = conjugate_gradient(indefinite, &[1.0, 2.0], 10, 0.0).expect("products");
    assert!(!found.is_positive_definite);
    assert_eq!(found.x, [0.0, 0.0]);
    let broken = |_: &[f64]| -> Result<Vec<f64>, ()> { Ok(vec![f64::NAN; 2]) };
    let found = conjugate_gradient(broken, &[1.0, 2.0], 10, 0.0).expect("products");
    assert!(!found.is_positive_definite);
    assert_eq!(found.x, [0.0, 0.0]);
}

#[test]
fn nothing_is_solved_by_nothing() {
    let product = |v: &[f64]| -> Result<Vec<f64>, ()> { Ok(v.to_vec()) };
    let found = conjugate_gradient(product, &[0.0; 3], 10, 1e-10).expect("products");
    assert_eq!((found.x, found.iterations), (vec![0.0; 3], 0));
}
