//! Returns, policies and the two learners, as a library.

mod returns;
mod speed;
mod trpo_reference;
