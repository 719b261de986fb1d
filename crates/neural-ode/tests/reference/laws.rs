//! The equations of `bad_inputs.json`, as modules.

use burn::{
    module::{Module, Param},
    prelude::*,
};
use neural_ode::Dynamics;
use papers_core::testing::tensor_f64;

/// The right-hand side of an equation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Law {
    Zero,
    One,
    Linear(f64),
    Square,
    Cosine,
    Nan,
    NanFrom(f64),
    /// Whatever the state is.
    Ones([usize; 2]),
}

impl Law {
    pub(crate) fn named(text: &str) -> Self {
        if let Some(limit) = text.strip_prefix("y'=y for t<").and_then(|rest| rest.split(',').next()) {
            return Self::NanFrom(limit.trim().parse().expect("a time"));
        }
        match text {
            "y'=0" => Self::Zero,
            "y'=1" => Self::One,
            "y'=-y" => Self::Linear(-1.0),
            "y'=-1000 y" => Self::Linear(-1000.0),
            "y'=y^2" => Self::Square,
            "y'=cos(t)" => Self::Cosine,
            "y'=NaN" => Self::Nan,
            other => panic!("no equation reads {other}"),
        }
    }
}

/// A law as a module, times its parameter if it has one.
#[derive(Module, Debug)]
pub(crate) struct Slope {
    factor: Option<Param<Tensor<1>>>,
    #[module(skip)]
    law: Law,
}

impl Slope {
    pub(crate) fn new(law: Law) -> Self {
        Self { factor: None, law }
    }

    /// With a parameter of 1.
    pub(crate) fn scaled(self, device: &Device) -> Self {
        let factor = Param::from_tensor(tensor_f64(vec![1.0], [1], device));
        Self {
            factor: Some(factor),
            ..self
        }
    }
}

impl<const D: usize> Dynamics<Tensor<D>> for Slope {
    fn evaluate(&self, time: f64, state: Tensor<D>) -> Tensor<D> {
        let slope = match self.law {
            Law::Zero => state.zeros_like(),
            Law::One => state.ones_like(),
            Law::Linear(rate) => state * rate,
            Law::Square => state.square(),
            Law::Cosine => state.ones_like() * time.cos(),
            Law::Nan => state * f64::NAN,
            Law::NanFrom(limit) if time >= limit => state * f64::NAN,
            Law::NanFrom(_) => state,
            Law::Ones(shape) => Tensor::ones(Shape::from(shape), (&state.device(), state.dtype())),
        };
        match &self.factor {
            Some(factor) => slope * factor.val().reshape([1; D]),
            None => slope,
        }
    }
}
