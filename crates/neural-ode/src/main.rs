//! The experiments of Neural Ordinary Differential Equations: `neural-ode --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::cli::main(&neural_ode::paper())
}
