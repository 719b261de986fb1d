//! The cases of `cargo xtask bench semi-unsupervised`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(semi_unsupervised::bench);
