//! Commands that only this paper has: drawing a split of labels, and what sharpening does.

pub(crate) mod sharpen;
pub(crate) mod split;
