//! Command lines that `xtask` and the papers' programs share.
//!
//! `xtask` parses them, builds the paper's program, and hands them on with `to_args`.

mod words;

use std::path::{Path, PathBuf};

use clap::Args;

/// Exit codes of every program.
pub mod exit {
    /// Everything asked for was done.
    pub const DONE: u8 = 0;
    /// Something failed; the message says what.
    pub const FAILED: u8 = 1;
    /// The command line or the configuration asks for something that does not exist or makes no sense.
    pub const USAGE: u8 = 2;
    /// A signal asked to stop; everything is saved, and `--resume` goes on.
    pub const INTERRUPTED: u8 = 3;
    /// Training left the finite numbers.
    pub const DIVERGED: u8 = 4;
    /// Another process writes to the folder.
    pub const LOCKED: u8 = 5;
    /// The backend is unknown or not built in, or finds no adapter.
    pub const BACKEND: u8 = 6;
}

/// The folder of a run where none is named.
pub fn run_folder(paper: &str, experiment: &str, seed: u64) -> PathBuf {
    Path::new("runs").join(paper).join(format!("{experiment}-seed{seed}"))
}

/// Address at which a device is served where none is named: this machine alone reaches it.
pub const SERVE_ADDRESS: &str = "127.0.0.1:4777";

/// Examples and exit codes of `serve-device`.
pub const SERVE_HELP: &str = "\
Examples:
  cargo xtask serve-device                             the default backend, for this machine alone
  cargo xtask train neural-ode --backend remote:127.0.0.1:4777
  cargo xtask serve-device --backend wgpu --address 127.0.0.1:5000
  ssh -L 4777:127.0.0.1:4777 HOST                      reaches a server of another machine as if it were here
  BURN_PAPERS_TOKEN=WORD cargo xtask serve-device --address 0.0.0.0:4777

Whoever reaches the server may compute on it. An address that other machines reach is refused without the environment
variable BURN_PAPERS_TOKEN, which training needs too. Nothing is encrypted: across networks that are not yours, use ssh.
Training, its data, its random numbers and its files stay where `train` runs; a server keeps nothing, serves several
runs at a time, and takes its number of threads from RAYON_NUM_THREADS. Its warning that a connection was reset is a run
that ended. A run whose server is gone ends with an error; --resume goes on. Both sides need the same version of Burn.

Exit codes: 0 ended by a signal, 1 failed, 2 wrong usage or an address that cannot be had, 6 no such backend or adapter.";

/// Train one experiment of a paper and write its report
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TrainArgs {
    /// Name of the experiment; the paper's default if left out
    #[arg(long, short, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Where to compute: flex, ndarray, wgpu or cuda, with an index as in `wgpu:1`, or remote:ADDRESS of `serve-device`
    #[arg(long, short, value_name = "NAME")]
    pub backend: Option<String>,
    /// Seed of everything random: the same seed gives the same numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Override one setting, as in `schedule.steps=500`; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file merged over the experiment's settings
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the run; `runs/<paper>/<experiment>-seed<N>` if left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on from the newest checkpoint of the run's folder
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Replace the run that the folder holds
    #[arg(long)]
    pub overwrite: bool,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print every event as a line of JSON, for other programs
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// Compute the paper's metrics from a run, finished or not
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct EvalArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// Measure with another setting, of those that the experiment can be measured with, such as the size of pictures
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Measure the weights of the best evaluation, as `schedule.best` says, in place of the last ones
    #[arg(long)]
    pub best: bool,
    /// Where to compute: flex, ndarray, wgpu or cuda, with an index as in `wgpu:1`, or remote:ADDRESS of `serve-device`
    #[arg(long, short, value_name = "NAME")]
    pub backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON for other programs
    #[arg(long)]
    pub json: bool,
}

/// Write the page of a run, or of several side by side
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ReportArgs {
    /// Folders of runs; several are compared
    #[arg(value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// HTML file to write; in the run's folder if left out
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Run the experiments behind the paper's tables of results
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ReproduceArgs {
    /// The reduced set of runs, for a coffee break
    #[arg(long)]
    pub quick: bool,
    /// Only rows of the tables whose name begins so; can be given several times
    #[arg(long, value_name = "ROW")]
    pub only: Vec<String>,
    /// Where to compute: flex, ndarray, wgpu or cuda, with an index as in `wgpu:1`, or remote:ADDRESS of `serve-device`
    #[arg(long, short, value_name = "NAME")]
    pub backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder for the tables and figures; that of the runs if left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Lend a device of this machine to training elsewhere
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ServeArgs {
    /// What to lend: flex, ndarray, wgpu or cuda, with an index as in `wgpu:1`; flex if left out
    #[arg(long, short, value_name = "NAME")]
    pub backend: Option<String>,
    /// Where to listen; the port 0 stands for any that is free
    #[arg(long, short, value_name = "HOST:PORT", default_value = SERVE_ADDRESS)]
    pub address: String,
}

/// Measure step times and memory
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BenchArgs {
    /// Do the same work in PyTorch, by turns, and print the ratio
    #[arg(long)]
    pub vs_pytorch: bool,
    /// Python that has the packages to compare with; `python3` if left out
    #[arg(long, value_name = "PATH", requires = "vs_pytorch")]
    pub python: Option<PathBuf>,
    /// Threads of both sides; all cores if left out
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// Measurements of each benchmark, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive)]
    pub repeat: usize,
    /// Only benchmarks whose name contains this; can be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Measure ours by turns with ours first: the ratio that the machine gives to equal things
    #[arg(long)]
    pub noise: bool,
    /// Measure the peak memory of each benchmark, too, in processes of their own
    #[arg(long)]
    pub memory: bool,
    /// Print JSON for other programs
    #[arg(long)]
    pub json: bool,
}

fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "a whole number from 1 is needed".to_owned())
}

#[cfg(test)]
mod tests;
