//! The program `serve-device`.

use std::{
    io::Write,
    process::{ExitCode, id},
};

use clap::{Args, Command, FromArgMatches};
use papers_base::cli::{SERVE_HELP, ServeArgs};
use tracing_subscriber::filter::Targets;

use crate::device::{default_backend, remote::Server};

/// Parses the process's arguments, serves a device until a signal comes, and returns the documented exit code.
pub fn serve_device() -> ExitCode {
    super::log_warnings(Targets::new());
    let command = Command::new("serve-device")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Lend a device of this machine to training elsewhere")
        .after_help(SERVE_HELP);
    super::parse(ServeArgs::augment_args(command), |matches| {
        serve(&ServeArgs::from_arg_matches(matches)?)
    })
}

fn serve(arguments: &ServeArgs) -> anyhow::Result<u8> {
    let backend = match &arguments.backend {
        Some(backend) => backend,
        None => default_backend()?,
    };
    let server = Server::open(backend, &arguments.address)?;
    let (backend, address) = (server.backend(), server.address());
    writeln!(
        std::io::stdout(),
        "serving {backend} at {address}, process {}; train with --backend remote:{address}, end with Ctrl-C",
        id()
    )?;
    server.run()?;
    Ok(papers_base::cli::exit::DONE)
}
