use papers_core::base::config::Preset;

/// Builds the table of experiments from the names of their files.
macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        &[$(Preset {
            name: $name,
            toml: include_str!(concat!("../../experiments/", $name, ".toml")),
        }),+]
    };
}

/// The experiments of this paper.
pub const PRESETS: &[Preset] = presets![
    "digits-20",
    "digits-50",
    "mnist-100",
    "fashion-250",
    "cifar10-jpeg-250",
    "cifar10-250",
    "cifar10-500",
    "cifar10-1000",
    "cifar10-2000",
    "cifar10-4000",
    "cifar10-4000-large",
    "cifar100-10000-large",
    "svhn-250",
    "svhn-500",
    "svhn-1000",
    "svhn-2000",
    "svhn-4000",
    "svhn-extra-250",
    "svhn-extra-500",
    "svhn-extra-1000",
    "svhn-extra-2000",
    "svhn-extra-4000",
    "stl10-1000",
    "stl10-5000",
    "folder",
];
