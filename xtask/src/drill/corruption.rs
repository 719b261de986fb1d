//! `corruption`: a damaged checkpoint is noticed, passed over, and never loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use super::{
    Ground,
    chance::Chance,
    compare,
    ledger::Findings,
    program::{Ended, LONGEST, Program, finish, generations, listen},
    undisturbed::Allowed,
};

/// One in so many damaged runs is also resumed to its end and compared.
const RESUMED: u32 = 20;

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    FlipBit,
    Truncate,
    Extend,
    Empty,
    Remove,
    /// Replaces the file by another one of the same checkpoint, or of the one before.
    Swap,
}

impl Damage {
    fn in_words(self) -> &'static str {
        match self {
            Self::FlipBit => "a bit flipped",
            Self::Truncate => "cut",
            Self::Extend => "extended",
            Self::Empty => "emptied",
            Self::Remove => "removed",
            Self::Swap => "swapped",
        }
    }
}

const DAMAGES: [Damage; 6] = [
    Damage::FlipBit,
    Damage::Truncate,
    Damage::Swap,
    Damage::FlipBit,
    Damage::Extend,
    Damage::Remove,
];

/// Damages the newest checkpoint of a run `n` times, at random places; `eval` has to fall back to the one before.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let program = ground.program()?;
    let pristine = ground.undisturbed(program)?.run();
    let run = ground.folder.join("damaged");
    copy(&pristine, &run)?;
    let found = generations(&run);
    let [.., before, newest] = found.as_slice() else {
        anyhow::bail!("the run has {} checkpoints instead of two", found.len());
    };
    let expected = Expected::learn(ground, program, &run, newest)?;
    let parts = compare::files(newest)?;
    let mut chance = Chance::new(ground.seed);
    let (mut number, mut attempt) = (0, 0);
    while number < ground.n {
        let part = chance.one_of(&parts).context("a checkpoint without files")?;
        attempt += 1;
        let Some(damage) = damage(part, before, &parts, attempt, &mut chance)? else {
            // Such as a file that was to be replaced by itself.
            ensure!(attempt < 100 + 10 * ground.n, "nothing can be damaged");
            continue;
        };
        findings.count("damaged");
        findings.count(&format!("damaged: {}", damage.in_words()));
        let what = format!(
            "{}: {}",
            part.strip_prefix(&run).unwrap_or(part).display(),
            damage.in_words()
        );
        expected.compare(ground, program, &run, &what, &mut findings)?;
        if number % RESUMED == 0 {
            resume(ground, program, &run, &what, &mut findings)?;
        }
        restore(&pristine, &run, part)?;
        number += 1;
    }
    all_damaged(ground, program, &run, &mut findings)?;
    Ok(findings)
}

/// What `eval` says about the checkpoint before the newest.
struct Expected {
    before: Vec<u8>,
}

impl Expected {
    fn learn(ground: &Ground, program: &Program, run: &Path, newest: &Path) -> anyhow::Result<Self> {
        let (_, whole) = eval(ground, program, run)?;
        let aside = ground.folder.join("newest");
        fs::rename(newest, &aside)?;
        let (ended, before) = eval(ground, program, run)?;
        fs::rename(&aside, newest)?;
        ensure!(ended.status.success(), "eval of a whole run: {}", ended.in_words());
        ensure!(whole != before, "eval says the same about two checkpoints");
        Ok(Self { before })
    }

    fn compare(
        &self,
        ground: &Ground,
        program: &Program,
        run: &Path,
        what: &str,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let (ended, said) = eval(ground, program, run)?;
        let is_noticed = ended.errors.contains("falling back");
        if ended.status.success() && is_noticed && said == self.before {
            findings.count("detected");
        } else if ended.status.success() && !is_noticed {
            findings.fail(format!("{what} was not noticed"));
        } else {
            findings.fail(format!("{what}: {}", ended.in_words()));
        }
        Ok(())
    }
}

/// What a program says about a run, besides its errors.
fn eval(ground: &Ground, program: &Program, run: &Path) -> anyhow::Result<(Ended, Vec<u8>)> {
    listen(program.eval(run), &ground.folder)
}

