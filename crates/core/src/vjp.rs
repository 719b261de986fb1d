//! Gradients that Burn cannot know: a function whose pullback (vector-Jacobian product) is written by hand.
//!
//! The value is computed on plain tensors, outside the tape; the tape gets one node, whose backward step calls the
//! pullback. A pullback may itself run autodiff on tensors of its own: that is how the adjoint of an ODE solver fits
//! into `loss.backward()`.

#![cfg_attr(
    feature = "ndarray",
    expect(deprecated, reason = "kept as the second opinion of the flex backend")
)]

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{
                base::Checkpointer,
                strategy::{BalancedCheckpointing, NoCheckpointing},
            },
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    prelude::*,
    tensor::GradientCheckpointingStrategy,
};

/// Applies a function with a hand-written pullback to `inputs`.
///
/// `forward` gets the values of the inputs as plain tensors and returns the output with its pullback: the function
/// from the gradient with respect to the output to the gradients with respect to each input, all plain. The pullback
/// is called at most once, when the loss is differentiated, and not at all if no input is tracked.
///
/// # Shapes
///
/// - inputs: `N` tensors of rank `I`, each of its own shape
/// - output: any shape of rank `O`; the pullback's argument has the same shape
/// - the pullback's results: the shapes of the inputs, in their order
///
/// # Panics
///
/// If the pullback returns a gradient of another shape than its input, when the loss is differentiated.
///
/// # Example
///
/// ```
/// use burn::prelude::*;
/// use papers_core::{testing, vjp};
///
/// // The gradient of a step function is zero; the straight-through estimator pretends that it is one.
/// fn binarize(input: Tensor<1>) -> Tensor<1> {
///     vjp::function([input], |[input]| (input.greater_elem(0.0).float(), |gradient| [gradient]))
/// }
///
/// let device = testing::device().autodiff();
/// let input = Tensor::<1>::from_floats([-1.0, 2.0], &device).require_grad();
/// let gradients = (binarize(input.clone()) * 3.0).sum().backward();
/// let gradient = input.grad(&gradients).expect("the input is tracked");
/// assert_eq!(testing::values(gradient), [3.0, 3.0]);
/// ```
pub fn function<const N: usize, const I: usize, const O: usize, P>(
    inputs: [Tensor<I>; N],
    forward: impl FnOnce([Tensor<I>; N]) -> (Tensor<O>, P),
) -> Tensor<O>
where
    P: FnOnce(Tensor<O>) -> [Tensor<I>; N] + Send + 'static,
{
    let (output, pullback) = forward(inputs.each_ref().map(|input| input.clone().inner()));
    let output = output.inner();
    if !inputs.iter().any(Tensor::is_autodiff) {
        return output;
    }
    let shapes = inputs.each_ref().map(Tensor::dims);
    let pullback = State::new(move |gradient| {
        let gradients = pullback(gradient);
        let found = gradients.each_ref().map(Tensor::dims);
        assert_eq!(
            found, shapes,
            "a pullback returns gradients of the shapes of its inputs"
        );
        gradients
    });
    record(inputs, output, pullback)
}

/// Applies a function with several outputs and one hand-written pullback to `input`.
///
/// `outputs` are its plain values at `input`. The pullback gets one gradient per output, `None` for an output that the
/// loss does not depend on, and returns the gradient with respect to the input; it is called at most once, after the
/// gradients of all outputs are complete. Nothing is concatenated or sliced on the way.
///
/// # Shapes
///
/// - input and the pullback's result: any shape of rank `I`
/// - outputs and the gradients that the pullback gets: any shapes of rank `O`
///
/// # Panics
///
/// If the pullback returns a gradient of another shape than the input, when the loss is differentiated.
pub fn outputs<const I: usize, const O: usize>(
    input: Tensor<I>,
    outputs: Vec<Tensor<O>>,
    pullback: impl FnOnce(Vec<Option<Tensor<O>>>) -> Tensor<I> + Send + 'static,
) -> Vec<Tensor<O>> {
    // Two layers of nodes: each output leaves its gradient in its slot and tells the token, and the token's own
    // backward step, which comes after those of all outputs, takes what is there.
    let slots = Arc::new(Mutex::new(vec![None; outputs.len()]));
    let filled = Arc::clone(&slots);
    let token = function([input], |[input]| {
        let token = Tensor::<1>::zeros([1], &input.device());
        let pullback = move |_: Tensor<1>| {
            let gradients = std::mem::take(&mut *filled.lock().unwrap_or_else(PoisonError::into_inner));
            [pullback(gradients)]
        };
        (token, pullback)
    });
    let output = |(index, output): (usize, Tensor<O>)| {
        let slots = Arc::clone(&slots);
        function([token.clone()], |[token]| {
            let pullback = move |gradient: Tensor<O>| {
                slots.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(gradient);
                [token]
            };
            (output, pullback)
        })
    };
    outputs.into_iter().enumerate().map(output).collect()
}

