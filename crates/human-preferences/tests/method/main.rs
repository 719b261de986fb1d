//! Returns, policies and the two learners, as a library.

mod bad_input;
mod double;
mod gradients;
mod learns;
mod point;
mod policies;
mod resume;
mod returns;
mod trpo_reference;
mod trust_region;
