//! Optimizers that are faster than Burn's on CPUs.

use burn::{
    optim::{LearningRate, ModuleOptimizer, Optimizer, RecordState, StateSink, StateSource},
    prelude::*,
    store::burn_pack::Scalar,
};
#[cfg(feature = "flex")]
use {
    crate::nn::host::{Host, Number, host, share, with_precision},
    multiversion::multiversion,
    rayon::prelude::*,
    std::ops::Div,
};

/// Adam (Kingma and Ba 2015): on the CPU in one pass over memory by all cores, where Burn's takes a dozen by one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// What the mean of gradients keeps of itself.
    pub beta_1: f64,
    /// What the mean of squared gradients keeps of itself.
    pub beta_2: f64,
    /// Keeps the quotient of both finite.
    pub epsilon: f64,
    /// Elements of gradients are first brought into ± this.
    pub clip: Option<f64>,
    /// Times the weight is added to its gradient then, as PyTorch's Adam does it: L2 regularization, which the division by the root of
    /// squared gradients makes nearly the same for all weights. Decay apart from the gradients is [`decay_kernels`](crate::nn::decay_kernels).
    pub weight_decay: f64,
    /// In which precision the constants of an update are computed.
    pub constants: Precision,
}

/// A precision of numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Double,
    /// 32 bits: as Burn's Adam has them, whose weights then come out to the bit. `1 - 0.999^t` has lost half of its digits in the first
    /// updates.
    Single,
}

impl Default for Adam {
    /// The paper's, without a bound.
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            clip: None,
            weight_decay: 0.0,
            constants: Precision::Double,
        }
    }
}

impl Adam {
    /// An optimizer of modules.
    pub fn init(self) -> ModuleOptimizer {
        ModuleOptimizer::from(self)
    }

    /// The same numbers as Burn's Adam.
    pub fn as_burn() -> Self {
        Self {
            constants: Precision::Single,
            ..Self::default()
        }
    }

    /// Constants of update number `time`, from 1.
    fn constants(&self, time: usize, rate: LearningRate) -> Constants {
        let (beta_1, beta_2) = (self.beta_1, self.beta_2);
        let most = self.clip.unwrap_or(f64::INFINITY);
        match self.constants {
            Precision::Double => {
                let corrections = [beta_1, beta_2].map(|beta| 1.0 - beta.powf(time as f64));
                let root = corrections[1].sqrt();
                Constants {
                    most,
                    decay: self.weight_decay,
                    keep: [beta_1, beta_2],
                    take: [1.0 - beta_1, 1.0 - beta_2],
                    factor: 1.0,
                    epsilon: self.epsilon * root,
                    rate: rate * root / corrections[0],
                }
            }
            Precision::Single => {
                let (beta_1, beta_2, time) = (beta_1 as f32, beta_2 as f32, time as i32);
                let root = (1.0 - beta_2.powi(time)).sqrt();
                let double = |value: f32| f64::from(value);
                Constants {
                    most: double(most as f32),
                    decay: double(self.weight_decay as f32),
                    keep: [beta_1, beta_2].map(double),
                    take: [1.0 - beta_1, 1.0 - beta_2].map(double),
                    factor: double(root / (1.0 - beta_1.powi(time))),
                    epsilon: double(self.epsilon as f32 * root),
                    rate,
                }
            }
        }
    }
}

/// What is the same for all elements of an update.
#[derive(Debug, Clone, Copy)]
struct Constants {
    /// Gradients are brought into ± this.
    most: f64,
    /// Of the weight, added to its gradient.
    decay: f64,
    /// What both means keep of themselves, and what they take of the new.
    keep: [f64; 2],
    take: [f64; 2],
    /// Of the mean in the direction's numerator.
    factor: f64,
    epsilon: f64,
    rate: f64,
}

/// Means of gradients and of their squares.
#[derive(Debug, Clone)]
pub struct Moments<const D: usize> {
    /// Number of updates.
    time: usize,
    mean: Tensor<D>,
    square: Tensor<D>,
}

impl Optimizer for Adam {
    type State<const D: usize> = Moments<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Moments<D>>,
    ) -> (Tensor<D>, Option<Moments<D>>) {
        let moments = state.unwrap_or_else(|| Moments {
            time: 0,
            mean: gradient.zeros_like(),
            square: gradient.zeros_like(),
        });
        let time = moments.time + 1;
        let constants = self.constants(time, rate);
        let [weight, mean, square] = updated(weight, gradient, [moments.mean, moments.square], &constants);
        (weight, Some(Moments { time, mean, square }))
    }

    fn to_device<const D: usize>(moments: Moments<D>, device: &Device) -> Moments<D> {
        Moments {
            time: moments.time,
            mean: moments.mean.to_device(device),
            square: moments.square.to_device(device),
        }
    }
}

