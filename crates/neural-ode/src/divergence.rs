//! What an update reports when its equation cannot be solved.

use papers_core::{Error, Result, base::journal::Scalars};

use crate::SolveError;

/// The scalars of update `step`, whose `solve` (as in "forward solve") failed.
///
/// Weights that blow up take the solver with them. The loss is NaN then, so that the loop stops the run as one that
/// diverged. The caller must not have applied the update.
///
/// # Errors
///
/// [`Error::Step`] for every other reason.
pub(crate) fn unsolved(solve: &str, error: &SolveError, step: u64) -> Result<Scalars> {
    if !is_divergence(error) {
        let message = format!("the {solve}: {error}");
        return Err(Error::Step { step, message });
    }
    log::warn!("step {step}: the {solve}: {error}");
    Ok(vec![("loss".to_owned(), f64::NAN)])
}

fn is_divergence(error: &SolveError) -> bool {
    use SolveError::{NonFiniteDynamics, NonFiniteInitialState, StepUnderflow};
    matches!(
        error,
        NonFiniteDynamics { .. } | NonFiniteInitialState | StepUnderflow { .. }
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use burn::{module::ModuleVisitor, prelude::*};
    use papers_core::{
        Context, Experiment,
        base::{cli::exit, progress::Mode, provenance::Provenance},
        testing,
        training::{self, Options},
    };

    use super::*;

    /// The values of all parameters.
    pub(crate) fn weights<M: Module>(module: &M) -> Vec<f64> {
        struct Collect(Vec<f64>);
        impl ModuleVisitor for Collect {
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
                self.0.extend(testing::values(param.val().inner()));
            }
        }
        let mut collect = Collect(Vec::new());
        module.visit(&mut collect);
        collect.0
    }

    /// Trains in a folder of its own and finds the run stopped for its loss.
    pub(crate) fn assert_stops_as_diverged<E: Experiment>(config: &E::Config) {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            out: folder.path().to_owned(),
            resume: false,
            overwrite: false,
            mode: Mode::Quiet,
            provenance: Provenance::collect("neural-ode", "0.0.0", "diverging", 0, "flex"),
        };
        let context = Context::new(testing::device(), 0);
        let error = training::run::<E>(config, &context, &options).expect_err("the rate is far too large");
        assert!(
            matches!(&error, Error::Diverged { term, .. } if term == "loss"),
            "{error}"
        );
        assert_eq!(error.exit_code(), exit::DIVERGED);
    }

    #[test]
    fn only_numbers_that_blow_up_are_a_divergence() {
        let blown_up = [
            SolveError::NonFiniteInitialState,
            SolveError::NonFiniteDynamics { time: 0.5 },
            SolveError::StepUnderflow { time: 0.5, step: 1e-20 },
        ];
        for error in blown_up {
            let scalars = unsolved("forward solve", &error, 7).expect("scalars");
            assert!(scalars[0].0 == "loss" && scalars[0].1.is_nan(), "{scalars:?}");
        }
        let error = SolveError::MaxSteps { time: 0.5, steps: 20 };
        let error = unsolved("backward solve", &error, 7).expect_err("a step").to_string();
        assert!(error.starts_with("step 7: the backward solve: "), "{error}");
    }
}
