use burn::{module::Module, prelude::*, tensor::s};
use papers_core::nn::{Convolution, leaky_relu};
use serde::{Deserialize, Serialize};

/// Sizes of a [`Pyramid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PyramidConfig {
    /// Channels of every level; 256 in the paper's detectors.
    pub channels: usize,
    /// Whether stages are rectified before they are taken: a stage ends with a batch normalization.
    #[serde(default = "yes")]
    pub rectify: bool,
}

fn yes() -> bool {
    true
}

impl PyramidConfig {
    /// A pyramid on stages of so many channels, from the finest to the coarsest.
    pub fn init(&self, stages: &[usize], device: &Device) -> Pyramid {
        let lateral = |&channels: &usize| Convolution::new([channels, self.channels], 1, device).with_bias();
        let smooth = |_: &usize| Convolution::new([self.channels; 2], 3, device).with_bias();
        Pyramid {
            laterals: stages.iter().map(lateral).collect(),
            smooth: stages.iter().map(smooth).collect(),
            rectify: self.rectify,
        }
    }
}

/// Feature pyramid network (Lin et al. 2017): the last stage's features come down to the first one's size, and meet those of
/// each stage on the way.
#[derive(Module, Debug)]
pub struct Pyramid {
    /// 1×1, of each stage.
    pub laterals: Vec<Convolution>,
    /// 3×3, of each level.
    pub smooth: Vec<Convolution>,
    /// Whether stages are rectified first.
    #[module(skip)]
    pub rectify: bool,
}

impl Pyramid {
    /// A level for each stage, from the finest to the coarsest, and one more: every second pixel of the coarsest.
    ///
    /// # Shapes
    ///
    /// - stages: `[batch, height, width, channels]`, each half as high and wide as the one before, rounded up
    /// - outputs: as many levels of those sizes, and one of half the last one's, all with the pyramid's channels
    pub fn forward(&self, stages: &[Tensor<4>]) -> Vec<Tensor<4>> {
        let mut levels: Vec<Tensor<4>> = Vec::with_capacity(stages.len() + 1);
        let mut above: Option<Tensor<4>> = None;
        let places = stages.iter().zip(&self.laterals).zip(&self.smooth).rev();
        for ((stage, lateral), smooth) in places {
            let stage = if self.rectify {
                leaky_relu(stage.clone(), 0.0)
            } else {
                stage.clone()
            };
            let own = lateral.forward_last(stage);
            let sum = match above {
                Some(above) => {
                    let [_, height, width, _] = own.dims();
                    own + doubled(above, height, width)
                }
                None => own,
            };
            levels.push(smooth.forward_last(sum.clone()));
            above = Some(sum);
        }
        levels.reverse();
        let coarsest = levels.last().expect("a pyramid has a level").clone();
        levels.push(coarsest.slice(s![.., ..;2, ..;2, ..]));
        levels
    }
}

/// Every pixel twice along both axes, cut to the size.
///
/// # Shapes
///
/// - input: `[batch, height / 2, width / 2, channels]`, rounded up
/// - output: `[batch, height, width, channels]`
fn doubled(input: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    let [batch, rows, columns, channels] = input.dims();
    let wide = input.reshape([batch * rows, columns, 1, channels]).repeat_dim(2, 2);
    let tall = wide.reshape([batch, rows, 1, 2 * columns * channels]).repeat_dim(2, 2);
    let doubled = tall.reshape([batch, 2 * rows, 2 * columns, channels]);
    doubled.slice(s![.., 0..height, 0..width, ..])
}

#[cfg(test)]
mod tests {
    use papers_core::testing::{device, initialized, tensor_f64, values};

    use super::*;

    #[test]
    fn pixels_are_doubled_and_cut() {
        let input = tensor_f64(vec![1.0, 2.0, 3.0, 4.0], [1, 2, 2, 1], &device());
        let found = values(doubled(input, 3, 4));
        assert_eq!(found, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
    }

    #[test]
    fn levels_have_the_sizes_of_stages_of_any_picture() {
        let config = PyramidConfig {
            channels: 6,
            rectify: true,
        };
        for (height, width) in [(224, 224), (37, 51), (33, 32)] {
            let half = |side: usize, times: u32| side.div_ceil(1 << times);
            let channels = [4, 4, 8, 16];
            let stages = (2..=5_u32).zip(channels).map(|(times, channels)| {
                Tensor::ones([1, half(height, times), half(width, times), channels], &device())
            });
            let stages: Vec<Tensor<4>> = stages.collect();
            let pyramid = initialized(|| config.init(&channels, &device()));
            let levels = pyramid.forward(&stages);
            let sizes: Vec<[usize; 4]> = levels.iter().map(Tensor::dims).collect();
            let expected: Vec<[usize; 4]> = (2..=6)
                .map(|times| [1, half(height, times), half(width, times), 6])
                .collect();
            assert_eq!(sizes, expected);
        }
    }

    /// A change of the coarsest stage reaches the finest level; one of the finest stage reaches no other.
    #[test]
    fn features_flow_downwards() {
        let config = PyramidConfig {
            channels: 3,
            rectify: false,
        };
        let pyramid = initialized(|| config.init(&[2, 2], &device()));
        let stages = |fine: f64, coarse: f64| {
            let ones = |side| Tensor::<4>::ones([1, side, side, 2], &device());
            let levels = pyramid.forward(&[ones(4) * fine, ones(2) * coarse]);
            levels.into_iter().map(values).collect::<Vec<_>>()
        };
        let [base, fine, coarse] = [stages(1.0, 1.0), stages(2.0, 1.0), stages(1.0, 2.0)];
        assert!(base[0] != fine[0] && base[1] == fine[1]);
        assert!(base[0] != coarse[0] && base[1] != coarse[1] && base[2] != coarse[2]);
    }
}
