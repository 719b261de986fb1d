//! The experiments of learning from human preferences: `human-preferences --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::cli::main(&human_preferences::paper())
}
