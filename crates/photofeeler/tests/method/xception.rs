//! `xception_params.json`: sizes and counts of the paper's backbone.

use burn::{module::Module, prelude::*};
use papers_core::{
    nn::{Statistics, trainable_parameters},
    random::Streams,
    testing::{device, initialized, values},
};
use photofeeler::{
    data::Input,
    model::{
        Backbone, BackboneConfig, Base, XCEPTION_FEATURES, Xception, load_backbone, save_backbone, xception_map_side,
    },
};
use serde_json::Value;

use crate::common::{fixture, index};

#[test]
fn parameters_are_counted_exactly() {
    let fixture = fixture("xception_params.json");
    let count = |key: &str| index(&fixture[key]);
    let xception = initialized(|| Xception::new(3, &device()));
    assert_eq!(xception.num_params(), count("no_head_total"));
    let trainable = trainable_parameters(&xception);
    assert_eq!(trainable, count("no_head_trainable"));
    assert_eq!(xception.num_params() - trainable, count("no_head_non_trainable"));
    assert_eq!(XCEPTION_FEATURES, count("feature_dim"));
    assert_eq!(count("no_head_total") + count("head_1000"), count("with_imagenet_head"));
    let base = initialized(|| Base::new(&BackboneConfig::Xception, 3, 10, &device()));
    assert_eq!(base.head.num_params(), count("fc10_head"));
    assert_eq!(base.num_params(), count("photofeeler_base_total"));

    let blocks = fixture["per_block_total"].as_object().expect("blocks");
    let expected = |name: &str| index(&blocks[name]);
    let sum = |parts: &[usize]| parts.iter().sum::<usize>();
    let stem: Vec<usize> = xception.stem.iter().map(Module::num_params).collect();
    assert_eq!(sum(&stem), expected("stem"));
    for (block, name) in xception.entry.iter().zip(["entry_128", "entry_256", "entry_728"]) {
        assert_eq!(block.num_params(), expected(name), "{name}");
    }
    for (number, block) in xception.middle.iter().enumerate() {
        let name = format!("middle_{}", number + 5);
        let layers: Vec<usize> = block.iter().map(Module::num_params).collect();
        assert_eq!(sum(&layers), expected(&name), "{name}");
    }
    assert_eq!(xception.exit.num_params(), expected("exit_13"));
    let last: Vec<usize> = xception.last.iter().map(Module::num_params).collect();
    assert_eq!(sum(&last), expected("exit_14"));
    assert_eq!(blocks.len(), 1 + 3 + 8 + 2, "no block is left out");
}

#[test]
fn last_maps_have_the_sides_of_the_fixture() {
    let fixture = fixture("xception_params.json");
    let sides = fixture["output_side"].as_object().expect("sides");
    let xception = initialized(|| Xception::new(3, &device()));
    for (input, expected) in sides {
        let input: usize = input.parse().expect("a number");
        assert_eq!(xception_map_side(input), index(expected), "{input}");
        // Larger pictures take seconds: the network itself is asked for small ones of either parity.
        if input < 128 {
            for input in [input, input + 1, input + 5] {
                let picture = Streams::new(0).normal("picture", 0, [1, input, input, 3], &device());
                let map = xception.last_map(picture, Statistics::Running);
                assert_eq!(
                    map.dims(),
                    [1, xception_map_side(input), xception_map_side(input), XCEPTION_FEATURES]
                );
            }
        }
    }
    assert!(matches!(fixture["output_side"]["71"], Value::Number(_)));
}

#[test]
fn weights_survive_a_file_and_others_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    let config = BackboneConfig::Cnn { channels: vec![4, 6] };
    let build = |config: &BackboneConfig| -> Backbone { initialized(|| config.init(3, &device())) };
    let original = build(&config);
    save_backbone(&original, &path).expect("saved");
    let loaded = load_backbone(build(&config), &path).expect("loaded");
    let picture = || Tensor::<4>::ones([2, 9, 9, 3], &device()) * 0.5;
    let says = |backbone: &Backbone| values(backbone.forward(Input::Pictures(picture()), Statistics::Running));
    assert_eq!(says(&original), says(&loaded));
    let wider = BackboneConfig::Cnn { channels: vec![4, 7] };
    let error = load_backbone(build(&wider), &path)
        .expect_err("other shapes")
        .to_string();
    assert!(
        error.contains("weights.safetensors") && error.contains("needed"),
        "{error}"
    );
    std::fs::write(&path, b"no weights").expect("written");
    load_backbone(build(&config), &path).expect_err("no safetensors");
}

#[test]
fn gradients_reach_every_layer() {
    let device = device().autodiff();
    let xception = initialized(|| Xception::new(3, &device));
    let picture = Streams::new(0).normal("picture", 0, [2, 71, 71, 3], &device);
    let gradients = xception.forward(picture, Statistics::Batch).square().mean().backward();
    let first = xception.stem[0].convolution.weight.grad(&gradients).expect("tracked");
    let last = xception.last[1].depthwise.grad(&gradients).expect("tracked");
    for gradient in [values(first), values(last)] {
        assert!(gradient.iter().all(|value| value.is_finite()) && gradient.iter().any(|value| *value != 0.0));
    }
}
