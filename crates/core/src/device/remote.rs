//! The devices of another machine, over Burn's remote backend: asking for one, and serving one's own.
//!
//! Operations travel to the server and numbers come back when they are read; the tape and everything random stay here.

use std::{
    env,
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::Duration,
};

use burn::{
    prelude::Device,
    remote::RemoteHost,
    server::{RemoteServer, TokenAuthorizer, WebSocketTransport},
};

use crate::{Error, Result};

/// The environment variable with the word that a server asks for, on both sides.
pub const TOKEN: &str = "BURN_PAPERS_TOKEN";

/// How long to wait until somebody answers at all.
const REACHED: Duration = Duration::from_secs(5);

/// How long to wait for a server's greeting. Burn itself would wait without an end for one that says nothing.
const GREETED: Duration = Duration::from_secs(15);

/// What to do where nobody serves.
const START: &str = "start `cargo xtask serve-device` there, with the same release of this project, and name its address as it prints it";

/// Connects to the server at `address`, a name or a number and a port.
pub(super) fn connect(address: &str) -> Result<Device> {
    if address.is_empty() {
        let problem = "`remote` needs the address of a server, as in `remote:127.0.0.1:4777`; `serve-device` prints it";
        return Err(Error::Usage(problem.to_owned()));
    }
    connect_within(address, token(), [REACHED, GREETED])
}

/// The server's address and its device, ready to serve.
#[derive(Debug)]
pub struct Server {
    backend: String,
    device: Device,
    listener: TcpListener,
    address: SocketAddr,
    token: Option<String>,
}

impl Server {
    /// Opens the device of `backend` and listens at `address`; a port of 0 stands for any that is free.
    ///
    /// # Errors
    ///
    /// A backend that cannot be opened, see [`resolve`](super::resolve); an address that cannot be listened at; one that
    /// other machines reach, without a word that keeps strangers away.
    pub fn open(backend: &str, address: &str) -> Result<Self> {
        Self::open_with(backend, address, token())
    }

