//! Benchmarks.
use papers_core::base::cli::BenchArgs;
/// Measures what `arguments` ask for and prints tables.
pub fn run(_: &BenchArgs) -> anyhow::Result<()> {
    Ok(())
}
/// Does the work of every case once.
pub fn check() -> anyhow::Result<()> {
    Ok(())
}
