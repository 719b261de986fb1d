use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
    tensor::activation::sigmoid,
};
use papers_core::nn::{Convolution, Statistics, leaky_relu};

use super::{Bounds, Found, Pyramid, PyramidConfig, average_precision::Truth, suppress};
use crate::network::{Backbone, Damage, Mode};

/// Share of places that something is at, which the first predictions are.
const PRIOR: f64 = 0.01;
/// Scores below are nothing.
const LEAST_SCORE: f32 = 0.05;
/// Overlap from which on two of a class are one.
const SAME: f32 = 0.5;
/// Found in a picture at most.
const MOST: usize = 50;
/// Around the middle of something, in steps of a level, are its places.
const NEAR: f32 = 1.5;

/// A place of a level that looks for something: the middle of what a pixel of the level sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Column, in pixels of the picture.
    pub x: f32,
    /// Row, in pixels of the picture.
    pub y: f32,
    /// Pixels of the picture from one place of the level to the next.
    pub step: f32,
}

/// What a detector says about some pictures; places are those of all levels, one level after the other.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// `[pictures, places, classes]`
    pub logits: Tensor<3>,
    /// Distances to the left, upper, right and lower side, in steps of the level: `[pictures, places, 4]`.
    pub sides: Tensor<3>,
    /// The places.
    pub locations: Vec<Location>,
}

/// A detector without anchors (Tian et al. 2019), as small as it can be: a pyramid, one hidden convolution that all levels
/// share, and at each place of each level one score for each class and the bounds.
#[derive(Module, Debug)]
pub struct Detector {
    /// Stem and stages.
    pub backbone: Backbone,
    /// On the last stages.
    pub pyramid: Pyramid,
    /// 3×3, shared by the levels.
    pub hidden: Convolution,
    /// 3×3, to the classes.
    pub scores: Convolution,
    /// 3×3, to the four distances.
    pub sides: Convolution,
    /// Of each level, `[levels]`: what distances are multiplied by, in steps of the level.
    pub scales: Param<Tensor<1>>,
    /// The first stage that the pyramid takes, and pixels from one of its places to the next.
    #[module(skip)]
    pub first: usize,
    /// See `first`.
    #[module(skip)]
    pub step: usize,
}

impl Detector {
    /// A detector on a backbone whose stages have so many channels and whose stem halves the picture or keeps it; its
    /// pyramid takes the last `levels` stages.
    ///
    /// # Panics
    ///
    /// If there are fewer stages.
    pub fn new(
        backbone: Backbone,
        widths: &[usize],
        stem_stride: usize,
        levels: usize,
        config: &PyramidConfig,
        classes: usize,
        device: &Device,
    ) -> Self {
        let first = widths
            .len()
            .checked_sub(levels)
            .expect("a pyramid has at most as many levels as there are stages");
        let layer = |out: usize| Convolution::new([config.channels, out], 3, device).with_bias();
        let quiet = |layer: Convolution, bias: f64| {
            let [out, input, side, _] = layer.weight.lazy_shape().dims::<4>();
            let initializer = Initializer::Normal { mean: 0.0, std: 0.01 };
            Convolution {
                weight: initializer.init([out, input, side, side], device),
                bias: Some(Initializer::Constant { value: bias }.init([out], device)),
                ..layer
            }
        };
        Self {
            backbone,
            pyramid: config.init(&widths[first..], device),
            hidden: layer(config.channels),
            scores: quiet(layer(classes), -((1.0 - PRIOR) / PRIOR).ln()),
            sides: quiet(layer(4), 0.0),
            scales: Initializer::Ones.init([levels], device),
            first,
            step: stem_stride << (first + 1),
        }
    }

    /// What it says about some pictures.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`
    pub fn forward(&self, images: Tensor<4>, statistics: Statistics, damage: Option<Damage>) -> Prediction {
        let mode = Mode { statistics, damage };
        let stages = self.backbone.forward(images, mode);
        let mut levels = self.pyramid.forward(&stages[self.first..]);
        // Nothing here is as large as what the additional level looks for.
        levels.pop();
        let (mut logits, mut sides, mut locations) = (Vec::new(), Vec::new(), Vec::new());
        for (number, level) in levels.into_iter().enumerate() {
            let [batch, height, width, _] = level.dims();
            let hidden = leaky_relu(self.hidden.forward_last(leaky_relu(level, 0.0)), 0.0);
            let scale = self.scales.val().narrow(0, number, 1).reshape([1, 1, 1]);
            let places = height * width;
            let own = self.scores.forward_last(hidden.clone());
            let classes = own.dims()[3];
            logits.push(own.reshape([batch, places, classes]));
            let own = self.sides.forward_last(hidden).reshape([batch, places, 4]);
            // Always positive, and not so large that it leaves the numbers.
            sides.push((own * scale).clamp(-8.0, 8.0).exp());
            locations.extend(locations_of(height, width, self.step << number));
        }
        Prediction {
            logits: Tensor::cat(logits, 1),
            sides: Tensor::cat(sides, 1),
            locations,
        }
    }
}

fn locations_of(height: usize, width: usize, step: usize) -> impl Iterator<Item = Location> {
    let step = step as f32;
    let rows = (0..height).flat_map(move |row| (0..width).map(move |column| (row, column)));
    rows.map(move |(row, column)| Location {
        x: (column as f32 + 0.5) * step,
        y: (row as f32 + 0.5) * step,
        step,
    })
}

