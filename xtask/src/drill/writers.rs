//! `writers`: two programs that write to one run; one of them is told so at once.

use std::{fs, thread, time::Duration};

use anyhow::Context as _;
use papers_base::cli::exit;

use super::{
    Ground,
    ledger::Findings,
    program::{LONGEST, Running, finish},
    undisturbed::Allowed,
};

/// Asks for a run that is being written already, anew and to go on; then lets two begin at the same time, `n` times.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    second(ground, &mut findings)?;
    for _ in 0..ground.n {
        race(ground, &mut findings)?;
    }
    Ok(findings)
}

/// A second writer, while the first is in the middle of its run.
fn second(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let undisturbed = ground.undisturbed(program)?;
    let out = ground.folder.join("busy");
    let mut first = Running::start(program.train(&out, ground.seed), &ground.folder.join("first.log"))?;
    while !out.join("journal.jsonl").exists() {
        if let Some(ended) = first.wait(Duration::from_millis(2))? {
            findings.fail(format!("the first writer ended at once: {}", ended.in_words()));
            return Ok(());
        }
    }
    for (what, command) in [
        ("--overwrite", program.train(&out, ground.seed)),
        ("--resume", program.resume(&out, ground.seed)),
    ] {
        let refused = finish(command, &ground.log(), LONGEST)?;
        let is_first_running = first.wait(Duration::ZERO)?.is_none();
        if !is_first_running {
            findings.count("second writers that came too late");
            continue;
        }
        findings.count("second writers");
        let is_refused = refused.code() == Some(exit::LOCKED.into()) && refused.errors.contains("process");
        findings.check(is_refused, || {
            format!("a second writer with {what}: {}", refused.in_words())
        });
    }
    let ended = first.wait(LONGEST)?.context("the first writer did not end")?;
    findings.check(ended.status.success(), || {
        format!("the first writer: {}", ended.in_words())
    });
    undisturbed.compare(&out, "the first of two writers", Allowed::Nothing, findings);
    Ok(fs::remove_dir_all(&out)?)
}

/// Two writers that begin at the same time: one of them trains.
fn race(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let out = ground.folder.join("race");
    let codes = thread::scope(|scope| {
        let writers: Vec<_> = ["one.log", "other.log"]
            .into_iter()
            .map(|log| {
                let (command, log) = (program.train(&out, ground.seed), ground.folder.join(log));
                scope.spawn(move || finish(command, &log, LONGEST).map(|ended| ended.code()))
            })
            .collect();
        let join = |writer: thread::ScopedJoinHandle<'_, anyhow::Result<Option<i32>>>| {
            writer
                .join()
                .unwrap_or_else(|_| anyhow::bail!("a thread of the drill panicked"))
        };
        writers.into_iter().map(join).collect::<anyhow::Result<Vec<_>>>()
    })?;
    let count = |code: u8| codes.iter().filter(|found| **found == Some(code.into())).count();
    match (count(exit::DONE), count(exit::LOCKED)) {
        (1, 1) => findings.count("races with one winner"),
        // On a busy machine the second may begin when the first has ended.
        (2, 0) => findings.count("races that were none"),
        _ => findings.fail(format!("two writers ended with {codes:?} instead of one 0 and one 5")),
    }
    ground
        .undisturbed(program)?
        .compare(&out, "the winner of a race", Allowed::Nothing, findings);
    Ok(fs::remove_dir_all(&out)?)
}
