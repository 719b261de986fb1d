use std::{
    cell::RefCell,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use anyhow::bail;
use papers_base::{cli::BenchArgs, provenance::Provenance};
use serde_json::{Value, json};

use super::{
    Case, Pairs, Spread, Work,
    case::{Measurement, measure},
    child,
    memory::Growth,
    peer::{Peer, PeerError, Script},
    table::{headings, line, three_digits, widths},
};
use crate::device;

/// Shortest measurement: what the clock and a wandering thread add is small against it.
const AT_LEAST: Duration = Duration::from_millis(200);

/// Asks a process for the peak memory of a case; see [`child::answer`].
const PEAK: &str = "peak memory";

/// Load from which on times are not those of this program alone.
const BUSY: f64 = 0.7;

/// What is benchmarked.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Name of the paper's crate.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The same work in PyTorch.
    pub script: Script,
}

/// One run of `bench`: what was asked for, the peer, and where results go.
#[derive(Debug)]
pub struct Session {
    arguments: BenchArgs,
    peer: Option<Peer>,
    /// The case whose peak memory this process was started for, if it was.
    peak_of: Option<String>,
    /// What the peer's own processes for memory are started with.
    script: Script,
    threads: usize,
    /// Whether nothing was measured.
    is_empty: bool,
    /// Of the columns of the present table.
    widths: Vec<usize>,
}

impl Session {
    /// Gives the process the number of threads that is asked for (by running the program again), starts the peer, and
    /// prints on what everything runs.
    ///
    /// # Errors
    ///
    /// A peer that does not start.
    pub fn start(arguments: &BenchArgs, about: About) -> anyhow::Result<Self> {
        child::ensure_threads(arguments.threads)?;
        let backend = device::default_backend()?;
        let machine = Provenance::collect(about.name, about.version, "bench", 0, backend);
        let mut session = Self {
            arguments: arguments.clone(),
            peer: None,
            peak_of: child::request(PEAK),
            script: about.script,
            threads: machine.threads,
            is_empty: true,
            widths: Vec::new(),
        };
        if session.peak_of.is_none() {
            if arguments.vs_pytorch {
                session.peer = Some(session.new_peer()?);
            }
            session.print_head(&machine)?;
        }
        Ok(session)
    }

    fn new_peer(&self) -> Result<Peer, PeerError> {
        let python = self.arguments.python.as_deref().unwrap_or(Path::new("python3"));
        Peer::start(python, self.script, self.threads)
    }

    /// Whether a benchmark is asked for.
    pub fn wants(&self, name: &str) -> bool {
        match &self.peak_of {
            Some(case) => name == case,
            None => is_chosen(&self.arguments.only, name),
        }
    }

    /// Measurements of each benchmark.
    pub fn repeat(&self) -> usize {
        self.arguments.repeat
    }

    /// Measures cases and their counterparts of the peer, one after the other, and prints them as rows of one table.
    ///
    /// # Errors
    ///
    /// What the work reports, or the peer.
    pub fn time(&mut self, cases: Vec<Case>) -> anyhow::Result<()> {
        let chosen: Vec<_> = cases.into_iter().filter(|case| self.wants(case.name)).collect();
        if chosen.is_empty() {
            return Ok(());
        }
        if self.peak_of.is_some() {
            self.is_empty = false;
            return chosen.into_iter().try_for_each(answer_peak);
        }
        self.heading(&self.columns())?;
        for case in chosen {
            self.time_one(case)?;
        }
        Ok(())
    }

