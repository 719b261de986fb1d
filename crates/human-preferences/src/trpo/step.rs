use super::{
    SampleTensors, Surrogate, TrpoConfig, TrpoWarning, conjugate_gradient, conjugate_gradient::dot, line_search,
};
use crate::policy::{AgentError, TangentPolicy, require_finite};

/// Squared residual at which conjugate gradients stop.
const RESIDUAL: f64 = 1e-10;
/// Updates in a row without a step from which on there is a warning.
const WORRYING: u64 = 3;

/// A policy after an update, and what the update measured; see [`TrpoReport`](super::TrpoReport).
pub(super) struct Improved<P> {
    pub(super) policy: P,
    pub(super) kl: f64,
    pub(super) improvement: f64,
    pub(super) expected: f64,
    pub(super) accepted: Option<usize>,
    pub(super) entropy: f64,
    pub(super) gradient_norm: f64,
    pub(super) step_norm: f64,
    pub(super) fisher_products: usize,
    pub(super) warning: Option<TrpoWarning>,
    /// Updates in a row without a step, this one included.
    pub(super) rejections: u64,
}

/// Makes a step of natural gradient, if one is accepted after `rejections` updates in which none was.
pub(super) fn improve<P: TangentPolicy>(
    policy: P,
    pieces: Vec<SampleTensors>,
    config: &TrpoConfig,
    rejections: u64,
) -> Result<Improved<P>, AgentError> {
    let surrogate = Surrogate::new(policy.clone(), pieces, config.entropy_bonus, config.fisher_every);
    let start = policy.parameters()?;
    let gradient = surrogate.gradient()?;
    let gradient_norm = dot(&gradient, &gradient).sqrt();
    require_finite("gradient_norm", gradient_norm)?;

    let product = |direction: &[f64]| surrogate.fisher_product(direction, config.damping);
    let solution = conjugate_gradient(product, &gradient, config.conjugate_gradients, RESIDUAL)?;
    let mut improved = Improved {
        policy,
        kl: 0.0,
        improvement: 0.0,
        expected: 0.0,
        accepted: None,
        entropy: surrogate.evaluate(&start)?.entropy,
        gradient_norm,
        step_norm: 0.0,
        fisher_products: solution.iterations,
        warning: None,
        // Whatever keeps the policy where it is: only a step that is taken ends the row.
        rejections: rejections + 1,
    };
    let curvature = solution.curvature(&gradient);
    let scale = (2.0 * config.max_kl / curvature).sqrt();
    if gradient_norm == 0.0 {
        improved.warning = Some(TrpoWarning::ZeroGradient);
        return Ok(improved);
    }
    if !(solution.is_positive_definite && curvature > 0.0 && scale.is_finite()) {
        improved.warning = Some(TrpoWarning::NotPositiveDefinite);
        return Ok(improved);
    }
    let step: Vec<f64> = solution.x.iter().map(|x| scale * x).collect();
    improved.expected = dot(&gradient, &step);

    let search = line_search(
        &surrogate,
        &start,
        &step,
        improved.expected,
        config.max_kl,
        config.backtracks,
    )?;
    let (Some(parameters), Some(taken)) = (search.parameters, search.trials.last()) else {
        let is_worrying = improved.rejections >= WORRYING;
        improved.warning = is_worrying.then_some(TrpoWarning::Rejections(improved.rejections));
        return Ok(improved);
    };
    Ok(Improved {
        policy: improved.policy.with_parameters(&parameters),
        kl: taken.kl,
        improvement: taken.improvement,
        accepted: Some(search.trials.len() - 1),
        entropy: taken.entropy,
        step_norm: taken.fraction * dot(&step, &step).sqrt(),
        rejections: 0,
        ..improved
    })
}
