//! Photos with votes: the procedural stand-in, tables of one's own, and public sets.

mod archive;
mod assemble;
mod embedded;
mod features;
mod files;
pub mod generator;
mod inputs;
mod load;
pub mod picture;
mod rated;
mod sets;
mod split;
mod tables;

pub use assemble::{Parts, PhotoRow, assemble};
pub use files::PictureFiles;
pub use inputs::{Input, Inputs};
pub use rated::{RatedPhotos, Simulated};
pub use split::{HeldOut, Split, split_by_person};
