//! Sizes of states and errors, in units of the tolerance.

use std::{fmt, sync::Arc};

use burn::{
    prelude::*,
    tensor::{DType, FloatDType},
};

use crate::{SolveError, VectorSpace};

/// How a state in units of the tolerance becomes one number.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Norm {
    /// The largest root mean square of its tensors.
    #[default]
    MixedRms,
    /// The largest absolute value.
    MaxAbs,
    /// [`MixedRms`](Self::MixedRms) of the first tensors only; the others do not influence the steps.
    Seminorm {
        /// How many tensors count.
        components: usize,
    },
    /// Any function of the flattened tensors.
    Custom(CustomNorm),
}

/// A norm of flattened tensors in units of the tolerance.
pub type CustomNorm = Arc<dyn Fn(&[Tensor<1>]) -> f64 + Send + Sync>;

impl fmt::Debug for Norm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MixedRms => formatter.write_str("MixedRms"),
            Self::MaxAbs => formatter.write_str("MaxAbs"),
            Self::Seminorm { components } => write!(formatter, "Seminorm({components})"),
            Self::Custom(_) => formatter.write_str("Custom"),
        }
    }
}

impl Norm {
    /// A norm of one's own, of a state given as flattened tensors in units of the tolerance. A step is accepted if it is
    /// at most 1.
    pub fn custom(norm: impl Fn(&[Tensor<1>]) -> f64 + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(norm))
    }

    /// The norm of a state given as flattened tensors, already in units of the tolerance.
    ///
    /// Squares do not overflow. Non-finite elements give a non-finite norm. Reads the device once.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    pub fn measure(&self, components: &[Tensor<1>]) -> Result<f64, SolveError> {
        match self {
            Self::MixedRms => mixed_rms(components),
            Self::MaxAbs => largest(components.iter().map(|component| component.clone().abs().max())),
            Self::Seminorm { components: count } => mixed_rms(&components[..components.len().min(*count)]),
            Self::Custom(norm) => Ok(norm(components)),
        }
    }
}

/// A tolerance, relative or absolute.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Tolerance {
    /// The same for all elements.
    Same(f64),
    /// One for each tensor of the state, or for each of plain numbers.
    PerTensor(Vec<f64>),
    /// One for each element: for each tensor of the state a flattened one.
    PerElement(Vec<Tensor<1>>),
}

impl From<f64> for Tolerance {
    fn from(tolerance: f64) -> Self {
        Self::Same(tolerance)
    }
}

impl From<Vec<f64>> for Tolerance {
    fn from(tolerances: Vec<f64>) -> Self {
        Self::PerTensor(tolerances)
    }
}

impl From<Vec<Tensor<1>>> for Tolerance {
    fn from(tolerances: Vec<Tensor<1>>) -> Self {
        Self::PerElement(tolerances)
    }
}

