//! Encoder with a classifier's and a latent head, and decoder (section 3.1, figure 2).

mod layers;

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::{Statistics, leaky_relu},
};
use serde::{Deserialize, Serialize};

pub use layers::{Down, Up};

use crate::objective::Encoded;

/// From one layer's pixels to the next one's.
const STRIDE: usize = 2;

/// Sizes of encoder and decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Channels after each convolution of the encoder, each of stride 2; the decoder goes the other way.
    pub filters: Vec<usize>,
    /// Side of each convolution's kernel in the encoder.
    pub kernels: Vec<usize>,
    /// Side of each transposed convolution's kernel in the decoder, from the smallest picture to the largest.
    pub decoder_kernels: Vec<usize>,
    /// Units of the dense layers behind the encoder's convolutions; the decoder has them the other way round.
    pub hidden: Vec<usize>,
    /// Latent dimensions, k.
    pub latent: usize,
    /// Labels, d; the first one says which rows are to be debiased.
    #[serde(default = "one")]
    pub labels: usize,
    /// What the rectifiers leave of negative values: 0, or 0.2 in the reproduction.
    #[serde(default)]
    pub slope: f64,
    /// Whether the encoder's convolutions are followed by batch normalization, after the rectifier.
    #[serde(default = "yes")]
    pub normalized: bool,
    /// What the decoder's last layer is followed by.
    #[serde(default)]
    pub output: Output,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

/// What brings reconstructions into the range of pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// `[0, 1]` (reproduction).
    #[default]
    Sigmoid,
    /// 0 and above (public code with TensorFlow).
    Relu,
    /// Any number (public code with PyTorch).
    Linear,
}

impl NetworkConfig {
    /// Checks sizes, also against those of pictures.
    ///
    /// # Errors
    ///
    /// The setting that does not hold.
    pub fn validate(&self, height: usize, width: usize) -> Result<(), ConfigError> {
        let checks = Checks::of("network");
        let layers = self.filters.len();
        checks.at_least(1, "filters", layers)?;
        checks.require(!self.filters.contains(&0), "filters", "a layer needs a channel")?;
        for (name, kernels) in [("kernels", &self.kernels), ("decoder_kernels", &self.decoder_kernels)] {
            checks.require(
                kernels.len() == layers,
                name,
                format_args!(
                    "must have a side for each of the {layers} layers of `filters`, not {}",
                    kernels.len()
                ),
            )?;
            checks.require(
                kernels.iter().all(|side| (STRIDE..=64).contains(side)),
                name,
                "must be sides from 2 to 64",
            )?;
        }
        checks.require(!self.hidden.contains(&0), "hidden", "a layer needs a unit")?;
        checks.at_least(1, "latent", self.latent)?;
        checks.at_least(1, "labels", self.labels)?;
        checks.share_below_one("slope", self.slope)?;
        let factor = u32::try_from(layers).ok().and_then(|layers| STRIDE.checked_pow(layers));
        let divides = |size: usize| factor.is_some_and(|factor| size > 0 && size.is_multiple_of(factor));
        checks.require(
            divides(height) && divides(width),
            "filters",
            format_args!(
                "has {layers} layers that each halve a picture, so {height}×{width} pixels must be multiples of 2^{layers}; change the \
                 number of layers or the size of pictures"
            ),
        )
    }

