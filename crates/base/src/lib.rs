//! Everything of Burn Papers that needs no Burn.
