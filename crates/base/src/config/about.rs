use serde::Deserialize;

use super::{ConfigError, resolve};
use crate::Result;

/// The `[about]` table of an experiment's file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it does, in one line.
    pub summary: String,
    /// What of the paper it reproduces, such as "table 1".
    pub reproduces: String,
    /// Data sets that have to be on the machine; none for what is built in.
    #[serde(default)]
    pub data: Vec<String>,
    /// Time it takes, and on what.
    pub cost: String,
    /// Whether it is what `train` runs where no experiment is named.
    #[serde(default)]
    pub default: bool,
}

impl About {
    /// Reads the table from the text of an experiment's file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the text is not TOML, or the table is missing or is another.
    pub fn parse(toml: &str) -> Result<Self> {
        let origin = resolve::PRESET;
        let mut table = resolve::parse(origin, toml)?;
        let about = table.remove(resolve::ABOUT).ok_or_else(|| ConfigError::Value {
            origin: origin.to_owned(),
            key: resolve::ABOUT.to_owned(),
            problem: "the table is missing; it needs `summary`, `reproduces` and `cost`".to_owned(),
        })?;
        let layers = [resolve::Layer {
            origin: origin.to_owned(),
            table: toml::Table::from_iter([(resolve::ABOUT.to_owned(), about.clone())]),
        }];
        Ok(resolve::read(about, &[resolve::ABOUT], &layers)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_the_settings_are_left_alone() {
        let about = About::parse(
            "[about]\nsummary = 's'\nreproduces = 'r'\ndata = ['mnist']\ncost = 'c'\n[schedule]\nwhatever = true\n",
        )
        .unwrap();
        let expected = About {
            summary: "s".to_owned(),
            reproduces: "r".to_owned(),
            data: vec!["mnist".to_owned()],
            cost: "c".to_owned(),
            default: false,
        };
        assert_eq!(about, expected);
    }

    #[test]
    fn what_is_wrong_with_a_table_is_named() {
        for (toml, problem) in [
            ("", "about"),
            ("about = 3", "about"),
            ("[about]\nsummary = 's'\nreproduces = 'r'", "missing field `cost`"),
            (
                "[about]\nsummary = 's'\nreproduces = 'r'\ncosts = 'c'",
                "`about.costs`; did you mean `about.cost`?",
            ),
            ("[about]\nsummary = 1\nreproduces = 'r'\ncost = 'c'", "`about.summary`"),
            ("[about", "line 1"),
        ] {
            let error = About::parse(toml).unwrap_err().to_string();
            assert!(error.contains(problem), "{toml}: {error}");
        }
    }
}
