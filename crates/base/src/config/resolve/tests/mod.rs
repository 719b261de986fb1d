mod toy;

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use self::toy::{Optimizer, Solver, TOY, Toy};
use super::*;
use crate::config::Schedule;

fn with(sets: &[&str]) -> Result<Toy> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    resolve(TOY, None, &sets)
}

fn refusal(sets: &[&str]) -> String {
    match with(sets) {
        Ok(toy) => panic!("{sets:?} gives {toy:?}"),
        Err(error) => error.to_string(),
    }
}

/// The file stays as long as the folder is held.
fn file(content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn refused_file(content: impl AsRef<[u8]>) -> String {
    let (_folder, path) = file(content);
    let message = resolve::<Toy>(TOY, Some(&path), &[]).unwrap_err().to_string();
    assert!(message.contains("mine.toml"), "the file is named: {message}");
    message
}

#[test]
fn a_file_goes_over_the_preset_and_sets_go_over_both() {
    let (_folder, path) = file("name = 'file'\n[about]\nx = 1\n[optimizer]\nlearning_rate = 0.2\nmomentum = 0.9\n");
    let sets = [
        "optimizer.momentum=0.5".to_owned(),
        "optimizer.momentum = 0.6".to_owned(),
    ];
    let toy: Toy = resolve(TOY, Some(&path), &sets).unwrap();
    assert_eq!(toy.name, "file");
    assert_eq!(toy.optimizer.learning_rate, 0.2);
    assert_eq!(toy.optimizer.momentum, Some(0.6));
    assert!(!toy.optimizer.nesterov, "kept from the preset");
    assert_eq!(toy.schedule, Schedule::new(10));
}

#[test]
fn values_of_sets_are_toml_and_bare_words_are_text() {
    for (set, name) in [
        ("name=mnist-reduced", "mnist-reduced"),
        ("name=two words", "two words"),
        ("name=a=b", "a=b"),
        ("name=\"3\"", "3"),
        ("name=\"\"", ""),
        ("name=True", "True"),
    ] {
        assert_eq!(with(&[set]).unwrap().name, name, "{set}");
    }
    assert_eq!(
        with(&["optimizer.learning_rate=3e-4"]).unwrap().optimizer.learning_rate,
        3e-4
    );
    assert_eq!(
        with(&["optimizer.learning_rate=3"]).unwrap().optimizer.learning_rate,
        3.0
    );
    assert!(with(&["optimizer.nesterov=true"]).unwrap().optimizer.nesterov);
    assert!(with(&["sizes=[]"]).unwrap().sizes.is_empty());
    assert_eq!(with(&["free.any=1"]).unwrap().free["any"], 1.0);
}

#[test]
fn a_set_makes_the_tables_it_needs() {
    let toy = with(&[
        "schedule.best.metric=loss",
        "schedule.best.goal=minimize",
        "solver.kind=adaptive",
        "solver.tolerance=1e-3",
    ])
    .unwrap();
    assert_eq!(toy.schedule.best.unwrap().metric, "loss");
    assert_eq!(toy.solver, Solver::Adaptive { tolerance: 1e-3 });
}

#[test]
fn an_inline_table_replaces_the_whole_table() {
    let sets = ["solver={kind='adaptive',tolerance=1}", "solver={kind='euler'}"];
    assert_eq!(with(&sets).unwrap().solver, Solver::Euler);
}

#[test]
fn an_unknown_key_of_a_set_names_the_nearest() {
    let message = refusal(&["name=x", "optimizer.lerning_rate=1"]);
    assert!(
        message.contains("`--set optimizer.lerning_rate=1`: there is no setting `optimizer.lerning_rate`"),
        "{message}"
    );
    assert!(message.contains("did you mean `optimizer.learning_rate`?"), "{message}");
    assert!(
        message.contains("there are: learning_rate, momentum, nesterov"),
        "{message}"
    );
    let message = refusal(&["optimiser.learning_rate=1"]);
    assert!(message.contains("did you mean `optimizer`?"), "{message}");
}

#[test]
fn an_unknown_key_of_a_file_names_the_file_and_the_nearest() {
    let message = refused_file("[schedule]\nevaluate-every = 3\n");
    assert!(message.contains("`schedule.evaluate-every`"), "{message}");
    assert!(message.contains("did you mean `schedule.evaluate_every`?"), "{message}");
}

#[test]
fn an_unknown_key_of_the_preset_is_refused() {
    let preset = TOY.replace("nesterov", "nestorev");
    let message = resolve::<Toy>(&preset, None, &[]).unwrap_err().to_string();
    assert!(
        message.contains("the experiment: there is no setting `optimizer.nestorev`"),
        "{message}"
    );
}

#[test]
fn an_unknown_key_beside_the_tag_of_an_enum_is_found() {
    let message = refusal(&["solver.kind=adaptive", "solver.tolerance=1", "solver.tolerence=2"]);
    assert!(
        message.contains("`--set solver.tolerence=2`: there is no setting `solver.tolerence`"),
        "{message}"
    );
    assert!(message.contains("did you mean `solver.tolerance`?"), "{message}");
}

#[test]
fn an_unknown_key_that_serde_passes_over_is_refused() {
    with(&["forgetful.width=1"]).unwrap();
    let message = refusal(&["forgetful.width=1", "forgetful.widht=2"]);
    assert!(message.contains("`--set forgetful.widht=2`"), "{message}");
    assert!(message.contains("did you mean `forgetful.width`?"), "{message}");
}

#[test]
fn about_is_no_setting_of_a_set() {
    assert!(refusal(&["about.summary=x"]).contains("there is no setting `about`"));
}

#[test]
fn a_wrong_type_names_the_key_and_who_set_it() {
    for (set, key) in [
        ("schedule.steps=many", "schedule.steps"),
        ("schedule.steps=-1", "schedule.steps"),
        ("schedule.steps=1.5", "schedule.steps"),
        ("schedule.keep_last=99999999999999999999999", "schedule.keep_last"),
        ("optimizer.nesterov=1", "optimizer.nesterov"),
        ("sizes=[1, 'two']", "sizes.1"),
        ("sizes=3", "sizes"),
        ("name=3", "name"),
    ] {
        let message = refusal(&["single=1", set, "single=2"]);
        assert!(message.starts_with(&format!("`--set {set}`: `{key}`: ")), "{message}");
    }
    let message = refused_file("sizes = 'none'");
    assert!(message.contains("`sizes`"), "{message}");
}

#[test]
fn a_wrong_word_names_the_nearest() {
    let message = refusal(&["schedule.best={metric='loss', goal='minimise'}"]);
    assert!(message.contains("`schedule.best.goal`"), "{message}");
    assert!(message.contains("did you mean `minimize`?"), "{message}");
}

#[test]
fn a_value_in_the_place_of_a_table_is_explained() {
    let message = refusal(&["schedule=5"]);
    assert!(message.starts_with("`--set schedule=5`: `schedule`: "), "{message}");
    assert!(message.contains("as in `schedule.NAME`"), "{message}");
}

#[test]
fn a_table_in_the_place_of_a_value_is_explained() {
    let message = refusal(&["schedule.steps.x=5"]);
    assert!(
        message.contains("`schedule.steps` is a value, not a table"),
        "{message}"
    );
    let message = refusal(&["schedule.steps={x=5}"]);
    assert!(
        message.starts_with("`--set schedule.steps={x=5}`: `schedule.steps`: "),
        "{message}"
    );
}

#[test]
fn a_setting_that_is_missing_is_named() {
    let preset = TOY.replace("learning_rate = 0.1\n", "");
    let message = resolve::<Toy>(&preset, None, &[]).unwrap_err().to_string();
    assert!(
        message.contains("`optimizer`: missing field `learning_rate`"),
        "{message}"
    );
    let message = resolve::<Toy>("", None, &[]).unwrap_err().to_string();
    assert!(message.contains("missing field `optimizer`"), "{message}");
}

#[test]
fn sets_that_set_nothing_say_how_to_write_them() {
    let deep = format!("{}x=1", "a.".repeat(100_000));
    for set in [
        "",
        "steps",
        "=",
        "=3",
        "a..b=3",
        ".=3",
        "name=",
        "name=  ",
        "name=\"open",
        "sizes=[1",
        &deep,
    ] {
        let Err(Error::Config(error)) = with(&[set]) else {
            panic!("{set}");
        };
        assert!(matches!(error, ConfigError::Set { .. }), "{error}");
    }
    assert!(refusal(&["steps"]).contains("there is no `=`; write `--set KEY=VALUE`"));
}

#[test]
fn deep_values_are_no_stack_overflow() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let deep = format!("name={}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(with(&[&deep]).is_err());
    }
    refused_file("[".repeat(100_000));
    refused_file(format!("a = {}", "[".repeat(100_000)));
    refused_file(format!("{}a = 1", "a.".repeat(100_000)));
}

