//! The command line that every paper binary has.
//!
//! ```no_run
//! # use papers_core::cli::{self, Paper};
//! # fn paper() -> Paper { unimplemented!() }
//! fn main() -> std::process::ExitCode {
//!     cli::main(&paper())
//! }
//! ```

pub(crate) mod commands;
mod family;
mod paper;

pub use family::Request;
pub use paper::{Bench, Flag, Paper, Verb};

use std::process::ExitCode;

use papers_base::cli::exit;

/// Parses the process's arguments, runs the command, prints an error chain once, and returns the documented exit code.
pub fn main(paper: &Paper) -> ExitCode {
    start_logging();
    let matches = match commands::command(paper).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version come this way too, and are no failure. A closed pipe is not worth a word.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    match commands::run(paper, &matches) {
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
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .try_init();
}
