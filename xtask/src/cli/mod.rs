//! The command line.

mod data;

pub(crate) use self::data::{CacheFolder, Data, DataTask};

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use papers_base::cli::{BenchArgs, EvalArgs, ReportArgs, ReproduceArgs, SERVE_HELP, ServeArgs, TrainArgs};

use crate::sweep::Scheduler;

const SWEEP_HELP: &str = concat!(
    "\
Examples:
  cargo xtask sweep docs/sweep.toml --dry-run          what would run, and what is done
  cargo xtask sweep docs/sweep.toml                    run it here; the same command goes on after Ctrl-C or a crash
  cargo xtask sweep docs/sweep.toml --emit slurm --out sweep.sh
  cargo xtask sweep gather docs/sweep.toml             table.md, table.csv, bars.svg and comparison.html of what is finished

A run lies in runs/sweeps/<name>/<experiment>/<digest>-seed<N>. The digest is that of all that determines its result: paper,
experiment, resolved configuration, backend and seed. What is finished is not run again, and what was killed goes on.

Exit codes: 0 all runs finished, 1 some failed (the others went on), 2 wrong plan or usage, 3 interrupted and saved,
5 another sweep uses the folder, 130 ended by a second Ctrl-C.

docs/sweep.toml, a plan that shows everything:

",
    include_str!("../../../docs/sweep.toml")
);

/// Paper reproductions on Burn: train, evaluate, report, and the checks of this repository.
///
/// The commands that train or evaluate build the paper's own program first. The first build of a backend compiles Burn
/// and takes minutes; from then on it takes seconds.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    version,
    max_term_width = 100,
    after_help = "\
Begin here:
  cargo xtask list                     what there is
  cargo xtask train neural-ode         the first paper's default experiment, with a report to look at
  cargo xtask doctor                   what this machine can do
  cargo xtask test                     all tests"
)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// List papers, experiments, data sets and backends
    List(List),
    /// Train one experiment of a paper and write its report
    #[command(after_help = "\
Examples:
  cargo xtask train neural-ode
  cargo xtask train neural-ode --experiment digits --seed 1
  cargo xtask train neural-ode --set schedule.steps=500 --out /tmp/short
  cargo xtask train neural-ode --resume                go on after Ctrl-C, or after a crash
  BURN_PAPERS_DATA=~/data cargo xtask train neural-ode --experiment mnist-reduced

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 interrupted and saved, 4 diverged, 5 the folder is in use, 6 no such backend or adapter,
130 ended by a second Ctrl-C, unsaved.")]
    Train(Train),
    /// Compute the paper's metrics from a run, finished or not
    #[command(after_help = "\
Example:
  cargo xtask eval neural-ode --run runs/neural-ode/spirals-seed0")]
    Eval(Eval),
    /// Write the page of a run, or of several side by side
    #[command(after_help = "\
Examples:
  cargo xtask report                                   the newest run
  cargo xtask report runs/neural-ode/spirals-seed0
  cargo xtask report runs/neural-ode/spirals-seed* --out comparison.html")]
    Report(ReportArgs),
    /// Run the experiments behind a paper's table of results
    #[command(after_help = "\
Examples:
  cargo xtask reproduce neural-ode --quick
  cargo xtask reproduce neural-ode")]
    Reproduce(Reproduce),
    /// Lend a device of this machine to training elsewhere, over Burn's remote backend
    #[command(after_help = SERVE_HELP)]
    ServeDevice(ServeArgs),
    /// Run an experiment over a grid of settings and seeds, here or on a cluster, and gather the results
    #[command(after_help = SWEEP_HELP)]
    Sweep(Sweep),
    /// List, fetch, import, verify or look at data sets
    #[command(after_help = "\
Examples:
  cargo xtask data list
  cargo xtask data fetch mnist
  cargo xtask data import mnist --from ~/Downloads
  cargo xtask data preview mnist --out mnist.png

Data sets are looked for in --data DIR, in the folder of the environment variable BURN_PAPERS_DATA, and in the cache;
each holds them as DIR/<data set>/<file>, under the official names of the files.")]
    Data(Data),
    /// Measure step times and memory of a paper
    #[command(after_help = "\
Examples:
  cargo xtask bench neural-ode
  cargo xtask bench neural-ode --vs-pytorch --python ~/venv/bin/python")]
    Bench(Bench),
    /// Show what this machine can do: versions, memory, backends, data sets
    Doctor,
    /// Run all tests
    #[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test --package papers-core -- resume     only tests with `resume` in their name
  cargo xtask test --backends                          compare the backends with each other")]
    Test(Test),
    /// Run every check of continuous integration
    #[command(after_help = "\
Examples:
  cargo xtask ci --fast                what needs no Burn build
  cargo xtask ci --only format --only lint-base")]
    Ci(Ci),
    /// Do to runs and files what breaks them elsewhere, and look at what is left
    #[command(after_help = "\
Each drill prints a line of JSON for the ledger on standard output and its verdict on standard error. The number of
times is small unless --full or --n say otherwise. A drill that the machine cannot run is skipped and says why.

Examples:
  cargo xtask drill all                                every drill, in about three minutes on 2 cores
  cargo xtask drill kill --n 30 --paper neural-ode
  cargo xtask drill corruption --full --record         the full number, added to docs/drills.jsonl
  cargo xtask drill determinism --programs DIR         programs that were built before; ndarray is compared if they have it

Exit codes: 0 everything held or was skipped, 1 something did not hold, 2 wrong usage.")]
    Drill(Drill),
    /// What a process of its own does for `drill fetch`
    #[command(hide = true)]
    DrillFetch(DrillFetch),
    /// Renew the generated parts of the README files
    Readme(Readme),
    /// Run a command that only this paper has
    #[command(after_help = "\
