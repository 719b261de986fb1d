//! The cases of `cargo xtask bench mixmatch`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(mixmatch::bench);
