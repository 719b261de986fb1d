//! What every paper's `bench` needs: timed cases, a peer in Python measured by turns with ours, peak memory.
//!
//! A measurement repeats the work of a case until it took a while, and gives milliseconds per unit of work, such as a
//! step. Ours and the peer's alternate, A B B A: what slows the machine down for a second then slows both, and the
//! ratio of each pair says more than that of two medians. What ratio the machine gives to equal things is measured by
//! turns of ours with ours.

mod case;
pub mod child;
pub mod filled;
pub mod harness;
pub mod memory;
mod pairs;
pub mod peer;
mod session;
mod table;
#[cfg(test)]
mod tests;

pub use case::{Case, Work};
pub use pairs::{Pairs, Spread};
pub use session::{About, Session};
pub use table::three_digits;

use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches};
use papers_base::cli::{BenchArgs, exit};

use crate::cli::Bench;

/// The whole benchmark target of a paper, of the module that has its `run` and its `check`; see [`main`].
#[macro_export]
macro_rules! bench_program {
    ($($bench:ident)::+) => {
        #[global_allocator]
        static ALLOCATOR: $crate::MiMalloc = $crate::MiMalloc;

        fn main() -> std::process::ExitCode {
            $crate::bench::main($($bench)::+::run, $($bench)::+::check)
        }
    };
}

/// A whole `bench` that only times cases, beside their counterparts in `about`'s script where that is asked for.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run_cases(arguments: &BenchArgs, about: About, cases: fn() -> Vec<Case>) -> anyhow::Result<()> {
    let mut session = Session::start(arguments, about)?;
    session.time(cases())?;
    let names: Vec<String> = cases().iter().map(|case| case.name().to_owned()).collect();
    session.finish(&names)
}

/// Does the work of every case once, without measuring.
///
/// # Errors
///
/// What the work reports.
pub fn check_cases(cases: Vec<Case>) -> anyhow::Result<()> {
    for case in cases {
        case.prepare()?()?;
    }
    Ok(())
}

/// The `main` of a benchmark target: `run` with the arguments after `cargo bench --`, or `check` where cargo does not
/// ask for measurements, as in `cargo test --benches`.
///
/// `check` should do the work of every case once.
pub fn main(run: Bench, check: fn() -> anyhow::Result<()>) -> ExitCode {
    crate::allocator::keep_freed_memory();
    crate::device::pool::start();
    let mut is_measured = false;
    let words = std::env::args_os().filter(|word| {
        let is_flag = word == "--bench";
        is_measured |= is_flag;
        !is_flag
    });
    let words: Vec<_> = words.collect();
    let result = match (is_measured, parse(words)) {
        (false, _) => check(),
        (true, Ok(arguments)) => run(&arguments),
        (true, Err(error)) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(exit::FAILED)
        }
    }
}

fn parse(words: Vec<std::ffi::OsString>) -> Result<BenchArgs, clap::Error> {
    let command = BenchArgs::augment_args(Command::new("bench").about("Measure step times and memory"));
    BenchArgs::from_arg_matches(&command.try_get_matches_from(words)?)
}
