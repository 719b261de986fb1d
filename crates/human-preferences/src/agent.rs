//! The agents of the experiments: which algorithm learns, with which networks.

use papers_core::{
    base::{config::ConfigError, journal::Scalars},
    checkpoint,
};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
