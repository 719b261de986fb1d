//! The paper's experiments: what they are given and what they refuse.

mod bad_data;
mod batches;
mod data;
mod own_pictures;
mod own_table;
