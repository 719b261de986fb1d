use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{
        lock::RunLock,
        progress::{Mode, Notices},
    },
    cli::Verb,
    signals,
};

use super::{config_of, open};
use crate::{environment, server::LabelServer, train::server_options};

pub(crate) const VERB: Verb = Verb { command, run };

fn command() -> Command {
    let command = Command::new("serve")
        .about("Serve the label page of a run that is not running, to answer what it asked")
        .long_about(
            "Serve the label page of a run that is not running. Answers go into the run's database, and the run uses them \
             when it goes on with --resume. No new pairs are drawn: that is the run's own work. Ctrl-C ends it.",
        );
    Arguments::augment_args(command)
}

#[derive(Debug, Args)]
struct Arguments {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Port on this machine, 0 for any that is free; the run's own if left out
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let config = config_of(&arguments.run)?;
    // A run that goes on serves the page itself.
    let _lock = RunLock::acquire(&arguments.run)?;
    let store = open(&arguments.run)?;
    let environment = environment::make(&config.environment.name, &config.environment.options)?;
    let mut options = server_options(&config, environment.task())?;
    options.port = arguments.port.unwrap_or(options.port);
    let server = LabelServer::start(Arc::new(Mutex::new(store)), options)?;
    let notices = Notices::new(Mode::detect(false, false));
    notices.say(&format!("compare clips at {}", server.url()));
    signals::listen()?;
    while !signals::received() {
        thread::sleep(Duration::from_millis(100));
    }
    server.shutdown();
    Ok(())
}
