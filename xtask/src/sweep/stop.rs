//! Requests to stop, from the terminal or a scheduler, and how they are passed on.

use std::{
    process::{Child, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

#[cfg(unix)]
const ASKED: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const ASKED: [i32; 2] = [SIGINT, SIGTERM];

/// Whether a signal asked to stop.
#[derive(Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens to signals for the rest of the process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let stop = Self::default();
        for signal in ASKED {
            flag::register(signal, Arc::clone(&stop.0)).context("listening to signals")?;
        }
        Ok(stop)
    }

    /// Whether a signal came since this was last asked.
    pub(super) fn asked(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// Keeps the terminal's signals from a process that is to be started, so that it gets only those that are passed on.
pub(super) fn keep_from_terminal(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Asks a process to save and stop.
pub(super) fn ask(child: &mut Child) {
    // The shell's own `kill` is everywhere where there are signals. The process is not waited for yet, so that the
    // number is still its own.
    let is_asked = cfg!(unix)
        && Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", child.id())])
            .status()
            .is_ok_and(|status| status.success());
    if !is_asked {
        // A run that is ended goes on from its last checkpoint.
        let _ = child.kill();
    }
}

#[cfg(test)]
impl From<Arc<AtomicBool>> for Stop {
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}
