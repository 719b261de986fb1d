//! Group normalization over memory, item by item, with nothing saved but the input, means and deviations.

use burn::{backend::Flex, prelude::*};

use super::{Groups, Pullback};
use crate::nn::{
    host::{Host, Number, doubles, host, make, map, split, with_precision},
    lanes::{self, rectify},
};

/// A batch whose memory is at hand.
pub(super) struct Items {
    groups: Groups,
    shape: [usize; 3],
    /// Input, scale and shift.
    memories: [Host; 3],
    device: Device,
}

/// Of one item, a number for each channel: those of a group are alike.
struct Moments {
    mean: Vec<f64>,
    /// `1/σ`
    inverse: Vec<f64>,
}

impl Items {
    /// `None` if the tensors are not the CPU backend's.
    pub(super) fn new(groups: Groups, [input, scale, shift]: [&Tensor<3>; 3]) -> Option<Self> {
        Some(Self {
            groups,
            shape: input.dims(),
            memories: [host(input)?, host(scale)?, host(shift)?],
            device: input.device(),
        })
    }

    pub(super) fn node(self) -> (Tensor<3>, Pullback) {
        let (output, moments) = with_precision!(self.memories[0], forward(&self));
        let pullback = move |gradient: Tensor<3>| {
            let memory = host(&gradient).expect("a gradient lives where its output does");
            // The tensor lets go of its memory, so that the result can take its place.
            drop(gradient);
            with_precision!(memory, pull_back(self, &moments, memory))
        };
        (output, Box::new(pullback))
    }

    fn item(&self) -> usize {
        self.shape[1] * self.shape[2]
    }

    /// Nanoseconds that one core takes for a pass, about.
    fn cost(&self) -> usize {
        self.shape.iter().product()
    }

    /// For each channel the mean over its group of values that were summed over pixels.
    fn group_means(&self, sums: &[f64]) -> Vec<f64> {
        let members = self.shape[2] / self.groups.count;
        let count = (members * self.shape[1]) as f64;
        let means = sums
            .chunks_exact(members)
            .map(|group| group.iter().sum::<f64>() / count);
        means.flat_map(|mean| std::iter::repeat_n(mean, members)).collect()
    }

    fn moments<T: Number>(&self, item: &[T]) -> Moments {
        let channels = self.shape[2];
        let sums = lanes::sum(channels, [item], [], |[value], []| value);
        let mean = self.group_means(&doubles(&sums));
        let squares = lanes::sum(channels, [item], [&numbers(&mean)], |[value], [mean]| {
            let centered: T = value - mean;
            centered * centered
        });
        let variance = self.group_means(&doubles(&squares)).into_iter();
        Moments {
            inverse: variance
                .map(|variance| (variance + self.groups.epsilon).sqrt().recip())
                .collect(),
            mean,
        }
    }

    /// An item's line per channel: rate and offset.
    fn line<T: Number>(&self, moments: &Moments) -> [Vec<T>; 2] {
        let [_, scale, shift] = self.memories.each_ref().map(T::read);
        let of_channel = moments.mean.iter().zip(&moments.inverse).zip(scale.iter().zip(shift));
        let (rates, offsets): (Vec<f64>, Vec<f64>) = of_channel
            .map(|((mean, inverse), (scale, shift))| {
                let rate = scale.to_f64() * inverse;
                (rate, shift.to_f64() - mean * rate)
            })
            .unzip();
        [numbers(&rates), numbers(&offsets)]
    }
}

fn forward<T: Number>(items: &Items) -> (Tensor<3>, Vec<Moments>) {
    let input = T::read(&items.memories[0]);
    let moments = map(items.shape[0], items.cost(), |index| {
        items.moments(&input[index * items.item()..][..items.item()])
    });
    let slope = T::from_f64(items.groups.slope);
    let work = |index: usize, output: &mut [T]| {
        let input = &input[index * items.item()..][..items.item()];
        let [rate, offset] = items.line::<T>(&moments[index]);
        lanes::update(
            items.shape[2],
            output,
            [input],
            [&rate, &offset],
            |_, [value], [rate, offset]| {
                let linear = value * rate + offset;
                rectify(linear, linear, slope)
            },
        );
    };
    let output = make(input.len(), items.item(), items.cost(), |first, memory| {
        each_item(items, first, memory, &work);
    });
    (T::tensor(output, items.shape, &items.device), moments)
}

