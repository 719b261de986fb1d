//! The cases of `cargo xtask bench photofeeler`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(photofeeler::bench);
