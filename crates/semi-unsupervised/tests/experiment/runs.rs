//! A run that was stopped and resumed equals one that was not, byte for byte; every model runs in every regime that it can.

use papers_core::{Context, Experiment as _, base::figure::Body, checkpoint, testing};
use semi_unsupervised::{network::ModelKind, train::SemiUnsupervised};

use crate::common::{digits, synthetic};

fn context() -> Context {
    Context::new(testing::device(), 3)
}

#[test]
fn runs_resume_exactly() {
    for sets in [
        &["model='gm-dgm'"] as &[&str],
        &["model='agm-dgm'", "objective.samples=2", "objective.warm_up=5"],
        // Stopped while the second of two beginnings learns, with the first one kept.
        &["model='m2'", "restarts={count=2,steps=3}", "schedule.steps=8"],
        // Stopped between pretraining and the end.
        &["model='vade'"],
        // Stopped while the second of two beginnings is pretrained.
        &[
            "model='vade'",
            "restarts={count=2,steps=3}",
            "vade.pretraining=2",
            "schedule.steps=8",
        ],
        &["model='m1'"],
    ] {
        testing::assert_resumes_exactly::<SemiUnsupervised>(&digits(sets), &context(), 4)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
}

#[test]
fn every_model_runs_in_every_regime() {
    for model in ModelKind::ALL {
        for regime in ["supervised", "semi-supervised", "semi-unsupervised", "unsupervised"] {
            if model == ModelKind::M1 && regime == "unsupervised" {
                continue;
            }
            let (name, regime) = (format!("model='{}'", model.name()), format!("data.regime='{regime}'"));
            let hidden = if regime.contains("semi-unsup") {
                "data.hidden=[1,2]"
            } else {
                "data.hidden=[]"
            };
            let config = digits(&[&name, &regime, hidden, "data.fraction=0.2"]);
            let mut run =
                SemiUnsupervised::new(&config, &context()).unwrap_or_else(|error| panic!("{name} {regime}: {error}"));
            for step in 0..4 {
                run.step(step)
                    .unwrap_or_else(|error| panic!("{name} {regime}: {error}"));
            }
            let scalars = run
                .evaluate()
                .unwrap_or_else(|error| panic!("{name} {regime}: {error}"));
            assert!(scalars.iter().all(|(_, value)| value.is_finite()), "{scalars:?}");
            assert!(scalars.iter().any(|(name, _)| name == "test_majority"));
            let figures = run.figures().unwrap_or_else(|error| panic!("{name} {regime}: {error}"));
            let has = |name: &str| figures.iter().any(|figure| figure.name == name);
            for figure in ["diagnosis", "protocols", "recall", "confusion", "clusters", "latent"] {
                assert!(has(figure), "{figure}");
            }
            let names_by_labels = model != ModelKind::Vade;
            assert_eq!(
                has("capture"),
                names_by_labels && regime.contains("semi-unsup"),
                "{name} {regime}"
            );
            let told = |name: &str| scalars.iter().any(|(other, _)| other == name);
            let has_labels = names_by_labels && !regime.contains("'unsupervised");
            assert_eq!(told("anchored"), has_labels, "{name} {regime}");
            assert_eq!(
                told("identity"),
                has_labels && hidden == "data.hidden=[]",
                "{name} {regime}"
            );
            assert_eq!(
                figures.iter().any(|figure| figure.name == "samples"),
                model != ModelKind::M1
            );
        }
    }
}

#[test]
fn a_run_with_other_labels_is_not_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = SemiUnsupervised::new(&digits(&[]), &context()).expect("a model");
    let state = checkpoint::LoopState::default();
    let store = checkpoint::Store::new(folder.path());
    let saved = store
        .save(0, Default::default(), &state, |writer| run.save(writer))
        .expect("a checkpoint");
    let reader = checkpoint::Reader::open(&saved).expect("a checkpoint");
    let mut other = SemiUnsupervised::new(&digits(&["data.fraction=0.3"]), &context()).expect("a model");
    let message = other.restore(&reader).expect_err("other labels").to_string();
    assert!(message.contains("other labels"), "{message}");
    let mut same = SemiUnsupervised::new(&digits(&["data.split_seed=3"]), &context()).expect("a model");
    same.restore(&reader).expect("the run's own seed, written out");
}

#[test]
fn a_single_class_is_legal() {
    let one = [
        "data.synthetic={classes=1,dimensions=1,train_per_class=80,test_per_class=20}",
        "data.hidden=[]",
    ];
    let alone = synthetic(
        &[
            &one as &[&str],
            &["data.regime='unsupervised'", "data.validation=10", "restarts.count=1"],
        ]
        .concat(),
    );
    let known = |head: &str| {
        let head = format!("head='{head}'");
        digits(&["model='m1'", &head, "data.hidden=[0,1,2,3,4,5,6,7,8]"])
    };
    for config in [alone, known("linear"), known("nearest-mean")] {
        let mut run = SemiUnsupervised::new(&config, &context()).expect("a model");
        run.step(0).expect("an update");
        let told = run.evaluate().expect("numbers");
        assert!(told.iter().all(|(_, value)| value.is_finite()), "{told:?}");
        run.figures().expect("figures");
    }
}

/// What is no picture is generated as a row of numbers, in the units of the data.
#[test]
fn values_are_generated() {
    let run = SemiUnsupervised::new(&synthetic(&[]), &context()).expect("a model");
    let figures = run.figures().expect("figures");
    let samples = figures
        .iter()
        .find(|figure| figure.name == "samples")
        .expect("what clusters generate");
    let Body::Table(table) = &samples.body else {
        panic!("a table")
    };
    assert_eq!((table.columns.len(), table.rows.len()), (21, 6));
    assert_eq!(table.columns[..3], ["cluster", "x0", "x1"]);
}
