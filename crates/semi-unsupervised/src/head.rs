//! M1's classifier, which is trained after its autoencoder (Kingma et al. 2014): it names examples by their place in the latent
//! space.

use burn::{
    module::{Initializer, Module as _},
    nn::{Linear, loss::CrossEntropyLossConfig},
    optim::{GradientsParams, LBFGSConfig, LineSearchFn},
    prelude::*,
    tensor::activation::softmax,
};
use serde::{Deserialize, Serialize};

/// Steps of the linear classifier's fit, at most.
const STEPS: usize = 100;

/// How M1 names examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// By logistic regression; the original's is a support vector machine.
    #[default]
    Linear,
    /// By the nearest mean of a known class.
    NearestMean,
}

/// A fitted classifier of points.
#[derive(Debug)]
pub(crate) struct Head {
    rule: Rule,
    /// One-hot, `[known classes, clusters]`.
    classes: Tensor<2>,
}

#[derive(Debug)]
enum Rule {
    Linear(Linear),
    /// `[known classes, latent]`
    Means(Tensor<2>),
}

impl Head {
    /// Fits to points whose classes are known: `labels` has the place in `known` of each one's.
    ///
    /// # Shapes
    ///
    /// - points: `[points, latent]`
    pub(crate) fn fit(kind: HeadKind, points: Tensor<2>, labels: &[usize], known: &[usize], clusters: usize) -> Self {
        let device = points.device();
        Self {
            rule: match kind {
                HeadKind::Linear => Rule::Linear(logistic_regression(&points, labels, known.len())),
                HeadKind::NearestMean => Rule::Means(means(&points, labels, known.len())),
            },
            classes: one_hot(known, clusters, &device),
        }
    }

    /// `q(y|x)`, one-hot of the nearest mean.
    ///
    /// # Shapes
    ///
    /// - points: `[batch, latent]`
    /// - output: `[batch, clusters]`
    pub(crate) fn posteriors(&self, points: Tensor<2>) -> Tensor<2> {
        match &self.rule {
            Rule::Linear(layer) => softmax(layer.forward(points), 1).matmul(self.classes.clone()),
            Rule::Means(means) => {
                let apart = points.unsqueeze_dim::<3>(1) - means.clone().unsqueeze_dim::<3>(0);
                let distances: Tensor<2> = apart.square().sum_dim(2).squeeze_dim(2);
                let batch = distances.dims()[0];
                self.classes.clone().select(0, distances.argmin(1).reshape([batch]))
            }
        }
    }
}

/// Minimizes the cross-entropy of all points and half the square of the weights, as is usual.
fn logistic_regression(points: &Tensor<2>, labels: &[usize], classes: usize) -> Linear {
    let device = points.device().autodiff();
    let [count, latent] = points.dims();
    let points = Tensor::<2>::from_inner(points.clone());
    let labels = integers(labels, &device);
    let weights = |size| Initializer::Zeros.init_with(size, None, None, &device);
    let layer = Linear {
        weight: weights([latent, classes]),
        bias: Some(Initializer::Zeros.init_with([classes], None, None, &device)),
    };
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = LBFGSConfig::new()
        .with_max_iter(STEPS)
        .with_line_search_fn(LineSearchFn::StrongWolfe)
        .init();
    let (layer, _) = optimizer.step(1.0, layer, |layer: Linear| {
        let loss = cross_entropy.forward(layer.forward(points.clone()), labels.clone())
            + layer.weight.val().square().sum() * (0.5 / count as f64);
        let gradients = GradientsParams::from_grads(loss.backward(), &layer);
        (loss.into_scalar(), gradients)
    });
    layer.valid()
}

/// The mean of each class, `[classes, latent]`.
fn means(points: &Tensor<2>, labels: &[usize], classes: usize) -> Tensor<2> {
    let belongs = one_hot(labels, classes, &points.device());
    let counts = belongs.clone().sum_dim(0).transpose();
    belongs.transpose().matmul(points.clone()) / counts
}

/// Burn's own is of two classes at least.
fn one_hot(values: &[usize], classes: usize, device: &Device) -> Tensor<2> {
    Tensor::<2>::eye(classes, device).select(0, integers(values, device))
}

fn integers(values: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = values.iter().map(|&value| value as i32).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

#[cfg(test)]
mod tests {
    use papers_core::testing::{assert_close, device, values};

    use super::*;

    /// Three points of class 1 of 4 clusters and three of class 3, on a line.
    fn fitted(kind: HeadKind) -> Head {
        let points: [[f32; 2]; 6] = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [5.0, 0.0], [9.0, 0.0]];
        Head::fit(
            kind,
            Tensor::from_data(points, &device()),
            &[0, 0, 0, 1, 1, 1],
            &[1, 3],
            4,
        )
    }

    fn said(head: &Head, x: f32) -> Vec<f64> {
        values(head.posteriors(Tensor::from_data([[x, 0.0]], &device())))
    }

    #[test]
    fn the_nearest_mean_is_chosen() {
        let head = fitted(HeadKind::NearestMean);
        // The means are 1 and 6.
        assert_eq!(said(&head, 3.4), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(said(&head, 3.6), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_single_class_is_all_there_is() {
        let points = || Tensor::<2>::from_data([[0.0_f32, 1.0], [2.0, 0.0]], &device());
        for kind in [HeadKind::Linear, HeadKind::NearestMean] {
            let head = Head::fit(kind, points(), &[0, 0], &[1], 2);
            assert_eq!(values(head.posteriors(points())), [0.0, 1.0, 0.0, 1.0], "{kind:?}");
            let head = Head::fit(kind, points(), &[0, 0], &[0], 1);
            assert_eq!(values(head.posteriors(points())), [1.0, 1.0], "{kind:?}");
        }
    }

    #[test]
    fn the_linear_classifier_is_where_its_gradient_is_zero() {
        let head = fitted(HeadKind::Linear);
        // At the minimum the weight of a class is the sum of its points' values less what it was expected to be.
        let points = [0.0_f32, 1.0, 2.0, 4.0, 5.0, 9.0];
        let surplus: f64 = points
            .iter()
            .enumerate()
            .map(|(place, &x)| (f64::from(u8::from(place > 2)) - said(&head, x)[3]) * f64::from(x))
            .sum();
        let Rule::Linear(layer) = &head.rule else {
            panic!("it was asked for")
        };
        let weights = values(layer.weight.val());
        // Single precision ends the search a little before.
        assert_close(&weights[..2], &[-surplus, surplus], 5e-3);
        assert_close(&weights[2..], &[0.0, 0.0], 1e-6);
        assert!(
            said(&head, 2.5)[1] > 0.5 && said(&head, 3.5)[3] > 0.5,
            "between the classes"
        );
        assert_eq!(said(&head, 0.0)[0] + said(&head, 0.0)[2], 0.0, "only known classes");
    }
}
