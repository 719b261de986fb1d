//! A run that was stopped and resumed equals one that was not, byte for byte; the same seed gives the same scores.

use papers_core::{Context, Experiment as _, port, testing};
use photofeeler::{
    config::PhotofeelerConfig,
    model::{OutputKind, VoterInput},
    train::Photofeeler,
};

use crate::common::{features, portraits};

fn context() -> Context {
    Context::new(testing::device(), 3)
}

fn trained(config: &PhotofeelerConfig) -> Photofeeler {
    let mut run = Photofeeler::new(config, &context()).expect("a run");
    run.train().expect("both phases");
    run
}

#[test]
fn runs_resume_exactly() {
    for (sets, updates) in [
        // In phase 1, at its end, and in phase 2.
        (&["phase_1.validate_every=2"] as &[&str], 2),
        (&[], 6),
        (&["phase_2.validate_every=3"], 7),
        (&["phase_2.joint=true"], 7),
        (&["phase_2.input='both'"], 7),
        // In the run that leaves the first fold out, and behind it.
        (&["phase_2.cross_fit=2", "schedule.steps=24"], 8),
        (&["phase_2.cross_fit=2", "schedule.steps=24"], 12),
        (&["output='regression'", "phase_1.steps=14"], 5),
    ] {
        testing::assert_resumes_exactly::<Photofeeler>(&features(sets), &context(), updates)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
    testing::assert_resumes_exactly::<Photofeeler>(&portraits(&[]), &context(), 5).expect("pictures");
}

#[test]
fn the_same_seed_gives_the_same_scores() {
    let scores = || trained(&features(&[])).findings().expect("findings").scores;
    assert_eq!(scores(), scores());
}

#[test]
fn the_base_network_is_frozen_in_phase_2_and_learns_only_if_asked() {
    for (sets, is_frozen) in [(&[] as &[&str], true), (&["phase_2.joint=true"], false)] {
        let config = portraits(sets);
        let mut run = Photofeeler::new(&config, &context()).expect("a run");
        let bytes = |run: &Photofeeler| port::to_bytes(&run.model().base).expect("a record");
        for step in 0..config.phase_1.steps {
            run.step(step).expect("phase 1");
        }
        let before = bytes(&run);
        for step in config.phase_1.steps..config.schedule.steps {
            run.step(step).expect("phase 2");
        }
        // Weights and the statistics of batch normalization.
        assert_eq!(bytes(&run) == before, is_frozen, "{sets:?}");
    }
}

#[test]
fn every_output_and_every_input_runs() {
    for output in OutputKind::ALL {
        let is_voter = output == OutputKind::Voter;
        let name = format!("output='{}'", output.name());
        let steps = if is_voter {
            "phase_1.steps=6"
        } else {
            "phase_1.steps=14"
        };
        for scale in ["votes.scale='raw'", "votes.scale='normalized'"] {
            let run = trained(&features(&[&name, steps, scale, "votes.weights='none'"]));
            let scalars = run.evaluate().expect("numbers");
            assert!(scalars.iter().all(|(_, value)| value.is_finite()), "{scalars:?}");
            let has = |name: &str| scalars.iter().any(|(other, _)| other == name);
            assert!(has("pearson") && has("human_votes") && has("labels_additive"));
            assert_eq!(has("votes_voter_model"), is_voter);
            let figures = run.figures().expect("figures");
            let drawn = |name: &str| figures.iter().any(|figure| figure.name == name);
            assert!(drawn("predicted") && drawn("distributions") && drawn("people"));
            assert_eq!(drawn("voter-map"), is_voter);
        }
    }
    for input in [VoterInput::Gap, VoterInput::Both] {
        let name = match input {
            VoterInput::Gap => "phase_2.input='gap'",
            _ => "phase_2.input='both'",
        };
        assert!(
            trained(&features(&[name]))
                .findings()
                .expect("findings")
                .panel
                .is_some()
        );
    }
}

#[test]
fn pictures_of_the_best_and_the_worst_are_of_drawn_portraits() {
    let figures = trained(&portraits(&[])).figures().expect("figures");
    assert!(figures.iter().any(|figure| figure.name == "extremes"));
}

#[test]
fn a_panel_is_drawn_once_and_has_everybody_where_there_are_fewer() {
    let findings = |sets: &[&str]| trained(&features(sets)).findings().expect("findings");
    let all = findings(&[]);
    let mut voters = all.panel_voters.clone();
    voters.sort_unstable();
    voters.dedup();
    assert_eq!(voters.len(), all.panel_voters.len(), "each once");
    assert!(voters.len() <= 20);
    let literal = findings(&["evaluation.with_replacement=true"]);
    assert_eq!(literal.panel_voters.len(), 200);
    let few = findings(&["evaluation.voters=4"]);
    assert_eq!(few.panel_voters.len(), 4);
    // One panel for all photos: its scores are means over the same voters.
    let panel = few.panel.expect("a panel");
    assert_eq!(panel.scores.len(), 4 * few.photos.len());
}
