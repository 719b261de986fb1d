//! Helpers for the tests of every crate: the test device, comparisons, gradient checks, fixtures, resume checks.

mod program;

use std::{collections::BTreeSet, ops::Range, path::Path, sync::Arc};

use burn::{module::Module, prelude::*, tensor::DType};
use papers_base::{config::About, journal::Scalars};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Context, Experiment, Result,
    bench::{Case, peer::Script},
    checkpoint,
    cli::Paper,
    random::Streams,
};

pub use self::program::Program;

/// The plain device every test runs on, whatever backends the build enables.
///
/// # Panics
///
/// In a build without any backend.
pub fn device() -> Device {
    let name = crate::device::default_backend().expect("tests need a backend");
    crate::device::resolve(name).expect("the CPU backends always open")
}

/// A module with its random weights, the same in every run. Tests share the device's generator: one that draws from it by itself may
/// change what another draws in the same moment, and so do lazy weights.
pub fn initialized<M: Module>(build: impl FnOnce() -> M) -> M {
    Streams::new(0).initialize("module", &device(), build)
}

/// Standard normal `f64` numbers, the same in every run and others for every `seed`.
///
/// # Shapes
///
/// - output: `shape`
pub fn normal<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    Streams::new(seed).normal("test", 0, shape, &device()).cast(DType::F64)
}

/// A tensor of `f64` numbers on `device`.
///
/// # Panics
///
/// If the number of values is not that of the shape.
pub fn tensor_f64<const D: usize>(values: Vec<f64>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F64))
}

/// The `f64` tensor of a nested JSON list.
///
/// # Panics
///
/// If the list is ragged, of another depth, or not of numbers.
pub fn nested<const D: usize>(list: &Value, device: &Device) -> Tensor<D> {
    let mut shape = Vec::new();
    let mut inner = list;
    while let Value::Array(items) = inner {
        shape.push(items.len());
        inner = &items[0];
    }
    let shape = <[usize; D]>::try_from(shape).unwrap_or_else(|shape| panic!("a list of shape {shape:?} for rank {D}"));
    tensor_f64(numbers(list), shape, device)
}

/// All numbers of a nested JSON list, in order.
///
/// # Panics
///
/// If something else is in it.
pub fn numbers(list: &Value) -> Vec<f64> {
    match list {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

/// The elements of a tensor in row-major order.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Asserts `|actual - expected| <= tolerance · max(1, |expected|)`, element by element.
///
/// # Panics
///
/// With the first element that is off, or if the lengths differ.
#[track_caller]
pub fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "as many values as expected");
    for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (actual - expected).abs() / expected.abs().max(1.0);
        // Written so that NaN fails.
        assert!(
            error <= tolerance,
            "element {index}: {actual} is not {expected} (off by {error:e}, allowed {tolerance:e})"
        );
    }
}

/// Asserts that autodiff and central differences agree on the gradient of the sum of `function` at `point`.
///
/// Runs in `f64`, so that the step can be small enough to be exact to about `1e-6`.
///
/// # Panics
///
/// With the first coordinate on which the two disagree.
#[track_caller]
pub fn assert_gradient<const D: usize>(point: &[f64], function: impl Fn(Tensor<1>) -> Tensor<D>) {
    const STEP: f64 = 1e-5;
    const TOLERANCE: f64 = 1e-6;
    let plain = device();
    let at = |point: &[f64], device: &Device| tensor_f64(point.to_vec(), [point.len()], device);

    let input = at(point, &plain.clone().autodiff()).require_grad();
    let gradients = function(input.clone()).sum().backward();
    let gradient = values(input.grad(&gradients).expect("the function uses its input"));

    for (coordinate, &exact) in gradient.iter().enumerate() {
        let shifted = |offset: f64| -> f64 {
            let mut point = point.to_vec();
            point[coordinate] += offset;
            function(at(&point, &plain)).sum().into_scalar()
        };
        let estimate = (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP);
        let error = (exact - estimate).abs() / exact.abs().max(1.0);
        assert!(
            error < TOLERANCE,
            "coordinate {coordinate}: autodiff {exact}, differences {estimate}"
        );
    }
}

