//! The experiments of the paper: `db-vae --help`.
papers_core::program!(db_vae::paper());