    fn time_one(&mut self, case: Case) -> anyhow::Result<()> {
        let (name, unit, target) = (case.name, case.unit, case.target);
        let mut result = json!({ "benchmark": name, "unit": unit });
        // Before the work is prepared: both need room.
        let peaks = self.peaks(name, &mut result)?;
        let mut work = case.prepare()?;
        let noise = self.noise(&mut work, &mut result)?;
        let head = |units: String| vec![name.to_owned(), unit.to_owned(), units];
        let skipped = match &mut self.peer {
            Some(peer) => why_skipped(peer, name)?,
            None => None,
        };
        let Some(peer) = self.peer.as_mut().filter(|_| skipped.is_none()) else {
            let (times, units) = time_alone(&mut work, self.arguments.repeat)?;
            result["units"] = json!(units);
            result["ours_ms"] = json!(times);
            let mut cells = [head(units.to_string()), vec![times.to_string()], noise, peaks].concat();
            if let Some(reason) = skipped {
                result["skipped"] = json!(reason);
                cells.push(format!("skipped: {reason}"));
            }
            return self.row(result, &cells);
        };
        let (mut our_units, mut their_units) = (0, 0);
        let note = |measured: Measurement, units: &mut usize| {
            *units = measured.units;
            Ok(measured.milliseconds)
        };
        let pairs = Pairs::measure(
            self.arguments.repeat,
            || note(measure(&mut work, AT_LEAST)?, &mut our_units),
            || note(peer.measure(name, AT_LEAST)?, &mut their_units),
        )?;
        result["units"] = json!(our_units);
        result["peer_units"] = json!(their_units);
        let units = match our_units == their_units {
            true => our_units.to_string(),
            false => format!("{our_units}/{their_units}"),
        };
        let cells = pairs.describe(&mut result, ["ours_ms", "peer_ms"], target);
        self.row(result, &[head(units), cells, noise, peaks].concat())
    }

    /// Ours by turns with ours, if that is asked for: the ratio as a cell, all of it into `result`.
    fn noise(&self, work: &mut Work, result: &mut Value) -> anyhow::Result<Vec<String>> {
        if !self.arguments.noise {
            return Ok(Vec::new());
        }
        let work = RefCell::new(work);
        let ours = || Ok(measure(&mut work.borrow_mut(), AT_LEAST)?.milliseconds);
        let pairs = Pairs::measure(self.arguments.repeat, ours, ours)?;
        result["noise"] = json!({ "ratio": pairs.ratio(), "samples": pairs.samples() });
        Ok(vec![pairs.ratio().to_string()])
    }

    /// Peak memory of a case and its counterpart above what each process had before, if that is asked for: as cells,
    /// and in bytes into `result`.
    fn peaks(&self, name: &str, result: &mut Value) -> anyhow::Result<Vec<String>> {
        if !self.arguments.memory {
            return Ok(Vec::new());
        }
        let ours = child::answer(PEAK, name, &[])?.parse::<u64>().ok();
        result["ours_peak_bytes"] = json!(ours);
        let mut cells = vec![mebibytes(ours)];
        if self.peer.is_some() {
            let theirs = peak_of_peer(self.new_peer()?, name)?;
            result["peer_peak_bytes"] = json!(theirs);
            cells.push(mebibytes(theirs));
        }
        Ok(cells)
    }

    /// Headings of the columns of [`Self::time`].
    fn columns(&self) -> Vec<String> {
        let is_compared = self.peer.is_some();
        let mut columns = headings(if is_compared { &["ours", "PyTorch"] } else { &["ours"] });
        if self.arguments.noise {
            columns.push(format!("{:<25}", "ours to ours"));
        }
        if self.arguments.memory {
            columns.push("peak MiB".to_owned());
            columns.extend(is_compared.then(|| "PyTorch's".to_owned()));
        }
        columns
    }

    /// Begins a table; nothing for programs.
    ///
    /// # Errors
    ///
    /// A closed standard output.
    pub fn heading(&mut self, columns: &[impl AsRef<str>]) -> io::Result<()> {
        self.widths = widths(columns);
        match self.arguments.json {
            true => Ok(()),
            false => writeln!(io::stdout(), "\n{}", line(columns, &self.widths)),
        }
    }

    /// Prints a result: as a row of the table, or as `result` for programs.
    ///
    /// # Errors
    ///
    /// A closed standard output.
    pub fn row(&mut self, result: Value, cells: &[impl AsRef<str>]) -> anyhow::Result<()> {
        self.is_empty = false;
        match self.arguments.json {
            true => writeln!(io::stdout(), "{result}")?,
            false => writeln!(io::stdout(), "{}", line(cells, &self.widths))?,
        }
        Ok(())
    }

