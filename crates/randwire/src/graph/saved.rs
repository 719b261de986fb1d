use papers_core::{Error, Result, checkpoint};

use super::Graph;

/// Refuses a checkpoint with other graphs than these; `suspect` is what may have changed since.
pub(crate) fn check_saved(checkpoint: &checkpoint::Reader, graphs: &[Option<Graph>], suspect: &str) -> Result<()> {
    let saved: Vec<Option<Graph>> = checkpoint.json("graphs")?;
    if saved == graphs {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "the run was begun with other graphs than its configuration gives now: was {suspect} changed?"
    )))
}
