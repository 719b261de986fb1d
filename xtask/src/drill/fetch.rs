//! `fetch`: every I/O call of a fetch and of an import fails once, against a server of our own.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use papers_base::catalogue::{Dataset, Digest, FetchOptions, fetch, import};

use super::{
    Ground,
    commit::temporary,
    faults::{self, Point},
    ledger::Findings,
    program::{LONGEST, finish},
};
use crate::cli;

/// Name of the data set.
const TOY: &str = "toy";

/// Files of the data set with their sizes: one that is less than a read, one that is several.
const FILES: [(&str, usize); 2] = [("small.bin", 1000), ("large.bin", 300_000)];

/// Lets every call fail that a fetch or an import makes, or about `n` of them.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if let Some(obstacle) = faults::obstacle() {
        return Ok(Findings::skipped(obstacle));
    }
    let mut findings = Findings::new();
    let source = ground.folder.join("source");
    fs::create_dir_all(&source)?;
    for (name, bytes) in FILES {
        fs::write(source.join(name), content(bytes))?;
    }
    let manifest = ground.folder.join("dataset.toml");
    fs::write(&manifest, manifest_for(serve()?))?;
    let cache = ground.folder.join("cache");
    let xtask = env::current_exe().context("the program's own path")?;
    let mut done = 0;
    for (verb, from) in [("fetch", None), ("import", Some(&source))] {
        let command = || {
            let mut command = Command::new(&xtask);
            command
                .arg("drill-fetch")
                .arg("--manifest")
                .arg(&manifest)
                .arg("--to")
                .arg(&cache);
            command.args(from.iter().flat_map(|from| [Path::new("--from"), from.as_path()]));
            command
        };
        let points = faults::points(&command(), &cache, &ground.folder)?;
        let chosen = faults::spread(&points, ground.n.div_ceil(2));
        findings.fact(&format!("{verb}: calls that can fail"), points.len());
        done += chosen.len();
        for point in chosen {
            fs::remove_dir_all(&cache)?;
            once(ground, &command, point, verb, &cache, &mut findings)?;
        }
        fs::remove_dir_all(&cache)?;
    }
    findings.did(done);
    Ok(findings)
}

fn once(
    ground: &Ground,
    command: &dyn Fn() -> Command,
    point: &Point,
    verb: &str,
    cache: &Path,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let what = format!("{verb}: {}", point.in_words());
    let ended = finish(faults::failing(&command(), point), &ground.log(), LONGEST)?;
    findings.count(if ended.status.success() {
        "failures that cost nothing"
    } else {
        "clear errors"
    });
    let is_good = ended.status.success() || ended.is_clear_error();
    findings.check(is_good, || format!("{what}: {}", ended.in_words()));
    look(&what, cache, ended.status.success(), findings)?;
    let left = temporary(cache);
    findings.check(left.is_empty() || point.is_removal(), || {
        format!("{what}: left {}", left.join(", "))
    });
    let ended = finish(command(), &ground.log(), LONGEST)?;
    findings.check(ended.status.success(), || {
        format!("{what}, and the next {verb}: {}", ended.in_words())
    });
    look(&format!("{what}, and the next {verb}"), cache, true, findings)
}

/// A file that has its name is whole; all of them are there if `is_complete`.
fn look(what: &str, cache: &Path, is_complete: bool, findings: &mut Findings) -> anyhow::Result<()> {
    for (name, bytes) in FILES {
        let path = cache.join(TOY).join(name);
        if path.exists() {
            findings.check(fs::read(&path)? == content(bytes), || {
                format!("{what}: {name} has other bytes")
            });
        } else {
            findings.check(!is_complete, || format!("{what}: {name} is not there"));
        }
    }
    Ok(())
}

/// What a process of its own does for this drill: fetches or imports a data set that no catalogue has.
pub(crate) fn toy(arguments: &cli::DrillFetch) -> anyhow::Result<()> {
    let manifest = fs::read_to_string(&arguments.manifest).context("reading the manifest")?;
    let dataset = Dataset::parse(TOY, &manifest)?;
    match &arguments.from {
        Some(from) => import(&dataset, from, &arguments.to, &mut |_| {})?,
        None => {
            let options = FetchOptions {
                attempts: 2,
                pause: Duration::from_millis(5),
                use_proxy: false,
                ..FetchOptions::default()
            };
            fetch(&dataset, &arguments.to, &options, &mut |_| {})?
        }
    };
    Ok(())
}

fn manifest_for(port: u16) -> String {
    let mut manifest =
        format!("name = '{TOY}'\ntitle = 'Toy'\nsummary = ''\nlicense = ''\ncitation = ''\nhomepage = ''\n");
    for (name, bytes) in FILES {
        let digest = Digest::sha256(&content(bytes));
        manifest += &format!(
            "[[files]]\nname = '{name}'\nurls = ['http://127.0.0.1:{port}/{name}']\nbytes = {bytes}\nsha256 = '{digest}'\n"
        );
    }
    manifest
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place * 7 % 251) as u8).collect()
}

/// Serves the files to whoever asks, until the drill's process ends.
fn serve() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("a port for the drill's server")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who went away in the middle of an answer asks again.
            thread::spawn(move || drop(answer(stream)));
        }
    });
    Ok(port)
}

fn answer(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let (mut start, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(range) = lower.strip_prefix("range: bytes=") {
            start = range.trim().trim_end_matches('-').parse().unwrap_or(0);
        }
        line.clear();
    }
    let name = request
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('/');
    let Some((_, bytes)) = FILES.iter().find(|(known, _)| *known == name) else {
        write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        return Ok(());
    };
    let body = content(*bytes);
    let rest = body.get(start..).unwrap_or_default();
    let (status, range) = match start {
        0 => ("200 OK", String::new()),
        _ => (
            "206 Partial Content",
            format!("Content-Range: bytes {start}-{}/{bytes}\r\n", bytes - 1),
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{range}Content-Length: {}\r\nConnection: close\r\n\r\n",
        rest.len()
    )?;
    stream.write_all(rest)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_one_that_a_fetch_understands() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("dataset.toml");
        fs::write(&manifest, manifest_for(serve().unwrap())).unwrap();
        let to = folder.path().join("cache");
        let arguments = cli::DrillFetch {
            manifest,
            to: to.clone(),
            from: None,
        };
        // A part that an earlier fetch left is continued.
        fs::create_dir_all(to.join(TOY)).unwrap();
        fs::write(to.join(TOY).join("large.bin.part"), &content(300_000)[..1234]).unwrap();
        toy(&arguments).unwrap();
        let mut findings = Findings::new();
        look("", &to, true, &mut findings).unwrap();
        assert_eq!(findings.verdict(), super::super::ledger::Verdict::Passed);
    }
}
