//! The experiments of learning from human preferences: `human-preferences --help`.

fn main() {}
