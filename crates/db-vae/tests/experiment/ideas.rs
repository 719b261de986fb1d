//! Each idea of the method, by what is lost without it.

use db_vae::{data::drawn::Grouping, train::DebiasedDetector};
use papers_core::{
    Context, Experiment as _,
    base::{
        config,
        journal::{Scalars, scalar},
    },
    testing,
};

fn trained(experiment: &str, sets: &[&str], seed: u64) -> (DebiasedDetector, Scalars) {
    let small = ["data.test_per_group=200"];
    let config = config::experiment(db_vae::config::PRESETS, experiment, &[&small, sets].concat()).expect("settings");
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), seed)).expect("a detector");
    for step in 0..5 * 78 {
        run.step(step).expect("an update");
    }
    let scalars = run.evaluate().expect("numbers");
    (run, scalars)
}

/// Without a group label rare faces are drawn more often, and found more often; without resampling they are not.
#[test]
fn rare_faces_are_drawn_and_found_more_often() {
    let of = |scalars: &Scalars, name: &str| scalar(scalars, name).expect("a number");
    let rare = |scalars: &Scalars| of(scalars, "draws_dark_female") + of(scalars, "draws_dark_male");
    let found =
        |scalars: &Scalars| 0.5 * (of(scalars, "matched_recall_dark_female") + of(scalars, "matched_recall_dark_male"));
    let light = |scalars: &Scalars| {
        0.5 * (of(scalars, "matched_recall_light_female") + of(scalars, "matched_recall_light_male"))
    };
    let (run, uniform) = trained("drawn-faces", &["resampling.strategy={kind='uniform'}"], 1);
    let (_, debiased) = trained(
        "drawn-faces",
        &["resampling.strategy={kind='lab-max',smoothing=0.001}"],
        1,
    );
    let is_rare = run.data().face_groups.iter().filter(|&&group| group >= 2).count() as f64;
    let share = is_rare / run.data().faces.len() as f64;
    assert!((rare(&uniform) - share).abs() < 1e-9);
    assert!(rare(&debiased) > 1.7 * share, "{} of {share}", rare(&debiased));
    assert!(
        light(&uniform) - found(&uniform) > 0.25,
        "there is a gap to begin with: {uniform:?}"
    );
    assert!(
        found(&debiased) > found(&uniform) + 0.05,
        "{} {}",
        found(&debiased),
        found(&uniform)
    );
}

/// The gap comes from the skew, not from the drawings.
#[test]
fn groups_that_are_alike_in_training_are_found_alike() {
    let (_, scalars) = trained("drawn-balanced", &[], 1);
    let recall = |group: &str| scalar(&scalars, &format!("matched_recall_{group}")).expect("a number");
    let [light_female, light_male, dark_female, dark_male] = Grouping::Shade.names().map(recall);
    let gap = 0.5 * (light_female + light_male - dark_female - dark_male);
    assert!(gap.abs() < 0.12, "{gap}: {scalars:?}");
}

/// The plain product of small α gives nearly all draws to a few faces, and says so; tempered it does not.
#[test]
fn the_guard_keeps_the_product_from_collapsing() {
    let (run, product) = trained(
        "drawn-faces",
        &["resampling.strategy={kind='paper-product',alpha=0.001}"],
        1,
    );
    let size = |scalars: &Scalars| scalar(scalars, "effective_sample_size").expect("a size");
    assert!(size(&product) < 125.0, "{}", size(&product));
    let report = run
        .history()
        .last()
        .and_then(|draws| draws.report.clone())
        .expect("weights");
    assert!(report.is_scarce());
    let told = |run: &DebiasedDetector| {
        let figures = run.figures().expect("figures");
        let draws = figures.iter().find(|figure| figure.name == "draws").expect("a table");
        draws.caption.contains("use a larger alpha")
    };
    assert!(told(&run));
    let (run, tempered) = trained(
        "drawn-faces",
        &["resampling.strategy={kind='tempered',alpha=0.001,rho=0.2}"],
        1,
    );
    assert!((size(&tempered) - 500.0).abs() < 1.0, "{}", size(&tempered));
    let report = run
        .history()
        .last()
        .and_then(|draws| draws.report.clone())
        .expect("weights");
    assert!(!report.is_scarce() && !told(&run));
}

/// Draws stay uniform until the encoder means something.
#[test]
fn the_first_epoch_warms_up() {
    let small = [
        "data.faces=64",
        "batch=16",
        "data.test_per_group=2",
        "data.test_non_faces=20",
    ];
    let weights_after = |warmup: &str| {
        let config = config::experiment(
            db_vae::config::PRESETS,
            "drawn-faces",
            &[&small[..], &[warmup]].concat(),
        );
        let mut run =
            DebiasedDetector::new(&config.expect("settings"), &Context::new(testing::device(), 0)).expect("a detector");
        let mut is_uniform = Vec::new();
        for step in 0..24 {
            run.step(step).expect("an update");
            if step % 8 == 0 {
                is_uniform.push((run.sampler().weights().effective_sample_size() - 64.0).abs() < 1e-9);
            }
        }
        is_uniform
    };
    assert_eq!(weights_after("resampling.warmup_epochs=0"), [false, false, false]);
    assert_eq!(weights_after("resampling.warmup_epochs=1"), [true, false, false]);
    assert_eq!(weights_after("resampling.warmup_epochs=2"), [true, true, false]);
}