type Pullback<const N: usize, const I: usize, const O: usize> = Box<dyn FnOnce(Tensor<O>) -> [Tensor<I>; N] + Send>;

/// The pullback on its way through the tape, which clones and may share what it stores.
#[derive(Clone)]
struct State<const N: usize, const I: usize, const O: usize>(Arc<Mutex<Option<Pullback<N, I, O>>>>);

impl<const N: usize, const I: usize, const O: usize> State<N, I, O> {
    fn new(pullback: impl FnOnce(Tensor<O>) -> [Tensor<I>; N] + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(pullback)))))
    }

    fn take(&self) -> Pullback<N, I, O> {
        let mut pullback = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pullback.take().expect("backward visits every node of a tape once")
    }
}

impl<const N: usize, const I: usize, const O: usize> fmt::Debug for State<N, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

#[derive(Debug)]
struct HandWritten<const I: usize, const O: usize>;

/// Implements the node for one backend and tries that backend in `record`.
macro_rules! backends {
    ($($feature:meta => $backend:ident),+ $(,)?) => {
        $(
            #[cfg($feature)]
            impl<const N: usize, const I: usize, const O: usize> Backward<burn::backend::$backend, N>
                for HandWritten<I, O>
            {
                type State = State<N, I, O>;

                fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
                    use burn::backend::$backend as B;

                    let gradient = Tensor::from_primitive::<B>(gradients.consume::<B>(&ops.node));
                    let pulled_back = ops.state.take()(gradient);
                    for (parent, gradient) in ops.parents.into_iter().zip(pulled_back) {
                        // Inputs without a parent are constants.
                        let Some(parent) = parent else { continue };
                        let gradient = gradient.inner().try_into_primitive::<B>();
                        gradients.register::<B>(parent.id, gradient.expect("a pullback stays on its backend"));
                    }
                }
            }
        )+

        /// Puts the node on the tape of the backend that the inputs live on.
        fn record<const N: usize, const I: usize, const O: usize>(
            inputs: [Tensor<I>; N],
            output: Tensor<O>,
            state: State<N, I, O>,
        ) -> Tensor<O> {
            let strategy = inputs.iter().find_map(Tensor::gradient_checkpointing_strategy);
            let strategy = strategy.unwrap_or_default();
            // Constants among tracked inputs are brought onto the same tape.
            let inputs = inputs.map(|input| input.autodiff().with_gradient_checkpointing_strategy(strategy));
            $(
                #[cfg($feature)]
                {
                    use burn::backend::$backend as B;

                    if let Ok(output) = output.clone().try_into_primitive::<B>() {
                        return match strategy {
                            GradientCheckpointingStrategy::Disabled => {
                                record_on!(B, NoCheckpointing, inputs, output, state)
                            }
                            GradientCheckpointingStrategy::Balanced => {
                                record_on!(B, BalancedCheckpointing, inputs, output, state)
                            }
                        };
                    }
                }
            )+
            unreachable!("a tensor lives on one of the backends of the build")
        }
    };
}

/// Burn's bound on checkpointing strategies cannot be named outside of it, so this is no generic function.
macro_rules! record_on {
    ($backend:ty, $strategy:ty, $inputs:ident, $output:ident, $state:ident) => {{
        let nodes = $inputs.map(|input| {
            let tracked = input.try_into_primitive::<Autodiff<$backend, $strategy>>();
            tracked.expect("inputs live on the backend of the output").node()
        });
        let node = HandWritten::<I, O>;
        let node = Backward::<$backend, N>::prepare::<$strategy>(node, nodes)
            .compute_bound()
            .stateful();
        Tensor::from_primitive::<Autodiff<$backend, $strategy>>(match node {
            OpsKind::Tracked(node) => node.finish($state, $output),
            OpsKind::UnTracked(node) => node.finish($output),
        })
    }};
}

