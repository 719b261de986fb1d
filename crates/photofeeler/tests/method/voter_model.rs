//! `voter_model.json`, and laws of the panel.

use burn::{
    module::{Module, Param},
    nn::LinearConfig,
    prelude::*,
    tensor::activation::softmax,
};
use papers_core::{
    base::metrics::population_deviation,
    nn::{RunningAverage, trainable_parameters},
    testing::{assert_close, device, initialized, nested, numbers, values},
};
use photofeeler::{
    learner::{VoteRow, VoterBatch, mean_cross_entropy},
    model::{BaseOutputs, VoterInput, VoterModel, VoterModelConfig},
    votes::{BINS, expected_score},
};
use serde_json::Value;

use crate::common::{EXACT, SINGLE, cases, fixture, index, number};

/// The fixture's model: one hidden layer, nothing standardized.
fn model(case: &Value) -> VoterModel {
    let device = device();
    let linear = |weight: &str, bias: &str| {
        let weight: Tensor<2> = nested(&case[weight], &device);
        let [output, input] = weight.dims();
        let mut layer = LinearConfig::new(input, output).init(&device);
        layer.weight = Param::from_tensor(weight.transpose());
        layer.bias = Some(Param::from_tensor(nested(&case[bias], &device)));
        layer
    };
    let double = |value: f64| RunningAverage::new(papers_core::testing::tensor_f64(vec![value; BINS], [BINS], &device));
    VoterModel {
        embeddings: Param::from_tensor(nested(&case["voter_embedding"], &device)),
        layers: vec![linear("w1", "b1")],
        output: linear("w2", "b2"),
        mean: double(0.0),
        deviation: double(1.0),
    }
}

#[test]
fn votes_scores_and_averages_are_those_of_the_fixture() {
    let fixture = fixture("voter_model.json");
    for case in cases(&fixture) {
        let model = model(case);
        let temporary: Tensor<2> = nested(&case["temporary_output"], &device());
        let voters = model.embeddings.dims()[0];
        let photos = temporary.dims()[0];
        let all: Vec<usize> = (0..voters).collect();
        let everybody: Vec<Option<usize>> = all.iter().copied().map(Some).collect();
        let logits = model.grid(temporary.clone(), model.embeddings_of(&everybody, &all));
        assert_close(&values(logits.clone()), &numbers(&case["logits"]), EXACT);
        let shares = values(softmax(logits, 2));
        assert_close(&shares, &numbers(&case["vote_distribution"]), EXACT);
        let scores: Vec<f64> = shares.chunks(BINS).map(expected_score).collect();
        assert_close(&scores, &numbers(&case["voter_score"]), EXACT);

        for average in case["averages"].as_array().expect("averages") {
            let chosen: Vec<usize> = average["voters"]
                .as_array()
                .expect("voters")
                .iter()
                .map(index)
                .collect();
            for photo in 0..photos {
                let of: Vec<f64> = chosen.iter().map(|voter| scores[photo * voters + voter]).collect();
                let mean = of.iter().sum::<f64>() / of.len() as f64;
                assert_close(&[mean], &[number(&average["score_per_photo"][photo])], EXACT);
                let deviation = population_deviation(&of);
                assert_close(&[deviation], &[number(&average["sd_over_voters"][photo])], EXACT);
                let distribution: Vec<f64> = (0..BINS)
                    .map(|bin| {
                        let sum: f64 = chosen
                            .iter()
                            .map(|voter| shares[(photo * voters + voter) * BINS + bin])
                            .sum();
                        sum / chosen.len() as f64
                    })
                    .collect();
                assert_close(&distribution, &numbers(&average["mean_distribution"][photo]), EXACT);
                // The mean of scores is the score of the mean.
                assert_close(&[expected_score(&distribution)], &[mean], EXACT);
            }
            // The same by what is used in runs, in single precision.
            let single = model.clone().map(&mut Single);
            let panel: Vec<Option<usize>> = chosen.iter().copied().map(Some).collect();
            let inputs: Vec<f32> = values(temporary.clone()).iter().map(|value| *value as f32).collect();
            let panel = single
                .panel(&inputs, BINS, &single.embeddings_of(&panel, &all))
                .expect("a panel");
            assert_close(&panel.photo_scores(), &numbers(&average["score_per_photo"]), SINGLE);
            for photo in 0..photos {
                let of_voters: Vec<f64> = chosen.iter().map(|voter| scores[photo * voters + voter]).collect();
                assert_close(&panel.of_photo(photo), &of_voters, SINGLE);
                let shares = numbers(&average["mean_distribution"][photo]);
                assert_close(&panel.shares_of(photo), &shares, SINGLE);
                let deviation = population_deviation(&panel.of_photo(photo));
                assert_close(&[deviation], &[number(&average["sd_over_voters"][photo])], SINGLE);
            }
        }
        let pairs = case["training_pairs"].as_array().expect("pairs");
        let rows: Vec<VoteRow> = pairs
            .iter()
            .map(|pair| VoteRow {
                photo: index(&pair["photo"]),
                voter: index(&pair["voter"]),
                bin: index(&pair["target_bin"]),
            })
            .collect();
        // As phase 2 computes it, of one vote and of all of them.
        let entropy = |rows: &[VoteRow]| -> f64 {
            let batch = VoterBatch::new(rows.iter(), &device());
            let logits = model.forward(temporary.clone().select(0, batch.photos), batch.voters);
            values(mean_cross_entropy(logits, batch.bins))[0]
        };
        for (row, pair) in rows.iter().zip(pairs) {
            assert_close(&[entropy(&[*row])], &[number(&pair["ce"])], EXACT);
        }
        assert_close(&[entropy(&rows)], &[number(&case["ce_mean"])], EXACT);
    }
}

