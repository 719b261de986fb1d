//! One HTTP transfer into a part file.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use thiserror::Error;
use ureq::{
    Agent, Body,
    http::{Response, StatusCode, header},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::fetch::FetchOptions;

/// Environment variable with a file of certificates to trust instead of the built-in ones, as OpenSSL reads it.
const CERTIFICATES_VARIABLE: &str = "SSL_CERT_FILE";

/// Bytes per read and per call of the progress function.
const CHUNK: usize = 64 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a transfer did not bring the whole file.
#[derive(Debug, Error)]
pub(super) enum TransferError {
    /// The server said no.
    #[error("the server answers {0}")]
    Status(StatusCode),
    /// What is offered is not of the published size.
    #[error("the server offers {offered} bytes instead of {expected}")]
    OtherSize { offered: u64, expected: u64 },
    /// More came than was published.
    #[error("the server sends more than {expected} bytes")]
    Oversized { expected: u64 },
    /// The server could not go on where the part file ends.
    #[error("the server cannot continue the download; it begins again")]
    Restart,
    /// The connection ended early.
    #[error("the connection ended after {received} of {expected} bytes")]
    Cut { received: u64, expected: u64 },
    /// No answer.
    #[error("{0}")]
    Connection(#[source] Box<ureq::Error>),
    /// The part file could not be written.
    #[error("the part file cannot be written")]
    Disk(#[source] io::Error),
}

impl TransferError {
    /// Whether the same mirror may do better at once.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Status(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Restart | Self::Cut { .. } => true,
            Self::Connection(error) => match &**error {
                ureq::Error::Timeout(_) => true,
                // A name that cannot be resolved, or a closed port, is no better in a moment.
                ureq::Error::Io(error) => matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof
                ),
                _ => false,
            },
            Self::OtherSize { .. } | Self::Oversized { .. } | Self::Disk(_) => false,
        }
    }
}

/// Connections with this project's time limits.
pub(super) fn agent(options: &FetchOptions) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(options.patience))
        .accept_encoding("identity")
        .user_agent(concat!("burn-papers/", env!("CARGO_PKG_VERSION")));
    if !options.use_proxy {
        config = config.proxy(None);
    }
    if let Some(certificates) = own_certificates() {
        config = config.tls_config(TlsConfig::builder().root_certs(certificates).build());
    }
    config.build().new_agent()
}

fn own_certificates() -> Option<RootCerts> {
    let pem = fs::read(env::var_os(CERTIFICATES_VARIABLE)?).ok()?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then(|| RootCerts::new_with_certs(&certificates))
}

/// Brings `part` to `expected` bytes, going on where it ends.
///
/// `progress` is told the size of `part` after each chunk. A cut transfer leaves what has arrived; a part
/// that cannot become the file is removed.
pub(super) fn transfer(
    agent: &Agent,
    url: &str,
    part: &Path,
    expected: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<(), TransferError> {
    let mut present = part_size(part)?;
    if present > expected {
        fs::remove_file(part).map_err(TransferError::Disk)?;
        present = 0;
    }
    if present == expected {
        return Ok(());
    }
    let mut request = agent.get(url);
    if present > 0 {
        request = request.header(header::RANGE, format!("bytes={present}-"));
    }
    let response = request
        .call()
        .map_err(|error| TransferError::Connection(Box::new(error)))?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(present) => present,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if present > 0 => {
            fs::remove_file(part).map_err(TransferError::Disk)?;
            return Err(TransferError::Restart);
        }
        status => return Err(TransferError::Status(status)),
    };
    if let Some(length) = response.body().content_length()
        && start.checked_add(length) != Some(expected)
    {
        return Err(TransferError::OtherSize {
            offered: start.saturating_add(length),
            expected,
        });
    }
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(start > 0)
        .truncate(start == 0)
        .open(part)
        .map_err(TransferError::Disk)?;
    // One byte more than published is enough to notice that there is too much.
    let body = response.into_body().into_reader().take(expected - start + 1);
    let received = start + write_chunks(body, &mut file, start, progress)?;
    file.sync_all().map_err(TransferError::Disk)?;
    if received > expected {
        drop(file);
        fs::remove_file(part).map_err(TransferError::Disk)?;
        return Err(TransferError::Oversized { expected });
    }
    if received < expected {
        return Err(TransferError::Cut { received, expected });
    }
    Ok(())
}

/// Writes until the body ends or breaks off, and returns the number of bytes written.
fn write_chunks(
    mut body: impl Read,
    file: &mut File,
    start: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, TransferError> {
    let mut chunk = vec![0; CHUNK];
    let mut written = 0;
    // A read error is the end of the connection: what was written before it stays for the next attempt.
    while let Ok(length @ 1..) = body.read(&mut chunk) {
        file.write_all(&chunk[..length]).map_err(TransferError::Disk)?;
        written += length as u64;
        progress(start + written);
    }
    Ok(written)
}

/// Size of the part file in bytes; zero if there is none.
pub(super) fn part_size(part: &Path) -> Result<u64, TransferError> {
    match fs::metadata(part) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(TransferError::Disk(error)),
    }
}

/// First byte of a `Content-Range: bytes <first>-<last>/<size>` (RFC 9110, section 14.4).
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}
