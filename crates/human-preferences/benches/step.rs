//! The cases of `cargo xtask bench human-preferences`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(human_preferences::bench);
