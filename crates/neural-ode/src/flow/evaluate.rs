//! The numbers of a trained flow, and its way from the base to the data in pictures' worth of points.

use burn::prelude::*;
use papers_core::{Result, base::journal::Scalars, random::Streams};

use super::{
    config::{FlowConfig, Target},
    model::{FlowModel, LayerDirection, PLANE, Setting, base},
    planar_flow::HostLayers,
    potentials::grid,
    toy::REACH,
};
use crate::{Method, SolveError, Solver, Statistics};

/// The release's.
const TOLERANCE: f64 = 1e-5;
/// Pictures of the way.
pub(super) const FRAMES: usize = 25;
/// Points along a side of a density's grid.
pub(super) const PIXELS: usize = 72;
/// Samples that are drawn.
const DOTS: usize = 400;

/// Which points a flow is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    /// For choices.
    Validation,
    /// For the reported numbers.
    Test,
}

impl Points {
    fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Why a flow cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// Its equation cannot be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// The device cannot be read.
    #[error(transparent)]
    Device(#[from] papers_core::Error),
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What the objective is on these points, in nats: the mean negative log-likelihood, or `KL - log Z`.
    pub loss: f64,
    /// `KL(q ‖ p)` where the normalizer of the target is known.
    pub divergence: Option<f64>,
    /// The solve of a continuous flow.
    pub statistics: Option<Statistics>,
}

impl Measured {
    /// As scalars named after a split.
    pub fn scalars(&self, split: &str) -> Scalars {
        let mut scalars = match self.divergence {
            None => vec![(format!("{split}/nll"), self.loss)],
            Some(divergence) => vec![
                (format!("{split}/loss"), self.loss),
                (format!("{split}/kl"), divergence),
            ],
        };
        let evaluations = self.statistics.map(|statistics| statistics.evaluations as f64);
        scalars.extend(evaluations.map(|count| (format!("{split}/evaluations"), count)));
        scalars
    }
}

/// Measures flows with the exact trace.
#[derive(Debug)]
pub struct Evaluator {
    config: FlowConfig,
    solver: Solver,
    streams: Streams,
    device: Device,
    /// Of a potential.
    log_normalizer: Option<f64>,
}

impl Evaluator {
    /// For flows of a configuration; the points are those of the streams.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn new(config: &FlowConfig, streams: Streams, device: &Device) -> Result<Self> {
        Ok(Self {
            solver: Solver::new(Method::Dopri5).tolerances(TOLERANCE, TOLERANCE),
            streams,
            device: device.clone(),
            log_normalizer: match config.target {
                Target::Samples(_) => None,
                Target::Density(potential) => Some(potential.log_normalizer(device)?),
            },
            config: config.clone(),
        })
    }

    fn setting(&self) -> Setting<'_> {
        Setting::exact(&self.solver, &self.config)
    }

    /// Measures a model on plain tensors.
    ///
    /// # Errors
    ///
    /// An equation that cannot be solved.
    pub fn measure(&self, model: &FlowModel, points: Points) -> Result<Measured, EvaluationError> {
        let count = match points {
            Points::Validation => self.config.data.validation,
            Points::Test => self.config.data.test,
        };
        let (loss, found) = match self.config.target {
            Target::Samples(set) => {
                let data = set.draw(&self.streams, points.name(), 0, count, &self.device);
                let found = model.log_density(data, self.setting())?;
                (-found.log_density.clone(), found)
            }
            Target::Density(potential) => {
                let noise = self.streams.normal(points.name(), 0, [count, PLANE], &self.device);
                let found = model.sample(noise, self.setting())?;
                let energy = potential.walled(found.position.clone());
                (found.log_density.clone() + energy, found)
            }
        };
        // Summed in f64.
        let losses = host(loss)?;
        let loss = losses.iter().sum::<f64>() / losses.len() as f64;
        Ok(Measured {
            loss,
            divergence: self.log_normalizer.map(|normalizer| loss + normalizer),
            statistics: found.transported.map(|found| found.solution.statistics),
        })
    }

    /// The way of a model from the base to its end.
    ///
    /// # Errors
    ///
    /// An equation that cannot be solved.
    pub fn path(&self, model: &FlowModel) -> Result<FlowPath, EvaluationError> {
        let way = Way::new(model, &self.config, &self.solver, &self.device)?;
        let noise = self.streams.normal("figure", 0, [DOTS, PLANE], &self.device);
        let (cells, area) = grid(self.reach(), PIXELS);
        let parts: Vec<f64> = (0..FRAMES).map(|frame| frame as f64 / (FRAMES - 1) as f64).collect();
        let dots = way.samples(noise, &parts)?;
        let mut frames = Vec::with_capacity(FRAMES);
        for (part, dots) in parts.into_iter().zip(dots) {
            let density = way.density(&cells, part)?;
            frames.push(Frame {
                label: way.label(part),
                dots,
                mass: density.iter().sum::<f64>() * area,
                density,
            });
        }
        Ok(FlowPath {
            frames,
            reach: self.reach(),
        })
    }

    /// Half the side of the pictures.
    fn reach(&self) -> f64 {
        reach(self.config.target)
    }
}

/// Half the side of the pictures of a target.
pub(super) fn reach(target: Target) -> f64 {
    match target {
        Target::Samples(super::ToySet::UnitCircles) => 1.6,
        _ => REACH,
    }
}