/// A run whose newest checkpoint is damaged goes on from the one before, to the same end.
fn resume(ground: &Ground, program: &Program, run: &Path, what: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let out = ground.folder.join("resumed");
    copy(run, &out)?;
    let ended = finish(program.resume(&out, ground.seed), &ground.log(), LONGEST)?;
    findings.check(ended.status.success(), || {
        format!("{what}, resumed: {}", ended.in_words())
    });
    // The journal tells the fall-back in a warning, which the undisturbed run has not.
    let journal = out.join("journal.jsonl");
    let lines = fs::read_to_string(&journal)?;
    let kept: Vec<&str> = lines
        .lines()
        .filter(|line| !line.contains("\"event\":\"warning\""))
        .collect();
    let differing = ground.undisturbed(program)?.differences(&out, Allowed::Checkpoints);
    findings.check(kept.len() < lines.lines().count(), || {
        format!("{what}: the journal does not tell it")
    });
    let is_expected = |name: &String| name == "journal.jsonl" || name.ends_with("/manifest.json");
    match differing {
        Ok(differing) if differing.iter().all(is_expected) => findings.count("resumed to the same end"),
        Ok(differing) => findings.fail(format!("{what}, resumed: it differs in {}", differing.join(", "))),
        Err(error) => findings.fail(format!("{what}, resumed: {error:#}")),
    }
    Ok(fs::remove_dir_all(&out)?)
}

/// Where no checkpoint is whole, nothing is loaded, and the program says so.
fn all_damaged(ground: &Ground, program: &Program, run: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    for generation in generations(run) {
        let part = compare::files(&generation)?
            .into_iter()
            .next_back()
            .context("a checkpoint without files")?;
        fs::write(part, "damaged")?;
    }
    let (ended, _) = eval(ground, program, run)?;
    findings.check(ended.is_clear_error(), || {
        format!("eval without a whole checkpoint: {}", ended.in_words())
    });
    let ended = finish(program.resume(run, ground.seed), &ground.log(), LONGEST)?;
    findings.check(ended.is_clear_error(), || {
        format!("--resume without a whole checkpoint: {}", ended.in_words())
    });
    Ok(())
}

/// Damages `part`; none if that would change nothing.
fn damage(
    part: &Path,
    before: &Path,
    parts: &[PathBuf],
    number: u32,
    chance: &mut Chance,
) -> anyhow::Result<Option<Damage>> {
    let whole = fs::read(part)?;
    let mut damage = DAMAGES[number as usize % DAMAGES.len()];
    let mut bytes = whole.clone();
    match damage {
        Damage::FlipBit => {
            let place = chance.below(bytes.len());
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << chance.below(8);
            }
        }
        Damage::Truncate => bytes.truncate(chance.below(whole.len())),
        Damage::Extend => bytes.extend_from_slice(&chance.number().to_le_bytes()),
        Damage::Swap => {
            let name = part.file_name().unwrap_or_default();
            let other = if chance.below(2) == 0 {
                before.join(name)
            } else {
                chance.one_of(parts).cloned().unwrap_or_default()
            };
            bytes = fs::read(other)?;
        }
        Damage::Empty | Damage::Remove => bytes.clear(),
    }
    if bytes == whole {
        return Ok(None);
    }
    if bytes.is_empty() && !matches!(damage, Damage::Remove) {
        damage = Damage::Empty;
    }
    match damage {
        Damage::Remove => fs::remove_file(part)?,
        _ => fs::write(part, bytes)?,
    }
    Ok(Some(damage))
}

fn restore(pristine: &Path, run: &Path, part: &Path) -> anyhow::Result<()> {
    let name = part.strip_prefix(run)?;
    fs::copy(pristine.join(name), part).with_context(|| format!("restoring {}", part.display()))?;
    Ok(())
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for path in compare::files(from)? {
        let target = to.join(path.strip_prefix(from)?);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(&path, &target).with_context(|| format!("copying {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_done_and_undone() {
        let folder = tempfile::tempdir().unwrap();
        let (pristine, run) = (folder.path().join("pristine"), folder.path().join("run"));
        for name in ["a/before/x", "a/newest/x", "a/newest/y"] {
            let path = pristine.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name.repeat(9)).unwrap();
        }
        copy(&pristine, &run).unwrap();
        let parts = compare::files(&run.join("a/newest")).unwrap();
        let mut chance = Chance::new(1);
        for number in 0..60 {
            let part = &parts[number as usize % 2];
            let whole = fs::read(part).unwrap();
            let done = if number % 2 == 0 {
                damage(part, &run.join("a/before"), &parts, number, &mut chance).unwrap()
            } else {
                None
            };
            assert_eq!(done.is_some(), fs::read(part).ok() != Some(whole.clone()));
            restore(&pristine, &run, part).unwrap();
            assert_eq!(fs::read(part).unwrap(), whole);
        }
    }
}
