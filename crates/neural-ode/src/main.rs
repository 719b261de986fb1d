//! Neural ordinary differential equations.
fn main() {}