/// Where samples and density are on their way from the base to the data.
#[derive(Debug)]
pub struct FlowPath {
    /// From the base to the end.
    pub frames: Vec<Frame>,
    /// Half the side of the square that is shown.
    pub reach: f64,
}

impl FlowPath {
    /// The end of the way.
    ///
    /// # Panics
    ///
    /// If the frames were taken out.
    pub fn last(&self) -> &Frame {
        self.frames.last().expect("a path has frames")
    }
}

/// One moment of the way.
#[derive(Debug)]
pub struct Frame {
    /// Its time, or number of layers.
    pub label: String,
    /// Samples.
    pub dots: Vec<[f64; 2]>,
    /// The density at the cells of a grid, row by row from the lowest.
    pub density: Vec<f64>,
    /// Its sum over the cells, times their area: 1 if all of it lies in the square.
    pub mass: f64,
}

/// A model that can be stopped on the way.
enum Way<'a> {
    Continuous {
        model: &'a super::ContinuousFlow<super::model::Field>,
        solver: &'a Solver,
        device: &'a Device,
    },
    Layers {
        layers: HostLayers,
        count: usize,
        base: super::Base,
        /// Whether layers go from data to the base.
        is_inverse: bool,
    },
}

impl<'a> Way<'a> {
    fn new(model: &'a FlowModel, config: &FlowConfig, solver: &'a Solver, device: &'a Device) -> Result<Self> {
        Ok(match model {
            FlowModel::Continuous(model) => Self::Continuous { model, solver, device },
            FlowModel::Layers(flow) => Self::Layers {
                layers: flow.on_host()?,
                count: flow.layers(),
                base: base(config),
                is_inverse: LayerDirection::from(config.target) == LayerDirection::ToBase,
            },
        })
    }

    fn label(&self, part: f64) -> String {
        match self {
            Self::Continuous { model, .. } => format!("t = {:.2}", time(model, part)),
            Self::Layers { count, .. } => format!("{} layers", passed(*count, part)),
        }
    }

    fn samples(&self, noise: Tensor<2>, parts: &[f64]) -> Result<Vec<Vec<[f64; 2]>>, EvaluationError> {
        match self {
            Self::Continuous { model, solver, .. } => {
                let times: Vec<f64> = parts.iter().map(|&part| time(model, part)).collect();
                let begin = model.base.sample(noise);
                let (trace, none) = (super::Trace::Exact, super::Regularization::default());
                let solution = model
                    .solve(solver, begin, &times, &trace, none)
                    .map_err(SolveError::from)?;
                let positions = solution.states.into_iter().map(|(position, _)| pairs(position));
                Ok(positions.collect::<Result<_>>()?)
            }
            Self::Layers {
                layers,
                count,
                base,
                is_inverse,
            } => {
                let begin = pairs(base.sample(noise))?;
                let at = |part: f64| {
                    let passed = passed(*count, part);
                    let mut dots = begin.clone();
                    for dot in &mut dots {
                        match is_inverse {
                            true => layers.inverse(count - passed..*count, dot),
                            false => layers.forward(0..passed, dot),
                        };
                    }
                    dots
                };
                Ok(parts.iter().map(|&part| at(part)).collect())
            }
        }
    }

    fn density(&self, cells: &[f32], part: f64) -> Result<Vec<f64>, EvaluationError> {
        let count = cells.len() / PLANE;
        match self {
            Self::Continuous { model, solver, device } => {
                let data = Tensor::from_data(TensorData::new(cells.to_vec(), [count, PLANE]), *device);
                let log_density = if part == 0.0 {
                    model.base.log_density(data)
                } else {
                    let (trace, none) = (super::Trace::Exact, super::Regularization::default());
                    let stopped = model.until(time(model, part));
                    let found = stopped.log_density(solver, data, &trace, none);
                    found.map_err(SolveError::from)?.log_density
                };
                Ok(host(log_density)?.into_iter().map(f64::exp).collect())
            }
            Self::Layers {
                layers,
                count,
                base,
                is_inverse,
            } => {
                let passed = passed(*count, part);
                let at = |cell: &[f32]| {
                    let mut point = [f64::from(cell[0]), f64::from(cell[1])];
                    let log_determinant = match is_inverse {
                        true => layers.forward(count - passed..*count, &mut point),
                        false => -layers.inverse(0..passed, &mut point),
                    };
                    let squared = point[0] * point[0] + point[1] * point[1];
                    let normalizer = std::f64::consts::TAU * base.variance;
                    (log_determinant - 0.5 * squared / base.variance).exp() / normalizer
                };
                Ok(cells.chunks(PLANE).map(at).collect())
            }
        }
    }
}

fn time<F>(model: &super::ContinuousFlow<F>, part: f64) -> f64 {
    model.start + (model.end - model.start) * part
}

fn passed(layers: usize, part: f64) -> usize {
    (layers as f64 * part).round() as usize
}

fn host(column: Tensor<2>) -> Result<Vec<f64>> {
    Ok(column.try_into_vec_as()?)
}

fn pairs(positions: Tensor<2>) -> Result<Vec<[f64; 2]>> {
    let values = host(positions)?;
    Ok(values.chunks(PLANE).map(|pair| [pair[0], pair[1]]).collect())
}
