//! Results as cells of a table.

use serde_json::{Value, json};

use super::{Pairs, Spread};

impl Pairs {
    /// The cells of both times, their ratio and its target; the same numbers are put into `result`, the times by the
    /// names of `keys`.
    pub(super) fn describe(&self, result: &mut Value, keys: [&str; 2], target: Option<f64>) -> Vec<String> {
        result[keys[0]] = json!(self.ours());
        result[keys[1]] = json!(self.theirs());
        let [ours, theirs] = self.samples();
        result["samples"] = json!({ keys[0]: ours, keys[1]: theirs });
        result["ratio"] = json!(self.ratio());
        result["target"] = json!(target);
        let target = match target {
            Some(most) if self.ratio().median > most => format!("<= {most}, missed"),
            Some(most) => format!("<= {most}"),
            None => String::new(),
        };
        vec![
            self.ours().to_string(),
            self.theirs().to_string(),
            self.ratio().to_string(),
            target,
        ]
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, min, max] = [self.median, self.min, self.max].map(three_digits);
        write!(formatter, "{median} ({min} - {max})")
    }
}

/// A number with three significant digits, or as many as it has before its point.
pub fn three_digits(number: f64) -> String {
    if !number.is_finite() || number == 0.0 {
        return number.to_string();
    }
    let decimals = 2 - number.abs().log10().floor() as i32;
    format!("{number:.*}", decimals.max(0) as usize)
}

/// Headings of a table of times of these, and of their ratio if there are two.
pub(super) fn headings(whose: &[&str]) -> Vec<String> {
    // As wide as most spreads are.
    let spread = |what: &str| format!("{:<25}", format!("{what} (least - most)"));
    let mut columns = ["benchmark", "unit", "units"].map(str::to_owned).to_vec();
    columns.extend(whose.iter().map(|whose| spread(&format!("{whose} ms"))));
    if whose.len() > 1 {
        columns.extend([spread("ratio"), "target".to_owned()]);
    }
    columns
}

/// Widths of columns with these headings: names come first, the others are as short as their headings.
pub(super) fn widths(headings: &[impl AsRef<str>]) -> Vec<usize> {
    let width = |(column, heading): (usize, &_)| {
        let least = if column == 0 { 28 } else { 7 };
        AsRef::<str>::as_ref(heading).chars().count().max(least)
    };
    headings.iter().enumerate().map(width).collect()
}

/// One line of a table.
pub(super) fn line(cells: &[impl AsRef<str>], widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, cell) in cells.iter().enumerate() {
        let width = widths.get(column).copied().unwrap_or(0);
        line.push_str(&format!("{:<width$}  ", cell.as_ref()));
    }
    line.trim_end().to_owned()
}
