//! `xception_pytorch.json`: weights under the names that PyTorch's Xception has.

use std::collections::BTreeMap;

use burn::prelude::*;
use papers_core::{
    nn::Statistics,
    testing::{assert_close, device, initialized, numbers, values},
};
use photofeeler::{
    data::Input,
    model::{Backbone, BackboneConfig, load_backbone},
};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::Value;

use crate::common::{fixture, index};

/// Sums of 36 layers in single precision, in another order.
const SINGLE: f64 = 2e-3;

/// Numbers from -0.5 to 0.5 that depend on their place and on a key.
fn pattern(count: usize, key: u64) -> impl Iterator<Item = f64> {
    let mixed = move |place: u64| (place * 2_654_435_761 + key * 40_503) % (1 << 32);
    (0..count as u64).map(move |place| mixed(place) as f64 / f64::from(2.0_f32.powi(32)) - 0.5)
}

/// What the fixture's script gives a tensor of this name.
fn numbers_of(name: &str, shape: &[usize]) -> Vec<f32> {
    let bytes = name.bytes().zip(1..);
    let key = bytes.map(|(byte, place): (u8, u64)| place * u64::from(byte)).sum();
    let (factor, offset) = match (shape.len(), name.rsplit('.').next()) {
        (1, Some("weight" | "running_var")) => (0.5, 1.0),
        (1, Some("bias")) => (0.5, 0.0),
        (1, _) => (0.2, 0.0),
        _ => ((12.0 / shape[1..].iter().product::<usize>() as f64).sqrt(), 0.0),
    };
    let numbers = pattern(shape.iter().product(), key);
    numbers.map(|number| (offset + factor * number) as f32).collect()
}

/// A file of all tensors but those that are left out.
fn file(fixture: &Value, left_out: &str) -> Vec<u8> {
    let shapes = fixture["shapes"].as_object().expect("shapes");
    let tensors: BTreeMap<&String, (Dtype, Vec<usize>, Vec<u8>)> = shapes
        .iter()
        .filter(|(name, _)| *name != left_out)
        .map(|(name, shape)| {
            let shape: Vec<usize> = shape.as_array().expect("a shape").iter().map(index).collect();
            let tensor = match name.ends_with("num_batches_tracked") {
                true => (Dtype::I64, shape, 7_i64.to_le_bytes().to_vec()),
                false => {
                    let numbers = numbers_of(name, &shape).into_iter();
                    (Dtype::F32, shape, numbers.flat_map(f32::to_le_bytes).collect())
                }
            };
            (name, tensor)
        })
        .collect();
    let view =
        |(dtype, shape, bytes)| TensorView::new(dtype, Vec::clone(shape), Vec::as_slice(bytes)).expect("a tensor");
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| (*name, view((*dtype, shape, bytes))));
    safetensors::serialize(views, None).expect("a file")
}

#[test]
fn a_file_of_pytorch_gives_the_features_that_pytorch_has() {
    let fixture: Value = fixture("xception_pytorch.json");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("xception.safetensors");
    let fresh = || -> Backbone { initialized(|| BackboneConfig::Xception.init(3, &device())) };
    std::fs::write(&path, file(&fixture, "")).expect("written");
    let loaded = load_backbone(fresh(), &path).expect("every tensor is found");

    let shape = [2, 3, index(&fixture["height"]), index(&fixture["width"])];
    let pixels: Vec<f32> = pattern(shape.iter().product(), 0)
        .map(|number| (2.0 * number) as f32)
        .collect();
    let pictures = Tensor::<4>::from_data(TensorData::new(pixels, shape), &device()).permute([0, 2, 3, 1]);
    let features = values(loaded.forward(Input::Pictures(pictures), Statistics::Running));
    let every: Vec<f64> = features.into_iter().step_by(index(&fixture["step"])).collect();
    assert_close(&every, &numbers(&fixture["features"]), SINGLE);

    for name in [
        "block12.rep.4.pointwise.weight",
        "block1.skipbn.running_var",
        "bn4.bias",
    ] {
        std::fs::write(&path, file(&fixture, name)).expect("written");
        let error = load_backbone(fresh(), &path).expect_err("one is missing").to_string();
        assert!(
            error.contains("1 tensors do not fit") && error.contains("is missing"),
            "{error}"
        );
    }
}
