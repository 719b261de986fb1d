//! The command line that every paper binary has.
//!
//! A paper says in its library what it consists of, and its `main.rs` is one line:
//!
//! ```no_run
//! # use papers_core::{cli::Paper, paper};
//! /// The paper's experiments, for its program.
//! pub fn paper() -> Paper {
//!     paper!("A Paper (Somebody, somewhere 2024)") // .family::<MyExperiment>(PRESETS)
//! }
//!
//! papers_core::program!(paper()); // `my_paper::paper()` in `main.rs`
//! ```

pub(crate) mod commands;
mod family;
mod paper;
#[cfg(feature = "remote")]
mod serve;

pub use commands::context_of;
pub use family::Request;
pub use paper::{Bench, Flag, Paper, Verb};
#[cfg(feature = "remote")]
pub use serve::serve_device;

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use papers_base::cli::exit;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// A [`Paper`] with the name and the version of the crate that it stands in.
#[macro_export]
macro_rules! paper {
    ($title:expr) => {
        $crate::cli::Paper::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), $title)
    };
}

/// The whole `main.rs` of a paper: its command line, and an allocator that keeps freed memory for the next step.
#[macro_export]
macro_rules! program {
    ($paper:expr) => {
        #[global_allocator]
        static ALLOCATOR: $crate::MiMalloc = $crate::MiMalloc;

        fn main() -> std::process::ExitCode {
            $crate::cli::main(&$paper)
        }
    };
}

/// Parses the process's arguments, runs the command, prints an error chain once, and returns the documented exit code.
pub fn main(paper: &Paper) -> ExitCode {
    crate::allocator::keep_freed_memory();
    crate::device::pool::start();
    start_logging();
    parse(commands::command(paper), |matches| commands::run(paper, matches))
}

/// Runs a command line to its exit code.
fn parse(command: Command, run: impl FnOnce(&ArgMatches) -> anyhow::Result<u8>) -> ExitCode {
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version come this way too, and are no failure. A closed pipe is not worth a word.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    match run(&matches) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            let code = error
                .downcast_ref::<crate::Error>()
                .map_or(exit::FAILED, crate::Error::exit_code);
            ExitCode::from(code)
        }
    }
}

/// Warnings go to standard error; `RUST_LOG`-style filters are left to users' own programs.
fn start_logging() {
    // A server that is gone would be told by Burn at every operation, and is told by the error that ends the run.
    log_warnings(Targets::new().with_target("burn_remote", LevelFilter::ERROR));
}

fn log_warnings(targets: Targets) {
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_filter(targets.with_default(LevelFilter::WARN));
    let _ = tracing_subscriber::registry().with(layer).try_init();
}
