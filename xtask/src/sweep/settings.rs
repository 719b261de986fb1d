//! Settings of a plan, and the points that they span.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use toml::{Table, Value};

use super::plan::Plan;

/// More points than this are a typing error.
const MOST_POINTS: usize = 100_000;

/// Keys and values; inner tables are dotted keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Table")]
pub(super) struct Settings(Vec<(String, Value)>);

/// Keys, each with its values.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Table")]
pub(super) struct Axes(Vec<(String, Vec<Value>)>);

/// One combination of settings, run once for each seed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) experiment: String,
    /// In alphabetical order, so that the order of a plan does not matter.
    pub(super) settings: BTreeMap<String, Value>,
}

impl Plan {
    /// All points, each once, in the order of the plan.
    pub(super) fn points(&self, experiments: &[String]) -> anyhow::Result<Vec<Point>> {
        let grid = self.grid()?;
        let mut points: Vec<Point> = Vec::new();
        for experiment in experiments {
            for combination in grid.iter().chain(self.points.iter().map(|point| &point.0)) {
                let settings = self.sets.0.iter().chain(combination).cloned().collect();
                points.push(Point {
                    experiment: experiment.clone(),
                    settings,
                });
            }
        }
        let mut seen = std::collections::HashSet::new();
        points.retain(|point| seen.insert(point.to_string()));
        Ok(points)
    }

    /// Every combination of the axes; one without settings where there are neither axes nor points.
    fn grid(&self) -> anyhow::Result<Vec<Vec<(String, Value)>>> {
        if self.axes.0.is_empty() && !self.points.is_empty() {
            return Ok(Vec::new());
        }
        let lengths = self.axes.0.iter().map(|(_, values)| values.len());
        let size = lengths.fold(1_usize, usize::saturating_mul);
        if size > MOST_POINTS {
            return Err(self
                .problem(format!("the axes have more than {MOST_POINTS} combinations"))
                .into());
        }
        let mut grid = vec![Vec::new()];
        for (key, values) in &self.axes.0 {
            let longer = |combination: &Vec<(String, Value)>, value: &Value| {
                let mut combination = combination.clone();
                combination.push((key.clone(), value.clone()));
                combination
            };
            let combinations = grid.iter().flat_map(|combination| {
                let longer = &longer;
                values.iter().map(move |value| longer(combination, value))
            });
            grid = combinations.collect();
        }
        Ok(grid)
    }

    /// The settings in which points may differ, in the order of the plan.
    pub(super) fn varied(&self) -> Vec<&str> {
        let axes = self.axes.0.iter().map(|(key, _)| key.as_str());
        let points = self.points.iter().flat_map(|point| point.0.iter());
        let mut varied = Vec::new();
        for key in axes.chain(points.map(|(key, _)| key.as_str())) {
            if !varied.contains(&key) {
                varied.push(key);
            }
        }
        varied
    }
}

impl Point {
    /// The values of `--set`.
    pub(super) fn sets(&self) -> Vec<String> {
        let sets = self.settings.iter().map(|(key, value)| format!("{key}={value}"));
        sets.collect()
    }

    /// The value of a setting as a cell of a table; a dash where the point leaves it as it is.
    pub(super) fn cell(&self, key: &str) -> String {
        match self.settings.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "–".to_owned(),
        }
    }
}

/// As people read it, and as `sweep.json` names it.
impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.experiment)?;
        self.sets().iter().try_for_each(|set| write!(formatter, " {set}"))
    }
}

impl TryFrom<Table> for Settings {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let mut settings = Vec::new();
        flatten(String::new(), table, &mut settings)?;
        Ok(Self(settings))
    }
}

impl TryFrom<Table> for Axes {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let axes = Settings::try_from(table)?
            .0
            .into_iter()
            .map(|(key, value)| match value {
                Value::Array(values) if !values.is_empty() => Ok((key, values)),
                _ => Err(format!("`{key}` is an axis: it needs a list of values, as in [1, 2]")),
            });
        Ok(Self(axes.collect::<Result<_, String>>()?))
    }
}

fn flatten(prefix: String, table: Table, settings: &mut Vec<(String, Value)>) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        let is_plain = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
        };
        if !key.split('.').all(is_plain) {
            return Err(format!("`{key}` is no setting; one is named as in \"schedule.steps\""));
        }
        match value {
            Value::Table(inner) => flatten(format!("{key}."), inner, settings)?,
            // Manifests for schedulers have a line for each run.
            value if value.to_string().contains(['\n', '\r']) => {
                return Err(format!(
                    "the value of `{key}` has several lines; a setting of a sweep has one"
                ));
            }
            value => settings.push((key, value)),
        }
    }
    Ok(())
}
