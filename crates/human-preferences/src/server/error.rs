use std::{io, net::SocketAddr};

use crate::labels::StoreError;

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The port is in use, or not allowed.
    #[error(
        "cannot serve the label page at {address}: {source}; stop what uses that port, or choose another one (`feedback.server.port`, 0 for any that is free)"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why it failed.
        source: io::Error,
    },
    /// The system has no thread or no sockets to give.
    #[error("cannot start the label page: {0}")]
    Runtime(io::Error),
    /// The system has no randomness to give.
    #[error("cannot draw a token for the label page: {0}")]
    Randomness(String),
    /// The database of answers.
    #[error(transparent)]
    Store(StoreError),
}
