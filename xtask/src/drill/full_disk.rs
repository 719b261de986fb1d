//! `full-disk`: a disk that gets full at any moment of a run, on a small file system in memory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::{
    Ground,
    commit::{after_failure, go_on},
    compare,
    ledger::Findings,
    program::{LONGEST, finish},
};

/// Room for a whole run, in KiB.
const PLENTY: u64 = 256 << 10;

/// File systems that hold a part of a run, `n` of them, from almost nothing to almost all of it.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let folder = ground.folder.join("small");
    fs::create_dir_all(&folder)?;
    if let Err(error) = Small::mount(&folder, PLENTY) {
        return Ok(Findings::skipped(format!(
            "no small file system can be mounted ({error:#}); it needs root"
        )));
    }
    let mut findings = Findings::new();
    let program = ground.program()?;
    let whole = size(&ground.undisturbed(program)?.run())?;
    findings.fact("a whole run, KiB", whole);
    for number in 0..ground.n {
        let room = (whole * u64::from(number + 1) / u64::from(ground.n + 1)).max(8);
        let disk = Small::mount(&folder, room)?;
        let out = folder.join("run");
        let what = format!("a disk of {room} KiB");
        let ended = finish(program.train(&out, ground.seed), &ground.log(), LONGEST)?;
        findings.count(if ended.status.success() {
            "disks that were large enough"
        } else {
            "disks that got full"
        });
        let is_told = ended.status.success() || ended.errors.contains("space");
        findings.check(is_told, || {
            format!("{what} is not what the program complains of: {}", ended.in_words())
        });
        after_failure(ground, &what, &ended, &out, false, &mut findings)?;
        disk.resize(PLENTY)?;
        go_on(ground, &what, &out, &mut findings)?;
    }
    Ok(findings)
}

/// A file system in memory, unmounted when dropped.
struct Small {
    folder: PathBuf,
}

impl Small {
    fn mount(folder: &Path, kibibytes: u64) -> anyhow::Result<Self> {
        let size = format!("size={kibibytes}k");
        quietly(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "drill"])
                .arg(folder),
        )?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn resize(&self, kibibytes: u64) -> anyhow::Result<()> {
        quietly(
            Command::new("mount")
                .args(["-o", &format!("remount,size={kibibytes}k")])
                .arg(&self.folder),
        )
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = quietly(Command::new("umount").arg(&self.folder));
    }
}

fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let name = command.get_program().display().to_string();
    let output = output.with_context(|| format!("starting {name}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    ensure!(output.status.success(), "{name}: {said}");
    Ok(())
}

/// KiB of all files of a folder, in whole pages.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut pages = 0;
    for path in compare::files(folder)? {
        pages += fs::metadata(&path)?.len().div_ceil(4096);
    }
    Ok(pages * 4)
}
