use burn::{
    module::{Initializer, Module, Param},
    nn::Linear,
    prelude::*,
};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{
    ActionDistribution, ActorCritic, AgentError, Policy, TangentPolicy, Value, flat, initial::dense,
    tangent::MlpLinearization, tanh::tanh,
};
use crate::environment::ActionSpace;

/// Dense layers with `tanh` between them.
#[derive(Module, Debug)]
pub(super) struct Mlp {
    /// From the input to the output, each with a bias.
    pub(super) layers: Vec<Linear>,
}

impl Mlp {
    /// Layers of `sizes[0]` inputs, `sizes[1]` hidden numbers and so on. The weights of an output have the norm 1 in
    /// hidden layers and `output_gain` in the last one.
    fn new(sizes: &[usize], output_gain: f64, device: &Device) -> Self {
        let last = sizes.len().saturating_sub(2);
        let layers = sizes.windows(2).enumerate().map(|(index, pair)| {
            let gain = if index == last { output_gain } else { 1.0 };
            dense(pair[0], pair[1], gain, device)
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// Inputs and outputs of each layer.
    pub(super) fn sizes(&self) -> Vec<[usize; 2]> {
        self.layers
            .iter()
            .map(|layer| layer.weight.lazy_shape().dims())
            .collect()
    }

    /// Applies the layers.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, inputs]`
    /// - output: `[batch, outputs]`
    pub(super) fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let mut layers = self.layers.iter();
        let first = layers.next().map(|layer| layer.forward(input.clone()));
        layers.fold(first.unwrap_or(input), |hidden, layer| layer.forward(tanh(hidden)))
    }
}

/// Sizes of the networks for observations without a picture's shape. The paper leaves them open: these are common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Logarithm of the standard deviation of continuous actions at first.
    pub initial_log_std: f64,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            initial_log_std: 0.0,
        }
    }
}

impl MlpConfig {
    /// Refuses sizes that make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key below `table`.
    pub fn validate(&self, table: &str) -> Result<(), ConfigError> {
        let checks = Checks::of(table);
        let problem = format_args!("must hold positive widths, not {:?}", self.hidden);
        checks.require(!self.hidden.contains(&0), "hidden", problem)?;
        let log_std = self.initial_log_std;
        let problem = format_args!("must be finite, not {log_std}");
        checks.require(log_std.is_finite(), "initial_log_std", problem)
    }

    /// A policy for observations of so many numbers. Its last layer is small, so that it begins without preference.
    pub fn init_policy(&self, observation: usize, actions: &ActionSpace, device: &Device) -> MlpPolicy {
        let log_std = match *actions {
            ActionSpace::Continuous { size, .. } => {
                let value = self.initial_log_std;
                Some(Initializer::Constant { value }.init([size], device))
            }
            ActionSpace::Discrete { .. } => None,
        };
        MlpPolicy {
            network: Mlp::new(&self.sizes(observation, actions.features()), 0.01, device),
            log_std,
        }
    }

    /// A value network for observations of so many numbers. It says 0 at first: as long as there is no reward, nothing is
    /// better than anything.
    pub fn init_value(&self, observation: usize, device: &Device) -> MlpValue {
        MlpValue {
            network: Mlp::new(&self.sizes(observation, 1), 0.0, device),
        }
    }

    /// A policy and a value network that share nothing.
    pub fn init_actor_critic(&self, observation: usize, actions: &ActionSpace, device: &Device) -> MlpActorCritic {
        MlpActorCritic {
            policy: self.init_policy(observation, actions, device),
            value: self.init_value(observation, device),
        }
    }

    fn sizes(&self, input: usize, output: usize) -> Vec<usize> {
        let hidden = self.hidden.iter().copied();
        std::iter::once(input).chain(hidden).chain([output]).collect()
    }
}

/// The policy of tasks with observations that are no pictures.
#[derive(Module, Debug)]
pub struct MlpPolicy {
    network: Mlp,
    /// Of continuous actions, the same in every state: `[size]`
    log_std: Option<Param<Tensor<1>>>,
}

impl Policy for MlpPolicy {
    fn distribution(&self, observations: Tensor<2>) -> ActionDistribution {
        let outputs = self.network.forward(observations);
        match &self.log_std {
            Some(log_std) => ActionDistribution::Gaussian {
                mean: outputs,
                log_std: log_std.val(),
            },
            None => ActionDistribution::Categorical { logits: outputs },
        }
    }
}

/// Parameters in the order `W₁, b₁, W₂, b₂, .., log σ`, each `W` as `[out, in]`.
impl TangentPolicy for MlpPolicy {
    type Linearization = MlpLinearization;

    fn parameters(&self) -> Result<Vec<f64>, AgentError> {
        let mut parameters = Vec::new();
        for (layer, [input, output]) in self.network.layers.iter().zip(self.network.sizes()) {
            let mut matrix = layer.weight.val().try_into_vec_as::<f64>()?;
            if let Some(bias) = &layer.bias {
                matrix.extend(bias.val().try_into_vec_as::<f64>()?);
            }
            flat::append(&mut parameters, &matrix, input, output);
        }
        if let Some(log_std) = &self.log_std {
            parameters.extend(log_std.val().try_into_vec_as::<f64>()?);
        }
        Ok(parameters)
    }

    fn with_parameters(self, parameters: &[f64]) -> Self {
        let mut rest = parameters;
        let sizes = self.network.sizes();
        let layers = self.network.layers.into_iter().zip(sizes);
        let layers = layers.map(|(layer, [input, output])| {
            let mut weight = flat::matrix(&mut rest, input, output);
            let bias = weight.split_off(input * output);
            Linear {
                weight: refill(layer.weight, weight),
                bias: layer.bias.map(|old| refill(old, bias)),
            }
        });
        let layers = layers.collect();
        let log_std = self.log_std.map(|old| refill(old, std::mem::take(&mut rest).to_vec()));
        assert!(rest.is_empty(), "as many parameters as the policy has");
        Self {
            network: Mlp { layers },
            log_std,
        }
    }

    fn linearize(&self, observations: Tensor<2>) -> MlpLinearization {
        let log_std = self.log_std.as_ref().map(|log_std| log_std.val().inner());
        MlpLinearization::new(&self.network, log_std, observations)
    }
}

/// The parameter with other numbers, in the precision and on the tape that it was.
fn refill<const D: usize>(param: Param<Tensor<D>>, values: Vec<f64>) -> Param<Tensor<D>> {
    param.map(|old| {
        let is_tracked = old.is_autodiff();
        let old = old.inner();
        let data = TensorData::new(values, old.shape());
        let new = Tensor::from_data(data, (&old.device(), old.dtype()));
        if is_tracked { new.autodiff().require_grad() } else { new }
    })
}

/// The value network of tasks with observations that are no pictures.
#[derive(Module, Debug)]
pub struct MlpValue {
    network: Mlp,
}

impl Value for MlpValue {
    fn values(&self, observations: Tensor<2>) -> Tensor<1> {
        self.network.forward(observations).squeeze_dim(1)
    }
}

/// Both networks side by side, for learners that train them together.
#[derive(Module, Debug)]
pub struct MlpActorCritic {
    policy: MlpPolicy,
    value: MlpValue,
}

impl ActorCritic for MlpActorCritic {
    fn forward(&self, observations: Tensor<2>) -> (ActionDistribution, Tensor<1>) {
        (
            self.policy.distribution(observations.clone()),
            self.value.values(observations),
        )
    }
}
