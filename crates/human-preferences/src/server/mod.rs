//! The page on which people compare clips, served to this machine alone.
//!
//! It listens on a loopback address, answers only requests that name one, and only those that carry the session's token.
//! No other site can read from it: there is no cross-origin sharing.

mod error;
mod guard;
mod page;
mod routes;

pub use self::error::ServerError;

use std::{
    fmt,
    future::IntoFuture as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use crate::labels::{LabelStore, StoreError};

/// Bytes of the session's token.
const TOKEN_BYTES: usize = 16;
/// Under which name the database keeps the token, so that a page goes on after a restart.
const TOKEN_NOTE: &str = "token";
/// How long a request may take after the server was told to stop.
const PATIENCE: Duration = Duration::from_secs(2);

/// A database that the page and a run share.
pub type SharedStore = Arc<Mutex<LabelStore>>;

/// What the page shows, and where it is served.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Port on this machine; 0 for any that is free.
    pub port: u16,
    /// Name of the task.
    pub task: String,
    /// What people are told about how to compare.
    pub instructions: String,
    /// Answers that the run asks for in all; none where that is not known.
    pub planned: Option<u64>,
    /// Whether clips are of few, large pixels, to be shown as such.
    pub is_pixelated: bool,
}

/// What the run says to the page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    /// What the page waits for while it has no pair, as in "the agent is acting".
    pub waiting_for: String,
    /// Whether the run asks for nothing more.
    pub is_finished: bool,
}

/// A server that runs until it is dropped.
pub struct LabelServer {
    address: SocketAddr,
    token: String,
    status: Arc<Mutex<RunStatus>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What every request can see.
pub(crate) struct Shared {
    store: SharedStore,
    token: String,
    port: u16,
    options: ServerOptions,
    status: Arc<Mutex<RunStatus>>,
}

impl LabelServer {
    /// Serves the page.
    ///
    /// # Errors
    ///
    /// A port that is in use, or a system without randomness or threads to give.
    pub fn start(store: SharedStore, options: ServerOptions) -> Result<Self, ServerError> {
        let token = session_token(&mut lock(&store))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(ServerError::Runtime)?;
        let wanted = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), options.port);
        let listener = runtime
            .block_on(TcpListener::bind(wanted))
            .map_err(|source| ServerError::Bind {
                address: wanted,
                source,
            })?;
        let address = listener.local_addr().map_err(|source| ServerError::Bind {
            address: wanted,
            source,
        })?;
        let status = Arc::new(Mutex::new(RunStatus::default()));
        let shared = Arc::new(Shared {
            store,
            token: token.clone(),
            port: address.port(),
            options,
            status: Arc::clone(&status),
        });
        let (stop, stopped) = oneshot::channel();
        let serve = move || runtime.block_on(serve(listener, shared, stopped));
        let thread = thread::Builder::new()
            .name("label-page".to_owned())
            .spawn(serve)
            .map_err(ServerError::Runtime)?;
        Ok(Self {
            address,
            token,
            status,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address to open, with the session's token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The session's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Tells the page what it waits for.
    pub fn set_status(&self, status: RunStatus) {
        *lock(&self.status) = status;
    }

    /// Stops serving, after the requests that are being answered.
    pub fn shutdown(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for LabelServer {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for LabelServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the token: it opens the page.
        f.debug_struct("LabelServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Serves until it is told to stop or dropped, and a little longer for requests that are being answered.
async fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let (close, closing) = oneshot::channel::<()>();
    let server = axum::serve(listener, routes::app(shared)).with_graceful_shutdown(async {
        let _ = closing.await;
    });
    let serving = tokio::spawn(server.into_future());
    let _ = stopped.await;
    let _ = close.send(());
    // Whoever never ends their request must not hold up the run's end.
    if let Ok(Ok(Err(error))) = timeout(PATIENCE, serving).await {
        log::warn!("the label page stopped: {error}");
    }
}

/// The token of the database, drawn when it is served for the first time.
fn session_token(store: &mut LabelStore) -> Result<String, ServerError> {
    if let Some(token) = store.note(TOKEN_NOTE)? {
        return Ok(token);
    }
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| ServerError::Randomness(error.to_string()))?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    store.set_note(TOKEN_NOTE, &token)?;
    Ok(token)
}

/// Locks; a thread that panicked leaves what it held as it was, which for the database is a rolled back transaction.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
