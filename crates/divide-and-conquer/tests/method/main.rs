//! The parts of the method: equations against independent numbers, laws, and what bad input gives.

mod reference;