/// Reads a JSON fixture of a crate's `tests/fixtures`; pass `env!("CARGO_MANIFEST_DIR")` as `crate_folder`.
///
/// # Panics
///
/// If the file is missing or of another schema.
#[track_caller]
pub fn fixture<T: DeserializeOwned>(crate_folder: &str, name: &str) -> T {
    let path = Path::new(crate_folder).join("tests/fixtures").join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()))
}

/// Asserts that a paper's experiments are the files of the folder `experiments` in `crate_folder`
/// (`env!("CARGO_MANIFEST_DIR")`), can be run and say what they are, one of them being the default; and that its
/// reproduction plans runs of them that have each a folder of their own, fewer of them where it has to be quick.
///
/// # Panics
///
/// With what does not fit.
#[track_caller]
pub fn assert_consistent(paper: &Paper, crate_folder: &str) {
    let mut known = BTreeSet::new();
    let mut defaults = Vec::new();
    for family in &paper.families {
        for preset in family.presets() {
            let resolved = family.resolve(preset, None, &[]);
            resolved.unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            let about = About::parse(preset.toml).unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            assert!(!about.summary.is_empty(), "{}: no summary", preset.name);
            assert!(known.insert(preset.name), "{}: there are two of them", preset.name);
            defaults.extend(about.default.then_some(preset.name));
        }
    }
    assert_eq!(defaults, [paper.default_experiment], "one experiment is the default");
    assert_eq!(
        known.iter().map(|name| format!("{name}.toml")).collect::<BTreeSet<_>>(),
        files(crate_folder)
    );
    let Some(reproduction) = &paper.reproduction else {
        return;
    };
    let [quick, full] = [true, false].map(reproduction.plan);
    assert!(quick.len() < full.len(), "the quick plan is as long as the full one");
    for plan in [quick, full] {
        let folders: BTreeSet<String> = plan.iter().map(|run| format!("{}-{}", run.row, run.seed)).collect();
        assert_eq!(folders.len(), plan.len(), "two runs share a folder");
        for run in &plan {
            assert!(
                known.contains(run.experiment),
                "{}: no experiment `{}`",
                run.row,
                run.experiment
            );
            let (family, preset) = paper.find(run.experiment).expect("a known experiment");
            let resolved = family.resolve(preset, None, &run.sets);
            resolved.unwrap_or_else(|error| panic!("{}: {error}", run.row));
        }
    }
}

/// Names of the files of a crate's experiments.
fn files(crate_folder: &str) -> BTreeSet<String> {
    let folder = Path::new(crate_folder).join("experiments");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect()
}

