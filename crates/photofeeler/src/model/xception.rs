//! Xception (Chollet 2017) without its classifier, in the layout of Keras.

use burn::{
    module::Module,
    prelude::*,
    tensor::{module::max_pool2d, ops::MaxPoolOptions},
};
use papers_core::nn::{Convolution, Statistics};

use super::layers::{ConvolutionNorm, KEEP, Separable, pooled};

/// Features after the mean over all pixels.
pub const XCEPTION_FEATURES: usize = 2048;
/// Least side of a picture: two layers without border, then four halvings that round up.
pub const XCEPTION_LEAST_SIDE: usize = 71;

/// Rows of the last map of a picture with so many rows: two layers without border, the first of stride 2, and four halvings that
/// round up.
pub fn xception_map_side(side: usize) -> usize {
    let stem = (side.saturating_sub(3) / 2 + 1).saturating_sub(2);
    (0..HALVINGS).fold(stem, |side, _| side.div_ceil(2))
}

/// Three entry blocks and the exit block.
const HALVINGS: usize = 4;
const MIDDLE_BLOCKS: usize = 8;
const MIDDLE: usize = 728;

/// Two separable layers, a halving maximum, and a 1×1 convolution of stride 2 beside them.
#[derive(Module, Debug)]
pub struct EntryBlock {
    /// Behind a rectifier, but for the first block, whose input has passed one.
    pub first: Separable,
    /// Behind a rectifier.
    pub second: Separable,
    /// 1×1 with stride 2.
    pub shortcut: ConvolutionNorm,
}

impl EntryBlock {
    fn new(input: usize, middle: usize, output: usize, device: &Device) -> Self {
        let shortcut = Convolution::new([input, output], 1, device).with_stride(2);
        Self {
            first: Separable::new([input, middle], device),
            second: Separable::new([middle, output], device),
            shortcut: ConvolutionNorm::new(shortcut, KEEP, device),
        }
    }

    fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let hidden = self.first.forward(input.clone(), statistics);
        let hidden = self.second.forward(hidden, statistics);
        halved(hidden) + self.shortcut.forward(input, statistics)
    }
}

/// Entry, middle and exit flow.
#[derive(Module, Debug)]
pub struct Xception {
    /// 3×3 without border: stride 2 to 32 channels, then to 64.
    pub stem: Vec<ConvolutionNorm>,
    /// To 128, 256 and 728 channels.
    pub entry: Vec<EntryBlock>,
    /// Eight blocks of three layers beside an identity.
    pub middle: Vec<Vec<Separable>>,
    /// 728 to 1024 channels.
    pub exit: EntryBlock,
    /// To 1536 and 2048 channels, each followed by a rectifier.
    pub last: Vec<Separable>,
}

impl Xception {
    /// Random weights; `channels` of a picture, 3 in the paper.
    pub fn new(channels: usize, device: &Device) -> Self {
        let stem = |channels: [usize; 2], stride: usize| {
            let convolution = Convolution::new(channels, 3, device)
                .with_stride(stride)
                .without_padding();
            ConvolutionNorm::new(convolution, KEEP, device)
        };
        let separable = |channels| Separable::new(channels, device);
        Self {
            stem: vec![stem([channels, 32], 2), stem([32, 64], 1)],
            entry: vec![
                EntryBlock::new(64, 128, 128, device),
                EntryBlock::new(128, 256, 256, device),
                EntryBlock::new(256, MIDDLE, MIDDLE, device),
            ],
            middle: (0..MIDDLE_BLOCKS)
                .map(|_| (0..3).map(|_| separable([MIDDLE; 2])).collect())
                .collect(),
            exit: EntryBlock::new(MIDDLE, MIDDLE, 1024, device),
            last: vec![separable([1024, 1536]), separable([1536, XCEPTION_FEATURES])],
        }
    }

    /// The last feature map.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, rows, columns, channels]`, values in `[-1, 1]`, at least 71 rows and columns
    /// - output: `[batch, xception_map_side(rows), xception_map_side(columns), 2048]`
    pub fn last_map(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let [_, rows, columns, _] = input.dims();
        let sides = [rows, columns].map(xception_map_side);
        let stem = self.stem.iter();
        let hidden = stem.fold(input, |hidden, layer| layer.forward_rectified(hidden, statistics));
        let entry = self.entry.iter();
        let hidden = entry.fold(hidden, |hidden, block| block.forward(hidden, statistics));
        let hidden = self.middle.iter().fold(hidden, |hidden, block| {
            let layers = block.iter();
            let branch = layers.fold(hidden.clone(), |hidden, layer| layer.forward(hidden, statistics));
            hidden + branch
        });
        let hidden = self.exit.forward(hidden, statistics);
        debug_assert_eq!(hidden.dims()[1..3], sides, "the rule of sides");
        let hidden = self.last[0].forward_rectified(hidden, statistics);
        self.last[1].forward_positive(hidden, statistics)
    }

    /// The mean of the last feature map.
    ///
    /// # Shapes
    ///
    /// - input: as [`last_map`](Self::last_map)
    /// - output: `[batch, 2048]`
    pub fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        pooled(self.last_map(input, statistics))
    }
}

/// The maximum of each 3×3 square with stride 2, as "same" has it: even sides have a border at their end alone.
fn halved(input: Tensor<4>) -> Tensor<4> {
    let [_, height, width, _] = input.dims();
    let border = |side: usize| (side % 2, 1);
    let options = MaxPoolOptions {
        padding: [border(height), border(width)],
        ..MaxPoolOptions::new([3, 3]).with_stride([2, 2])
    };
    max_pool2d(input.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
}
