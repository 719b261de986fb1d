//! ResNet-50: its size, its names, its frozen statistics, and weights from files.

use std::{collections::HashMap, path::Path};

use burn::{module::Module, prelude::*};
use divide_and_conquer::{
    Backbone, Mode,
    config::ResNetConfig,
    network::{ImportError, ResNet, import},
};
use papers_core::{nn::trainable_parameters, testing};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::Value;

fn tiny() -> ResNetConfig {
    ResNetConfig {
        channels: 2,
        blocks: vec![1, 2, 1, 1],
        dropout: 0.0,
        ..ResNetConfig::default()
    }
}

fn resnet(config: &ResNetConfig, device: &Device) -> ResNet {
    testing::initialized(|| ResNet::new(config, 3, device))
}

#[test]
fn resnet_50_has_the_size_of_resnet_50() {
    // 25,557,032 parameters (torchvision) less 2,049,000 of the classifier.
    let network = resnet(&ResNetConfig::default(), &testing::device());
    assert_eq!(trainable_parameters(&network), 25_557_032 - 2_049_000);
    assert_eq!(network.features_of(), 2048);
}

#[test]
fn frozen_statistics_stay_and_others_move() {
    let device = testing::device().autodiff();
    let images = Tensor::<4>::ones([2, 3, 32, 32], &testing::device());
    for (freeze_statistics, moves) in [(true, false), (false, true)] {
        let config = ResNetConfig {
            freeze_statistics,
            ..tiny()
        };
        let network = resnet(&config, &device);
        let features = network.features(images.clone(), Mode::Train);
        assert_eq!(features.dims(), [2, 64]);
        let mean = testing::values(network.bn1.running_mean.value());
        assert_eq!(mean.iter().any(|&mean| mean != 0.0), moves);
    }
}

#[test]
fn scales_and_shifts_learn_or_not() {
    let device = testing::device().autodiff();
    let images = Tensor::<4>::ones([2, 3, 32, 32], &testing::device());
    for train_affine in [true, false] {
        let config = ResNetConfig { train_affine, ..tiny() };
        let network = resnet(&config, &device);
        let gradients = network.features(images.clone(), Mode::Train).sum().backward();
        assert_eq!(network.bn1.scale.grad(&gradients).is_some(), train_affine);
        assert!(network.conv1.weight.grad(&gradients).is_some());
    }
}

/// Names and sizes as torchvision has them, with values that follow from the place in the list.
fn weights() -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let mut list: Vec<(String, Vec<usize>)> = Vec::new();
    let norm = |list: &mut Vec<(String, Vec<usize>)>, name: &str, channels: usize| {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            list.push((format!("{name}.{part}"), vec![channels]));
        }
    };
    list.push(("conv1.weight".to_owned(), vec![2, 3, 7, 7]));
    norm(&mut list, "bn1", 2);
    let mut before = 2;
    for (stage, blocks) in [1, 2, 1, 1].into_iter().enumerate() {
        let inside = 2 << stage;
        for block in 0..blocks {
            let name = format!("layer{}.{block}", stage + 1);
            for (number, shape) in [
                (1, vec![inside, before, 1, 1]),
                (2, vec![inside, inside, 3, 3]),
                (3, vec![4 * inside, inside, 1, 1]),
            ] {
                let channels = shape[0];
                list.push((format!("{name}.conv{number}.weight"), shape));
                norm(&mut list, &format!("{name}.bn{number}"), channels);
            }
            if block == 0 {
                list.push((format!("{name}.downsample.0.weight"), vec![4 * inside, before, 1, 1]));
                norm(&mut list, &format!("{name}.downsample.1"), 4 * inside);
            }
            before = 4 * inside;
        }
    }
    list.push(("fc.weight".to_owned(), vec![5, before]));
    let value = |place: usize, index: usize| 0.01 + ((place * 31 + index * 7) % 13) as f32 / 100.0;
    list.into_iter()
        .enumerate()
        .map(|(place, (name, shape))| {
            let count = shape.iter().product();
            (name, shape, (0..count).map(|index| value(place, index)).collect())
        })
        .collect()
}

fn save(path: &Path, weights: &[(String, Vec<usize>, Vec<f32>)]) {
    let bytes: Vec<Vec<u8>> = weights
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views: HashMap<String, TensorView<'_>> = weights
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()))
        .collect();
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn weights_with_the_names_of_torchvision_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet.safetensors");
    let weights = weights();
    save(&path, &weights);
    for device in [testing::device(), testing::device().autodiff()] {
        let network = import(resnet(&tiny(), &device), &path).unwrap();
        let of = |name: &str| {
            let (_, _, values) = weights.iter().find(|(known, ..)| known == name).unwrap();
            values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>()
        };
        assert_eq!(testing::values(network.conv1.weight.val()), of("conv1.weight"));
        let block = &network.layer2[0];
        assert_eq!(testing::values(block.bn3.shift.val()), of("layer2.0.bn3.bias"));
        assert_eq!(
            testing::values(block.bn3.running_variance.value()),
            of("layer2.0.bn3.running_var")
        );
        let shortcut = block.downsample.as_ref().unwrap();
        assert_eq!(
            testing::values(shortcut.convolution.weight.val()),
            of("layer2.0.downsample.0.weight")
        );
        assert_eq!(
            testing::values(shortcut.norm.scale.val()),
            of("layer2.0.downsample.1.weight")
        );
        assert_eq!(
            testing::values(network.layer2[1].conv2.weight.val()),
            of("layer2.1.conv2.weight")
        );
        let images = Tensor::<4>::ones([1, 3, 32, 32], &testing::device());
        let features = network.valid().features(images, Mode::Evaluate);
        assert!(testing::values(features).iter().all(|value| value.is_finite()));
    }
}

