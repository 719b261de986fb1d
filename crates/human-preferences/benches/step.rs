//! The cases of `cargo xtask bench human-preferences`, for `cargo bench`; what stands after `--` are the same options.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::bench::main(human_preferences::bench::run, human_preferences::bench::check)
}
