//! Residual networks (He et al. 2016), what the paper compares with: basic blocks for small pictures, bottlenecks for
//! ResNet-50 and ResNet-101.

use burn::{
    module::Module,
    nn::Linear,
    prelude::*,
    tensor::{module::max_pool2d, ops::MaxPoolOptions},
};
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::{Statistics, leaky_relu},
};
use serde::{Deserialize, Serialize};

use crate::network::{Unit, classifier};

/// Channels of the stem, at most. Each stage doubles them: with these limits no count of weights or multiply-adds overflows.
const MOST_CHANNELS: usize = 4096;
const MOST_STAGES: usize = 8;
/// Of a stage.
const MOST_BLOCKS: usize = 1000;

/// Sizes of a [`ResNet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// Channels of the stem and of the first stage; each further stage has twice as many.
    pub channels: usize,
    /// Blocks of each stage.
    pub blocks: Vec<usize>,
    /// Whether a block is 1×1, 3×3 and 1×1 with four times as many channels outside as inside.
    #[serde(default)]
    pub bottleneck: bool,
    /// Stem of the large networks: 7×7 with stride 2 and the largest of 3×3 pixels with stride 2, after which the first
    /// stage keeps the size. Otherwise it is 3×3 with stride 2, and every stage halves the picture.
    #[serde(default)]
    pub large_stem: bool,
}

impl ResNetConfig {
    /// Whether there is such a network.
    ///
    /// # Errors
    ///
    /// The setting that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("resnet");
        checks.at_least(1, "channels", self.channels)?;
        checks.at_most(MOST_CHANNELS, "channels", self.channels)?;
        checks.require(
            !self.blocks.is_empty() && !self.blocks.contains(&0),
            "blocks",
            "every stage needs a block",
        )?;
        checks.require(
            self.blocks.len() <= MOST_STAGES && self.blocks.iter().all(|&blocks| blocks <= MOST_BLOCKS),
            "blocks",
            format_args!("must be at most {MOST_STAGES} stages of at most {MOST_BLOCKS} blocks"),
        )
    }

    fn expansion(&self) -> usize {
        if self.bottleneck { 4 } else { 1 }
    }

    fn stem_side(&self) -> usize {
        if self.large_stem { 7 } else { 3 }
    }

    /// Channels before, in and after each block, and its stride.
    fn plan(&self) -> Vec<([usize; 3], usize)> {
        let mut plan = Vec::new();
        let mut before = self.channels;
        for (stage, &blocks) in self.blocks.iter().enumerate() {
            let inside = self.channels << stage;
            for block in 0..blocks {
                let keeps = block > 0 || (stage == 0 && self.large_stem);
                let after = inside * self.expansion();
                plan.push(([before, inside, after], if keeps { 1 } else { 2 }));
                before = after;
            }
        }
        plan
    }

    /// A network with random weights.
    pub fn init(&self, colors: usize, classes: usize, device: &Device) -> ResNet {
        let plan = self.plan();
        let last = plan.last().map_or(self.channels, |(channels, _)| channels[2]);
        let block = |(channels, stride)| Residual::new(channels, stride, self.bottleneck, device);
        ResNet {
            stem: Unit::new([colors, self.channels], self.stem_side(), 2, device),
            blocks: plan.into_iter().map(block).collect(),
            classifier: classifier(last, classes, device),
            large_stem: self.large_stem,
        }
    }

    /// Weights, and multiply-adds of convolutions and classifier for a picture of `size`.
    pub fn cost(&self, colors: usize, classes: usize, size: [usize; 2]) -> [usize; 2] {
        let mut size = size.map(|side| side.div_ceil(2));
        let mut weights = self.stem_side() * self.stem_side() * colors * self.channels;
        let mut multiply_adds = weights * size[0] * size[1];
        weights += 2 * self.channels;
        if self.large_stem {
            size = size.map(|side| side.div_ceil(2));
        }
        let mut last = self.channels;
        for ([before, inside, after], stride) in self.plan() {
            let (input, output) = (size, size.map(|side| side.div_ceil(stride)));
            let mut add = |kernel: usize, size: [usize; 2], norm: usize| {
                weights += kernel + 2 * norm;
                multiply_adds += kernel * size[0] * size[1];
            };
            if self.bottleneck {
                add(before * inside, input, inside);
                add(9 * inside * inside, output, inside);
                add(inside * after, output, after);
            } else {
                add(9 * before * inside, output, inside);
                add(9 * inside * after, output, after);
            }
            if before != after || stride > 1 {
                add(before * after, output, after);
            }
            (size, last) = (output, after);
        }
        [weights + (last + 1) * classes, multiply_adds + last * classes]
    }
}

