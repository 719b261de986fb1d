//! The cases of `cargo xtask bench randwire`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(randwire::bench);