/// `resnet_small.py` computes the same with PyTorch in double precision.
#[test]
fn features_and_gradients_are_those_of_pytorch() {
    let fixture: Value = testing::fixture(env!("CARGO_MANIFEST_DIR"), "resnet_small.json");
    let whole = |value: &Value| value.as_u64().unwrap() as usize;
    let list = |value: &Value| value.as_array().unwrap().iter().map(whole).collect::<Vec<usize>>();
    let singles = |value: &Value| {
        testing::numbers(value)
            .into_iter()
            .map(|value| value as f32)
            .collect::<Vec<_>>()
    };
    let config = ResNetConfig {
        channels: whole(&fixture["channels"]),
        blocks: list(&fixture["blocks"]),
        dropout: 0.0,
        ..ResNetConfig::default()
    };
    let weights: Vec<(String, Vec<usize>, Vec<f32>)> = fixture["weights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|weight| {
            let name = weight["name"].as_str().unwrap().to_owned();
            (name, list(&weight["shape"]), singles(&weight["values"]))
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet.safetensors");
    save(&path, &weights);
    let plain = testing::device();
    let network = import(resnet(&config, &plain.clone().autodiff()), &path).unwrap();
    let shape: [usize; 4] = list(&fixture["images"]["shape"]).try_into().unwrap();
    let images = Tensor::<4>::from_data(TensorData::new(singles(&fixture["images"]["values"]), shape), &plain);
    // In training the statistics are frozen: both modes give the same.
    for mode in [Mode::Train, Mode::Evaluate] {
        let found = testing::values(network.features(images.clone(), mode).inner());
        testing::assert_close(&found, &testing::numbers(&fixture["features"]), 1e-4);
    }
    let features = network.features(images, Mode::Train);
    let factors = TensorData::new(singles(&fixture["factors"]), features.dims());
    let gradients = (features * Tensor::from_data(factors, &plain.autodiff()))
        .sum()
        .backward();
    let of = |name: &str| match name {
        "conv1.weight" => testing::values(network.conv1.weight.grad(&gradients).unwrap()),
        "bn1.weight" => testing::values(network.bn1.scale.grad(&gradients).unwrap()),
        "layer2.1.conv2.weight" => testing::values(network.layer2[1].conv2.weight.grad(&gradients).unwrap()),
        "layer3.0.bn2.bias" => testing::values(network.layer3[0].bn2.shift.grad(&gradients).unwrap()),
        "layer4.0.downsample.0.weight" => {
            let shortcut = network.layer4[0].downsample.as_ref().unwrap();
            testing::values(shortcut.convolution.weight.grad(&gradients).unwrap())
        }
        other => panic!("{other} is not looked at"),
    };
    for gradient in fixture["gradients"].as_array().unwrap() {
        let expected = testing::numbers(&gradient["values"]);
        testing::assert_close(&of(gradient["name"].as_str().unwrap()), &expected, 1e-4);
    }
}

/// Written by PyTorch (`torch.save` of a dictionary of half-precision tensors), with counters of batches between the weights.
#[test]
fn a_file_of_pytorch_gives_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet.safetensors");
    save(&path, &weights());
    let network = || resnet(&tiny(), &testing::device());
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/resnet-tiny.pt");
    let (one, other) = (import(network(), &path).unwrap(), import(network(), &saved).unwrap());
    // A half has 11 digits in base two.
    for (one, other) in [
        (one.conv1.weight.val(), other.conv1.weight.val()),
        (one.layer4[0].conv3.weight.val(), other.layer4[0].conv3.weight.val()),
    ] {
        testing::assert_close(&testing::values(other), &testing::values(one), 1e-4);
    }
    let [one, other] = [one, other].map(|network| testing::values(network.bn1.running_variance.value()));
    testing::assert_close(&other, &one, 1e-4);
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet.safetensors");
    let network = || resnet(&tiny(), &testing::device());
    let mut missing = weights();
    missing.retain(|(name, ..)| name != "layer3.0.bn2.running_var");
    save(&path, &missing);
    let error = import(network(), &path).unwrap_err();
    assert!(
        matches!(&error, ImportError::Missing { name, .. } if name == "layer3.0.bn2.running_var"),
        "{error}"
    );

    let mut turned = weights();
    turned[0].1 = vec![2, 7, 7, 3];
    save(&path, &turned);
    let error = import(network(), &path).unwrap_err();
    assert!(
        matches!(&error, ImportError::Shape { name, .. } if name == "conv1.weight"),
        "{error}"
    );

    let mut infinite = weights();
    infinite[3].2[0] = f32::NAN;
    save(&path, &infinite);
    assert!(import(network(), &path).unwrap_err().to_string().contains("NaN"));

    std::fs::write(&path, "no weights").unwrap();
    assert!(matches!(
        import(network(), &path).unwrap_err(),
        ImportError::File { .. }
    ));
    for name in ["resnet.pt", "resnet.pth"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "no pickle").unwrap();
        assert!(matches!(
            import(network(), &path).unwrap_err(),
            ImportError::File { .. }
        ));
    }
    assert!(matches!(
        import(network(), &folder.path().join("resnet.bin")).unwrap_err(),
        ImportError::Kind { .. }
    ));
}
