//! The experiments of divide and conquer: `divide-and-conquer --help`.

papers_core::program!(divide_and_conquer::paper());
