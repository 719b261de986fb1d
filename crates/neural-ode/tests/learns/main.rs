//! Tiny runs of the paper's models: they learn, and go on exactly where they were stopped.

mod ode_net;
