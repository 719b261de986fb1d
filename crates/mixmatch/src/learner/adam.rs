use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    prelude::*,
    store::burn_pack::Scalar,
};

/// Adam (Kingma and Ba 2015) with the bias corrections in `f64`: Burn's are in `f32`, where `1 - 0.999^t` has lost half
/// of its digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adam {
    pub(super) beta_1: f64,
    pub(super) beta_2: f64,
    pub(super) epsilon: f64,
}

/// What it remembers of a parameter.
#[derive(Debug, Clone)]
pub(super) struct Moments<const D: usize> {
    /// Updates so far.
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
        let new_mean = gradient.clone() * (1.0 - self.beta_1);
        let new_square = gradient.square() * (1.0 - self.beta_2);
        let moments = match state {
            Some(old) => Moments {
                time: old.time + 1,
                mean: old.mean * self.beta_1 + new_mean,
                square: old.square * self.beta_2 + new_square,
            },
            None => Moments {
                time: 1,
                mean: new_mean,
                square: new_square,
            },
        };
        // m̂ / (√v̂ + ε) with both corrections taken out of the tensors.
        let corrections = [self.beta_1, self.beta_2].map(|beta| 1.0 - beta.powf(moments.time as f64));
        let root = corrections[1].sqrt();
        let direction = moments.mean.clone() / (moments.square.clone().sqrt() + self.epsilon * root);
        (weight - direction * (rate * root / corrections[0]), Some(moments))
    }

    fn to_device<const D: usize>(state: Moments<D>, device: &Device) -> Moments<D> {
        Moments {
            time: state.time,
            mean: state.mean.to_device(device),
            square: state.square.to_device(device),
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
            let dtype = data.dtype();
            Some(Tensor::from_data(data, (device, dtype)))
        };
        let (mean, square) = (tensor("mean")?, tensor("square")?);
        let time = usize::try_from(source.take_scalar(prefix, "time")?).ok()?;
        Some(Self { time, mean, square })
    }
}