/// For each location what it is to find, if anything: places near the middle of something, on the level whose steps fit its
/// size. Where two claim a place, the smaller one has it.
pub(super) fn assign(truth: &Truth, locations: &[Location]) -> Vec<Option<(usize, [f32; 4])>> {
    let coarsest = locations.iter().map(|location| location.step).fold(0.0, f32::max);
    let finest = locations
        .iter()
        .map(|location| location.step)
        .fold(f32::INFINITY, f32::min);
    let wanted = |location: &Location| {
        let mut best: Option<(f32, (usize, [f32; 4]))> = None;
        for &(class, bounds) in truth {
            if level_of(&bounds, finest, coarsest) != location.step {
                continue;
            }
            let middle = [(bounds.left + bounds.right) / 2.0, (bounds.top + bounds.bottom) / 2.0];
            let reach = NEAR * location.step;
            let is_near = (location.x - middle[0]).abs() <= reach && (location.y - middle[1]).abs() <= reach;
            let sides = [
                location.x - bounds.left,
                location.y - bounds.top,
                bounds.right - location.x,
                bounds.bottom - location.y,
            ];
            let is_inside = sides.iter().all(|&side| side > 0.0);
            let area = bounds.area();
            if is_near && is_inside && best.is_none_or(|(smallest, _)| area < smallest) {
                best = Some((area, (class, sides.map(|side| side / location.step))));
            }
        }
        best.map(|(_, wanted)| wanted)
    };
    locations.iter().map(wanted).collect()
}

/// Steps of the level for something of this size: from two to four steps long, or the nearest that there is.
fn level_of(bounds: &Bounds, finest: f32, coarsest: f32) -> f32 {
    let longest = (bounds.right - bounds.left).max(bounds.bottom - bounds.top);
    let mut step = finest;
    while longest > 4.0 * step && step < coarsest {
        step *= 2.0;
    }
    step
}

impl Prediction {
    /// What is found in each picture.
    ///
    /// # Errors
    ///
    /// What the device reports.
    pub fn found(self) -> papers_core::Result<Vec<Vec<Found>>> {
        let [_, places, classes] = self.logits.dims();
        let scores: Vec<f32> = sigmoid(self.logits).try_into_vec_as()?;
        let sides: Vec<f32> = self.sides.try_into_vec_as()?;
        let of_picture = |(scores, sides): (&[f32], &[f32])| {
            let mut found = Vec::new();
            for (place, location) in self.locations.iter().enumerate() {
                let sides = &sides[4 * place..4 * place + 4];
                let bounds = Bounds {
                    left: location.x - sides[0] * location.step,
                    top: location.y - sides[1] * location.step,
                    right: location.x + sides[2] * location.step,
                    bottom: location.y + sides[3] * location.step,
                };
                let scores = scores[classes * place..classes * (place + 1)]
                    .iter()
                    .copied()
                    .enumerate();
                let sure = scores.filter(|&(_, score)| score >= LEAST_SCORE);
                found.extend(sure.map(|(class, score)| Found { class, score, bounds }));
            }
            suppress(found, SAME, MOST)
        };
        let pictures = scores.chunks(places * classes).zip(sides.chunks(places * 4));
        Ok(pictures.map(of_picture).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, top: f32, side: f32) -> Bounds {
        Bounds {
            left,
            top,
            right: left + side,
            bottom: top + side,
        }
    }

    fn locations() -> Vec<Location> {
        locations_of(8, 8, 8).chain(locations_of(4, 4, 16)).collect()
    }

    #[test]
    fn places_near_the_middle_of_something_look_for_it_on_its_level() {
        let locations = locations();
        let truth = vec![(3, square(16.0, 16.0, 16.0)), (5, square(0.0, 0.0, 60.0))];
        let wanted = assign(&truth, &locations);
        for (location, wanted) in locations.iter().zip(&wanted) {
            let Some((class, sides)) = wanted else { continue };
            assert_eq!(*class, if location.step == 8.0 { 3 } else { 5 });
            assert!(sides.iter().all(|&side| side > 0.0));
        }
        let count = |step: f32| {
            let both = locations.iter().zip(&wanted);
            both.filter(|(location, wanted)| location.step == step && wanted.is_some())
                .count()
        };
        // Of the small one the places at 20 and 28 in both directions; of the large one three times three, or four.
        assert_eq!(count(8.0), 4);
        assert!(count(16.0) >= 4);
    }

    #[test]
    fn the_smaller_of_two_has_a_place() {
        let truth = vec![(0, square(10.0, 10.0, 30.0)), (1, square(16.0, 16.0, 16.0))];
        let wanted = assign(&truth, &locations());
        let middle = locations()
            .iter()
            .position(|location| (location.x, location.y) == (20.0, 20.0));
        assert_eq!(wanted[middle.expect("a place")].map(|(class, _)| class), Some(1));
    }

    #[test]
    fn a_prediction_of_the_truth_is_found() {
        let device = papers_core::testing::device();
        let truth = vec![(1, square(16.0, 16.0, 16.0)), (0, square(2.0, 30.0, 30.0))];
        let locations = locations();
        let mut logits = vec![-9.0_f32; locations.len() * 2];
        let mut sides = vec![1.0_f32; locations.len() * 4];
        for (place, wanted) in assign(&truth, &locations).into_iter().enumerate() {
            let Some((class, own)) = wanted else { continue };
            logits[2 * place + class] = 4.0;
            sides[4 * place..4 * place + 4].copy_from_slice(&own);
        }
        let count = locations.len();
        let prediction = Prediction {
            logits: Tensor::from_data(TensorData::new(logits, [1, count, 2]), &device),
            sides: Tensor::from_data(TensorData::new(sides, [1, count, 4]), &device),
            locations,
        };
        let found = prediction.found().expect("a CPU");
        assert_eq!(found[0].len(), 2);
        assert_eq!(
            super::super::average_precision::mean_average_precision(&[truth], &found),
            1.0
        );
    }
}
