//! Interim root while papers-base is being written (the lead replaces it; the full one is /tmp/plan/core_lib.rs).
#[path = "device.rs"]
pub mod device;
#[path = "metrics.rs"]
pub mod metrics;
pub mod port;
pub mod random;
#[path = "interim_error.rs"]
pub mod error;
#[path = "interim_testing.rs"]
pub mod testing;
pub mod vjp;

pub use error::{Error, Result};
