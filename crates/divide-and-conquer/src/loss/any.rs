use burn::{module::Module, prelude::*};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{
    Contrastive, ContrastiveConfig, Margin, MarginConfig, MetricLoss, NPair, NPairConfig, Objective, ProxyNca,
    ProxyNcaConfig, TripletConfig, TripletLoss, View,
};
use crate::{MetricError, OptimizerConfig, Slices};

/// Names of the losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// [`Contrastive`].
    Contrastive,
    /// [`TripletLoss`].
    Triplet,
    /// [`Margin`], the paper's.
    #[default]
    Margin,
    /// [`ProxyNca`].
    ProxyNca,
    /// [`NPair`].
    NPair,
}

/// Which loss, with the settings of each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// The loss that is minimized.
    pub kind: LossKind,
    /// Settings of `contrastive`.
    pub contrastive: ContrastiveConfig,
    /// Settings of `triplet`.
    pub triplet: TripletConfig,
    /// Settings of `margin`.
    pub margin: MarginConfig,
    /// Settings of `proxy-nca`.
    pub proxy_nca: ProxyNcaConfig,
    /// Settings of `n-pair`.
    pub n_pair: NPairConfig,
}

impl LossConfig {
    /// Refuses settings that make no sense, and those of losses that are not minimized.
    ///
    /// # Errors
    ///
    /// The setting.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.contrastive.validate()?;
        self.triplet.validate()?;
        self.margin.validate()?;
        self.proxy_nca.validate()?;
        self.n_pair.validate()?;
        let usual = Self::default();
        for (kind, table, name, is_usual) in [
            (
                LossKind::Contrastive,
                "contrastive",
                "contrastive",
                self.contrastive == usual.contrastive,
            ),
            (LossKind::Triplet, "triplet", "triplet", self.triplet == usual.triplet),
            (LossKind::Margin, "margin", "margin", self.margin == usual.margin),
            (
                LossKind::ProxyNca,
                "proxy_nca",
                "proxy-nca",
                self.proxy_nca == usual.proxy_nca,
            ),
            (LossKind::NPair, "n_pair", "n-pair", self.n_pair == usual.n_pair),
        ] {
            let problem = format_args!("is for `kind = '{name}'` only");
            Checks::of("loss").require(is_usual || self.kind == kind, table, problem)?;
        }
        Ok(())
    }

    /// The loss with fresh parameters for so many classes.
    pub fn init(&self, slices: Slices, classes: usize, device: &Device) -> Loss {
        match self.kind {
            LossKind::Contrastive => Loss::Contrastive(Contrastive {
                config: self.contrastive.clone(),
            }),
            LossKind::Triplet => Loss::Triplet(TripletLoss::new(self.triplet.clone())),
            LossKind::Margin => Loss::Margin(self.margin.init(slices.learners(), classes, device)),
            LossKind::ProxyNca => Loss::ProxyNca(self.proxy_nca.init(slices, classes, device)),
            LossKind::NPair => Loss::NPair(NPair {
                config: self.n_pair.clone(),
            }),
        }
    }
}

/// One of the losses of this crate.
#[derive(Module, Debug)]
pub enum Loss {
    /// Pairs.
    Contrastive(Contrastive),
    /// Triples.
    Triplet(TripletLoss),
    /// Pairs and a boundary.
    Margin(Margin),
    /// Learned points.
    ProxyNca(ProxyNca),
    /// Partners.
    NPair(NPair),
}

impl MetricLoss for Loss {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        match self {
            Self::Contrastive(loss) => loss.forward(view),
            Self::Triplet(loss) => loss.forward(view),
            Self::Margin(loss) => loss.forward(view),
            Self::ProxyNca(loss) => loss.forward(view),
            Self::NPair(loss) => loss.forward(view),
        }
    }

    fn learning_rate(&self, optimizer: &OptimizerConfig) -> f64 {
        match self {
            Self::Contrastive(loss) => loss.learning_rate(optimizer),
            Self::Triplet(loss) => loss.learning_rate(optimizer),
            Self::Margin(loss) => loss.learning_rate(optimizer),
            Self::ProxyNca(loss) => loss.learning_rate(optimizer),
            Self::NPair(loss) => loss.learning_rate(optimizer),
        }
    }
}
