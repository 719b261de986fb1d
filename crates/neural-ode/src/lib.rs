//! Neural ordinary differential equations.

pub mod method;
pub mod tableau;
