use std::io::{self, IsTerminal, Write};

use serde_json::json;

use super::Mode;

/// Says what a person has to know while a run goes on, such as an address to open.
///
/// What cannot be shown is dropped, as with progress.
#[derive(Debug, Clone, Copy)]
pub struct Notices {
    mode: Mode,
}

impl Notices {
    /// Notices that are shown as progress is: lines on standard error, JSON on standard output, or nothing.
    pub fn new(mode: Mode) -> Self {
        Self { mode }
    }

    /// Says one line.
    pub fn say(&self, text: &str) {
        let _ = match self.mode {
            Mode::Bar => write_over_bar(&mut io::stderr().lock(), text),
            Mode::Lines => writeln!(io::stderr(), "{text}"),
            Mode::Json => writeln!(io::stdout(), "{}", json!({ "event": "notice", "text": text })),
            Mode::Quiet => Ok(()),
        };
    }
}

impl Default for Notices {
    /// Says nothing.
    fn default() -> Self {
        Self::new(Mode::Quiet)
    }
}

/// The bar owns the last line: it is cleared, and drawn again below by the bar's next update.
fn write_over_bar(out: &mut (impl Write + IsTerminal), text: &str) -> io::Result<()> {
    if out.is_terminal() {
        write!(out, "\r\x1b[2K")?;
    }
    writeln!(out, "{text}")
}
