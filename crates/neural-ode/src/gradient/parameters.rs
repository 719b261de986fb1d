//! The parameters of a module as flat vectors, and vector-Jacobian products on tapes of their own.

use burn::{
    module::{ModuleVisitor, Param},
    prelude::*,
    tensor::Gradients,
};

use super::Cotangent;
use crate::{Dynamics, State};

/// All parameters that ask for gradients, each flattened, in the order of the module.
pub(crate) fn flatten<M: Module>(module: &M) -> Vec<Tensor<1>> {
    struct Collect(Vec<Tensor<1>>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            if value.is_require_grad() {
                self.0.push(flat(value));
            }
        }
    }
    let mut collect = Collect(Vec::new());
    module.visit(&mut collect);
    collect.0
}

/// Whether a tensor belongs to a tape.
pub(crate) fn is_tracked<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.is_autodiff() && tensor.is_tracked()
}

/// A copy of a module whose parameters are leaves of tapes of their own.
pub(crate) struct LocalModule<M> {
    module: M,
    /// One element of the state's device and element type.
    zero: Tensor<1>,
    /// Number of elements of each parameter that asks for gradients.
    sizes: Vec<usize>,
}

impl<M: Module> LocalModule<M> {
    /// A copy of `module` that shares its values but no tape.
    ///
    /// # Panics
    ///
    /// If the state has no tensors, which a solve refuses.
    pub(crate) fn new<S: State>(module: &M, state: &S) -> Self {
        let module = module.valid().train();
        let sizes = flatten(&module).iter().map(|parameter| parameter.dims()[0]).collect();
        let first = state.plain().components().swap_remove(0);
        Self {
            module,
            zero: Tensor::zeros([1], (&first.device(), first.dtype())),
            sizes,
        }
    }

    pub(crate) fn module(&self) -> &M {
        &self.module
    }

    /// Number of elements of each parameter that asks for gradients.
    pub(crate) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Zeros for the gradient of all parameters; of one element if there is no parameter.
    pub(crate) fn zeros(&self) -> Tensor<1> {
        let size: usize = self.sizes.iter().sum();
        self.zero.clone().repeat_dim(0, size.max(1))
    }

    /// `f(t, y)`, `aᵀ ∂f/∂y` and `aᵀ ∂f/∂θ` from one forward and one reverse pass.
    pub(crate) fn pull<S: State>(&self, time: f64, state: &S, cotangent: &S) -> (S, S, Tensor<1>)
    where
        M: Dynamics<S>,
    {
        let leaf = Leaf::new(state);
        let value = self.module.evaluate(time, leaf.state.clone());
        let cotangent: Cotangent = cotangent.components().into_iter().map(Some).collect();
        let Some(loss) = pairing(&value, &cotangent) else {
            // Dynamics that depend neither on the state nor on a parameter.
            return (value.plain(), zeros(state), self.zeros());
        };
        let gradients = loss.backward();
        let of_state = filled(state, leaf.gradient(&gradients));
        (value.plain(), of_state, self.gradient(&gradients))
    }

    /// The gradient of every parameter that asks for one; zeros where a parameter was not used.
    pub(crate) fn gradient(&self, gradients: &Gradients) -> Tensor<1> {
        struct Collect<'a> {
            gradients: &'a Gradients,
            parts: Vec<Tensor<1>>,
        }
        impl ModuleVisitor for Collect<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let value = param.val();
                if value.is_require_grad() {
                    let gradient = value.grad(self.gradients);
                    self.parts
                        .push(flat(gradient.unwrap_or_else(|| value.inner().zeros_like())));
                }
            }
        }
        let mut collect = Collect {
            gradients,
            parts: Vec::new(),
        };
        self.module.visit(&mut collect);
        if collect.parts.is_empty() {
            return self.zeros();
        }
        Tensor::cat(collect.parts, 0)
    }
}

/// The values of a state as leaves of a new tape.
pub(crate) struct Leaf<S> {
    /// The state, made of the leaves.
    pub(crate) state: S,
    leaves: Vec<Tensor<1>>,
}

impl<S: State> Leaf<S> {
    pub(crate) fn new(state: &S) -> Self {
        let plain = state.plain();
        let components = plain.components().into_iter();
        let leaves: Vec<_> = components
            .map(|component| component.autodiff().require_grad())
            .collect();
        Self {
            state: plain.rebuild(&mut leaves.clone().into_iter()),
            leaves,
        }
    }

    pub(crate) fn gradient(&self, gradients: &Gradients) -> Cotangent {
        self.leaves.iter().map(|leaf| leaf.grad(gradients)).collect()
    }
}

/// `Σ ⟨value, cotangent⟩`; `None` if nothing of it can be differentiated.
pub(crate) fn pairing<S: State>(value: &S, cotangent: &Cotangent) -> Option<Tensor<1>> {
    let pairs = value.components().into_iter().zip(cotangent);
    let tracked = pairs.filter(|(component, _)| is_tracked(component));
    let products = tracked.filter_map(|(component, cotangent)| {
        let cotangent = cotangent.clone()?.autodiff();
        Some((component * cotangent).sum())
    });
    products.reduce(|sum, product| sum + product)
}

/// A cotangent as a state.
pub(crate) fn filled<S: State>(like: &S, cotangent: Cotangent) -> S {
    let like = like.plain();
    let pairs = cotangent.into_iter().zip(like.components());
    let filled: Vec<_> = pairs
        .map(|(part, like)| part.unwrap_or_else(|| like.zeros_like()))
        .collect();
    like.rebuild(&mut filled.into_iter())
}

/// Zeros of the shapes of a state.
pub(crate) fn zeros<S: State>(like: &S) -> S {
    let like = like.plain();
    let zeros: Vec<_> = like.components().iter().map(Tensor::zeros_like).collect();
    like.rebuild(&mut zeros.into_iter())
}

/// Sum of two cotangents.
pub(crate) fn add(left: Cotangent, right: Cotangent) -> Cotangent {
    let pairs = left.into_iter().zip(right);
    let sum = |(left, right)| match (left, right) {
        (Some(left), Some(right)) => Some(left + right),
        (one, None) | (None, one) => one,
    };
    pairs.map(sum).collect()
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let size = tensor.shape().num_elements();
    tensor.reshape([size])
}