impl Tolerance {
    fn check(&self, name: &str, components: &[Tensor<1>]) -> Result<(), SolveError> {
        let count = match self {
            Self::Same(_) => components.len(),
            Self::PerTensor(tolerances) => tolerances.len(),
            Self::PerElement(tolerances) => tolerances.len(),
        };
        if count != components.len() {
            let problem = format!("{count} {name} ones for a state of {} tensors", components.len());
            return Err(SolveError::InvalidTolerance { problem });
        }
        let least = match self {
            Self::Same(tolerance) => *tolerance,
            Self::PerTensor(tolerances) => least(tolerances.iter().copied()),
            Self::PerElement(tolerances) => {
                for (tolerance, component) in tolerances.iter().zip(components) {
                    if tolerance.dims() != component.dims() {
                        let problem = format!("{:?} {name} ones for {:?} elements", tolerance.dims(), component.dims());
                        return Err(SolveError::InvalidTolerance { problem });
                    }
                }
                // Zero times infinity makes NaN of an infinite one, which a minimum would not show.
                let shown = tolerances
                    .iter()
                    .map(|tolerance| tolerance.clone() + tolerance.clone() * 0.0);
                -largest(shown.map(|tolerance| tolerance.neg().max()))?
            }
        };
        check_range(name, least)
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Same(tolerance) if *tolerance == 0.0)
    }

    /// Raised to at least `floor`, and whether that changed it.
    pub(crate) fn at_least(self, floor: f64) -> (Self, bool) {
        match self {
            Self::Same(tolerance) => (Self::Same(tolerance.max(floor)), tolerance < floor),
            Self::PerTensor(tolerances) => {
                let is_raised = tolerances.iter().any(|tolerance| *tolerance < floor);
                let raised = tolerances.into_iter().map(|tolerance| tolerance.max(floor));
                (Self::PerTensor(raised.collect()), is_raised)
            }
            Self::PerElement(tolerances) => {
                let raised = tolerances.into_iter().map(|tolerance| tolerance.clamp_min(floor));
                (Self::PerElement(raised.collect()), false)
            }
        }
    }

    /// On the device and in the precision of the state.
    fn like(self, components: &[Tensor<1>]) -> Self {
        match self {
            Self::PerElement(tolerances) => {
                let pairs = tolerances.into_iter().zip(components);
                let moved = pairs.map(|(tolerance, component)| {
                    let tolerance = tolerance.without_autodiff().to_device(&component.device());
                    match float_type(component.dtype()) {
                        Some(dtype) => tolerance.cast(dtype),
                        None => tolerance,
                    }
                });
                Self::PerElement(moved.collect())
            }
            other => other,
        }
    }

    fn scale(&self, index: usize, magnitude: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Same(tolerance) => magnitude * *tolerance,
            Self::PerTensor(tolerances) => magnitude * tolerances[index],
            Self::PerElement(tolerances) => magnitude * tolerances[index].clone(),
        }
    }

    /// Without an absolute tolerance zero is right where zero is expected: the scale is kept from being zero.
    pub(crate) fn above_zero<const D: usize>(&self, scale: Tensor<D>) -> Tensor<D> {
        let may_be_zero = match self {
            Self::Same(tolerance) => *tolerance == 0.0,
            Self::PerTensor(tolerances) => tolerances.contains(&0.0),
            Self::PerElement(_) => true,
        };
        match (may_be_zero, scale.dtype().finfo()) {
            (true, Some(info)) => scale.clamp_min(info.min_positive),
            _ => scale,
        }
    }

    fn offset(&self, index: usize, scaled: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Same(tolerance) => scaled + *tolerance,
            Self::PerTensor(tolerances) => scaled + tolerances[index],
            Self::PerElement(tolerances) => scaled + tolerances[index].clone(),
        }
    }
}

/// Relative and absolute tolerance.
#[derive(Debug, Clone)]
pub struct Tolerances {
    /// `rtol`.
    pub relative: Tolerance,
    /// `atol`.
    pub absolute: Tolerance,
}

impl Tolerances {
    /// `rtol` and `atol`.
    pub fn new(relative: impl Into<Tolerance>, absolute: impl Into<Tolerance>) -> Self {
        Self {
            relative: relative.into(),
            absolute: absolute.into(),
        }
    }

    /// Both, if they are numbers.
    pub(crate) fn numbers(&self) -> Option<(f64, f64)> {
        match (&self.relative, &self.absolute) {
            (Tolerance::Same(relative), Tolerance::Same(absolute)) => Some((*relative, *absolute)),
            _ => None,
        }
    }

    /// What fits the precision of most uses: `1e-6` and `1e-8` in `f64`, `1e-3` and `1e-6` else.
    pub(crate) fn default_for(dtype: DType) -> Self {
        match dtype {
            DType::F64 => Self::new(1e-6, 1e-8),
            _ => Self::new(1e-3, 1e-6),
        }
    }

    /// Checks them against a state, and whether the relative one had to be raised to what its precision can meet.
    ///
    /// # Errors
    ///
    /// [`SolveError::InvalidTolerance`].
    pub(crate) fn resolve(self, components: &[Tensor<1>]) -> Result<(Self, bool), SolveError> {
        self.relative.check("relative", components)?;
        self.absolute.check("absolute", components)?;
        self.check_any()?;
        let floor = components
            .first()
            .map_or(0.0, |component| 10.0 * epsilon(component.dtype()));
        let (relative, is_raised) = self.relative.at_least(floor);
        let resolved = Self {
            relative: relative.like(components),
            absolute: self.absolute.like(components),
        };
        Ok((resolved, is_raised))
    }

