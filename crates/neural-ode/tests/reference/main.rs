//! The crate against numbers computed elsewhere, one module per fixture.

mod ode_net;