struct Single;

impl burn::module::ModuleMapper for Single {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        Param::from_mapped_value(id, value.cast(burn::tensor::DType::F32), mapper)
    }
}

fn random() -> VoterModel {
    let device = device();
    papers_core::random::Streams::new(5).initialize("voters", &device, || {
        VoterModelConfig::new(9, 10, 4, vec![12, 7]).init(&device)
    })
}

fn inputs(photos: usize) -> Vec<f32> {
    (0..photos * 10)
        .map(|place| ((place * 37) % 23) as f32 / 23.0)
        .collect()
}

#[test]
fn a_grid_says_what_single_votes_say() {
    let model = random();
    model.standardize_by(&inputs(6), 10);
    let photos: Tensor<2> = Tensor::from_data(TensorData::new(inputs(6), [6, 10]), &device());
    let voters = [4, 0, 8];
    let wanted: Vec<Option<usize>> = voters.iter().copied().map(Some).collect();
    let grid = values(model.grid(photos.clone(), model.embeddings_of(&wanted, &voters)));
    for photo in 0..6_usize {
        for (place, &voter) in voters.iter().enumerate() {
            let index = |value: usize| Tensor::<1, Int>::from_ints([value as i32], &device());
            let alone = values(model.forward(photos.clone().select(0, index(photo)), index(voter)));
            let first = (photo * voters.len() + place) * BINS;
            assert_close(&grid[first..first + BINS], &alone, 1e-5);
        }
    }
}

#[test]
fn an_unknown_voter_is_the_mean_of_the_seen_ones() {
    let model = random();
    let seen = [1, 3, 6];
    let unknown = values(model.embeddings_of(&[None], &seen));
    let known = values(model.embeddings_of(&seen.map(Some), &seen));
    for (column, value) in unknown.iter().enumerate() {
        let mean = (0..3).map(|row| known[row * 4 + column]).sum::<f64>() / 3.0;
        assert!((value - mean).abs() < 1e-6);
    }
    let mixed = values(model.embeddings_of(&[Some(1), None], &seen));
    assert_close(&mixed, &[&known[..4], &unknown[..]].concat(), 1e-7);
    // Numbers that there are not, and voters of whom nothing was learned, are unknown, too.
    for voter in [0, 8, 9, usize::MAX] {
        assert_close(&values(model.embeddings_of(&[Some(voter)], &seen)), &unknown, 0.0);
    }
    let of_all = values(model.embeddings_of(&[None], &[]));
    let everybody: Vec<usize> = (0..9).collect();
    assert_close(&of_all, &values(model.embeddings_of(&[None], &everybody)), 1e-6);
}

#[test]
fn inputs_have_mean_0_and_deviation_1_where_they_differ() {
    let model = random();
    let mut table = inputs(40);
    // A column that does not differ is only shifted.
    table.iter_mut().step_by(10).for_each(|value| *value = 0.3);
    model.standardize_by(&table, 10);
    let (mean, deviation) = (values(model.mean.value()), values(model.deviation.value()));
    assert_eq!(deviation[0], 1.0);
    let column: Vec<f64> = table
        .iter()
        .skip(3)
        .step_by(10)
        .map(|value| f64::from(*value))
        .collect();
    assert!((mean[3] - column.iter().sum::<f64>() / 40.0).abs() < 1e-6);
    assert!((deviation[3] - population_deviation(&column)).abs() < 1e-6);
}

#[test]
fn voters_and_layers_have_the_parameters_of_the_fixture() {
    let of = &fixture("xception_params.json")["voter_model_params"];
    let hidden = numbers(&of["hidden"]).iter().map(|units| *units as usize).collect();
    let config = VoterModelConfig::new(index(&of["voters"]), BINS, index(&of["embed"]), hidden);
    let model = initialized(|| config.init(&device()));
    assert_eq!(trainable_parameters(&model), index(&of["total"]));
}

#[test]
fn a_voter_model_sees_what_it_is_told_to() {
    let outputs = BaseOutputs {
        embeddings: vec![1.0, 2.0, 3.0, 4.0],
        features: 2,
        temporary: vec![0.1, 0.2],
        units: 1,
    };
    assert_eq!(VoterInput::Temporary.of(&outputs), (vec![0.1, 0.2], 1));
    assert_eq!(VoterInput::Gap.of(&outputs), (vec![1.0, 2.0, 3.0, 4.0], 2));
    assert_eq!(VoterInput::Both.of(&outputs), (vec![0.1, 1.0, 2.0, 0.2, 3.0, 4.0], 3));
}
