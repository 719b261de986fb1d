use burn::{
    module::{Module, Param},
    prelude::*,
};
use mixmatch::{
    Batch, Classifier, Progress, Step,
    interleave::source_index,
    label_guess::mean_probabilities,
    method::{MixMatch, Pool},
    mixup::Mixing,
};
use papers_core::{
    nn::{Statistics, WeightAverage},
    random::Streams,
};
use serde::Deserialize;

use super::{BOTH, Precision, Rows, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "rule")]
    _rule: String,
    #[serde(rename = "W")]
    weight: Rows,
    x: Rows,
    labels: Vec<usize>,
    u: Vec<Rows>,
    #[serde(rename = "T")]
    temperature: f64,
    lambda_raw: Vec<f64>,
    permutation: Vec<usize>,
    lambda_u_now: f64,
    mean_probs: Rows,
    guess: Rows,
    pool_x: Rows,
    pool_targets: Rows,
    mixed_x: Rows,
    mixed_targets: Rows,
    interleave_source_index: Vec<Vec<usize>>,
    loss_x: f64,
    loss_u: f64,
    total: f64,
    #[serde(rename = "grad_W")]
    gradient: Rows,
}

#[derive(Module, Debug)]
struct Linear {
    weight: Param<Tensor<2>>,
}

impl Classifier<2> for Linear {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        input.matmul(self.weight.val())
    }
}

fn batch(file: &File, precision: Precision) -> Batch<2> {
    let classes = file.weight[0].len();
    let one_hot = |&label: &usize| (0..classes).map(|class| f64::from(u8::from(class == label))).collect();
    Batch {
        labeled: precision.matrix(&file.x),
        targets: precision.matrix(&file.labels.iter().map(one_hot).collect()),
        unlabeled: file.u.iter().map(|rows| precision.matrix(rows)).collect(),
    }
}

#[test]
fn a_step_of_a_linear_model_is_the_reference_one() {
    let file: File = fixture("algorithm1.json");
    for precision in BOTH {
        let model = Linear {
            weight: Param::from_tensor(precision.matrix(&file.weight).autodiff()),
        };
        let batch = batch(&file, precision);
        let step = Step {
            model: &model,
            average: &WeightAverage::new(&model, 0.999),
            batch: &batch,
            streams: &Streams::new(0),
            progress: Progress { step: 0, steps: 1 },
        };
        let settings = MixMatch {
            temperature: file.temperature,
            augmentations: file.u.len(),
            ..MixMatch::default()
        };

        let plain = model.valid();
        let logits = |inputs: &Tensor<2>| plain.forward(inputs.clone(), Statistics::Batch);
        let logits: Vec<Tensor<2>> = batch.unlabeled.iter().map(logits).collect();
        precision.assert_rows("mean", mean_probabilities(&logits), &file.mean_probs);
        let guesses = settings.guesses(&step).expect("a temperature");
        precision.assert_rows("guess", guesses.clone(), &file.guess);

        let pool = Pool::new(&batch, guesses);
        precision.assert_rows("pool", pool.inputs.clone(), &file.pool_x);
        precision.assert_rows("targets of the pool", pool.targets.clone(), &file.pool_targets);
        let pool = pool.mixed(&Mixing::new(&file.lambda_raw, file.permutation.clone()));
        precision.assert_rows("mixed", pool.inputs.clone(), &file.mixed_x);
        precision.assert_rows("mixed targets", pool.targets.clone(), &file.mixed_targets);
        assert_eq!(
            source_index(pool.batches, batch.len()),
            file.interleave_source_index.concat()
        );

        let (loss_x, loss_u) = pool.losses(&model);
        let total = loss_x.clone() + loss_u.clone() * file.lambda_u_now;
        let gradients = total.backward();
        precision.assert_number("loss_x", loss_x, file.loss_x);
        precision.assert_number("loss_u", loss_u, file.loss_u);
        precision.assert_number("total", total, file.total);
        let gradient = model.weight.val().grad(&gradients).expect("tracked");
        precision.assert_rows("gradient", gradient, &file.gradient);
    }
}
