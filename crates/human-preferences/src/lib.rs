//! Deep Reinforcement Learning from Human Preferences. Christiano, Leike, Brown, Martic, Legg, Amodei, NeurIPS 2017.

pub mod a2c;
pub mod actions;
pub mod answer;
pub mod clip;
pub mod environment;
pub mod experience;
pub mod frame;
pub mod policy;
pub mod returns;
pub mod trpo;
