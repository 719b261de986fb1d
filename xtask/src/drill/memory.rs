//! `memory`: a run that goes on does not grow.

use std::{fs, path::Path, time::Duration};

use super::{
    Ground,
    ledger::Findings,
    moment::newest_step,
    program::{LONGEST, Running},
};

/// How often the resident memory is looked at.
const EVERY: Duration = Duration::from_millis(10);

/// Growth over the second half of the run that is put down to the allocator, in bytes.
const MOST_GROWTH: f64 = 4.0 * 1024.0 * 1024.0;

/// Checkpoints of the run: a leak in writing one would show, too.
const CHECKPOINTS: u32 = 20;

/// Fewer samples tell nothing.
const LEAST_SAMPLES: usize = 20;

/// Trains `n` steps and looks at how the resident memory grows over the second half of them.
///
/// The allocator takes memory in pieces of up to 32 MiB at moments that depend on how threads meet. One or two pieces
/// late in a run are no leak, which goes on: between any two distant moments there is more of it.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if !Path::new("/proc/self/status").exists() {
        return Ok(Findings::skipped(
            "resident memory is read from /proc, which this system lacks",
        ));
    }
    let every = u64::from((ground.n / CHECKPOINTS).max(1));
    let program = ground
        .program()?
        .with("schedule.steps", ground.n.into())
        .with("schedule.report_every", u64::from((ground.n / 300).max(1)))
        .with("schedule.checkpoint_every", every);
    let out = ground.folder.join("long");
    let mut running = Running::start(program.train(&out, ground.seed), &ground.log())?;
    let mut samples = Vec::new();
    let ended = loop {
        if let Some(ended) = running.wait(EVERY)? {
            break ended;
        }
        // The last lines of a process that just ended tell no memory.
        if let (Some(step), Some(bytes)) = (newest_step(&out), resident(running.id())) {
            samples.push((step as f64, bytes));
        }
        anyhow::ensure!(
            samples.len() < (6 * LONGEST).div_duration_f64(EVERY) as usize,
            "the run does not end"
        );
    };
    let mut findings = Findings::new();
    findings.check(ended.status.success(), || {
        format!("the run failed: {}", ended.in_words())
    });
    judge(&samples, f64::from(ground.n), &mut findings);
    Ok(findings)
}

/// Bytes of memory that a process has in use.
fn resident(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// Judges the second half of a run of `steps` updates; what follows the last update is no part of it.
fn judge(samples: &[(f64, f64)], steps: f64, findings: &mut Findings) {
    let half: Vec<_> = samples
        .iter()
        .copied()
        .filter(|(step, _)| (steps / 2.0..steps).contains(step))
        .collect();
    findings.fact("samples", half.len());
    if half.len() < LEAST_SAMPLES {
        findings.fail(format!(
            "only {} samples of the second half; ask for more steps with --n",
            half.len()
        ));
        return;
    }
    let growth = slope(&half) * steps / 2.0;
    let peak = samples.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
    findings.fact("peak, MiB", megabytes(peak));
    findings.fact("growth over the second half, MiB", megabytes(growth));
    findings.fact("limit, MiB", megabytes(MOST_GROWTH));
    findings.check(growth < MOST_GROWTH, || {
        format!("resident memory grew by {} MiB over the second half", megabytes(growth))
    });
}

fn megabytes(bytes: f64) -> f64 {
    (bytes / 1024.0 / 1024.0 * 100.0).round() / 100.0
}

/// Slope that three quarters of all pairs of points reach; 0 where all points have one `x`.
///
/// Two jumps leave at least a third of all pairs level, and so do not count. A steady growth is in nearly all pairs.
fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(index, a)| points[index + 1..].iter().map(move |b| (a, b)))
        .filter(|(a, b)| a.0 != b.0)
        .map(|(a, b)| (b.1 - a.1) / (b.0 - a.0))
        .collect();
    if slopes.is_empty() {
        return 0.0;
    }
    let quarter = (slopes.len() - 1) / 4;
    *slopes.select_nth_unstable_by(quarter, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(bytes: impl Fn(f64) -> f64) -> Findings {
        let samples: Vec<_> = (0..200).map(|step| (f64::from(step), bytes(f64::from(step)))).collect();
        let mut findings = Findings::new();
        judge(&samples, 200.0, &mut findings);
        findings
    }

    #[test]
    fn only_growth_in_the_second_half_counts() {
        use super::super::ledger::Verdict;
        let flat = findings(|step| 1e8 + 1e6 * step.min(100.0));
        assert_eq!(flat.verdict(), Verdict::Passed);
        // 100 steps of 50,000 bytes are 4.77 MiB.
        let leak = findings(|step| 1e8 + 5e4 * step);
        assert!(matches!(leak.verdict(), Verdict::Failed(failures) if failures[0].contains("4.77 MiB")));
        // The same in pieces of 1 MB.
        let stairs = findings(|step| 1e8 + 1e6 * (step / 15.0).floor());
        assert!(matches!(stairs.verdict(), Verdict::Failed(_)));
    }

    #[test]
    fn one_jump_or_two_are_no_growth() {
        use super::super::ledger::Verdict;
        for jumps in [[110.0, 300.0], [150.0, 300.0], [190.0, 300.0], [133.0, 166.0]] {
            let jumped = findings(|step| 1e8 + 4e7 * jumps.iter().filter(|jump| step >= **jump).count() as f64);
            assert_eq!(jumped.verdict(), Verdict::Passed);
        }
    }

    #[test]
    fn a_slope_is_that_of_the_line() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 3.0)]), 0.0);
    }
}