#[test]
fn hostile_files_are_refused_by_name() {
    assert!(refused_file(" ".repeat((1 << 20) + 1)).contains("more than 1048576 bytes"));
    assert!(refused_file(b"name = '\xff'").contains("not UTF-8"));
    let message = refused_file(b"name = 'x'\n\0\0");
    assert!(message.contains("line 2, column "), "{message}");
    assert!(refused_file("name = 'a'\nname = 'b'").contains("line 2"));
    let message = refused_file(format!("name = 'ä\nx = '{}", "y".repeat(1 << 19)));
    assert!(message.contains("line 1, column ") && message.len() < 500, "{message}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing.toml"), folder.path().to_owned()] {
        let error = resolve::<Toy>(TOY, Some(&path), &[]).unwrap_err();
        assert!(
            matches!(&error, Error::Io { path: named, .. } if *named == path),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_read_no_further_than_the_limit() {
    let error = resolve::<Toy>(TOY, Some(Path::new("/dev/zero")), &[]).unwrap_err();
    assert!(matches!(error, Error::Config(ConfigError::TooLarge { .. })), "{error}");
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for value in ["0", "-1.0", "nan"] {
        let message = refusal(&[&format!("optimizer.learning_rate={value}")]);
        assert!(
            message.contains("the setting `optimizer.learning_rate` must be positive"),
            "{message}"
        );
    }
    assert!(refusal(&["schedule.steps=0"]).contains("`schedule.steps` must be at least 1"));
}

#[test]
fn what_is_written_resolves_to_the_same() {
    let numbers = [
        0.1,
        -0.0,
        1.0,
        1e-300,
        1e300,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        f64::INFINITY,
        1.0 + f64::EPSILON,
        0.1 + 0.2,
        123_456_789.123_456_79,
    ];
    for number in numbers {
        let toy = Toy {
            optimizer: Optimizer {
                learning_rate: number.abs().max(5e-324),
                momentum: Some(number),
                nesterov: true,
            },
            schedule: with(&["schedule.best={metric='m', goal='maximize'}"]).unwrap().schedule,
            name: "quotes \" ' \\ and\nlines, ü, [about]".to_owned(),
            single: number as f32,
            sizes: vec![0, u32::MAX],
            solver: Solver::Adaptive { tolerance: number },
            free: [("a.b c".to_owned(), number), (String::new(), -number)].into(),
            forgetful: None,
        };
        let text = to_toml(&toy).unwrap();
        let again: Toy = resolve(&text, None, &[]).unwrap();
        assert_eq!(again, toy, "{text}");
        let bits = again.optimizer.momentum.map(f64::to_bits);
        assert_eq!(bits, Some(number.to_bits()), "{text}");
        assert_eq!(to_toml(&again).unwrap(), text);
    }
}

#[test]
fn what_is_written_is_short_and_complete() {
    let text = to_toml(&with(&[]).unwrap()).unwrap();
    assert!(text.contains("single = 0.1\n"), "{text}");
    assert!(text.contains("report_every = 10\n"), "defaults are written out: {text}");
    assert!(!text.contains("about"), "{text}");
}
