//! The models under one roof.

use burn::{module::Module, prelude::*};

use super::{
    Base, ContinuousFlow, PlanarFlow, Regularization, Trace, Transported,
    config::{FlowConfig, ModelKind, Target},
    field::{HyperNetwork, Planar, TimePerceptron, VelocityField},
};
use crate::{SolveError, Solver, solver::norm::device_failure};

/// Coordinates of a point.
pub const PLANE: usize = 2;

/// One of the models.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one of them; boxes are no modules")]
pub enum FlowModel {
    /// A continuous flow.
    Continuous(ContinuousFlow<Field>),
    /// The baseline.
    Layers(PlanarFlow),
}

/// One of the velocity fields.
#[derive(Module, Debug)]
pub enum Field {
    /// Constant parameters, with or without gates.
    Planar(Planar),
    /// Parameters that depend on time.
    HyperNetwork(HyperNetwork),
    /// FFJORD's.
    Perceptron(TimePerceptron),
}

macro_rules! each_field {
    ($field:expr, $inner:ident => $result:expr) => {
        match $field {
            Field::Planar($inner) => $result,
            Field::HyperNetwork($inner) => $result,
            Field::Perceptron($inner) => $result,
        }
    };
}

impl VelocityField for Field {
    fn dimension(&self) -> usize {
        each_field!(self, field => field.dimension())
    }

    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        each_field!(self, field => field.velocity(time, position))
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        each_field!(self, field => field.push_forward(time, position, directions))
    }

    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        each_field!(self, field => field.with_divergence(time, position))
    }
}

impl FlowModel {
    /// A fresh model.
    pub fn new(config: &FlowConfig, device: &Device) -> Self {
        let sizes = &config.sizes;
        let field = match config.model {
            ModelKind::PlanarFlow => return Self::Layers(PlanarFlow::new(PLANE, sizes.units, device)),
            ModelKind::Planar => Field::Planar(Planar::new(PLANE, sizes.units, false, device)),
            ModelKind::Gated => Field::Planar(Planar::new(PLANE, sizes.units, true, device)),
            ModelKind::HyperNetwork => Field::HyperNetwork(HyperNetwork::new(PLANE, sizes.units, sizes.hidden, device)),
            ModelKind::Perceptron => Field::Perceptron(TimePerceptron::new(PLANE, sizes.units, sizes.depth, device)),
        };
        let mut flow = ContinuousFlow::new(field, config.flow.end);
        flow.base = base(config);
        Self::Continuous(flow)
    }
}

/// The base of a run.
pub fn base(config: &FlowConfig) -> Base {
    Base {
        variance: config.flow.base_variance,
    }
}

/// Which way the layers of a planar flow go. The other way they are inverted on the host, without gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerDirection {
    /// From data to the base: densities of data can be learned.
    ToBase,
    /// From the base to samples: densities of samples can be learned.
    FromBase,
}

impl From<Target> for LayerDirection {
    fn from(target: Target) -> Self {
        match target {
            Target::Samples(_) => Self::ToBase,
            Target::Density(_) => Self::FromBase,
        }
    }
}

/// How a model is run.
#[derive(Debug)]
pub struct Setting<'a> {
    /// For continuous flows.
    pub solver: &'a Solver,
    /// For continuous flows.
    pub trace: Trace,
    /// For continuous flows.
    pub regularization: Regularization,
    /// Where the flow begins.
    pub base: Base,
    /// For planar flows.
    pub layers: LayerDirection,
}

impl<'a> Setting<'a> {
    /// The exact trace and no regularizers.
    pub fn exact(solver: &'a Solver, config: &FlowConfig) -> Self {
        Self {
            solver,
            trace: Trace::Exact,
            regularization: Regularization::default(),
            base: base(config),
            layers: config.target.into(),
        }
    }
}

/// Densities of points: `log p` as `[batch, 1]`, in nats, and the solve of a continuous flow.
#[derive(Debug)]
pub struct Densities {
    /// Samples, or where data comes from in the base: `[batch, 2]`.
    pub position: Tensor<2>,
    /// `[batch, 1]`.
    pub log_density: Tensor<2>,
    /// Of a continuous flow.
    pub transported: Option<Transported>,
}

impl From<Transported> for Densities {
    fn from(transported: Transported) -> Self {
        Self {
            position: transported.position.clone(),
            log_density: transported.log_density.clone(),
            transported: Some(transported),
        }
    }
}

impl FlowModel {
    /// `log p` of data and where it comes from in the base. Differentiable, but for layers that go from the base to samples.
    ///
    /// # Errors
    ///
    /// What the solver reports; a device that cannot be read.
    pub fn log_density(&self, data: Tensor<2>, setting: Setting<'_>) -> Result<Densities, SolveError> {
        match self {
            Self::Continuous(flow) => {
                let found = flow.log_density(setting.solver, data, &setting.trace, setting.regularization)?;
                Ok(found.into())
            }
            Self::Layers(flow) => {
                let (position, log_determinant) = match setting.layers {
                    LayerDirection::ToBase => flow.forward(data),
                    LayerDirection::FromBase => {
                        let (begin, log_determinant) = flow.inverse(data).map_err(device_failure)?;
                        (begin, -log_determinant)
                    }
                };
                Ok(Densities {
                    log_density: setting.base.log_density(position.clone()) + log_determinant,
                    position,
                    transported: None,
                })
            }
        }
    }

    /// Samples from standard normal `noise` with their densities. Differentiable, but for layers that go from data to the
    /// base.
    ///
    /// # Errors
    ///
    /// What the solver reports; a device that cannot be read.
    pub fn sample(&self, noise: Tensor<2>, setting: Setting<'_>) -> Result<Densities, SolveError> {
        match self {
            Self::Continuous(flow) => {
                let found = flow.sample(setting.solver, noise, &setting.trace, setting.regularization)?;
                Ok(found.into())
            }
            Self::Layers(flow) => {
                let begin = setting.base.sample(noise);
                let (position, log_determinant) = match setting.layers {
                    LayerDirection::FromBase => flow.forward(begin.clone()),
                    LayerDirection::ToBase => {
                        let (data, log_determinant) = flow.inverse(begin.clone()).map_err(device_failure)?;
                        (data, -log_determinant)
                    }
                };
                Ok(Densities {
                    position,
                    log_density: setting.base.log_density(begin) - log_determinant,
                    transported: None,
                })
            }
        }
    }
}
