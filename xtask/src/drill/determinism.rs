//! `determinism`: the same seed gives the same bytes, wherever and however often.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::{
    Ground, distance,
    ledger::Findings,
    program::{LONGEST, Program, finish, listen},
    undisturbed::{Allowed, Undisturbed},
};

/// Sets the threads of the CPU backends.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";

/// Numbers of threads that are compared with each other.
const THREADS: [u64; 3] = [1, 2, 4];

/// The backend that is compared with the default one, in programs that have it.
const OTHER_BACKEND: &str = "ndarray";

/// What is different, and how the program is started.
type Case = (&'static str, fn(&mut Command));

/// Cases in the order of their repetitions; the first has everything in it.
const CASES: [Case; 4] = [
    ("another path, language, time zone and working directory", |command| {
        elsewhere(command);
        abroad(command);
    }),
    ("a repetition", |_| {}),
    ("another path and working directory", elsewhere),
    ("another language and time zone", abroad),
];

/// Every program: `n` runs in other surroundings, which have to be the same, and runs with other threads and another
/// backend, of which is said whether they are.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for program in &ground.programs {
        let undisturbed = ground.undisturbed(program)?;
        undisturbed.describe(&program.paper, &mut findings);
        for (number, case) in (0..ground.n).zip(CASES.iter().cycle()) {
            surroundings(ground, program, &undisturbed, number, case, &mut findings)?;
        }
        threads(ground, program, &mut findings)?;
        backends(ground, program, &undisturbed, &mut findings)?;
        ground.say(&format!("{} is compared", program.paper));
    }
    Ok(findings)
}

fn elsewhere(command: &mut Command) {
    command.current_dir("/");
}

fn abroad(command: &mut Command) {
    command
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "de_DE.UTF-8")
        .env("TZ", "Asia/Kathmandu");
}

/// Every run of this drill goes to a path of its own, those from elsewhere to a long one.
fn surroundings(
    ground: &Ground,
    program: &Program,
    undisturbed: &Undisturbed,
    number: u32,
    (what, change): &Case,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let name: PathBuf = if what.contains("path") {
        let long = "a folder with a long name, blanks and ümlauts ".repeat(3);
        Path::new(&long).join("deeper/run")
    } else {
        format!("run-{number}").into()
    };
    let out = ground.folder.join(name);
    let mut command = program.train(&out, ground.seed);
    change(&mut command);
    let ended = finish(command, &ground.log(), LONGEST)?;
    let what = format!("{}: {what}", program.paper);
    findings.check(ended.status.success(), || format!("{what}: {}", ended.in_words()));
    undisturbed.compare(&out, &what, Allowed::Nothing, findings);
    Ok(fs::remove_dir_all(&out)?)
}

/// The same bytes at the same number of threads; whether at another number too is said, not asked for.
fn threads(ground: &Ground, program: &Program, findings: &mut Findings) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for threads in THREADS {
        let change = |command: &mut Command| {
            command.env(THREADS_VARIABLE, threads.to_string());
        };
        match Undisturbed::train_with(program, ground.seed, change) {
            Ok(pair) => {
                findings.count("pairs of runs at one number of threads");
                runs.push((threads, pair));
            }
            Err(error) => findings.fail(format!("{threads} threads: {error:#}")),
        }
    }
    let mut answers = Map::new();
    for (place, (one, first)) in runs.iter().enumerate() {
        for (other, second) in runs.iter().skip(place + 1) {
            answers.insert(format!("{one} and {other}"), difference(first, second)?.into());
        }
    }
    findings.fact(&format!("{}: bytes by threads", program.paper), answers);
    Ok(())
}

/// The same bytes on the other backend; whether they are those of the default one is said, not asked for.
fn backends(
    ground: &Ground,
    program: &Program,
    undisturbed: &Undisturbed,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let (_, said) = listen(program.doctor(), &ground.folder)?;
    let answer = if is_ready(&said, OTHER_BACKEND)? {
        let change = |command: &mut Command| {
            command.args(["--backend", OTHER_BACKEND]);
        };
        match Undisturbed::train_with(program, ground.seed, change) {
            Ok(other) => difference(undisturbed, &other)?,
            Err(error) => {
                findings.fail(format!("{OTHER_BACKEND}: {error:#}"));
                return Ok(());
            }
        }
    } else {
        "not compared, the program has no such backend".to_owned()
    };
    findings.fact(&format!("{}: bytes, flex and {OTHER_BACKEND}", program.paper), answer);
    Ok(())
}

/// Whether `doctor --json` says that a backend can be used.
fn is_ready(said: &[u8], backend: &str) -> anyhow::Result<bool> {
    for line in said.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).context("what `doctor --json` says")?;
        if line["backend"] == backend {
            return Ok(line["state"] == "ready");
        }
    }
    Ok(false)
}

/// Whether two runs have the same bytes; otherwise how far apart they are.
fn difference(first: &Undisturbed, second: &Undisturbed) -> anyhow::Result<String> {
    let differing = first.differences(&second.run(), Allowed::Means)?;
    if differing.is_empty() {
        return Ok("equal".to_owned());
    }
    Ok(format!(
        "{} of {} files differ: the weights by {:.1e} of their norm, the results by at most {:.1e} of their size",
        differing.len(),
        first.files(),
        distance::weights(&first.run(), &second.run())?,
        distance::results(&first.run(), &second.run())?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_backend_that_is_ready_is_compared() {
        let said = b"{\"backend\":\"flex\",\"state\":\"ready\",\"detail\":\"\"}\n\
                     {\"backend\":\"ndarray\",\"state\":\"not compiled in\",\"detail\":\"\"}\n";
        assert!(is_ready(said, "flex").unwrap());
        assert!(!is_ready(said, "ndarray").unwrap());
        assert!(!is_ready(said, "another").unwrap());
        assert!(is_ready(b"flex ready\n", "flex").is_err());
    }
}