/// By hand, since Burn's derive works in its own crates alone.
impl<const D: usize> RecordState for Moments<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", Scalar::from(self.time));
        out.push_tensor(prefix, "mean", self.mean.clone().into_data());
        out.push_tensor(prefix, "square", self.square.clone().into_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let mut tensor = |name| {
            let data = source.take_tensor(prefix, name)?;
            let precision = data.dtype();
            Some(Tensor::from_data(data, (device, precision)))
        };
        let (mean, square) = (tensor("mean")?, tensor("square")?);
        let time = usize::try_from(source.take_scalar(prefix, "time")?).ok()?;
        Some(Self { time, mean, square })
    }
}

/// The weight and the moments after an update.
fn updated<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    [mean, square]: [Tensor<D>; 2],
    constants: &Constants,
) -> [Tensor<D>; 3] {
    #[cfg(feature = "flex")]
    if let (Some(of_weight), Some(of_gradient)) = (host(&weight), host(&gradient))
        && let (Some(of_mean), Some(of_square)) = (host(&mean), host(&square))
    {
        // Tensors let go of their memory, so that results can take its place: the new weight that of the gradient.
        drop((gradient, mean, square));
        let memory = [of_gradient, of_mean, of_square];
        let updated = with_precision!(of_weight, in_one_pass(&of_weight, memory, constants));
        return updated.map(Tensor::from_primitive::<burn::backend::Flex>);
    }
    let Constants { most, keep, take, .. } = *constants;
    let gradient = match most.is_finite() {
        true => gradient.clamp(-most, most),
        false => gradient,
    };
    let gradient = match constants.decay {
        0.0 => gradient,
        decay => gradient + weight.clone() * decay,
    };
    let mean = mean * keep[0] + gradient.clone() * take[0];
    let square = square * keep[1] + gradient.square() * take[1];
    let direction = mean.clone() * constants.factor / (square.clone().sqrt() + constants.epsilon);
    [weight - direction * constants.rate, mean, square]
}

/// `memory` is that of the gradient, which becomes the weight's, and of both moments.
#[cfg(feature = "flex")]
fn in_one_pass<T: Root>(weight: &Host, mut memory: [Host; 3], constants: &Constants) -> [Host; 3] {
    /// About the nanoseconds of an element.
    const COST: usize = 1;
    let weight = T::read(weight);
    let [gradient, mean, square] = memory.each_mut().map(T::write);
    let share = share(weight.len(), COST * weight.len());
    if share >= weight.len() {
        pass(weight, gradient, mean, square, constants);
        return memory;
    }
    let places = gradient.par_chunks_mut(share).zip(mean.par_chunks_mut(share));
    let places = places.zip(square.par_chunks_mut(share)).zip(weight.par_chunks(share));
    places.for_each(|(((gradient, mean), square), weight)| pass(weight, gradient, mean, square, constants));
    memory
}

#[cfg(feature = "flex")]
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn pass<T: Root>(weight: &[T], gradient: &mut [T], mean: &mut [T], square: &mut [T], constants: &Constants) {
    let [keep, take] = [constants.keep, constants.take].map(|values| values.map(T::from_f64));
    let [factor, epsilon, rate] = [constants.factor, constants.epsilon, constants.rate].map(T::from_f64);
    let [least, most, decay] = [-constants.most, constants.most, constants.decay].map(T::from_f64);
    let places = weight.iter().zip(gradient).zip(mean.iter_mut().zip(square));
    for ((weight, gradient), (mean, square)) in places {
        let slope = gradient.within(least, most) + *weight * decay;
        *mean = *mean * keep[0] + slope * take[0];
        *square = *square * keep[1] + slope * slope * take[1];
        let direction = *mean * factor / (square.root() + epsilon);
        *gradient = *weight - direction * rate;
    }
}

/// Numbers with roots.
#[cfg(feature = "flex")]
trait Root: Number + Div<Output = Self> {
    fn root(self) -> Self;
    /// NaN stays NaN.
    fn within(self, least: Self, most: Self) -> Self;
}

#[cfg(feature = "flex")]
macro_rules! roots {
    ($($number:ty),+) => {
        $(
            impl Root for $number {
                fn root(self) -> Self {
                    self.sqrt()
                }

                fn within(self, least: Self, most: Self) -> Self {
                    self.clamp(least, most)
                }
            }
        )+
    };
}

#[cfg(feature = "flex")]
roots!(f32, f64);

#[cfg(test)]
mod tests;
