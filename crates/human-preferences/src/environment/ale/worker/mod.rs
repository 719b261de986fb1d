mod pipe;

use std::{
    fmt,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde::Deserialize;

use self::pipe::{listen, read_messages};
use super::screen::{HEIGHT, WIDTH};
use crate::environment::EnvironmentError;

/// The program that plays; it is handed to Python on the command line.
const SOURCE: &str = include_str!("../../../../worker/ale_worker.py");
/// Version of the messages.
const PROTOCOL: u32 = 1;
/// First release of `ale-py` that brings the games and is known to fit, as major and minor number.
const OLDEST_ALE: [u32; 2] = [0, 11];
const REMEDY: &str = "install it with `python3 -m venv ale && ale/bin/pip install ale-py numpy`, and set \
    BURN_PAPERS_ALE_PYTHON to the full path of `ale/bin/python`";

/// A program that plays one game, at the other end of two pipes.
pub(super) struct Worker {
    child: Option<Child>,
    requests: Box<dyn Write + Send>,
    answers: Receiver<io::Result<Vec<u8>>>,
    complaints: Arc<Mutex<String>>,
    time_out: Duration,
}

/// What a worker can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request<'a> {
    /// Begin a game with so many frames of nothing.
    Begin(u8),
    /// Take the action of this number.
    Act(u8),
    /// Tell the emulator's state.
    State,
    /// Go on from a state.
    Restore(&'a [u8]),
    /// Tell the screen in color.
    Picture,
}

/// What a game or a step of it led to.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) reward: i32,
    pub(super) is_over: bool,
    /// `[HEIGHT, WIDTH]`, gray.
    pub(super) screen: Vec<u8>,
}

/// Why a request was not answered.
#[derive(Debug)]
pub(super) enum Failure {
    /// The worker lives, and says why it cannot do it.
    Refused(String),
    /// The worker is of no use any more.
    Broken(EnvironmentError),
}

/// The first message of a worker.
#[derive(Deserialize)]
struct Hello {
    protocol: u32,
    error: Option<String>,
    ale: Option<String>,
    actions: Option<usize>,
    height: Option<usize>,
    width: Option<usize>,
}

