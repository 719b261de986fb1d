//! Commands that only this paper has.

pub(crate) mod audit;