    fn open_with(backend: &str, address: &str, token: Option<String>) -> Result<Self> {
        if super::is_remote(backend) {
            let problem = format!("`{backend}` is served by another machine already; name a backend of this one");
            return Err(Error::Usage(problem));
        }
        let cannot =
            |reason: &dyn ToString| Error::Usage(format!("cannot listen at `{address}`: {}", reason.to_string()));
        let addresses: Vec<SocketAddr> = resolved(address).map_err(|reason| cannot(&reason))?;
        if token.is_none() && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(Error::Usage(format!(
                "whoever reaches `{address}` could compute here; set the environment variable {TOKEN} to a secret word, here and where \
                 training runs, or serve at 127.0.0.1"
            )));
        }
        let device = super::resolve(backend)?;
        let listener = TcpListener::bind(addresses.as_slice()).map_err(|error| cannot(&error))?;
        let address = listener.local_addr().map_err(|error| cannot(&error))?;
        Ok(Self {
            backend: backend.to_owned(),
            device,
            listener,
            address,
            token,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The backend that it serves.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Serves until the process is asked to stop.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] if Burn's server fails.
    pub fn run(self) -> Result<()> {
        let failed = |reason: &dyn ToString| Error::Remote {
            address: self.address.to_string(),
            reason: reason.to_string(),
            remedy: "start it again",
        };
        let server = RemoteServer::new([self.device]);
        let server = match self.token {
            Some(token) => server.with_authorizer(TokenAuthorizer::new(token).map_err(|error| failed(&error))?),
            None => server,
        };
        let transport = WebSocketTransport::from_listener(self.listener);
        server.serve(transport).map_err(|error| failed(&error))
    }
}

/// The word of the environment; an empty one is none.
fn token() -> Option<String> {
    env::var(TOKEN).ok().filter(|token| !token.is_empty())
}

/// Tries the address first: Burn retries for a quarter of a minute where nobody listens, and waits for ever where
/// somebody else does.
fn connect_within(address: &str, token: Option<String>, [reached, greeted]: [Duration; 2]) -> Result<Device> {
    let failed = |reason: String, remedy| Error::Remote {
        address: address.to_owned(),
        reason,
        remedy,
    };
    let found = reach(address, reached).map_err(|reason| failed(reason, START))?;
    let host = RemoteHost::websocket(&format!("ws://{found}"));
    let host = match token {
        Some(token) => host.with_credential(token),
        None => host,
    };
    let (sender, receiver) = mpsc::channel();
    let greeting = thread::Builder::new().name("remote-greeting".to_owned());
    let spawned = greeting.spawn(move || {
        // Nobody listens any more if this took too long.
        let _ = sender.send(Device::remote_options(&host).init());
    });
    spawned.map_err(|source| Error::Thread {
        purpose: "the greeting of a remote device",
        source,
    })?;
    match receiver.recv_timeout(greeted) {
        Ok(Ok(device)) => Ok(device),
        Ok(Err(error)) if matches!(error, burn::remote::ConnectError::Unauthorized) => Err(failed(
            format!("it asks for a word that {TOKEN} does not have"),
            "set this environment variable to what the server has",
        )),
        Ok(Err(error)) => Err(failed(error.to_string(), START)),
        Err(_) => Err(failed(
            format!(
                "somebody listens there, but gave no greeting within {} s",
                greeted.as_secs_f32()
            ),
            START,
        )),
    }
}

/// The first of the addresses behind a name at which somebody listens.
fn reach(address: &str, limit: Duration) -> Result<SocketAddr, String> {
    let mut reason = "the name stands for no address".to_owned();
    for candidate in resolved(address)? {
        match TcpStream::connect_timeout(&candidate, limit) {
            Ok(_) => return Ok(candidate),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

fn resolved(address: &str) -> Result<Vec<SocketAddr>, String> {
    let addresses = address.to_socket_addrs().map_err(|error| {
        let form = "an address is a name or a number and a port, as in `127.0.0.1:4777`";
        format!("{error} ({form})")
    })?;
    Ok(addresses.collect())
}

#[cfg(test)]
mod tests {
    use std::{io::Read, time::Instant};

    use burn::prelude::*;

    use super::*;
    use crate::{testing, vjp};

    /// A limit that no answer on this machine needs, and that a test can wait for.
    const SHORT: Duration = Duration::from_secs(2);

    /// Serves the default backend until the process ends.
    fn serve(token: Option<&str>) -> String {
        let server = Server::open_with("flex", "127.0.0.1:0", token.map(str::to_owned)).expect("a port is free");
        let address = server.address().to_string();
        thread::spawn(move || server.run());
        address
    }

    fn refusal(address: &str, token: Option<&str>) -> String {
        let token = token.map(str::to_owned);
        let error = connect_within(address, token, [SHORT, SHORT]).expect_err("nobody serves");
        assert!(matches!(error, Error::Remote { .. }), "{error}");
        assert_eq!(error.exit_code(), papers_base::cli::exit::BACKEND);
        error.to_string()
    }

    #[test]
    fn a_served_device_computes_and_differentiates_as_the_local_one() {
        let remote = super::super::resolve(&format!("remote:{}", serve(None))).expect("it is served");
        let gradients = |device: &Device| {
            let input = Tensor::<2>::from_floats([[0.3, -1.2], [2.0, 0.5]], &device.clone().autodiff()).require_grad();
            // With a node of ours on the tape, which has to know the remote backend.
            let squared = vjp::function([input.clone()], |[input]| {
                let output = input.clone() * input.clone();
                (output, move |gradient: Tensor<2>| [gradient * input * 2.0])
            });
            let loss = squared.matmul(input.clone()).tanh().sum();
            let gradients = loss.backward();
            testing::values(input.grad(&gradients).expect("tracked"))
        };
        testing::assert_close(&gradients(&remote), &gradients(&testing::device()), 1e-6);
    }

    #[test]
    fn where_nobody_listens_the_error_comes_at_once() {
        let started = Instant::now();
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let message = refusal(&address.expect("a port is free").to_string(), None);
        assert!(message.contains("cargo xtask serve-device"), "{message}");
        assert!(started.elapsed() < SHORT);
    }

    #[test]
    fn a_listener_that_gives_no_greeting_is_no_server() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        thread::spawn(move || {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.read(&mut [0; 64]);
                held.push(stream);
            }
        });
        assert!(refusal(&address, None).contains("no greeting"));
    }

    #[test]
    fn an_address_without_a_port_is_told_its_form() {
        assert!(refusal("localhost", None).contains("127.0.0.1:4777"));
    }

    #[test]
    fn a_remote_device_needs_an_address() {
        for name in ["remote", "remote:"] {
            assert!(matches!(super::super::resolve(name), Err(Error::Usage(_))), "{name}");
        }
    }

    #[test]
    fn a_server_with_a_word_refuses_all_others() {
        let address = serve(Some("sesame"));
        for token in [None, Some("barley")] {
            assert!(refusal(&address, token).contains(TOKEN));
        }
        assert!(connect_within(&address, Some("sesame".to_owned()), [SHORT, SHORT]).is_ok());
    }

    #[test]
    fn other_machines_are_served_with_a_word_only() {
        let error = Server::open_with("flex", "0.0.0.0:0", None).expect_err("there is no word");
        assert!(error.to_string().contains(TOKEN), "{error}");
        assert!(Server::open_with("flex", "0.0.0.0:0", Some("sesame".to_owned())).is_ok());
    }

    #[test]
    fn a_remote_device_is_not_served_again() {
        let error = Server::open_with("remote:127.0.0.1:1", "127.0.0.1:0", None).expect_err("it is remote");
        assert!(matches!(error, Error::Usage(_)), "{error}");
    }
}
