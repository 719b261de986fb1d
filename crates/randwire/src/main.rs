//! The experiments of the paper: `randwire --help`.
papers_core::program!(randwire::paper());
