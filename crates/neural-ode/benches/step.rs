//! The cases of `cargo xtask bench neural-ode`, for `cargo bench`; what stands after `--` are the same options.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::bench::main(neural_ode::bench::run, neural_ode::bench::check)
}
