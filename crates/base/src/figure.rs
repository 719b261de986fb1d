//! Pictures and tables of a report, and how numbers are written in them.

use serde::{Deserialize, Serialize};

use crate::metrics;

/// A picture or a table with its title.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name of its files: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line, in the reader's words.
    pub title: String,
    /// What there is to see, in sentences; may be empty.
    pub caption: String,
    /// The content.
    pub body: Body,
}

/// Content of a figure.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Rows and columns.
    Table(Table),
    /// Plain text, shown as it is.
    Text(String),
    /// A drawing; see [`plot`](crate::plot).
    Svg(String),
    /// An image file.
    Png(Vec<u8>),
}

/// Rows of text under named columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The cells, row by row; missing ones are empty.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<T: Into<String>>(columns: impl IntoIterator<Item = T>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// The cells of a row, as many as there are columns.
    pub fn cells<'a>(&'a self, row: &'a [String]) -> impl Iterator<Item = &'a str> {
        (0..self.columns.len()).map(|column| row.get(column).map_or("", String::as_str))
    }

    /// Whether a column holds numbers only, so that it is set flush right.
    pub(crate) fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .filter(|cell| !cell.is_empty())
            .peekable();
        cells.peek().is_some() && cells.all(|cell| is_number(cell))
    }

    /// The table in Markdown, as GitHub shows it.
    ///
    /// ```
    /// # use papers_base::figure::Table;
    /// let mut table = Table::new(["model", "error"]);
    /// table.push(["ODE-Net", "0.42"]);
    /// assert_eq!(table.to_markdown(), "| model | error |\n|---|---:|\n| ODE-Net | 0.42 |\n");
    /// ```
    pub fn to_markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<String> = cells.map(markdown_cell).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = line(&mut self.columns.iter().map(String::as_str));
        for column in 0..self.columns.len() {
            text += if self.is_numeric(column) { "|---:" } else { "|---" };
        }
        text += "|\n";
        for row in &self.rows {
            text += &line(&mut self.cells(row));
        }
        text
    }

    /// The table as comma-separated values (RFC 4180, lines end with a line feed).
    pub fn to_csv(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<String> = cells.map(csv_cell).collect();
            cells.join(",") + "\n"
        };
        let mut text = line(&mut self.columns.iter().map(String::as_str));
        for row in &self.rows {
            text += &line(&mut self.cells(row));
        }
        text
    }
}

/// A number as people read it: four significant digits, no more zeros than needed.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() || (value.fract() == 0.0 && magnitude < 1e9) {
        return format!("{value}");
    }
    if !(1e-3..1e6).contains(&magnitude) {
        let text = format!("{value:.3e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{}e{exponent}", without_zeros(mantissa)),
            None => text,
        };
    }
    without_zeros(&format!("{value:.*}", digits_for(value))).to_owned()
}

/// Decimals that show a number with four significant digits.
pub fn digits_for(value: f64) -> usize {
    let magnitude = value.abs();
    if !magnitude.is_finite() || magnitude == 0.0 {
        return 3;
    }
    (3.0 - magnitude.log10().floor()).clamp(0.0, 12.0) as usize
}

/// Mean and sample standard deviation with so many decimals, as in `0.123 ± 0.004 (n=3)`.
///
/// One value has no spread; of no values there is a dash.
///
/// ```
/// # use papers_base::figure::mean_and_spread;
/// assert_eq!(mean_and_spread(&[1.0, 2.0, 3.0], 2), "2.00 ± 1.00 (n=3)");
/// assert_eq!(mean_and_spread(&[1.0], 2), "1.00 (n=1)");
/// ```
pub fn mean_and_spread(values: &[f64], digits: usize) -> String {
    let count = values.len();
    match mean_and_deviation(values) {
        None => "–".to_owned(),
        Some((mean, None)) => format!("{mean:.digits$} (n={count})"),
        Some((mean, Some(deviation))) => format!("{mean:.digits$} ± {deviation:.digits$} (n={count})"),
    }
}

/// Mean and sample standard deviation; no values have neither, one value has no deviation.
pub fn mean_and_deviation(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let deviation = (values.len() > 1).then(|| metrics::sample_deviation(values));
    (!values.is_empty()).then(|| (metrics::mean(values), deviation))
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// `0.42`, `-1e-3`, `98.6 %`, `0.42 ± 0.01 (n=3)`, `1,024`, `12 s`; a dash stands for a number that is missing.
fn is_number(cell: &str) -> bool {
    let cell = cell.trim();
    let first = cell.split_whitespace().next().unwrap_or_default();
    matches!(cell, "–" | "—" | "-") || first.trim_end_matches('%').replace(',', "").parse::<f64>().is_ok()
}

fn markdown_cell(cell: &str) -> String {
    cell.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_the_sample_standard_deviation() {
        // Mean 5; squared deviations 9 1 1 1 0 0 4 16 sum to 32; 32 / 7 = 4.571, root 2.138.
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean_and_spread(&values, 3), "5.000 ± 2.138 (n=8)");
    }

    #[test]
    fn one_value_has_no_spread_and_no_values_are_a_dash() {
        assert_eq!(mean_and_spread(&[0.1234], 3), "0.123 (n=1)");
        assert_eq!(mean_and_spread(&[], 3), "–");
    }

    #[test]
    fn numbers_have_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (-0.000_012_34, "-1.234e-5"),
            (0.012_345_6, "0.01235"),
            (0.5, "0.5"),
            (-3.0, "-3"),
            (1234.56, "1235"),
            (123_456.0, "123456"),
            (1.5e9, "1.5e9"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn markdown_cells_cannot_break_out() {
        let mut table = Table::new(["a|b"]);
        table.push(["one\ntwo"]);
        table.push(["\\|"]);
        assert_eq!(table.to_markdown(), "| a\\|b |\n|---|\n| one two |\n| \\\\\\| |\n");
    }

    #[test]
    fn missing_cells_are_empty_and_surplus_ones_are_left_out() {
        let mut table = Table::new(["a", "b"]);
        table.push(["1"]);
        table.push(["1", "2", "3"]);
        assert_eq!(table.to_csv(), "a,b\n1,\n1,2\n");
    }

    #[test]
    fn csv_quotes_what_rfc_4180_says() {
        let mut table = Table::new(["name", "value"]);
        table.push(["a, b", "say \"so\""]);
        assert_eq!(table.to_csv(), "name,value\n\"a, b\",\"say \"\"so\"\"\"\n");
    }

    #[test]
    fn columns_of_numbers_are_known() {
        let mut table = Table::new(["model", "error", "none"]);
        table.push(["rnn", "0.42 ± 0.01 (n=3)", ""]);
        table.push(["ode", "–", ""]);
        table.push(["2 layers", "12 %", ""]);
        let numeric: Vec<bool> = (0..3).map(|column| table.is_numeric(column)).collect();
        assert_eq!(numeric, [false, true, false]);
    }
}
