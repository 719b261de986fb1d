//! An axis: where a value lies, and which values are written beside it.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::Scale;

/// Larger numbers count as not finite: differences of smaller ones stay finite.
const LARGEST: f64 = 1e300;

/// Room beside the data, as a part of its range.
const MARGIN: f64 = 0.04;

/// A range of values on a line of pixels.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    /// Ends in the scale's own measure: the value, or its decimal logarithm.
    low: f64,
    high: f64,
    ticks: Ticks,
}

/// The values that are written, and how.
#[derive(Debug, Clone)]
struct Ticks {
    values: Vec<f64>,
    format: Format,
    /// What is written in place of the numbers 0, 1, 2, ...
    names: Vec<String>,
}

impl Ticks {
    fn new(values: Vec<f64>, format: Format) -> Self {
        Self {
            values,
            format,
            names: Vec::new(),
        }
    }

    fn label(&self, value: f64) -> String {
        match self.names.get(value as usize) {
            Some(name) => name.clone(),
            None => self.format.write(value),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimals(usize),
    /// As many decimals as each needs.
    Plain,
    Scientific(usize),
}

impl Scale {
    /// The value in the scale's own measure, if it has a place there.
    pub(super) fn measure(self, value: f64) -> Option<f64> {
        match self {
            _ if !value.is_finite() || value.abs() > LARGEST => None,
            Self::Linear => Some(value),
            Self::Log if value > 0.0 => Some(value.log10()),
            Self::Log => None,
        }
    }

    fn value(self, measure: f64) -> f64 {
        match self {
            Self::Linear => measure,
            Self::Log => 10_f64.powf(measure),
        }
    }
}

impl Axis {
    /// An axis that holds all values that have a place on it, with at most so many ticks.
    pub(super) fn around(scale: Scale, values: impl Iterator<Item = f64>, most_ticks: usize) -> Self {
        let measures = values.filter_map(|value| scale.measure(value));
        let (low, high) = measures.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = padded(scale, low, high);
        Self::between(scale, low, high, most_ticks)
    }

    /// An axis of things with names, at 0, 1, 2, ...
    pub(super) fn named(names: &[String]) -> Self {
        Self {
            scale: Scale::Linear,
            low: -0.5,
            high: names.len() as f64 - 0.5,
            ticks: Ticks {
                names: names.to_vec(),
                ..Ticks::new((0..names.len()).map(|place| place as f64).collect(), Format::Plain)
            },
        }
    }

    fn between(scale: Scale, low: f64, high: f64, most_ticks: usize) -> Self {
        let ticks = match scale {
            Scale::Linear => linear_ticks(low, high, most_ticks),
            Scale::Log => log_ticks(low, high, most_ticks),
        };
        Self {
            scale,
            low,
            high,
            ticks,
        }
    }

    /// Length of the axis in its own measure.
    pub(super) fn span(&self) -> f64 {
        self.high - self.low
    }

    /// The axis made longer on both sides, to `span`.
    pub(super) fn widened(&self, span: f64, most_ticks: usize) -> Self {
        let more = (span - self.span()).max(0.0) / 2.0;
        Self::between(self.scale, self.low - more, self.high + more, most_ticks)
    }

    /// What is written beside the axis.
    pub(super) fn labels(&self) -> impl Iterator<Item = String> {
        self.ticks.values.iter().map(|value| self.ticks.label(*value))
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let measure = self.scale.measure(*value).unwrap_or(self.low);
        let part = ((measure - self.low) / self.span()).clamp(0.0, 1.0);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.values.clone()
    }

    fn range(&self) -> Range<f64> {
        self.scale.value(self.low)..self.scale.value(self.high)
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.label(*value)
    }
}

impl Format {
    fn write(self, value: f64) -> String {
        match self {
            // Rounding can leave a zero with a sign.
            Self::Decimals(digits) => format!("{:.digits$}", if value == 0.0 { 0.0 } else { value }),
            Self::Plain => format!("{}", (value * 1e6).round() / 1e6),
            Self::Scientific(_) if value == 0.0 => "0".to_owned(),
            Self::Scientific(digits) => format!("{value:.digits$e}"),
        }
    }
}

/// Ends with some room beside the data; a single value gets a range around it, no value that from 0 to 1.
fn padded(scale: Scale, low: f64, high: f64) -> (f64, f64) {
    if low > high {
        return match scale {
            Scale::Linear => (0.0, 1.0),
            Scale::Log => (-1.0, 0.0),
        };
    }
    let largest = low.abs().max(high.abs());
    // Below this the digits of `f64` do not tell values apart.
    if high - low <= largest * 1e-9 || high == low {
        let around = match scale {
            Scale::Linear if largest == 0.0 => 1.0,
            Scale::Linear => largest * 0.1,
            Scale::Log => 0.5,
        };
        return (low - around, high + around);
    }
    let margin = (high - low) * MARGIN;
    (low - margin, high + margin)
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, most: usize) -> Ticks {
    let most = most.max(2);
    let power = 10_f64.powf(((high - low) / most as f64).log10().floor());
    let ticks_of = |step: f64| (low / step).ceil()..=(high / step).floor();
    // Numbers so huge that they differ by less than their last digit can make the count absurd: it is cut.
    let count_of = |step: f64| {
        let ticks = ticks_of(step);
        (ticks.end() - ticks.start() + 1.0).max(0.0) as usize
    };
    let steps = [1.0, 2.0, 5.0].map(|factor| factor * power);
    let step = steps
        .into_iter()
        .find(|step| count_of(*step) <= most)
        .unwrap_or(10.0 * power);
    let first = *ticks_of(step).start();
    let count = count_of(step).min(most);
    let values: Vec<f64> = (0..count).map(|index| (first + index as f64) * step).collect();
    let format = linear_format(&values, step);
    Ticks::new(values, format)
}

fn linear_format(values: &[f64], step: f64) -> Format {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let exponent = step.log10().floor();
    if largest >= 1e6 || exponent < -4.0 {
        let digits = largest.log10().floor() - exponent;
        return Format::Scientific(digits.clamp(0.0, 9.0) as usize);
    }
    Format::Decimals((-exponent).max(0.0) as usize)
}

/// Powers of ten, every so many; within fewer than three of them also 2 and 5; within even less, multiples.
fn log_ticks(low: f64, high: f64, most: usize) -> Ticks {
    let (first, last) = (low.ceil() as i32, high.floor() as i32);
    let decades = (last - first + 1).max(0) as usize;
    let within = |value: &f64| (low..=high).contains(&value.log10());
    let values: Vec<f64> = (low.floor() as i32..=last)
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(exponent)))
        .filter(within)
        .collect();
    if decades >= 3 || (decades == 2 && values.len() > most + most / 2) {
        let stride = decades.div_ceil(most.max(1));
        let exponents = (first..=last).step_by(stride);
        let values = exponents.map(|exponent| 10_f64.powi(exponent)).collect();
        return Ticks::new(values, log_format(first, last));
    }
    if values.len() < 2 {
        let mut ticks = linear_ticks(10_f64.powf(low), 10_f64.powf(high), most);
        ticks.values.retain(within);
        return ticks;
    }
    let smallest = values[0].log10().floor() as i32;
    Ticks::new(values, log_format(smallest, last))
}