Example:
  cargo xtask run neural-ode -- config --experiment digits")]
    Run(Run),
    /// Print completions for a shell; they complete `xtask`, which they define as `cargo xtask`
    #[command(after_help = "\
Examples:
  source <(cargo xtask completions bash)
  cargo xtask completions fish > ~/.config/fish/completions/xtask.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one page per command
    Man {
        /// Folder for one page per command
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print JSON for other programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The paper, as `cargo xtask list` names it
    pub(crate) paper: String,
    #[command(flatten)]
    pub(crate) arguments: TrainArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// The paper, as `cargo xtask list` names it
    pub(crate) paper: String,
    #[command(flatten)]
    pub(crate) arguments: EvalArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Reproduce {
    /// The paper, as `cargo xtask list` names it
    pub(crate) paper: String,
    #[command(flatten)]
    pub(crate) arguments: ReproduceArgs,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Sweep {
    /// The plan, a TOML file
    #[arg(required = true)]
    pub(crate) plan: Option<PathBuf>,
    /// Print the runs and how far each is; run and write nothing
    #[arg(long, conflicts_with = "emit")]
    pub(crate) dry_run: bool,
    /// Runs at a time; as many as fit the cores and the memory if left out
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Threads of each run; if left out, so many that jobs × threads is the number of cores
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder with the paper's program, to use instead of building it
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
    /// Print a manifest that runs what is not finished on this scheduler, instead of running it here
    #[arg(long, value_name = "SCHEDULER")]
    pub(crate) emit: Option<Scheduler>,
    /// File for the manifest
    #[arg(long, value_name = "FILE", requires = "emit")]
    pub(crate) out: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) task: Option<SweepTask>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SweepTask {
    /// Write the table and the comparison of what is finished; nothing is built or run
    Gather {
        /// The plan, a TOML file
        plan: PathBuf,
        /// Folder to write to; that of the sweep if left out
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// The paper; all of them if left out
    pub(crate) paper: Option<String>,
    /// The backend to build
    #[arg(long)]
    pub(crate) backend: Option<String>,
    #[command(flatten)]
    pub(crate) arguments: BenchArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The paper, as `cargo xtask list` names it
    pub(crate) paper: String,
    /// The backend to build
    #[arg(long)]
    pub(crate) backend: Option<String>,
    /// Command and arguments for the paper's program
    #[arg(last = true, value_name = "COMMAND", required = true)]
    pub(crate) rest: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only this package
    #[arg(long, short, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Build all backends (minutes, the first time) and compare them with each other
    #[arg(long, conflicts_with = "package")]
    pub(crate) backends: bool,
    /// Arguments for the test programs, such as a part of a test's name
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) rest: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Leave out every step that compiles Burn
    #[arg(long)]
    pub(crate) fast: bool,
    /// Also build all backends (minutes, the first time) and compare them with each other
    #[arg(long)]
    pub(crate) backends: bool,
    /// Leave out this step; can be given several times
    #[arg(long, value_name = "STEP")]
    pub(crate) skip: Vec<String>,
    /// Run only this step; can be given several times
    #[arg(long, value_name = "STEP")]
    pub(crate) only: Vec<String>,
    /// Record the present numbers of dependencies instead of comparing with the recorded ones
    #[arg(long)]
    pub(crate) record_dependencies: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Drill {
    /// The drill
    pub(crate) name: DrillName,
    /// How often to do it; what is counted is said beside each drill
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) n: Option<u32>,
    /// Do it as often as for the ledger: minutes to hours
    #[arg(long, conflicts_with = "n")]
    pub(crate) full: bool,
    /// Add the lines to docs/drills.jsonl
    #[arg(long)]
    pub(crate) record: bool,
    /// Only the programs of this paper; can be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) paper: Vec<String>,
    /// Seed of the runs, and of what is done to them
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Folder with the papers' programs, to use instead of building them
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
}

/// The drills. Numbers are those of continuous integration and of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DrillName {
    /// Kill runs at N random moments and steps (12, 150); resumed, they end as if never killed
    Kill,
    /// Send SIGINT and SIGTERM at N random moments and steps (6, 60); resumed, runs end as if never stopped
    Signals,
    /// Kill a sweep or one of its runs at N random moments (8, 100); its table is that of a sweep never killed
    Sweep,
    /// Two writers on one run, N races (2, 30); one is refused with exit code 5
    Writers,
    /// Let N I/O calls of a run fail (16, all); a clear error, and the next run goes on
    Commit,
    /// Let N I/O calls of a fetch and an import fail (16, all); the next one completes
    Fetch,
    /// N disks that are too small for a run (4, 24); needs root
    FullDisk,
    /// Damage the newest checkpoint in N ways (60, 2000); noticed, and the one before is loaded
    Corruption,
    /// N hostile inputs for each parser (10000, 200000); no panic, no hang, bounded memory
    Parsers,
    /// No HOME, read-only folders, odd paths, closed and full pipes, N times (1, 10)
    Surroundings,
    /// The same bytes at other times, paths and languages, N times (1, 12); threads and backends are compared
    Determinism,
    /// Resident memory over N steps (1500, 5000); it does not grow
    Memory,
    /// All of them
    All,
}

impl DrillName {
    /// As on the command line.
    pub(crate) fn in_words(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

#[derive(Debug, Args)]
pub(crate) struct DrillFetch {
    /// The data set's manifest
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: PathBuf,
    /// Folder to put the data set in
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Folder to import from; fetched if left out
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Readme {
    /// Change nothing; fail if a generated part is stale
    #[arg(long)]
    pub(crate) check: bool,
}

#[cfg(test)]
mod tests;
