//! `commit`: a disk that fails in the middle of anything a run writes costs the run nothing but that moment.

use std::{fs, path::Path};

use papers_base::report;

use super::{
    Ground, compare, faults,
    faults::Point,
    ledger::Findings,
    program::{Ended, LONGEST, finish, generations},
    undisturbed::Allowed,
};

/// Beginnings of names that nothing has but while it is written.
const TEMPORARY: [&str; 3] = [".commit-", ".staging-", ".old-"];

/// Updates of the run.
const STEPS: u64 = 12;

/// Lets every call that touches the run's folder fail once, or `n` of them.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if let Some(obstacle) = faults::obstacle() {
        return Ok(Findings::skipped(obstacle));
    }
    let mut findings = Findings::new();
    // Three checkpoints, the first of which is removed again: every call once more would tell nothing.
    let ground = &ground.with(&[("schedule.steps", STEPS), ("schedule.report_every", STEPS / 3)])?;
    let program = ground.program()?;
    let out = ground.folder.join("faulty");
    let points = faults::points(&program.train(&out, ground.seed), &out, &ground.folder)?;
    fs::remove_dir_all(&out)?;
    let chosen = faults::spread(&points, ground.n);
    findings.fact("calls that can fail", points.len());
    findings.did(chosen.len());
    for point in chosen {
        once(ground, point, &out, &mut findings)?;
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
    }
    Ok(findings)
}

fn once(ground: &Ground, point: &Point, out: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let what = point.in_words();
    let train = ground.program()?.train(out, ground.seed);
    let ended = finish(faults::failing(&train, point), &ground.log(), LONGEST)?;
    after_failure(ground, &what, &ended, out, point.is_removal(), findings)?;
    go_on(ground, &what, out, findings)
}

/// What must hold after a disk failed: a clear error or a whole run, nothing temporary, and a checkpoint that loads.
pub(super) fn after_failure(
    ground: &Ground,
    what: &str,
    ended: &Ended,
    out: &Path,
    is_removal: bool,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let program = ground.program()?;
    if ended.status.success() {
        findings.count("failures that cost nothing");
        if names_its_gaps(out) {
            // A page is drawn from what can be read, and says what could not; drawn again it is whole.
            findings.count("pages that named what they could not read");
            report::draw(&[out.to_owned()], None)?;
        }
        ground
            .undisturbed(program)?
            .compare(out, what, Allowed::Nothing, findings);
    } else {
        findings.count("clear errors");
        findings.check(ended.is_clear_error(), || format!("{what}: {}", ended.in_words()));
    }
    let left = temporary(out);
    findings.check(left.is_empty() || is_removal, || {
        format!("{what}: left {}", left.join(", "))
    });
    if !generations(out).is_empty() {
        findings.count("old generations loaded");
        let ended = finish(program.eval(out), &ground.log(), LONGEST)?;
        findings.check(ended.status.success(), || {
            format!("{what}, then eval: {}", ended.in_words())
        });
    }
    Ok(())
}

/// Whether the page of a run names something that could not be read.
fn names_its_gaps(out: &Path) -> bool {
    let page = fs::read_to_string(out.join("report.html")).unwrap_or_default();
    page.contains("cannot read ") || page.contains("Cannot be shown.")
}

/// The next run comes to the end that the undisturbed one came to.
pub(super) fn go_on(ground: &Ground, what: &str, out: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let (command, _) = program.go_on(out, ground.seed);
    let ended = finish(command, &ground.log(), LONGEST)?;
    if !ended.status.success() {
        findings.fail(format!("{what}, and the next run: {}", ended.in_words()));
        return Ok(());
    }
    let left = temporary(out);
    findings.check(left.is_empty(), || {
        format!("{what}, and the next run left {}", left.join(", "))
    });
    let undisturbed = ground.undisturbed(program)?;
    undisturbed.compare(out, &format!("{what}, and the next run"), Allowed::Nothing, findings);
    Ok(())
}

/// Files of a folder that nothing should have but while it is written.
pub(super) fn temporary(folder: &Path) -> Vec<String> {
    let paths = compare::files(folder).unwrap_or_default();
    let names = paths.iter().filter_map(|path| path.strip_prefix(folder).ok());
    let is_temporary = |part: &std::ffi::OsStr| {
        TEMPORARY
            .iter()
            .any(|start| part.as_encoded_bytes().starts_with(start.as_bytes()))
    };
    names
        .filter(|name| name.iter().any(is_temporary))
        .map(|name| name.display().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_found_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/.commit-x", "checkpoints/.staging-y/z", "checkpoints/step-1/w"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(temporary(folder.path()), ["a/.commit-x", "checkpoints/.staging-y/z"]);
    }
}
