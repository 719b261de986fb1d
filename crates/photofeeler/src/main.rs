//! The experiments of the paper: `photofeeler --help`.
papers_core::program!(photofeeler::paper());