backends! {
    feature = "flex" => Flex,
    feature = "ndarray" => NdArray,
    any(feature = "wgpu", feature = "cuda") => Cube,
    feature = "remote" => Remote,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, assert_close, tensor_f64, values};

    /// `a·b` with its derivative by hand.
    fn product(a: Tensor<1>, b: Tensor<1>) -> Tensor<1> {
        function([a, b], |[a, b]| {
            let output = a.clone() * b.clone();
            (output, move |gradient: Tensor<1>| [gradient.clone() * b, gradient * a])
        })
    }

    fn pair(device: &Device) -> [Tensor<1>; 2] {
        [
            tensor_f64(vec![0.3, -1.2], [2], device),
            tensor_f64(vec![2.0, 0.5], [2], device),
        ]
    }

    #[test]
    fn a_hand_written_product_has_the_gradients_of_the_built_in_one() {
        let device = testing::device().autodiff();
        let gradients_of = |multiply: fn(Tensor<1>, Tensor<1>) -> Tensor<1>| {
            let [a, b] = pair(&device).map(Tensor::require_grad);
            // Used before and after other operations, and twice.
            let loss = (multiply(a.clone().exp(), b.clone()).tanh() * multiply(a.clone(), a.clone())).sum();
            let gradients = loss.backward();
            [a, b].map(|input| values(input.grad(&gradients).expect("tracked")))
        };
        let [by_hand, built_in] = [gradients_of(product), gradients_of(|a, b| a * b)];
        for (by_hand, built_in) in by_hand.iter().zip(&built_in) {
            assert_close(by_hand, built_in, 1e-14);
        }
    }

    #[test]
    fn finite_differences_agree() {
        testing::assert_gradient(&[0.3, -1.2], |input| product(input.clone().sin(), input));
    }

    #[test]
    fn a_constant_among_the_inputs_gets_no_gradient() {
        let device = testing::device();
        let [a, b] = pair(&device);
        let tracked = a.autodiff().require_grad();
        let gradients = product(tracked.clone(), b).sum().backward();
        assert_close(&values(tracked.grad(&gradients).expect("tracked")), &[2.0, 0.5], 0.0);
    }

    #[test]
    fn without_tracked_inputs_there_is_no_tape() {
        let [a, b] = pair(&testing::device());
        assert!(!product(a, b).is_autodiff());
    }

    #[test]
    fn a_pullback_may_run_autodiff_itself() {
        let device = testing::device().autodiff();
        let cube = |input: Tensor<1>| {
            function([input], |[input]| {
                let output = input.clone().powi_scalar(3);
                let pullback = |gradient: Tensor<1>| {
                    let input = input.autodiff().require_grad();
                    let inner = (input.clone().powi_scalar(3) * gradient.autodiff()).sum().backward();
                    [input.grad(&inner).expect("tracked")]
                };
                (output, pullback)
            })
        };
        let input = tensor_f64(vec![0.5, -2.0], [2], &device).require_grad();
        let gradients = cube(input.clone()).sum().backward();
        // 3·x².
        assert_close(&values(input.grad(&gradients).expect("tracked")), &[0.75, 12.0], 1e-14);
    }

    #[test]
    fn several_outputs_share_one_pullback() {
        let device = testing::device().autodiff();
        let input = tensor_f64(vec![0.5, 2.0], [2], &device).require_grad();
        let value = input.clone().inner();
        // x -> (x², x³, x⁴), of which the loss leaves the second one out.
        let values_of = |power: i32| value.clone().powi_scalar(power);
        let powers = outputs(
            input.clone(),
            vec![values_of(2), values_of(3), values_of(4)],
            move |gradients| {
                assert!(gradients[1].is_none());
                let terms = gradients.into_iter().zip(2..).filter_map(|(gradient, power)| {
                    Some(gradient? * value.clone().powi_scalar(power - 1) * f64::from(power))
                });
                terms.reduce(|a, b| a + b).expect("two outputs are used")
            },
        );
        let loss = (powers[0].clone() * 3.0).sum() + powers[2].clone().sum();
        let gradients = loss.backward();
        // 6·x + 4·x³.
        assert_close(&values(input.grad(&gradients).expect("tracked")), &[3.5, 44.0], 1e-13);
    }

    #[test]
    fn checkpointed_tapes_are_recorded_too() {
        let device = testing::device().autodiff().gradient_checkpointing();
        let [a, b] = pair(&device).map(Tensor::require_grad);
        let gradients = product(a.clone(), b.clone()).sum().backward();
        assert_close(&values(a.grad(&gradients).expect("tracked")), &[2.0, 0.5], 0.0);
    }
}
