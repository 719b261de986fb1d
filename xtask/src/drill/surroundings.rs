//! `surroundings`: what a program meets on other people's machines.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::Context as _;

use super::{
    Ground, compare,
    ledger::Findings,
    program::{LONGEST, Running, finish},
    undisturbed::Allowed,
};

/// More bytes than any pipe holds.
const MORE_THAN_A_PIPE: usize = 4 << 20;

/// How long a program is left alone with a pipe that takes nothing.
const STUCK: Duration = Duration::from_millis(300);

type Case = (&'static str, fn(&Ground, &mut Findings) -> anyhow::Result<()>);

const CASES: [Case; 7] = [
    ("no HOME", no_home),
    ("a read-only folder of data", read_only_data),
    ("a read-only run", read_only_run),
    ("a path that is not UTF-8", odd_path),
    ("standard output that is closed, full, or read by nobody", output),
    ("standard error that is closed, full, or read by nobody", errors),
    ("a pipe of standard error that is full", full_pipe),
];

/// Each case `n` times.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if !cfg!(unix) {
        return Ok(Findings::skipped("the cases are those of Unix"));
    }
    let mut findings = Findings::new();
    findings.fact("cases", CASES.map(|(name, _)| name).to_vec());
    for _ in 0..ground.n {
        for (name, case) in CASES {
            case(ground, &mut findings).with_context(|| format!("with {name}"))?;
        }
    }
    Ok(findings)
}

/// Trains with a changed command and compares with the undisturbed run.
fn train(
    ground: &Ground,
    what: &str,
    change: impl FnOnce(Command) -> Command,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let program = ground.program()?;
    let out = ground.folder.join("run");
    let ended = finish(change(program.train(&out, ground.seed)), &ground.log(), LONGEST)?;
    judge(ground, what, &ended, &out, findings)
}

fn judge(
    ground: &Ground,
    what: &str,
    ended: &super::program::Ended,
    out: &Path,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    findings.check(ended.status.success(), || format!("{what}: {}", ended.in_words()));
    let undisturbed = ground.undisturbed(ground.program()?)?;
    undisturbed.compare(out, what, Allowed::Nothing, findings);
    Ok(fs::remove_dir_all(out)?)
}

fn no_home(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let change = |mut command: Command| {
        let names = [
            "HOME",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "USER",
            "TMPDIR",
            "BURN_PAPERS_DATA",
        ];
        for name in names {
            command.env_remove(name);
        }
        command
    };
    train(ground, "no HOME", change, findings)?;
    let change = |mut command: Command| {
        command.env("HOME", "/no/such/folder");
        command
    };
    train(ground, "a HOME that is not there", change, findings)
}

fn read_only_data(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let data = ground.folder.join("data");
    fs::create_dir_all(&data)?;
    fs::write(data.join("readme"), "not ours")?;
    protect(&data, true)?;
    let change = |mut command: Command| {
        command.arg("--data").arg(&data);
        command
    };
    train(ground, "a read-only folder of data", change, findings)?;
    let found = compare::files(&data)?;
    findings.check(found == [data.join("readme")], || {
        format!("the folder of data holds {found:?}")
    });
    protect(&data, false)?;
    Ok(fs::remove_dir_all(&data)?)
}

/// An evaluation writes nothing; permissions do not bind the superuser, so that the files are compared, too.
fn read_only_run(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let run = ground.undisturbed(program)?.run();
    let files = |run: &Path| -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
        let read = |path: PathBuf| fs::read(&path).map(|bytes| (path, bytes));
        Ok(compare::files(run)?.into_iter().map(read).collect::<io::Result<_>>()?)
    };
    let before = files(&run)?;
    for folder in [run.clone(), run.join("checkpoints")] {
        protect(&folder, true)?;
    }
    let ended = finish(program.eval(&run), &ground.log(), LONGEST)?;
    for folder in [run.clone(), run.join("checkpoints")] {
        protect(&folder, false)?;
    }
    findings.check(ended.status.success(), || {
        format!("eval of a read-only run: {}", ended.in_words())
    });
    findings.check(before == files(&run)?, || "eval changed a read-only run".to_owned());
    Ok(())
}

#[cfg(unix)]
fn odd_path(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let program = ground.program()?;
    let out = ground.folder.join(std::ffi::OsStr::from_bytes(b"r\xff\xfe n"));
    for (what, command) in [
        ("train", program.train(&out, ground.seed)),
        ("train --resume", program.resume(&out, ground.seed)),
        ("eval", program.eval(&out)),
    ] {
        let ended = finish(command, &ground.log(), LONGEST)?;
        findings.check(ended.status.success(), || {
            format!("{what} with a path that is not UTF-8: {}", ended.in_words())
        });
    }
    let undisturbed = ground.undisturbed(program)?;
    undisturbed.compare(&out, "a path that is not UTF-8", Allowed::Nothing, findings);
    Ok(fs::remove_dir_all(&out)?)
}