    pub(crate) fn check_any(&self) -> Result<(), SolveError> {
        if self.relative.is_zero() && self.absolute.is_zero() {
            let problem = "both are zero".to_owned();
            return Err(SolveError::InvalidTolerance { problem });
        }
        Ok(())
    }

    /// `‖value / (atol + rtol |at|)‖`.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    pub fn measure<S: VectorSpace>(&self, norm: &Norm, value: &S, at: &S) -> Result<f64, SolveError> {
        value.in_units(self, norm, &[at])
    }

    /// `‖error / (atol + rtol max(|before|, |after|))‖`: a step is good enough if this is at most 1.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    pub fn error_ratio<S: VectorSpace>(
        &self,
        norm: &Norm,
        error: &S,
        before: &S,
        after: &S,
    ) -> Result<f64, SolveError> {
        error.in_units(self, norm, &[before, after])
    }

    /// The norm of flattened tensors in units of the tolerance at these magnitudes.
    pub(crate) fn measure_components(
        &self,
        norm: &Norm,
        values: Vec<Tensor<1>>,
        magnitudes: Vec<Tensor<1>>,
    ) -> Result<f64, SolveError> {
        let pairs = values.into_iter().zip(magnitudes).enumerate();
        let scaled: Vec<_> = pairs
            .map(|(index, (value, magnitude))| {
                let scale = self.absolute.offset(index, self.relative.scale(index, magnitude));
                value / self.absolute.above_zero(scale)
            })
            .collect();
        norm.measure(&scaled)
    }
}

/// The distance from 1 to the next number of a precision.
pub(crate) fn epsilon(dtype: DType) -> f64 {
    dtype.finfo().map_or(f64::EPSILON, |info| info.epsilon)
}

fn mixed_rms(components: &[Tensor<1>]) -> Result<f64, SolveError> {
    // Tensors without elements have no mean.
    let components = || {
        let all = components.iter();
        all.filter(|component| component.shape().num_elements() > 0).cloned()
    };
    let squares = components().map(|component| component.square().mean());
    let square = largest(squares)?;
    if square.is_finite() {
        return Ok(square.sqrt());
    }
    // Not finite, or only its square is not.
    let top = largest(components().map(|component| component.abs().max()))?;
    if !top.is_finite() {
        return Ok(top);
    }
    let squares = components().map(|component| component.div_scalar(top).square().mean());
    Ok(largest(squares)?.sqrt() * top)
}

/// The largest of tensors of one element; NaN if one of them is; 0 of none.
pub(crate) fn largest(scalars: impl Iterator<Item = Tensor<1>>) -> Result<f64, SolveError> {
    let mut scalars: Vec<_> = scalars.collect();
    let scalar = match scalars.len() {
        0 => return Ok(0.0),
        1 => scalars.remove(0),
        _ => Tensor::cat(scalars, 0).max(),
    };
    scalar.try_into_scalar::<f64>().map_err(device_failure)
}

pub(crate) fn device_failure(error: impl fmt::Display) -> SolveError {
    SolveError::Device {
        problem: error.to_string(),
    }
}

pub(crate) fn check_range(name: &str, least: f64) -> Result<(), SolveError> {
    if least.is_finite() && least >= 0.0 {
        return Ok(());
    }
    let problem = format!("the {name} one is {least}, not a number of at least 0");
    Err(SolveError::InvalidTolerance { problem })
}

pub(crate) fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    // `f64::min` would skip NaN.
    numbers.fold(f64::MAX, |least, number| if number >= least { least } else { number })
}

fn float_type(dtype: DType) -> Option<FloatDType> {
    match dtype {
        DType::F64 => Some(FloatDType::F64),
        DType::F32 => Some(FloatDType::F32),
        DType::F16 => Some(FloatDType::F16),
        DType::BF16 => Some(FloatDType::BF16),
        _ => None,
    }
}
