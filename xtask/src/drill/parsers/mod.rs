//! `parsers`: whatever a file holds, reading it ends, in an error or not, and soon.

mod formats;
mod mutate;
mod readers;

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use self::readers::Parser;
use super::{Ground, chance::Chance, compare, ledger::Findings};

/// Reading one hostile input takes no longer: some read and write several files, on machines with other work.
const LONGEST: Duration = Duration::from_secs(10);

/// Memory that readers may use on top of what the drill has, in KiB: a picture may have 100 million pixels of 3 bytes,
/// once as it is in its file and once turned, on each thread.
const MOST_MEMORY: u64 = 1 << 20;

/// Failures of one parser that are told.
const MOST_TOLD: usize = 3;

/// A name that malicious archives try to write.
const CANARY: &str = "/tmp/drill-canary";

/// `n` hostile inputs for each parser, on all processors.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    let folder = memory_folder(&ground.folder)?;
    let work = Arc::new(Work {
        parsers: readers::all()?,
        next: AtomicUsize::new(0),
        results: Mutex::default(),
        now: Mutex::default(),
        folder: folder.path().to_owned(),
        n: ground.n,
        seed: ground.seed,
    });
    let before = peak_memory();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = carry_out(&work);
    panic::set_hook(hook);

    let mut findings = Findings::new();
    if let Some(hanging) = outcome? {
        findings.fail(hanging);
        return Ok(findings);
    }
    let results = lock(&work.results);
    findings.fact("parsers", results.len());
    for result in results.iter() {
        findings.fact(&format!("{}: taken for good", result.name), result.taken);
        result
            .failures
            .iter()
            .for_each(|failure| findings.fail(failure.clone()));
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        findings.fact("memory on top, MiB", after.saturating_sub(before) / 1024);
        findings.fact("limit of it, MiB", MOST_MEMORY / 1024);
        findings.check(after - before <= MOST_MEMORY, || {
            format!("reading took {} KiB", after - before)
        });
    }
    check_places(folder.path(), &mut findings)?;
    Ok(findings)
}

/// What the workers share.
struct Work {
    parsers: Vec<Parser>,
    /// The parser that nobody took yet.
    next: AtomicUsize,
    results: Mutex<Vec<Tried>>,
    /// What each worker reads just now, and since when.
    now: Mutex<Vec<Option<(Instant, String)>>>,
    folder: PathBuf,
    n: u32,
    seed: u64,
}

/// What became of one parser's inputs.
struct Tried {
    name: &'static str,
    taken: usize,
    failures: Vec<String>,
}

