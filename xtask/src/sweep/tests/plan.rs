use std::{collections::BTreeSet, path::Path};

use super::*;

fn problem(text: &str) -> String {
    let plan = match Plan::parse("plan.toml", text) {
        Err(error) => return error.to_string(),
        Ok(plan) => plan,
    };
    match plan.target(&Workspace::find().unwrap()) {
        Err(error) => error.to_string(),
        Ok(target) => plan.points(&target.experiments).unwrap_err().to_string(),
    }
}

/// The folders of a plan's runs below `sweeps/<name>`.
fn folders(fake: &Fake, plan: &str) -> BTreeSet<PathBuf> {
    let sweep = fake.sweep(plan);
    let below = |folder: &Path| folder.strip_prefix(&sweep.folder).unwrap().to_owned();
    sweep.runs.iter().map(|run| below(&run.folder)).collect()
}

#[test]
fn the_example_of_the_help_is_a_plan_of_ten_runs() {
    let example = include_str!("../../../../docs/sweep.toml");
    let fake = Fake::new();
    let sweep = fake.sweep(example);
    assert_eq!((sweep.points.len(), sweep.runs.len()), (5, 10));
    let labels: Vec<String> = sweep.runs.iter().map(|run| sweep.label(run)).collect();
    assert_eq!(
        labels[1],
        "digits optimizer.learning_rate=0.001 schedule.steps=40 solver.step_size=0.5 seed=1"
    );
    assert_eq!(
        labels[9],
        "digits schedule.steps=40 solver.method=\"euler\" solver.step_size=0.25 seed=1"
    );
}

#[test]
fn what_is_wrong_with_a_plan_is_named_with_its_line() {
    let begin = "name = 'a'\npaper = 'neural-ode'\n";
    for (rest, expected) in [
        ("seed = [1]", "plan.toml, line 3: unknown field `seed`"),
        ("seed = [1]", "did you mean `seeds`?"),
        ("seeds = '3..1'", "plan.toml, line 3: `3..1` is no range of seeds"),
        ("seeds = 3", "line 3: seeds are a list"),
        ("seeds = []", "line 3: there has to be a seed"),
        ("seeds = [1, 2, 1]", "line 3: the seed 1 is named twice"),
        (
            "experiments = [\n'digits',\n'digit']",
            "line 5: there is no experiment `digit`",
        ),
        ("experiments = []", "`experiments` is empty"),
        (
            "backend = 'flx'",
            "line 3: there is no backend `flx`; did you mean `flex`?",
        ),
        (
            "backend = 'all-backends'",
            "line 3: `all-backends` is no backend to compute on",
        ),
        ("[local]\njobs = 0", "line 4: "),
        ("[local]\njob = 1", "line 4: unknown field `job`"),
        ("[axes]\nrate = 0.1", "`rate` is an axis: it needs a list of values"),
        ("[axes]\nrate = []", "`rate` is an axis: it needs a list of values"),
        ("[axes]\n'a=b' = [1]", "`a=b` is no setting"),
        ("[axes", "line 3: "),
        (
            "sets = { note = \"two\\nlines\" }",
            "the value of `note` has several lines",
        ),
    ] {
        let message = problem(&format!("{begin}{rest}"));
        assert!(message.contains(expected), "{rest}: {message}");
    }
    assert!(problem("name = '../up'\npaper = 'x'").contains("line 1: the name of a sweep"));
    assert!(
        problem("name = 'a'\n\npaper = 'neural-od'").contains("line 3: there is no paper `neural-od`; did you mean")
    );
    assert!(problem("paper = 'neural-ode'").contains("missing field `name`"));
    let numbers = vec!["1"; 1000].join(",");
    let large = format!("{begin}[axes]\na = [{numbers}]\nb = [{numbers}]");
    assert!(problem(&large).contains("more than 100000 combinations"));
}

#[test]
fn a_setting_that_does_not_exist_is_refused_before_anything_runs() {
    let fake = Fake::new();
    let error = fake
        .try_sweep("name = 'a'\npaper = 'neural-ode'\n[axes]\nunknown = [1]")
        .err()
        .unwrap();
    assert!(error.is::<super::super::PlanError>(), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("unknown=1`: there is no setting `unknown`"),
        "{message}"
    );
    assert!(fake.calls().is_empty() && !fake.path("sweeps").exists());
}

#[test]
fn folders_do_not_depend_on_the_order_of_a_plan() {
    let fake = Fake::new();
    let other = r#"
        seeds = "0..2"
        paper = "neural-ode"
        name = "another-name"
        experiments = ["digits"]
        [[points]]
        kind = "sgd"
        rate = 0.2
        schedule.steps = 4
        [[points]]
        rate = 0.10
        kind = 'adam'
        [[points]]
        rate = 0.1
        kind = "sgd"
        [[points]]
        kind = "adam"
        rate = 0.2
        [sets]
        schedule.steps = 4
    "#;
    let folders = [GRID, other].map(|plan| folders(&fake, plan));
    assert_eq!(folders[0].len(), 8);
    assert_eq!(folders[0], folders[1]);
}

#[test]
fn what_changes_a_result_changes_the_folder() {
    let fake = Fake::new();
    let plan = |rest: &str| format!("name = 'a'\npaper = 'neural-ode'\n{rest}");
    let mut all = BTreeSet::new();
    for rest in [
        "",
        "seeds = [1]",
        "experiments = ['digits']",
        "backend = 'wgpu:1'",
        "sets = { rate = 1 }",
        "sets = { rate = 2 }",
    ] {
        all.extend(folders(&fake, &plan(rest)));
    }
    assert_eq!(all.len(), 6, "{all:?}");
}

#[test]
fn points_stand_beside_axes_or_in_their_place() {
    let fake = Fake::new();
    let plan = |rest: &str| format!("name = 'a'\npaper = 'neural-ode'\n{rest}");
    for (rest, points) in [
        ("", 1),
        ("[[points]]\nrate = 1\n[[points]]\nrate = 2", 2),
        ("[axes]\nrate = [1, 2, 3]\n[[points]]\nrate = 4", 4),
        ("[axes]\nrate = [1, 2, 3]\n[[points]]\nrate = 3", 3),
        ("experiments = ['digits', 'spirals']\n[axes]\nrate = [1, 2, 3]", 6),
    ] {
        assert_eq!(fake.sweep(&plan(rest)).runs.len(), points, "{rest}");
    }
}
