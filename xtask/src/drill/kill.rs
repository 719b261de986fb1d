//! `kill`: is what a killed run leaves behind really enough?

use std::fs;

use super::{
    Ground,
    chance::Chance,
    ledger::Findings,
    moment::Moment,
    program::{LONGEST, Program, Running},
    undisturbed::Allowed,
};

/// Kills the runs of every program at random moments, and compares what comes to its end with a run never killed.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for (program, kills) in ground.programs.iter().zip(shares(ground.n, ground.programs.len())) {
        drill(ground, program, kills, &mut findings)?;
    }
    Ok(findings)
}

/// Divides `n` among `programs`; the first get what is left over.
pub(super) fn shares(n: u32, programs: usize) -> Vec<u32> {
    let count = u32::try_from(programs).unwrap_or(u32::MAX).max(1);
    (0..count)
        .map(|place| n / count + u32::from(place < n % count))
        .collect()
}

fn drill(ground: &Ground, program: &Program, kills: u32, findings: &mut Findings) -> anyhow::Result<()> {
    let undisturbed = ground.undisturbed(program)?;
    let paper = &program.paper;
    undisturbed.describe(paper, findings);
    let mut chance = Chance::new(ground.seed);
    let (mut killed, mut finished) = (0, 0_u32);
    while killed < kills || finished == 0 {
        let out = ground.folder.join(format!("{paper}-{finished}"));
        loop {
            let (command, is_resumed) = program.go_on(&out, ground.seed);
            let mut running = Running::start(command, &ground.log())?;
            let moment = if killed < kills {
                Moment::random(&mut chance, &undisturbed, &out)
            } else {
                Moment::After(LONGEST)
            };
            if let Some(ended) = moment.wait(&mut running, &out)? {
                if !ended.status.success() {
                    findings.fail(format!(
                        "{paper}: a run failed after {killed} kills: {}",
                        ended.in_words()
                    ));
                    return Ok(());
                }
                break;
            }
            running.kill()?;
            killed += 1;
            findings.count("kills");
            if let Moment::Step(..) = moment {
                findings.count("kills at a step");
            }
            if is_resumed {
                findings.count("kills of resumed runs");
            }
            anyhow::ensure!(
                killed <= kills,
                "{paper}: a run did not end within {} s",
                LONGEST.as_secs()
            );
        }
        finished += 1;
        let what = format!("{paper}: a run that was killed and resumed");
        undisturbed.compare(&out, &what, Allowed::Nothing, findings);
        fs::remove_dir_all(&out)?;
    }
    ground.say(&format!("{paper}: {killed} kills, {finished} runs came to their end"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        assert_eq!(shares(12, 3), [4, 4, 4]);
        assert_eq!(shares(5, 3), [2, 2, 1]);
        assert_eq!(shares(3, 1), [3]);
    }
}