/// Asserts that benchmarks do their work, and that the script of the peer has a counterpart of each.
///
/// # Panics
///
/// Naming the benchmark.
#[track_caller]
pub fn assert_benches(cases: Vec<Case>, script: &Script) {
    for case in cases {
        let name = case.name();
        assert!(script.text.contains(&format!("\"{name}\":")), "{name}: no counterpart");
        let mut work = case.prepare().unwrap_or_else(|error| panic!("{name}: {error}"));
        work().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Asserts that an experiment measures the same on every backend of the build that this machine can use: the first
/// backend's state before these `updates` is restored on each, so that they begin with the same weights, and the updates
/// are applied.
///
/// Says on standard error which backends were compared. The second CPU backend has to be among them where it is built
/// in, and the one that the variable `BURN_PAPERS_REQUIRE` names, as where a driver is known to be there.
///
/// # Errors
///
/// What the experiment reports.
///
/// # Panics
///
/// If a scalar of an update or of the evaluation differs by more than `tolerance · max(1, |expected|)`, or a backend that
/// has to be compared is not.
#[track_caller]
pub fn assert_backends_agree<E: Experiment>(
    name: &str,
    config: &E::Config,
    seed: u64,
    updates: Range<u64>,
    tolerance: f64,
) -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Context::new(device(), seed);
    let mut reference = E::new(config, &first)?;
    update(&mut reference, &first, 0..updates.start)?;
    let state = checkpoint::LoopState::default();
    let store = checkpoint::Store::new(folder.path());
    let start = store.save(updates.start, Default::default(), &state, |writer| {
        reference.save(writer)
    })?;
    let start = checkpoint::Reader::open(&start)?;
    let expected = measure(&mut reference, &first, updates.clone())?;

    let (mut compared, mut skipped) = (Vec::new(), Vec::new());
    for backend in crate::device::compiled().into_iter().skip(1) {
        let plain = match crate::device::resolve(backend) {
            Ok(plain) => plain,
            Err(error) => {
                skipped.push(error.to_string());
                continue;
            }
        };
        let context = Context::new(plain, seed);
        let mut other = E::new(config, &context)?;
        other.restore(&start)?;
        let found = measure(&mut other, &context, updates.clone())?;
        assert_eq!(
            found.len(),
            expected.len(),
            "{backend}: other scalars than on the first backend"
        );
        for ((term, expected), (found_term, found)) in expected.iter().zip(found) {
            assert_eq!(term, &found_term, "{backend}: other scalars than on the first backend");
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(
                error <= tolerance,
                "{backend}: `{term}` is {found}, the first backend has {expected} (off by {error:e})"
            );
        }
        compared.push(backend);
    }
    eprintln!("{name}: the first backend and {} agree", compared.join(", "));
    for reason in &skipped {
        eprintln!("{name}: skipped: {reason}");
    }
    let required = std::env::var("BURN_PAPERS_REQUIRE").ok();
    let second = crate::device::compiled()
        .into_iter()
        .skip(1)
        .find(|&backend| backend == "ndarray");
    for required in second.into_iter().chain(required.as_deref()) {
        assert!(
            compared.contains(&required),
            "{name}: {required} is required: {skipped:?}"
        );
    }
    Ok(())
}

/// The scalars of some updates and of the evaluation after them.
fn measure<E: Experiment>(experiment: &mut E, context: &Context, updates: Range<u64>) -> Result<Scalars> {
    let mut scalars = update(experiment, context, updates)?;
    scalars.extend(experiment.evaluate()?);
    Ok(scalars)
}

/// Applies updates as the loop does it; their scalars.
fn update<E: Experiment>(experiment: &mut E, context: &Context, updates: Range<u64>) -> Result<Scalars> {
    let mut scalars = Scalars::new();
    for step in updates {
        drop(context.streams.seed_device("device", step, &context.device));
        scalars.extend(experiment.step(step)?);
    }
    Ok(scalars)
}

/// Asserts that `2n` updates equal `n` updates, a restore in a fresh experiment, and `n` more: byte for byte.
///
/// # Errors
///
/// What the experiment reports.
///
/// # Panics
///
/// Naming the part of the checkpoint that differs.
#[track_caller]
pub fn assert_resumes_exactly<E: Experiment>(config: &E::Config, context: &Context, updates: u64) -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let save = |experiment: &E, name: &str, step: u64| -> Result<checkpoint::Reader> {
        let store = checkpoint::Store::new(&folder.path().join(name));
        let state = checkpoint::LoopState::default();
        let path = store.save(step, papers_base::journal::Position::default(), &state, |writer| {
            experiment.save(writer)
        })?;
        checkpoint::Reader::open(&path)
    };

    let mut whole = E::new(config, context)?;
    update(&mut whole, context, 0..2 * updates)?;
    let whole = save(&whole, "whole", 2 * updates)?;

    let mut first = E::new(config, context)?;
    update(&mut first, context, 0..updates)?;
    let half = save(&first, "half", updates)?;
    // As the loop does it: an experiment may look at the checkpoint while it is built.
    let half = Arc::new(half);
    let goes_on = Context {
        saved: Some(Arc::clone(&half)),
        ..context.clone()
    };
    let mut second = E::new(config, &goes_on)?;
    second.restore(&half)?;
    update(&mut second, context, updates..2 * updates)?;
    let resumed = save(&second, "resumed", 2 * updates)?;

    assert!(!whole.digests().is_empty(), "the checkpoint holds nothing");
    assert_ne!(whole.digests(), half.digests(), "the updates change nothing");
    assert_eq!(whole.digests(), resumed.digests(), "the resumed run differs");
    Ok(())
}
