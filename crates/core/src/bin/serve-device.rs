//! Lends a device of this machine to training elsewhere: `serve-device --help`.

use std::process::ExitCode;

// What the papers' programs use, and as much of the speed here as there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    papers_core::cli::serve_device()
}
