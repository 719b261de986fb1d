//! The experiments of the paper: `semi-unsupervised --help`.
papers_core::program!(semi_unsupervised::paper());
