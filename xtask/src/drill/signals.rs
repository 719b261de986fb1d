//! `signals`: a run that is asked to stop saves itself, and goes on as if never stopped.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use papers_base::cli::exit;

use super::{
    Ground,
    chance::Chance,
    kill::shares,
    ledger::Findings,
    moment::Moment,
    program::{LONGEST, Program, Running, finish},
    undisturbed::Allowed,
};

const SIGNALS: [(&str, i32); 2] = [("INT", 2), ("TERM", 15)];

/// Signals at random moments to the runs of every program, which are resumed and compared with runs never stopped.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if !cfg!(unix) {
        return Ok(Findings::skipped("this system has no signals"));
    }
    let mut findings = Findings::new();
    for (program, signals) in ground.programs.iter().zip(shares(ground.n, ground.programs.len())) {
        ground.undisturbed(program)?.describe(&program.paper, &mut findings);
        let mut chance = Chance::new(ground.seed);
        for number in 0..signals {
            let signal = SIGNALS[number as usize % SIGNALS.len()];
            once(ground, program, signal, &mut chance, &mut findings)?;
        }
    }
    Ok(findings)
}

fn once(
    ground: &Ground,
    program: &Program,
    (name, number): (&str, i32),
    chance: &mut Chance,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let undisturbed = ground.undisturbed(program)?;
    let what = format!("{}: a run that got SIG{name}", program.paper);
    let out = ground.folder.join("stopped");
    let mut running = Running::start(program.train(&out, ground.seed), &ground.log())?;
    let moment = Moment::random(chance, &undisturbed, &out);
    let mut ended = moment.wait(&mut running, &out)?;
    if ended.is_none() {
        send(name, running.id())?;
        ended = running.wait(LONGEST)?;
    }
    let ended = ended.with_context(|| format!("{what} did not end"))?;
    if ended.code() == Some(exit::INTERRUPTED.into()) {
        findings.count("stopped and saved");
        if let Moment::Step(..) = moment {
            findings.count("stopped at a step");
        }
    } else if ended.status.success() {
        findings.count("too late to stop anything");
    } else if is_ended_by(&ended.status, number) && !out.join("journal.jsonl").exists() {
        findings.count("too early to save anything");
    } else {
        findings.fail(format!("{what} ended badly: {}", ended.in_words()));
        return Ok(());
    }
    if !ended.status.success() {
        let (command, _) = program.go_on(&out, ground.seed);
        let resumed = finish(command, &ground.log(), LONGEST)?;
        if !resumed.status.success() {
            findings.fail(format!("{what} could not be resumed: {}", resumed.in_words()));
            return Ok(());
        }
    }
    undisturbed.compare(&out, &what, Allowed::Checkpoints, findings);
    fs::remove_dir_all(&out)?;
    Ok(())
}

/// Sends a signal by the shell, which every Unix has.
fn send(signal: &str, process: u32) -> anyhow::Result<()> {
    let mut kill = Command::new("sh");
    kill.args(["-c", &format!("kill -{signal} {process}")])
        .stderr(Stdio::null());
    // The process may have ended in this moment: it is still ours, since nobody waited for it.
    ensure!(
        kill.status().context("starting sh")?.success(),
        "no signal could be sent"
    );
    Ok(())
}

#[cfg(unix)]
fn is_ended_by(status: &std::process::ExitStatus, signal: i32) -> bool {
    std::os::unix::process::ExitStatusExt::signal(status) == Some(signal)
}

#[cfg(not(unix))]
fn is_ended_by(_status: &std::process::ExitStatus, _signal: i32) -> bool {
    false
}
