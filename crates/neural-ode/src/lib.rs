//! Neural ordinary differential equations.
