use papers_core::base::config::Preset;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        [$(Preset {
            name: $name,
            toml: include_str!(concat!("../../experiments/", $name, ".toml")),
        }),*]
    };
}

/// The experiments.
pub const PRESETS: &[Preset] = &presets![
    "pendulum",
    "breakout",
    "cartpole",
    "double-pendulum",
    "drive",
    "drive-pace",
    "half-cheetah",
    "half-cheetah-one-leg",
    "hopper",
    "hopper-backflip",
    "inverted-pendulum",
    "moving-dot",
    "pong",
    "walker2d",
    "paper-ant",
    "paper-atari-beam-rider",
    "paper-atari-breakout",
    "paper-atari-enduro",
    "paper-atari-pong",
    "paper-atari-qbert",
    "paper-atari-seaquest",
    "paper-atari-space-invaders",
    "paper-double-pendulum",
    "paper-half-cheetah",
    "paper-hopper",
    "paper-inverted-pendulum",
    "paper-reacher",
    "paper-swimmer",
    "paper-walker2d",
];
