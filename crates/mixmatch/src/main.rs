//! The experiments of MixMatch: `mixmatch --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::cli::main(&mixmatch::paper())
}
