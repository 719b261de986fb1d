//! Requests to stop, from a person or a scheduler.

use std::sync::{
    Arc, LazyLock, Once,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::{Error, Result};

/// Exit code of a process that a second SIGINT ends at once, as shells have it: 128 and the signal's number.
const KILLED: i32 = 130;

#[cfg(unix)]
const ASKED: [i32; 4] = [
    SIGINT,
    SIGTERM,
    signal_hook::consts::SIGHUP,
    signal_hook::consts::SIGUSR1,
];
#[cfg(not(unix))]
const ASKED: [i32; 2] = [SIGINT, SIGTERM];

static RECEIVED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(false)));

/// Listens from now on, for the rest of the process, to SIGINT, SIGTERM, SIGHUP and SIGUSR1 (a scheduler's warning): the
/// first asks the loop to save and stop within one update, a second SIGINT ends the process at once, unsaved.
///
/// # Errors
///
/// What the system reports.
pub fn listen() -> Result<()> {
    static LISTENING: Once = Once::new();
    let mut outcome = Ok(());
    LISTENING.call_once(|| outcome = register());
    outcome
}

fn register() -> Result<()> {
    let failed = |error| Error::Usage(format!("cannot listen to signals: {error}"));
    // Registered first, so that the flag is still down when the first SIGINT arrives.
    flag::register_conditional_shutdown(SIGINT, KILLED, Arc::clone(&RECEIVED)).map_err(failed)?;
    for signal in ASKED {
        flag::register(signal, Arc::clone(&RECEIVED)).map_err(failed)?;
    }
    Ok(())
}

/// Whether the process was asked to stop: what waits inside an update looks here, and returns [`Error::Interrupted`].
pub fn received() -> bool {
    RECEIVED.load(Ordering::Relaxed)
}

/// Forgets the request, so that the process can train again.
pub(crate) fn forget() {
    RECEIVED.store(false, Ordering::Relaxed);
}