/// `relu(shortcut(x) + f(x))`, where `f` is two 3×3 convolutions, or 1×1, 3×3 and 1×1.
#[derive(Module, Debug)]
pub struct Residual {
    /// Each followed by ReLU, except the last.
    pub units: Vec<Unit>,
    /// 1×1 where the number of channels or the size changes.
    pub shortcut: Option<Unit>,
}

impl Residual {
    fn new([before, inside, after]: [usize; 3], stride: usize, bottleneck: bool, device: &Device) -> Self {
        let unit = |channels, side, stride| Unit::new(channels, side, stride, device);
        let units = match bottleneck {
            // The stride is that of the 3×3 convolution, as in today's versions.
            true => vec![
                unit([before, inside], 1, 1),
                unit([inside, inside], 3, stride),
                unit([inside, after], 1, 1),
            ],
            false => vec![unit([before, inside], 3, stride), unit([inside, after], 3, 1)],
        };
        let changes = before != after || stride > 1;
        Self {
            units,
            shortcut: changes.then(|| unit([before, after], 1, stride)),
        }
    }

    fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(unit) => unit.forward(input.clone(), statistics, 1.0),
            None => input.clone(),
        };
        let last = self.units.len() - 1;
        let mut hidden = input;
        for (place, unit) in self.units.iter().enumerate() {
            hidden = unit.forward(hidden, statistics, if place == last { 1.0 } else { 0.0 });
        }
        leaky_relu(shortcut + hidden, 0.0)
    }
}

/// A residual network with its classifier.
#[derive(Module, Debug)]
pub struct ResNet {
    /// Followed by ReLU.
    pub stem: Unit,
    /// All stages, one after the other.
    pub blocks: Vec<Residual>,
    /// From the mean over all pixels to the classes.
    pub classifier: Linear,
    /// Whether the largest of 3×3 pixels follow the stem.
    #[module(skip)]
    pub large_stem: bool,
}

impl ResNet {
    /// One logit per class.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        let mut hidden = self.stem.forward(images.permute([0, 2, 3, 1]), statistics, 0.0);
        if self.large_stem {
            let options = MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]);
            let pooled = max_pool2d(hidden.permute([0, 3, 1, 2]), options);
            hidden = pooled.permute([0, 2, 3, 1]);
        }
        for block in &self.blocks {
            hidden = block.forward(hidden, statistics);
        }
        let [batch, height, width, channels] = hidden.dims();
        let means: Tensor<2> = hidden
            .reshape([batch, height * width, channels])
            .mean_dim(1)
            .squeeze_dim(1);
        self.classifier.forward(means)
    }
}

#[cfg(test)]
mod tests {
    use papers_core::{
        nn::trainable_parameters,
        testing::{device, initialized},
    };

    use super::*;

    fn large(blocks: &[usize]) -> ResNetConfig {
        ResNetConfig {
            channels: 64,
            blocks: blocks.to_vec(),
            bottleneck: true,
            large_stem: true,
        }
    }

    #[test]
    fn large_networks_cost_what_the_paper_says() {
        // Table 3: 4.1 and 7.8 billion multiply-adds, 25.6 and 44.6 million weights.
        for (blocks, weights, multiply_adds) in [([3, 4, 6, 3], 25_557_032, 4.1), ([3, 4, 23, 3], 44_549_160, 7.8)] {
            let [found, cost] = large(&blocks).cost(3, 1000, [224, 224]);
            assert_eq!(found, weights);
            assert!((cost as f64 / 1e9 - multiply_adds).abs() < 0.05, "{cost}");
        }
    }

    #[test]
    fn counted_weights_are_those_there_are() {
        let small = ResNetConfig {
            channels: 11,
            blocks: vec![1, 1, 1],
            bottleneck: false,
            large_stem: false,
        };
        let tiny = ResNetConfig {
            channels: 4,
            ..large(&[1, 2])
        };
        for config in [small, tiny] {
            let network = initialized(|| config.init(2, 5, &device()));
            assert_eq!(trainable_parameters(&network), config.cost(2, 5, [28, 28])[0]);
            let logits = network.forward(Tensor::ones([2, 2, 29, 30], &device()), Statistics::Batch);
            assert_eq!(logits.dims(), [2, 5]);
        }
    }
}
