//! ResNet-50 (He et al. 2016) up to its features, with the names of torchvision.

use burn::{
    module::Module,
    prelude::*,
    tensor::{module::max_pool2d, ops::MaxPoolOptions},
};
use papers_core::nn::{BatchNorm, BatchNormConfig, Convolution, Statistics, dropout, leaky_relu};

use crate::{Backbone, Mode, config::ResNetConfig};

/// Channels outside of a bottleneck for one inside.
const EXPANSION: usize = 4;

/// A convolution with the normalization behind it, as a shortcut has them.
#[derive(Module, Debug)]
pub struct Shortcut {
    /// 1×1; `0` in torchvision.
    pub convolution: Convolution,
    /// `1` in torchvision.
    pub norm: BatchNorm,
}

/// 1×1, 3×3 and 1×1 beside a shortcut; the stride is that of the 3×3.
#[derive(Module, Debug)]
pub struct Bottleneck {
    /// 1×1.
    pub conv1: Convolution,
    /// After it.
    pub bn1: BatchNorm,
    /// 3×3.
    pub conv2: Convolution,
    /// After it.
    pub bn2: BatchNorm,
    /// 1×1.
    pub conv3: Convolution,
    /// After it.
    pub bn3: BatchNorm,
    /// Where the number of channels or the size changes.
    pub downsample: Option<Shortcut>,
}

impl Bottleneck {
    fn new([before, inside]: [usize; 2], stride: usize, device: &Device) -> Self {
        let after = EXPANSION * inside;
        let convolution = |channels, side| Convolution::new(channels, side, device);
        Self {
            conv1: convolution([before, inside], 1),
            bn1: normalization(inside, device),
            conv2: convolution([inside, inside], 3).with_stride(stride),
            bn2: normalization(inside, device),
            conv3: convolution([inside, after], 1),
            bn3: normalization(after, device),
            downsample: (before != after || stride > 1).then(|| Shortcut {
                convolution: convolution([before, after], 1).with_stride(stride),
                norm: normalization(after, device),
            }),
        }
    }

    fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(Shortcut { convolution, norm }) => {
                norm.forward_leaky(convolution.forward_last(input.clone()), statistics, 1.0)
            }
            None => input.clone(),
        };
        let hidden = self.bn1.forward_leaky(self.conv1.forward_last(input), statistics, 0.0);
        let hidden = self.bn2.forward_leaky(self.conv2.forward_last(hidden), statistics, 0.0);
        let hidden = self.bn3.forward_leaky(self.conv3.forward_last(hidden), statistics, 1.0);
        leaky_relu(shortcut + hidden, 0.0)
    }
}

fn normalization(channels: usize, device: &Device) -> BatchNorm {
    // As torchvision has it.
    BatchNormConfig::new(channels)
        .with_epsilon(1e-5)
        .with_keep(0.9)
        .init(device)
}

/// ResNet-50 without its classifier, and relatives with other sizes.
#[derive(Module, Debug)]
pub struct ResNet {
    /// 7×7 with stride 2.
    pub conv1: Convolution,
    /// After it.
    pub bn1: BatchNorm,
    /// At a quarter of the picture's size.
    pub layer1: Vec<Bottleneck>,
    /// At an eighth.
    pub layer2: Vec<Bottleneck>,
    /// At a sixteenth.
    pub layer3: Vec<Bottleneck>,
    /// At a thirty-second.
    pub layer4: Vec<Bottleneck>,
    /// Whether training normalizes with the running statistics.
    pub freeze_statistics: bool,
    /// Share of the features that is dropped in training.
    pub dropout: f64,
}

impl ResNet {
    /// A network with random weights.
    ///
    /// # Panics
    ///
    /// If there are not four stages.
    pub fn new(config: &ResNetConfig, colors: usize, device: &Device) -> Self {
        let stem = config.channels;
        let stage = |number: usize| -> Vec<Bottleneck> {
            let inside = stem << number;
            let entry = if number == 0 { stem } else { EXPANSION * inside / 2 };
            let block = |place: usize| {
                let before = if place == 0 { entry } else { EXPANSION * inside };
                let stride = if place == 0 && number > 0 { 2 } else { 1 };
                Bottleneck::new([before, inside], stride, device)
            };
            (0..config.blocks[number]).map(block).collect()
        };
        let network = Self {
            conv1: Convolution::new([colors, stem], 7, device).with_stride(2),
            bn1: normalization(stem, device),
            layer1: stage(0),
            layer2: stage(1),
            layer3: stage(2),
            layer4: stage(3),
            freeze_statistics: config.freeze_statistics,
            dropout: config.dropout,
        };
        if config.train_affine {
            network
        } else {
            network.with_fixed_affine()
        }
    }

    /// Number of features: channels of the last stage.
    pub fn features_of(&self) -> usize {
        let last = self.layer4.last().expect("a stage has a block");
        last.conv3.weight.lazy_shape().dims::<4>()[0]
    }

    /// Keeps scales and shifts of normalizations as they are.
    fn with_fixed_affine(mut self) -> Self {
        let fixed = |mut norm: BatchNorm| {
            norm.scale = norm.scale.set_require_grad(false);
            norm.shift = norm.shift.set_require_grad(false);
            norm
        };
        self.bn1 = fixed(self.bn1);
        for stage in [&mut self.layer1, &mut self.layer2, &mut self.layer3, &mut self.layer4] {
            let blocks = std::mem::take(stage).into_iter().map(|mut block| {
                block.bn1 = fixed(block.bn1);
                block.bn2 = fixed(block.bn2);
                block.bn3 = fixed(block.bn3);
                block.downsample = block.downsample.map(|mut shortcut| {
                    shortcut.norm = fixed(shortcut.norm);
                    shortcut
                });
                block
            });
            *stage = blocks.collect();
        }
        self
    }
}

impl Backbone<4> for ResNet {
    fn features(&self, inputs: Tensor<4>, mode: Mode) -> Tensor<2> {
        let statistics = match mode {
            Mode::Train if !self.freeze_statistics => Statistics::Update,
            _ => Statistics::Running,
        };
        let hidden = self.conv1.forward_last(inputs.permute([0, 2, 3, 1]));
        let hidden = self.bn1.forward_leaky(hidden, statistics, 0.0);
        let options = MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]);
        let mut hidden = max_pool2d(hidden.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1]);
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        for block in stages.into_iter().flatten() {
            hidden = block.forward(hidden, statistics);
        }
        let [batch, height, width, channels] = hidden.dims();
        let means = hidden
            .reshape([batch, height * width, channels])
            .mean_dim(1)
            .squeeze_dim(1);
        match mode {
            Mode::Train => dropout(means, self.dropout),
            Mode::Evaluate => means,
        }
    }
}
