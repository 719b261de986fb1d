//! The cases of `cargo xtask bench divide-and-conquer`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(divide_and_conquer::bench);
