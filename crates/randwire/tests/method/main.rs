//! Graphs, networks and the rule of learning.

mod graph;
mod network;

use serde::de::DeserializeOwned;

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    papers_core::testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}
