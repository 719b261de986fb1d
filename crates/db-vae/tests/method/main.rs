//! The method as a library, against numbers that were made independently.

mod draws;
mod fairness;
mod losses;
mod masked_net;
mod network;
mod sampling_weights;
