//! The experiments of MixMatch: `mixmatch --help`.

papers_core::program!(mixmatch::paper());