/// Plain numbers where all are short.
fn log_format(first: i32, last: i32) -> Format {
    if first >= -3 && last <= 4 {
        Format::Plain
    } else {
        Format::Scientific(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, values: &[f64], most: usize) -> Vec<String> {
        Axis::around(scale, values.iter().copied(), most).labels().collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        assert_eq!(
            labels(Scale::Linear, &[0.0, 1000.0], 6),
            ["0", "200", "400", "600", "800", "1000"]
        );
        assert_eq!(
            labels(Scale::Linear, &[-1.0, 1.0], 5),
            ["-1.0", "-0.5", "0.0", "0.5", "1.0"]
        );
        assert_eq!(
            labels(Scale::Linear, &[0.0, 0.003], 4),
            ["0.000", "0.001", "0.002", "0.003"]
        );
    }

    #[test]
    fn large_and_small_numbers_are_scientific() {
        assert_eq!(labels(Scale::Linear, &[0.0, 4e6], 5), ["0", "1e6", "2e6", "3e6", "4e6"]);
        assert_eq!(
            labels(Scale::Linear, &[0.0, 4e-7], 5),
            ["0", "1e-7", "2e-7", "3e-7", "4e-7"]
        );
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        assert_eq!(
            labels(Scale::Log, &[1e-5, 1.0], 10),
            ["1e-5", "1e-4", "1e-3", "1e-2", "1e-1", "1e0"]
        );
        assert_eq!(labels(Scale::Log, &[1.0, 1000.0], 10), ["1", "10", "100", "1000"]);
        assert_eq!(
            labels(Scale::Log, &[1e-12, 1.0], 5),
            ["1e-12", "1e-9", "1e-6", "1e-3", "1e0"]
        );
    }

    #[test]
    fn a_short_log_axis_has_ticks_between() {
        assert_eq!(labels(Scale::Log, &[0.15, 3.0], 6), ["0.2", "0.5", "1", "2"]);
        assert_eq!(labels(Scale::Log, &[0.9, 11.0], 6), ["1", "2", "5", "10"]);
        assert_eq!(labels(Scale::Log, &[0.9, 11.0], 2), ["1", "10"]);
        assert!(labels(Scale::Log, &[0.31, 0.34], 6).len() >= 2);
    }

    #[test]
    fn a_single_value_lies_in_the_middle() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis::around(scale, [5.0].into_iter(), 5);
            assert_eq!(axis.map(&5.0, (0, 100)), 50);
            assert!(axis.labels().count() >= 1);
        }
        assert_eq!(
            Axis::around(Scale::Linear, [0.0].into_iter(), 5).map(&0.0, (100, 0)),
            50
        );
    }

    #[test]
    fn values_without_a_place_do_not_count() {
        let with = Axis::around(Scale::Log, [-1.0, 0.0, f64::NAN, 1.0, 10.0].into_iter(), 5);
        let without = Axis::around(Scale::Log, [1.0, 10.0].into_iter(), 5);
        assert_eq!(with.range(), without.range());
    }

    #[test]
    fn there_are_never_many_more_ticks_than_asked_for() {
        for (low, high) in [
            (0.0, 1.0),
            (1e15, 1e15 + 2.0),
            (-1e300, 1e300),
            (3.0, 3.000_000_1),
            (0.0, 5e-324),
        ] {
            for scale in [Scale::Linear, Scale::Log] {
                let count = labels(scale, &[low, high], 6).len();
                assert!(count <= 7, "{count} ticks from {low} to {high}");
            }
        }
    }
}