/// What one item adds to the gradients by scale and shift, and with which lines of the centered input its gradients are
/// put right.
struct Backward<T> {
    by_scale: Vec<f64>,
    by_shift: Vec<f64>,
    slopes: Vec<T>,
    constants: Vec<T>,
}

fn pull_back<T: Number>(items: Items, moments: &[Moments], mut gradient: Host) -> [Tensor<3>; 3] {
    let input = T::read(&items.memories[0]);
    let slope = T::from_f64(items.groups.slope);
    let backward = {
        let gradient = T::read(&gradient);
        map(items.shape[0], 2 * items.cost(), |index| {
            let range = index * items.item()..(index + 1) * items.item();
            items.backward(&moments[index], [&gradient[range.clone()], &input[range]])
        })
    };
    let work = |index: usize, gradient: &mut [T]| {
        let input = &input[index * items.item()..][..items.item()];
        let [rate, offset] = items.line::<T>(&moments[index]);
        let mean = numbers(&moments[index].mean);
        let Backward { slopes, constants, .. } = &backward[index];
        let constants = [&rate, &offset, &mean, slopes, constants].map(Vec::as_slice);
        lanes::update(
            items.shape[2],
            gradient,
            [input],
            constants,
            |gradient, [value], constants| {
                let [rate, offset, mean, line, constant] = constants;
                let inner = rectify(value * rate + offset, gradient, slope);
                inner * rate + (value - mean) * line + constant
            },
        );
    };
    split(T::write(&mut gradient), items.item(), items.cost(), |first, memory| {
        each_item(&items, first, memory, &work);
    });
    let total = |of: fn(&Backward<T>) -> &[f64]| {
        let mut sum = vec![0.0; items.shape[2]];
        for item in &backward {
            sum.iter_mut().zip(of(item)).for_each(|(sum, value)| *sum += value);
        }
        T::tensor(numbers(&sum), [1, 1, items.shape[2]], &items.device)
    };
    let [by_scale, by_shift] = [
        total(|item| item.by_scale.as_slice()),
        total(|item| item.by_shift.as_slice()),
    ];
    [Tensor::from_primitive::<Flex>(gradient), by_scale, by_shift]
}

impl Items {
    /// With `g` the gradient in front of the rectifier: by the input `rate·g - mean(scale·g)/σ -
    /// (x - mean)·mean(scale·g·(x - mean))/σ³`, means over a group.
    fn backward<T: Number>(&self, moments: &Moments, [gradient, input]: [&[T]; 2]) -> Backward<T> {
        let channels = self.shape[2];
        let leak = T::from_f64(self.groups.slope);
        let [rate, offset] = self.line::<T>(moments);
        let mean: Vec<T> = numbers(&moments.mean);
        let inner = |[gradient, value]: [T; 2], rate, offset| rectify(value * rate + offset, gradient, leak);
        let sums = lanes::sum(channels, [gradient, input], [&rate, &offset], |data, [rate, offset]| {
            inner(data, rate, offset)
        });
        let constants = [&rate, &offset, &mean].map(Vec::as_slice);
        let products = lanes::sum(channels, [gradient, input], constants, |data, [rate, offset, mean]| {
            inner(data, rate, offset) * (data[1] - mean)
        });
        let (sums, products) = (doubles(&sums), doubles(&products));
        let scale = doubles(T::read(&self.memories[1]));
        let scaled = |sums: &[f64]| {
            let scaled: Vec<f64> = sums.iter().zip(&scale).map(|(sum, scale)| sum * scale).collect();
            self.group_means(&scaled)
        };
        let with_inverse = |values: Vec<f64>, power: i32| -> Vec<f64> {
            let pairs = values.into_iter().zip(&moments.inverse);
            pairs.map(|(value, inverse)| value * inverse.powi(power)).collect()
        };
        let negative = |values: Vec<f64>| -> Vec<T> { values.into_iter().map(|value| T::from_f64(-value)).collect() };
        Backward {
            slopes: negative(with_inverse(scaled(&products), 3)),
            constants: negative(with_inverse(scaled(&sums), 1)),
            by_scale: with_inverse(products, 1),
            by_shift: sums,
        }
    }
}

/// Calls `work` with every item of a part of the memory, which begins at item `first`, and its index.
fn each_item<T: Number>(items: &Items, first: usize, memory: &mut [T], work: &impl Fn(usize, &mut [T])) {
    for (index, memory) in memory.chunks_exact_mut(items.item()).enumerate() {
        work(first + index, memory);
    }
}

fn numbers<T: Number>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}