#[cfg(not(unix))]
fn odd_path(_ground: &Ground, _findings: &mut Findings) -> anyhow::Result<()> {
    Ok(())
}

/// `train` goes on without a reader; `eval`, which has nothing else to do, may say so, but does not crash.
fn output(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let run = ground.undisturbed(program)?.run();
    train(
        ground,
        "closed standard output",
        |command| closed(&command, ">&-"),
        findings,
    )?;
    let json = |command| said_aloud(command, "--json");
    train(
        ground,
        "events to a closed standard output",
        |command| closed(&json(command), ">&-"),
        findings,
    )?;
    let change = |mut command: Command| {
        command.stdout(nobody().map_or_else(|_| Stdio::null(), Stdio::from));
        command
    };
    let ended = finish(change(program.eval(&run)), &ground.log(), LONGEST)?;
    findings.check(!ended.crashed(), || format!("eval for nobody: {}", ended.in_words()));
    let ended = finish(closed(&program.eval(&run), ">&-"), &ground.log(), LONGEST)?;
    findings.check(!ended.crashed(), || {
        format!("eval to a closed output: {}", ended.in_words())
    });
    if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
        let mut command = program.eval(&run);
        command.stdout(full);
        let ended = finish(command, &ground.log(), LONGEST)?;
        findings.check(ended.is_clear_error(), || {
            format!("eval to a full disk: {}", ended.in_words())
        });
    }
    Ok(())
}

fn errors(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let out = ground.folder.join("run");
    let aloud = || said_aloud(program.train(&out, ground.seed), "");
    let mut run = |what: &str, mut command: Command| -> anyhow::Result<()> {
        let ended = Running::spawn(&mut command, &ground.folder.join("no-log"))?.wait(LONGEST)?;
        let ended = ended.with_context(|| format!("{what}: the run did not end"))?;
        judge(ground, what, &ended, &out, findings)
    };
    run("closed standard error", closed(&aloud(), "2>&-"))?;
    let mut command = aloud();
    command.stderr(nobody()?);
    run("standard error for nobody", command)?;
    if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
        let mut command = aloud();
        command.stderr(full);
        run("standard error to a full disk", command)?;
    }
    Ok(())
}

/// A quiet run does not care; one that talks waits for its reader, and goes on when there is one.
fn full_pipe(ground: &Ground, findings: &mut Findings) -> anyhow::Result<()> {
    let program = ground.program()?;
    let out = ground.folder.join("run");
    let quiet = program.train(&out, ground.seed);
    let aloud = said_aloud(program.train(&out, ground.seed), "");
    for (what, mut command, is_quiet) in [("a quiet run", quiet, true), ("a run that talks", aloud, false)] {
        let (mut reader, writer) = io::pipe()?;
        let mut filler = writer.try_clone()?;
        // Blocks while the pipe is full, until the reader takes what is in it.
        let filling = thread::spawn(move || filler.write_all(&vec![b'\n'; MORE_THAN_A_PIPE]));
        thread::sleep(STUCK);
        command.stderr(writer);
        let mut running = Running::spawn(&mut command, &ground.folder.join("no-log"))?;
        drop(command);
        let ended = running.wait(if is_quiet { LONGEST } else { STUCK })?;
        let draining = thread::spawn(move || reader.read_to_end(&mut Vec::new()).map(drop));
        let ended = match ended {
            None => running.wait(LONGEST)?,
            ended => ended,
        };
        let ended = ended.with_context(|| format!("{what} did not end"))?;
        judge(ground, &format!("{what}, and a full pipe"), &ended, &out, findings)?;
        drop((filling.join(), draining.join()));
    }
    Ok(())
}

/// The command without `--quiet`, and with `flag` if that is any.
fn said_aloud(command: Command, flag: &str) -> Command {
    let mut aloud = Command::new(command.get_program());
    aloud
        .args(command.get_args().filter(|argument| *argument != "--quiet"))
        .args(Some(flag).filter(|flag| !flag.is_empty()))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    aloud
}

/// The command with a redirection that only a shell can give, such as `>&-`.
fn closed(command: &Command, redirection: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec \"$@\" {redirection}"), "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    shell
}

/// A pipe whose reader went away.
fn nobody() -> io::Result<io::PipeWriter> {
    let (reader, writer) = io::pipe()?;
    drop(reader);
    Ok(writer)
}

/// Takes the permission to write away from a folder, or gives it back.
#[cfg(unix)]
fn protect(folder: &Path, is_protected: bool) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if is_protected { 0o555 } else { 0o755 };
    fs::set_permissions(folder, Permissions::from_mode(mode))
        .with_context(|| format!("protecting {}", folder.display()))
}

#[cfg(not(unix))]
fn protect(folder: &Path, is_protected: bool) -> anyhow::Result<()> {
    let mut permissions: Permissions = fs::metadata(folder)?.permissions();
    permissions.set_readonly(is_protected);
    Ok(fs::set_permissions(folder, permissions)?)
}
