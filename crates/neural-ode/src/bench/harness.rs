use papers_core::bench::Session;

pub(super) const NAME: &str = "harness";

pub(super) fn run(_session: &mut Session) -> anyhow::Result<()> {
    Ok(())
}