    /// Prints a sentence under a table; nothing for programs.
    ///
    /// # Errors
    ///
    /// A closed standard output.
    pub fn remark(&self, text: &str) -> io::Result<()> {
        match self.arguments.json {
            true => Ok(()),
            false => writeln!(io::stdout(), "{text}"),
        }
    }

    /// Ends the run.
    ///
    /// # Errors
    ///
    /// If nothing was measured: `--only` names nothing that there is. `names` are those that there are.
    pub fn finish(self, names: &[String]) -> anyhow::Result<()> {
        if self.is_empty {
            bail!(
                "no benchmark has `{}` in its name; there are: {}",
                self.arguments.only.join("`, `"),
                names.join(", ")
            );
        }
        Ok(())
    }

    fn print_head(&self, machine: &Provenance) -> anyhow::Result<()> {
        let Provenance {
            paper,
            version,
            backend,
            threads,
            cpu,
            os,
            ..
        } = machine;
        let peer = self.peer.as_ref().map(Peer::about);
        let load = load();
        if self.arguments.json {
            let head = json!({ "machine": machine, "peer": peer, "load": load });
            writeln!(io::stdout(), "{head}")?;
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let plural = if *threads == 1 { "" } else { "s" };
        writeln!(
            out,
            "{paper} {version}, backend {backend}, {threads} thread{plural}, {cpu}, {os}"
        )?;
        if let Some(peer) = peer {
            writeln!(
                out,
                "by turns with {peer}, with as many threads; a ratio below 1 means that ours is faster"
            )?;
        }
        let repeat = self.arguments.repeat;
        writeln!(
            out,
            "median (least - most) of {repeat} after a warm-up, each over at least {} ms",
            AT_LEAST.as_millis()
        )?;
        if let Some(load) = load.filter(|load| *load > BUSY) {
            writeln!(
                out,
                "other programs are running (load {load}): PyTorch's threads wait for each other then; --threads 1 is fairer"
            )?;
        }
        Ok(())
    }
}

/// Programs that wanted to run in the last minute, on average, where the system tells.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Whether a name is meant by a list of parts of names; all are if there is none.
pub(super) fn is_chosen(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|part| name.contains(part.as_str()))
}

/// Why a peer has no counterpart of a case, if it has none.
fn why_skipped(peer: &mut Peer, name: &str) -> Result<Option<String>, PeerError> {
    match peer.measure(name, Duration::ZERO) {
        Ok(_) => Ok(None),
        Err(PeerError::Skipped { reason, .. }) => Ok(Some(reason)),
        Err(error) => Err(error),
    }
}

/// Writes the peak memory of a case in bytes, or `none` where it cannot be measured.
fn answer_peak(case: Case) -> anyhow::Result<()> {
    let growth = Growth::start();
    let mut work = case.prepare()?;
    // An optimizer has what it keeps from the first step on.
    work()?;
    work()?;
    let peak = growth.and_then(Growth::peak);
    let peak = peak.map_or("none".to_owned(), |bytes| bytes.to_string());
    writeln!(io::stdout(), "{peak}")?;
    Ok(())
}

/// The same for a peer of its own, which has imported its packages before; `None` if it has no counterpart.
fn peak_of_peer(mut peer: Peer, case: &str) -> anyhow::Result<Option<u64>> {
    let growth = Growth::of(peer.id());
    if why_skipped(&mut peer, case)?.is_some() {
        return Ok(None);
    }
    peer.measure(case, Duration::ZERO)?;
    Ok(growth.and_then(Growth::peak))
}

fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or("-".to_owned(), |bytes| three_digits(bytes as f64 / (1 << 20) as f64))
}

fn time_alone(work: &mut Work, repeat: usize) -> anyhow::Result<(Spread, usize)> {
    measure(work, AT_LEAST)?;
    let mut times = Vec::with_capacity(repeat);
    let mut units = 0;
    for _ in 0..repeat {
        let measured = measure(work, AT_LEAST)?;
        times.push(measured.milliseconds);
        units = measured.units;
    }
    Ok((Spread::of(times), units))
}
