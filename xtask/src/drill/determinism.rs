//! `determinism`: the same seed gives the same bytes, wherever and however often.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Ground,
    ledger::Findings,
    program::{LONGEST, Program, finish},
    undisturbed::{Allowed, Undisturbed},
};

/// Sets the threads of the CPU backends.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";

/// Thread counts that are compared with each other.
const THREADS: [usize; 3] = [1, 2, 4];

/// With `n` of 1 the quickest program only.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let programs = if ground.n < 2 { 1 } else { ground.programs.len() };
    for program in ground.programs.iter().take(programs) {
        let undisturbed = ground.undisturbed(program)?;
        undisturbed.describe(&program.paper, &mut findings);
        for repeat in 0..ground.n {
            surroundings(ground, program, &undisturbed, repeat, &mut findings)?;
        }
        threads(ground, program, &undisturbed, &mut findings)?;
    }
    Ok(findings)
}

/// What is different, where the run goes, and how the program is started.
type Case = (&'static str, PathBuf, fn(&mut Command));

/// Other folders, languages, time zones and working directories.
fn surroundings(
    ground: &Ground,
    program: &Program,
    undisturbed: &Undisturbed,
    repeat: u32,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let long = "a folder with a long name, blanks and ümlauts ".repeat(3);
    let cases: [Case; 3] = [
        ("a repetition", format!("again-{repeat}").into(), |_| {}),
        ("another path", Path::new(&long).join("deeper/run"), |command| {
            command.current_dir("/");
        }),
        ("another language", format!("language-{repeat}").into(), |command| {
            command
                .env("LC_ALL", "tr_TR.UTF-8")
                .env("LANG", "de_DE.UTF-8")
                .env("TZ", "Asia/Kathmandu");
        }),
    ];
    for (what, out, change) in cases {
        let out = ground.folder.join(out);
        let mut command = program.train(&out, ground.seed);
        change(&mut command);
        train(ground, command, &format!("{}: {what}", program.paper), findings)?;
        undisturbed.compare(&out, &format!("{}: {what}", program.paper), Allowed::Nothing, findings);
        fs::remove_dir_all(&out)?;
    }
    Ok(())
}

/// The same bytes at the same number of threads; whether at another number too is said, not asked for.
fn threads(
    ground: &Ground,
    program: &Program,
    undisturbed: &Undisturbed,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let paper = &program.paper;
    let mut same = Vec::new();
    for threads in THREADS {
        let counted = Undisturbed::train_with(program, ground.seed, |command| {
            command.env(THREADS_VARIABLE, threads.to_string());
        });
        match counted {
            Ok(counted) => {
                findings.count("pairs of runs at one number of threads");
                let differing = undisturbed.differences(&counted.run(), Allowed::Threads)?;
                let answer = if differing.is_empty() {
                    "same".to_owned()
                } else {
                    differing.join(", ")
                };
                same.push(format!("{threads}: {answer}"));
            }
            Err(error) => findings.fail(format!("{threads} threads: {error:#}")),
        }
    }
    findings.fact(
        &format!("{paper}: files that differ from the default's, by number of threads"),
        same,
    );
    Ok(())
}

fn train(ground: &Ground, command: Command, what: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let ended = finish(command, &ground.log(), LONGEST)?;
    findings.check(ended.status.success(), || format!("{what}: {}", ended.in_words()));
    Ok(())
}
