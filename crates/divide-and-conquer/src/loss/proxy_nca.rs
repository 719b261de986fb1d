//! Proxy-NCA (Movshovitz-Attias et al. 2017): every class has a learned point, and examples are near that of their own.

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
    tensor::activation::log_softmax,
};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{MetricLoss, Objective, View, check_labels};
use crate::{MetricError, OptimizerConfig, Part, Slices, distance::squared_between, slices::normalize};

/// Settings of Proxy-NCA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyNcaConfig {
    /// Length of the embeddings. Without it the logits of unit vectors lie within 4, and the loss barely moves. 3 for
    /// CUB-200-2011 and CARS196, 1 for Stanford Online Products.
    pub scale: f64,
    /// Length of the proxies: 3, and 8 for Stanford Online Products.
    pub proxy_scale: f64,
    /// Rate of the proxies in units of that of the network: 10 to 100 in the public programs.
    pub rate_factor: f64,
    /// Share of the target that goes to the other classes.
    pub smoothing: f64,
    /// Whether the own proxy is left out of the denominator, as the paper has it; the usual programs keep it.
    pub exclude_positive: bool,
    /// Whether a learner compares with the proxies of its cluster's classes only.
    pub restrict: bool,
}

impl Default for ProxyNcaConfig {
    fn default() -> Self {
        Self {
            scale: 3.0,
            proxy_scale: 3.0,
            rate_factor: 10.0,
            smoothing: 0.1,
            exclude_positive: false,
            restrict: false,
        }
    }
}

impl ProxyNcaConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `loss.proxy_nca`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("loss.proxy_nca");
        for (key, value) in [
            ("scale", self.scale),
            ("proxy_scale", self.proxy_scale),
            ("rate_factor", self.rate_factor),
        ] {
            checks.positive(key, value)?;
            checks.at_most(1e3, key, value)?;
        }
        checks.share_below_one("smoothing", self.smoothing)?;
        let problem = "must be 0 with `exclude_positive`, which has no target for the other classes";
        checks.require(!self.exclude_positive || self.smoothing == 0.0, "smoothing", problem)
    }

    /// The loss with a random proxy for each class, as wide as the whole embedding.
    pub fn init(&self, slices: Slices, classes: usize, device: &Device) -> ProxyNca {
        let proxies = Initializer::Normal { mean: 0.0, std: 1.0 };
        ProxyNca {
            proxies: proxies.init([classes, slices.dimension()], device),
            config: self.clone(),
            width: slices.width(),
        }
    }
}

/// Proxy-NCA with its proxies; a learner uses the columns of its slice.
#[derive(Module, Debug)]
pub struct ProxyNca {
    /// `[classes, d]`
    pub proxies: Param<Tensor<2>>,
    /// Settings.
    #[module(skip)]
    pub config: ProxyNcaConfig,
    /// Numbers of a slice.
    pub width: usize,
}

/// Squared distances of embeddings to proxies, both brought to their lengths. One matrix product: 80 pictures and the 11,318
/// classes of Stanford Online Products take 4 MB, so that nothing has to be cut into chunks.
///
/// # Shapes
///
/// - embeddings: `[batch, width]`
/// - proxies: `[classes, width]`
/// - output: `[batch, classes]`
pub fn proxy_distances(embeddings: Tensor<2>, proxies: Tensor<2>, config: &ProxyNcaConfig) -> Tensor<2> {
    squared_between(
        normalize(embeddings) * config.scale,
        normalize(proxies) * config.proxy_scale,
    )
}

/// Cross-entropy of `softmax(-D)` with smoothed targets, or with the own class left out of the denominator, in which case
/// it may be negative; mean over the batch.
///
/// # Shapes
///
/// - distances: `[batch, classes]`
/// - output: `[1]`
///
/// # Panics
///
/// If there is no label for each row, or no proxy of a label.
pub fn proxy_nca_loss(distances: Tensor<2>, labels: &[usize], config: &ProxyNcaConfig) -> Tensor<1> {
    let [batch, classes] = distances.dims();
    assert_eq!(batch, labels.len(), "a label for each row");
    let (device, dtype) = (distances.device(), distances.dtype());
    let mut own = vec![0.0_f64; batch * classes];
    for (row, &label) in labels.iter().enumerate() {
        assert!(label < classes, "a proxy for class {label}");
        own[row * classes + label] = 1.0;
    }
    let own = Tensor::<2>::from_data(TensorData::new(own, [batch, classes]), (&device, dtype));
    if config.exclude_positive {
        /// What no distance reaches.
        const FAR: f64 = 1e9;
        let others = distances.clone().neg() - own.clone() * FAR;
        let largest = others.clone().max_dim(1).detach();
        let sum = (others - largest.clone()).exp().sum_dim(1).log() + largest;
        return ((own * distances).sum_dim(1) + sum).mean();
    }
    let rest = config.smoothing / (classes.max(2) - 1) as f64;
    let targets = own * (1.0 - config.smoothing - rest) + rest;
    (log_softmax(distances.neg(), 1) * targets).sum_dim(1).mean().neg()
}

impl MetricLoss for ProxyNca {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        check_labels(view.labels, self.proxies.dims()[0])?;
        let proxies = match view.part {
            Part::Whole => self.proxies.val(),
            Part::Slice(learner) => self.proxies.val().narrow(1, learner * self.width, self.width),
        };
        let (proxies, labels) = match view.classes.filter(|classes| self.config.restrict && classes.len() > 1) {
            Some(classes) => {
                let places: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
                let places = TensorData::new(places, [classes.len()]);
                let proxies = proxies.select(0, Tensor::from_data(places, &view.embeddings.device()));
                let place = |label: &usize| classes.iter().position(|class| class == label);
                let labels: Option<Vec<usize>> = view.labels.iter().map(place).collect();
                let problem = || MetricError::Setting("a batch has classes that are not its cluster's".to_owned());
                (proxies, labels.ok_or_else(problem)?)
            }
            None => (proxies, view.labels.to_vec()),
        };
        let distances = proxy_distances(view.embeddings, proxies, &self.config);
        Ok(Objective {
            value: proxy_nca_loss(distances, &labels, &self.config),
            terms: labels.len(),
            no_negatives: false,
        })
    }

    fn learning_rate(&self, optimizer: &OptimizerConfig) -> f64 {
        optimizer.learning_rate * self.config.rate_factor
    }
}
