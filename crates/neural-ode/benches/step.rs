//! The cases of `cargo xtask bench neural-ode`, for `cargo bench`; what stands after `--` are the same options.

papers_core::bench_program!(neural_ode::bench);