impl Worker {
    /// Starts a worker for a game of the emulator that has `actions` actions.
    pub(super) fn start(
        python: &Path,
        rom: &str,
        actions: usize,
        time_out: Duration,
    ) -> Result<Self, EnvironmentError> {
        let mut child = Command::new(python)
            .args(["-c", SOURCE, rom])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| broken(format!("`{}` cannot be started: {error}", python.display())))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(answers), Some(complaints)) = pipes else {
            return Err(broken("the worker has no pipes".to_owned()));
        };
        let mut worker = Self::over(requests, answers, time_out);
        worker.complaints = listen(complaints);
        worker.child = Some(child);
        worker.greet(actions)?;
        Ok(worker)
    }

    /// A worker at the other end of two pipes.
    fn over(requests: impl Write + Send + 'static, answers: impl Read + Send + 'static, time_out: Duration) -> Self {
        Self {
            child: None,
            requests: Box::new(requests),
            answers: read_messages(answers),
            complaints: Arc::default(),
            time_out,
        }
    }

    /// Waits until the worker is ready, and looks whether it fits.
    fn greet(&mut self, actions: usize) -> Result<(), EnvironmentError> {
        let message = self.receive()?;
        let hello: Hello = serde_json::from_slice(&message)
            .map_err(|error| self.broken(format!("its greeting is no greeting: {error}")))?;
        let problem = if hello.protocol != PROTOCOL {
            format!(
                "it speaks version {} of the protocol, and not {PROTOCOL}",
                hello.protocol
            )
        } else if let Some(error) = hello.error {
            error
        } else if !hello.ale.as_deref().is_some_and(is_new_enough) {
            let [major, minor] = OLDEST_ALE;
            let found = hello.ale.as_deref().unwrap_or("nothing");
            format!("its version of ale-py is {found}, and {major}.{minor} or a later one is needed")
        } else if (hello.height, hello.width, hello.actions) != (Some(HEIGHT), Some(WIDTH), Some(actions)) {
            let Hello { height, width, .. } = hello;
            let found = hello.actions;
            format!(
                "the game has {height:?}×{width:?} pixels and {found:?} actions, and not {HEIGHT}×{WIDTH} and {actions}"
            )
        } else {
            return Ok(());
        };
        Err(self.broken(problem))
    }

    /// The outcome of [`Request::Begin`] or [`Request::Act`].
    pub(super) fn play(&mut self, request: Request<'_>) -> Result<Played, Failure> {
        let answer = self.ask(request)?;
        match answer.split_first_chunk::<5>() {
            Some((&[first, second, third, fourth, is_over], screen)) if screen.len() == HEIGHT * WIDTH => Ok(Played {
                reward: i32::from_le_bytes([first, second, third, fourth]),
                is_over: is_over != 0,
                screen: screen.to_vec(),
            }),
            _ => Err(Failure::Broken(
                self.broken(format!("an outcome has {} bytes", answer.len())),
            )),
        }
    }

    /// Sends a request and waits for the answer.
    pub(super) fn ask(&mut self, request: Request<'_>) -> Result<Vec<u8>, Failure> {
        let mut message = vec![0; 4];
        match request {
            Request::Begin(no_ops) => message.extend([b'R', no_ops]),
            Request::Act(action) => message.extend([b'A', action]),
            Request::State => message.push(b'G'),
            Request::Restore(state) => {
                message.push(b'S');
                message.extend_from_slice(state);
            }
            Request::Picture => message.push(b'P'),
        }
        let length = (message.len() - 4) as u32;
        message[..4].copy_from_slice(&length.to_le_bytes());
        let sent = self.requests.write_all(&message).and_then(|()| self.requests.flush());
        // A worker that died says why in its error output; what became of the pipe says less.
        sent.or_else(|error| self.receive().map(drop).and(Err(self.broken(error.to_string()))))
            .map_err(Failure::Broken)?;
        let mut answer = self.receive().map_err(Failure::Broken)?;
        match answer.first() {
            Some(0) => Ok(answer.split_off(1)),
            Some(1) => Err(Failure::Refused(String::from_utf8_lossy(&answer[1..]).into_owned())),
            _ => Err(Failure::Broken(
                self.broken("an answer is neither one nor an error".to_owned()),
            )),
        }
    }

    fn receive(&mut self) -> Result<Vec<u8>, EnvironmentError> {
        match self.answers.recv_timeout(self.time_out) {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(self.broken(error.to_string())),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(self.broken("the worker ended".to_owned())),
            Err(RecvTimeoutError::Timeout) => {
                Err(self.broken(format!("no answer in {} seconds", self.time_out.as_secs_f64())))
            }
        }
    }

    /// An error that also tells what the worker wrote to its error output.
    fn broken(&mut self, mut problem: String) -> EnvironmentError {
        if let Some(child) = &mut self.child {
            // Its error output is complete once it is gone; whoever listens needs a moment for the rest.
            let _ = child.kill();
            let _ = child.wait();
            thread::sleep(Duration::from_millis(20));
        }
        if let Ok(complaints) = self.complaints.lock() {
            let complaint = complaints.lines().rfind(|line| !line.trim().is_empty());
            problem.extend(complaint.iter().flat_map(|line| [" (", line.trim(), ")"]));
        }
        broken(problem)
    }
}

fn broken(problem: String) -> EnvironmentError {
    EnvironmentError::Simulator {
        simulator: "the Arcade Learning Environment",
        problem,
        remedy: REMEDY.to_owned(),
    }
}

/// Whether a version, as `0.12.1`, is not older than the oldest that is known to fit.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = [numbers.next(), numbers.next()];
    matches!(found, [Some(major), Some(minor)] if [major, minor] >= OLDEST_ALE)
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("child", &self.child)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
