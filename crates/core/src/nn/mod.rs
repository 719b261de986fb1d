//! Building blocks of networks that papers share.

/// Which statistics normalize a batch, and whether the running averages learn from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// The batch's own; the running averages are updated with them.
    Update,
    /// The batch's own; the running averages stay what they are.
    Batch,
    /// The running averages, as in evaluation.
    Running,
}
