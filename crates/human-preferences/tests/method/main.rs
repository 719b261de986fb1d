//! Returns, policies and the two learners, as a library.

mod double;
mod returns;
mod speed;
mod trpo_reference;