/// Runs the workers to their end; the input that one of them hangs on, if any.
fn carry_out(work: &Arc<Work>) -> anyhow::Result<Option<String>> {
    let count = thread::available_parallelism().map_or(1, usize::from);
    lock(&work.now).resize(count, None);
    let workers: Vec<_> = (0..count)
        .map(|worker| {
            let work = Arc::clone(work);
            thread::spawn(move || work.run(worker))
        })
        .collect();
    while workers.iter().any(|worker| !worker.is_finished()) {
        for (since, what) in lock(&work.now).iter().flatten() {
            if since.elapsed() > LONGEST {
                // The thread cannot be ended; the program does that soon.
                return Ok(Some(format!("{what} took longer than {} s", LONGEST.as_secs())));
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    for worker in workers {
        worker
            .join()
            .map_err(|_| anyhow::anyhow!("a thread of the drill panicked"))??;
    }
    Ok(None)
}

impl Work {
    fn run(&self, worker: usize) -> anyhow::Result<()> {
        while let Some(parser) = self.parsers.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let tried = self.try_parser(worker, parser)?;
            lock(&self.results).push(tried);
        }
        Ok(())
    }

    fn try_parser(&self, worker: usize, parser: &Parser) -> anyhow::Result<Tried> {
        let folder = self.folder.join(format!("work-{worker}"));
        let mut tried = Tried {
            name: parser.name,
            taken: 0,
            failures: Vec::new(),
        };
        let mut chance = Chance::new(self.seed);
        fs::create_dir_all(&folder)?;
        for number in 0..self.n {
            let input = match parser.seeds.get(number as usize) {
                Some(seed) => seed.clone(),
                None => mutate::mutate(&parser.seeds, &mut chance),
            };
            let input = (parser.dress)(input)?;
            let what = format!("input {number} of {}", parser.name);
            self.tell(worker, Some((Instant::now(), what.clone())));
            let read = panic::catch_unwind(AssertUnwindSafe(|| (parser.read)(&folder, &input)));
            self.tell(worker, None);
            let problem = match read {
                Ok(Ok(is_taken)) => {
                    tried.taken += usize::from(is_taken);
                    continue;
                }
                // What cannot be an error of the input, such as a page that cannot be drawn.
                Ok(Err(error)) => format!("{error:#}"),
                Err(panic) => format!("a panic: {}", message(&*panic)),
            };
            if tried.failures.len() < MOST_TOLD {
                let kept = std::env::temp_dir().join(format!(
                    "drill-input-{}-{number}",
                    parser.name.replace([' ', '/', '\''], "-")
                ));
                fs::write(&kept, &input).with_context(|| format!("writing {}", kept.display()))?;
                tried
                    .failures
                    .push(format!("{what}: {problem}; the input is {}", kept.display()));
            }
        }
        fs::remove_dir_all(&folder)?;
        Ok(tried)
    }

    fn tell(&self, worker: usize, what: Option<(Instant, String)>) {
        if let Some(now) = lock(&self.now).get_mut(worker) {
            *now = what;
        }
    }
}

/// Files only where readers were given some.
fn check_places(folder: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let odd: Vec<PathBuf> = compare::files(folder)?;
    findings.check(odd.is_empty() && !Path::new(CANARY).exists(), || {
        format!("archives left files outside of the folder: {odd:?}")
    });
    Ok(())
}

/// A folder in memory if there is one: many small files are written, and brought to disk.
fn memory_folder(otherwise: &Path) -> anyhow::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("drill-parsers-");
    let in_memory = builder.tempdir_in("/dev/shm");
    in_memory
        .or_else(|_| builder.tempdir_in(otherwise))
        .context("a temporary folder")
}

/// Most memory that this process had, in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn message(panic: &dyn std::any::Any) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// What a panicking thread left is as good as ever.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(read: fn(&Path, &[u8]) -> anyhow::Result<bool>) -> (tempfile::TempDir, Arc<Work>) {
        let folder = tempfile::tempdir().unwrap();
        let parser = Parser {
            name: "toy",
            seeds: vec![b"abc".to_vec()],
            dress: Ok,
            read,
        };
        let work = Work {
            parsers: vec![parser],
            next: AtomicUsize::new(0),
            results: Mutex::default(),
            now: Mutex::default(),
            folder: folder.path().to_owned(),
            n: 100,
            seed: 0,
        };
        (folder, Arc::new(work))
    }

    #[test]
    fn a_panic_is_a_finding_with_its_input() {
        let (_folder, work) = work(|_, bytes| {
            assert!(bytes.contains(&b'b'), "no b");
            Ok(true)
        });
        assert_eq!(carry_out(&work).unwrap(), None);
        let results = lock(&work.results);
        let failure = &results[0].failures[0];
        assert!(failure.contains("a panic: no b"), "{failure}");
        let kept = failure.split("the input is ").nth(1).unwrap();
        assert!(!fs::read(kept).unwrap().contains(&b'b'));
        for failure in &results[0].failures {
            fs::remove_file(failure.split("the input is ").nth(1).unwrap()).unwrap();
        }
        assert!(results[0].taken > 0);
    }

    #[test]
    fn what_is_left_outside_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut findings = Findings::new();
        check_places(folder.path(), &mut findings).unwrap();
        assert_eq!(findings.verdict(), super::super::ledger::Verdict::Passed);
        fs::write(folder.path().join("canary"), "").unwrap();
        check_places(folder.path(), &mut findings).unwrap();
        assert_ne!(findings.verdict(), super::super::ledger::Verdict::Passed);
    }
}
