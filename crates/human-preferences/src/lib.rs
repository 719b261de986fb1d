//! Deep Reinforcement Learning from Human Preferences. Christiano, Leike, Brown, Martic, Legg, Amodei, NeurIPS 2017.

pub mod actions;
pub mod answer;
pub mod behavior;
pub mod clip;
pub mod clip_frames;
pub mod environment;
pub mod experience;
pub mod feedback;
pub mod frame;
pub mod label_schedule;
pub mod labelling;
pub mod labels;
mod packed;
pub mod preference;
pub mod queries;
pub mod reward_model;
pub mod reward_network;
pub mod rollout;
pub mod server;