    /// A network with random weights (PyTorch's: uniform in ±1/√(inputs of a unit)) for pictures of `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) refuses the sizes.
    pub fn init(&self, [channels, height, width]: [usize; 3], device: &Device) -> DbVae {
        let filters = [&[channels], self.filters.as_slice()].concat();
        let layers = self.filters.len();
        let scale = STRIDE.pow(layers as u32);
        let smallest = [height / scale, width / scale, self.filters[layers - 1]];
        let flat = smallest.iter().product();
        let outputs = self.labels + 2 * self.latent;
        let wide = [&[flat], self.hidden.as_slice()].concat();
        let narrow: Vec<usize> = [
            &[self.latent],
            self.hidden.iter().rev().copied().collect::<Vec<_>>().as_slice(),
            &[flat],
        ]
        .concat();
        let dense = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        DbVae {
            encoder: Encoder {
                convolutions: (0..layers)
                    .map(|layer| {
                        Down::new(
                            [filters[layer], filters[layer + 1]],
                            self.kernels[layer],
                            self.normalized,
                            device,
                        )
                    })
                    .collect(),
                hidden: wide.windows(2).map(|pair| dense(pair[0], pair[1])).collect(),
                head: dense(wide[wide.len() - 1], outputs),
                labels: self.labels,
                slope: self.slope,
            },
            decoder: Decoder {
                hidden: narrow.windows(2).map(|pair| dense(pair[0], pair[1])).collect(),
                convolutions: (0..layers)
                    .map(|layer| {
                        let from = layers - layer;
                        Up::new([filters[from], filters[from - 1]], self.decoder_kernels[layer], device)
                    })
                    .collect(),
                smallest,
                slope: self.slope,
                output: self.output,
            },
        }
    }
}

/// The debiasing variational autoencoder.
#[derive(Module, Debug)]
pub struct DbVae {
    /// From pictures to labels and latents.
    pub encoder: Encoder,
    /// From latents to pictures.
    pub decoder: Decoder,
}

/// From pictures to labels and latents.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Each halves the picture.
    pub convolutions: Vec<Down>,
    /// Dense layers behind them.
    pub hidden: Vec<Linear>,
    /// Labels, means, log-variances.
    pub head: Linear,
    /// Number of labels.
    pub labels: usize,
    /// Of the rectifiers.
    pub slope: f64,
}

/// From latents to pictures.
#[derive(Module, Debug)]
pub struct Decoder {
    /// From latents to the smallest picture.
    pub hidden: Vec<Linear>,
    /// Each doubles the picture.
    pub convolutions: Vec<Up>,
    /// Height, width and channels of the smallest picture.
    #[module(skip)]
    pub smallest: [usize; 3],
    /// Of the rectifiers.
    pub slope: f64,
    /// Behind the last layer.
    #[module(skip)]
    pub output: Output,
}

impl DbVae {
    /// What the encoder says of pictures.
    ///
    /// # Shapes
    ///
    /// - pictures: `[batch, height, width, channels]`, values in `[0, 1]`; channels last
    /// - output: `[batch, labels]` and `[batch, latent]`
    pub fn encode(&self, pictures: Tensor<4>, statistics: Statistics) -> Encoded {
        let Encoder { slope, labels, .. } = self.encoder;
        let layers = self.encoder.convolutions.iter();
        let features = layers.fold(pictures, |features, layer| layer.forward(features, slope, statistics));
        let flat = features.flatten(1, 3);
        let hidden = self.encoder.hidden.iter();
        let hidden = hidden.fold(flat, |hidden, layer| leaky_relu(layer.forward(hidden), slope));
        Encoded::of_outputs(self.encoder.head.forward(hidden), labels)
    }

    /// Pictures for latents.
    ///
    /// # Shapes
    ///
    /// - latents: `[batch, latent]`
    /// - output: `[batch, height, width, channels]`
    pub fn decode(&self, latents: Tensor<2>) -> Tensor<4> {
        let Decoder {
            slope,
            smallest: [height, width, channels],
            output,
            ..
        } = self.decoder;
        let batch = latents.dims()[0];
        let hidden = self.decoder.hidden.iter();
        let flat = hidden.fold(latents, |hidden, layer| leaky_relu(layer.forward(hidden), slope));
        let mut picture = flat.reshape([batch, height, width, channels]);
        let last = self.decoder.convolutions.len() - 1;
        for (number, layer) in self.decoder.convolutions.iter().enumerate() {
            picture = layer.forward(picture);
            if number < last {
                picture = leaky_relu(picture, slope);
            }
        }
        match output {
            Output::Sigmoid => burn::tensor::activation::sigmoid(picture),
            Output::Relu => leaky_relu(picture, 0.0),
            Output::Linear => picture,
        }
    }

    /// Latent dimensions.
    pub fn latent(&self) -> usize {
        (self.encoder.head.weight.lazy_shape().dims::<2>()[1] - self.encoder.labels) / 2
    }
}
