//! The cases of `cargo xtask bench db-vae`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(photofeeler::bench);
