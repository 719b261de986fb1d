use std::ffi::OsString;

use clap::{Command, error::ErrorKind};

use super::*;

fn parse<A: Args>(words: &[OsString]) -> Result<A, clap::Error> {
    let command = A::augment_args(Command::new("toy").no_binary_name(true));
    A::from_arg_matches(&command.try_get_matches_from(words)?)
}

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

/// Every field with a value that is not its default; words that look like options, and words of two.
fn train() -> TrainArgs {
    TrainArgs {
        experiment: Some("mnist reduced".to_owned()),
        backend: Some("wgpu:1".to_owned()),
        seed: u64::MAX,
        set: vec!["a.b=1 2".to_owned(), "--c=-3".to_owned(), String::new()],
        config: Some("--config".into()),
        out: Some("-".into()),
        resume: true,
        overwrite: false,
        data: Some("data folder".into()),
        json: true,
        quiet: false,
    }
}

#[test]
fn every_argument_of_train_survives_the_way() {
    let other = TrainArgs {
        resume: false,
        overwrite: true,
        json: false,
        quiet: true,
        ..train()
    };
    for arguments in [train(), other, parse(&[]).unwrap()] {
        assert_eq!(parse::<TrainArgs>(&arguments.to_args()).unwrap(), arguments);
    }
}

#[test]
fn every_argument_of_eval_survives_the_way() {
    let arguments = EvalArgs {
        run: "-r".into(),
        set: vec!["a=1".to_owned(), "b='--c'".to_owned()],
        best: true,
        backend: Some("ndarray".to_owned()),
        data: Some("d".into()),
        json: true,
    };
    assert_eq!(parse::<EvalArgs>(&arguments.to_args()).unwrap(), arguments);
}

#[test]
fn every_argument_of_report_survives_the_way() {
    let arguments = ReportArgs {
        runs: vec!["a".into(), "--out".into()],
        out: Some("page.html".into()),
    };
    for arguments in [arguments, parse(&[]).unwrap()] {
        assert_eq!(parse::<ReportArgs>(&arguments.to_args()).unwrap(), arguments);
    }
}

#[test]
fn every_argument_of_reproduce_survives_the_way() {
    let arguments = ReproduceArgs {
        quick: true,
        only: vec!["mnist/".to_owned(), "spirals".to_owned()],
        backend: Some("flex".to_owned()),
        data: Some("d".into()),
        out: Some("o".into()),
    };
    for arguments in [arguments, parse(&[]).unwrap()] {
        assert_eq!(parse::<ReproduceArgs>(&arguments.to_args()).unwrap(), arguments);
    }
}

#[test]
fn every_argument_of_serve_survives_the_way() {
    let arguments = ServeArgs {
        backend: Some("cuda:1".to_owned()),
        address: "-host:0".to_owned(),
    };
    for arguments in [arguments, parse(&[]).unwrap()] {
        assert_eq!(parse::<ServeArgs>(&arguments.to_args()).unwrap(), arguments);
    }
}

#[test]
fn every_argument_of_bench_survives_the_way() {
    let arguments = BenchArgs {
        vs_pytorch: true,
        python: Some("venv/bin/python".into()),
        threads: Some(2),
        repeat: 9,
        only: vec!["solver".to_owned(), "step".to_owned()],
        noise: true,
        memory: true,
        json: true,
    };
    for arguments in [arguments, parse(&[]).unwrap()] {
        assert_eq!(parse::<BenchArgs>(&arguments.to_args()).unwrap(), arguments);
    }
}

#[cfg(unix)]
#[test]
fn paths_need_not_be_text() {
    use std::os::unix::ffi::OsStringExt;
    let path = OsString::from_vec(b"-\xff".to_vec());
    let arguments = TrainArgs {
        out: Some(path.into()),
        ..train()
    };
    assert_eq!(parse::<TrainArgs>(&arguments.to_args()).unwrap(), arguments);
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    for line in ["--resume --overwrite", "--json --quiet"] {
        let error = parse::<TrainArgs>(&words(line)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{line}");
    }
    for line in ["--python x", "--threads 0", "--repeat 0", "--repeat -1"] {
        assert!(parse::<BenchArgs>(&words(line)).is_err(), "{line}");
    }
    assert!(parse::<TrainArgs>(&words("--seed -1")).is_err());
    assert!(parse::<EvalArgs>(&[]).is_err());
}

#[test]
fn exit_codes_are_those_of_the_help() {
    use exit::*;
    assert_eq!(
        [DONE, FAILED, USAGE, INTERRUPTED, DIVERGED, LOCKED, BACKEND],
        [0, 1, 2, 3, 4, 5, 6]
    );
}

#[test]
fn every_argument_has_a_help_text() {
    let commands = [
        TrainArgs::augment_args(Command::new("train")),
        EvalArgs::augment_args(Command::new("eval")),
        ReportArgs::augment_args(Command::new("report")),
        ReproduceArgs::augment_args(Command::new("reproduce")),
        BenchArgs::augment_args(Command::new("bench")),
    ];
    for command in commands {
        command.clone().debug_assert();
        assert!(command.get_arguments().all(|argument| argument.get_help().is_some()));
    }
}
