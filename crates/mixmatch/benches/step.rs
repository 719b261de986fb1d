//! The cases of `cargo xtask bench mixmatch`, for `cargo bench`; what stands after `--` are the same options.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::bench::main(mixmatch::bench::run, mixmatch::bench::check)
}
