use std::fmt::Display;

use super::ConfigError;

/// Checks of the settings of one table, for [`RunConfig::validate`](super::RunConfig::validate): each names the setting
/// that does not hold.
///
/// ```
/// # use papers_base::config::Checks;
/// let checks = Checks::of("optimizer");
/// assert!(checks.positive("learning_rate", 0.1).is_ok());
/// let error = checks.positive("learning_rate", -1.0).unwrap_err();
/// assert_eq!(error.to_string(), "the setting `optimizer.learning_rate` must be positive, not -1");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Checks<'a> {
    table: &'a str,
}

impl<'a> Checks<'a> {
    /// Checks of the settings that stand in no table.
    pub fn top() -> Self {
        Self { table: "" }
    }

    /// Checks of the settings of a table, as in `agent.trpo`.
    pub fn of(table: &'a str) -> Self {
        Self { table }
    }

    /// Anything else; `problem` reads on from "the setting `key`", as in "must be positive, not -1".
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`], if it does not hold; so with all checks.
    pub fn require(self, holds: bool, key: &str, problem: impl Display) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        let dot = if self.table.is_empty() { "" } else { "." };
        Err(ConfigError::invalid(
            format!("{}{dot}{key}", self.table),
            problem.to_string(),
        ))
    }

    /// A count, or another number that has a least value.
    ///
    /// # Errors
    ///
    /// A smaller one.
    pub fn at_least<T: PartialOrd + Display>(self, least: T, key: &str, value: T) -> Result<(), ConfigError> {
        self.require(
            value >= least,
            key,
            format_args!("must be at least {least}, not {value}"),
        )
    }

    /// A count, or another number that has a greatest value.
    ///
    /// # Errors
    ///
    /// A greater one.
    pub fn at_most<T: PartialOrd + Display>(self, most: T, key: &str, value: T) -> Result<(), ConfigError> {
        self.require(value <= most, key, format_args!("must be at most {most}, not {value}"))
    }

    /// A finite number above 0.
    ///
    /// # Errors
    ///
    /// Any other.
    pub fn positive(self, key: &str, value: f64) -> Result<(), ConfigError> {
        let holds = value > 0.0 && value.is_finite();
        self.require(holds, key, format_args!("must be positive, not {value}"))
    }

    /// A finite number that is not below 0.
    ///
    /// # Errors
    ///
    /// Any other.
    pub fn not_negative(self, key: &str, value: f64) -> Result<(), ConfigError> {
        let holds = value >= 0.0 && value.is_finite();
        self.require(holds, key, format_args!("must be 0 or more, not {value}"))
    }

    /// A number of `[0, 1]`.
    ///
    /// # Errors
    ///
    /// Any other.
    pub fn share(self, key: &str, value: f64) -> Result<(), ConfigError> {
        let holds = (0.0..=1.0).contains(&value);
        self.require(holds, key, format_args!("must be in [0, 1], not {value}"))
    }

    /// A number of `[0, 1)`.
    ///
    /// # Errors
    ///
    /// Any other.
    pub fn share_below_one(self, key: &str, value: f64) -> Result<(), ConfigError> {
        let holds = (0.0..1.0).contains(&value);
        self.require(holds, key, format_args!("must be in [0, 1), not {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_belong_where_the_brackets_say() {
        let checks = Checks::top();
        assert!(checks.at_least(2, "batch", 2_usize).is_ok());
        assert!(checks.not_negative("decay", 0.0).is_ok());
        for value in [0.0, 1.0] {
            assert!(checks.share("ema", value).is_ok());
        }
        assert!(checks.share_below_one("keep", 0.0).is_ok());
        assert!(checks.share_below_one("keep", 1.0).is_err());
        assert!(checks.positive("rate", 0.0).is_err());
        assert!(checks.at_least(2, "batch", 1_usize).is_err());
    }

    #[test]
    fn what_is_not_a_finite_number_passes_no_check() {
        let checks = Checks::of("solver");
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(checks.positive("rtol", value).is_err());
            assert!(checks.not_negative("rtol", value).is_err());
            assert!(checks.share("rtol", value).is_err());
            assert!(checks.share_below_one("rtol", value).is_err());
        }
    }

    #[test]
    fn a_setting_at_the_top_has_no_table_in_front() {
        let error = Checks::top().at_least(1, "batch", 0).unwrap_err().to_string();
        assert_eq!(error, "the setting `batch` must be at least 1, not 0");
    }
}
