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
pub const PRESETS: &[Preset] = &presets!["pendulum", "hopper", "moving-dot"];
