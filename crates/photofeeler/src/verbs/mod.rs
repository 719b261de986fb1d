//! Commands that only this paper has.

pub(crate) mod bundle;
pub(crate) mod humans;
pub(crate) mod rate;
pub(crate) mod study;

use std::io::Write as _;

/// One piece of output; a reader that went away is an error and no panic.
fn print(text: &str) -> anyhow::Result<()> {
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}
