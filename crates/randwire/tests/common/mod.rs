use serde::de::DeserializeOwned;

pub(crate) fn fixture<T: DeserializeOwned>(name: &str) -> T {
    papers_core::testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}
