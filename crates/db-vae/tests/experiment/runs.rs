//! A run that was stopped and resumed equals one that was not, byte for byte; every strategy runs.

use db_vae::train::DebiasedDetector;
use papers_core::{Context, Experiment as _, base::journal::scalar, testing};

use crate::common::drawn;

fn context() -> Context {
    Context::new(testing::device(), 3)
}

/// An epoch has seven updates: the first half ends within the second epoch, whose weights must be kept.
#[test]
fn runs_resume_exactly() {
    for sets in [
        &["resampling.strategy={kind='lab-max',smoothing=0.01}"] as &[&str],
        &["resampling.strategy={kind='tempered',alpha=0.01,rho=0.2}", "batch=15"],
        &["resampling.strategy={kind='uniform'}"],
    ] {
        testing::assert_resumes_exactly::<DebiasedDetector>(&drawn(sets), &context(), 10)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
}

#[test]
fn every_strategy_runs_and_is_drawn() {
    for strategy in [
        "{kind='uniform'}",
        "{kind='paper-product',alpha=0.1}",
        "{kind='paper-product',alpha=0.1,estimate='density'}",
        "{kind='lab-max',smoothing=0.01}",
        "{kind='top5-product',smoothing=0.01}",
        "{kind='tempered',alpha=0.01,rho=0.3}",
        "{kind='gaussian',alpha=0.1}",
        "{kind='oracle'}",
    ] {
        let set = format!("resampling.strategy={strategy}");
        let config = drawn(&[&set]);
        let mut run = DebiasedDetector::new(&config, &context()).unwrap_or_else(|error| panic!("{strategy}: {error}"));
        for step in 0..9 {
            run.step(step).unwrap_or_else(|error| panic!("{strategy}: {error}"));
        }
        let scalars = run.evaluate().unwrap_or_else(|error| panic!("{strategy}: {error}"));
        assert!(scalars.iter().all(|(_, value)| value.is_finite()), "{scalars:?}");
        let size = scalar(&scalars, "effective_sample_size").expect("a size");
        assert_eq!(
            (size - 60.0).abs() < 1e-9,
            strategy.contains("uniform"),
            "{strategy}: {size}"
        );
        let figures = run.figures().unwrap_or_else(|error| panic!("{strategy}: {error}"));
        for name in [
            "groups",
            "recalls",
            "metrics",
            "draws",
            "histograms",
            "attributes",
            "audit",
            "traversals",
            "surest",
        ] {
            assert!(figures.iter().any(|figure| figure.name == name), "{strategy}: {name}");
        }
        let is_drawn_by_weights = figures.iter().any(|figure| figure.name == "likely-faces");
        assert_eq!(is_drawn_by_weights, !strategy.contains("uniform"), "{strategy}");
    }
}

#[test]
fn another_attribute_and_the_public_codes_network_run() {
    let other = drawn(&["data.grouping='sunglasses'", "data.shares=[0.4,0.4,0.1,0.1]"]);
    let deep = drawn(&[
        "data.side=32",
        "network.filters=[4,5,6]",
        "network.kernels=[5,5,3]",
        "network.decoder_kernels=[3,3,5]",
        "network.output='linear'",
        "network.slope=0.2",
        "network.normalized=false",
        "objective.distance='norm'",
        "objective.over_rows='apart'",
        "objective.over_dimensions='mean'",
    ]);
    for config in [other, deep] {
        let mut run = DebiasedDetector::new(&config, &context()).expect("a detector");
        for step in 0..9 {
            run.step(step).expect("an update");
        }
        assert!(
            run.evaluate()
                .expect("numbers")
                .iter()
                .all(|(_, value)| value.is_finite())
        );
        run.figures().expect("figures");
    }
}
