//! Line charts as SVG, described by data.
//!
//! ```
//! use papers_base::plot::{Chart, Scale, Series};
//!
//! let loss = (1..=100).map(|step| (f64::from(step), 1.0 / f64::from(step)));
//! let chart = Chart {
//!     title: "Loss".to_owned(),
//!     x_label: "updates".to_owned(),
//!     y_scale: Scale::Log,
//!     series: vec![Series::line("train", loss)],
//!     ..Chart::default()
//! };
//! assert!(chart.to_svg()?.starts_with("<svg"));
//! # Ok::<(), papers_base::Error>(())
//! ```
//!
//! Text stays text, so that it can be searched; colors follow the reader's light or dark theme.

mod axis;
mod color;
mod draw;
mod legend;

pub use color::{Color, palette};

use crate::Result;

/// Smallest and largest width and height of a chart, in pixels.
const SIZES: std::ops::RangeInclusive<u32> = 200..=4000;

/// A chart with two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above the chart; may be empty.
    pub title: String,
    /// Below the x axis; may be empty.
    pub x_label: String,
    /// Beside the y axis; may be empty.
    pub y_label: String,
    /// How x is laid out.
    pub x_scale: Scale,
    /// How y is laid out.
    pub y_scale: Scale,
    /// What is drawn; later ones on top.
    pub series: Vec<Series>,
    /// Width in pixels, from 200 to 4000.
    pub width: u32,
    /// Height in pixels, from 200 to 4000.
    pub height: u32,
    /// What is written at x = 0, 1, 2, ... in place of the numbers, where x stands for things with names.
    pub x_names: Vec<String>,
    /// Whether a unit is as long on both axes, as trajectories in the plane need it; ignored on logarithmic axes.
    pub equal_aspect: bool,
}

impl Default for Chart {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            series: Vec::new(),
            width: 560,
            height: 340,
            x_names: Vec::new(),
            equal_aspect: false,
        }
    }
}

/// How an axis is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal distances are equal differences.
    #[default]
    Linear,
    /// Equal distances are equal ratios; values that are not positive are left out.
    Log,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend; without one there is no entry.
    pub name: String,
    /// The points, in the order of the line. At one that is not finite the line has a gap.
    pub points: Vec<(f64, f64)>,
    /// How they are drawn.
    pub style: Style,
    /// Their color; by default that of the series' place in the chart.
    pub color: Option<Color>,
}

impl Series {
    /// A line.
    pub fn line(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self::new(name, points, Style::Line)
    }

    /// Dots.
    pub fn points(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self::new(name, points, Style::Points)
    }

    /// A series of any style in the color of its place.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>, style: Style) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            style,
            color: None,
        }
    }

    /// The same series in another color.
    #[must_use]
    pub fn colored(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }
}

/// How a series is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Style {
    /// A line.
    #[default]
    Line,
    /// A thin, pale line, for what is only context.
    Faint,
    /// Dots.
    Points,
    /// A line with a dot at every point.
    LinePoints,
    /// A dashed line.
    Dashed,
    /// A line in a shaded band.
    Band {
        /// Lower end of the band at each point.
        lower: Vec<f64>,
        /// Upper end of the band at each point.
        upper: Vec<f64>,
    },
    /// A box for all points of one x: from the lower to the upper quartile, with the median, and lines to the least and
    /// the greatest.
    Boxes,
    /// A bar from the edge of the chart to each point, with lines of these lengths to both sides of its end.
    Bars {
        /// Half the length of each bar's line.
        deviation: Vec<f64>,
    },
}

impl Chart {
    /// The chart as one SVG element.
    ///
    /// # Errors
    ///
    /// What the plotting library refuses; no data does that, not even none at all.
    pub fn to_svg(&self) -> Result<String> {
        draw::svg(std::slice::from_ref(self), 1)
    }
}

/// Several charts as one SVG element, row by row; all get the size of the largest.
///
/// Where all have the same series, the legend stands once above them.
///
/// # Errors
///
/// As [`Chart::to_svg`].
pub fn grid(charts: &[Chart], columns: usize) -> Result<String> {
    draw::svg(charts, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_bars_stand_at_their_names() {
        let bars = Style::Bars {
            deviation: vec![1.0, 2.0],
        };
        let chart = |style| Chart {
            x_names: vec!["one".to_owned(), "other".to_owned()],
            series: vec![Series::new("", [(0.0, 5.0), (1.0, 7.0)], style)],
            ..Chart::default()
        };
        for style in [bars, Style::Boxes] {
            let svg = chart(style).to_svg().unwrap();
            assert!(svg.contains("one") && svg.contains("other"), "{svg}");
            assert_eq!(count(&svg, "<polygon"), 2);
        }
        let empty = Chart {
            series: vec![Series::new("", [], Style::Boxes)],
            ..Chart::default()
        };
        assert!(empty.to_svg().unwrap().contains("no data"));
    }

    fn count(svg: &str, pattern: &str) -> usize {
        svg.matches(pattern).count()
    }

    fn drawn(points: &[(f64, f64)], style: Style) -> String {
        let chart = Chart {
            series: vec![Series::new("s", points.iter().copied(), style).colored(Color(1, 2, 3))],
            ..Chart::default()
        };
        chart.to_svg().unwrap()
    }

    #[test]
    fn nothing_at_all_is_still_a_chart() {
        assert!(Chart::default().to_svg().unwrap().contains("no data"));
        assert!(grid(&[], 3).unwrap().starts_with("<svg"));
        for style in [Style::Line, Style::Points, Style::Dashed, Style::Faint] {
            assert!(drawn(&[], style).contains("no data"));
        }
    }

    #[test]
    fn a_line_has_a_gap_at_what_is_not_finite() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 2.0)];
        let svg = drawn(&points, Style::Line);
        let lines: Vec<&str> = svg.lines().filter(|line| line.contains("#010203")).collect();
        // Two pieces of the line and its entry in the legend.
        assert_eq!(
            lines.iter().filter(|line| line.starts_with("<polyline")).count(),
            3,
            "{lines:?}"
        );
    }

    #[test]
    fn numbers_no_chart_can_hold_do_not_fail() {
        let wild = [
            (f64::NAN, f64::INFINITY),
            (f64::MAX, f64::MIN),
            (f64::MIN, f64::MAX),
            (f64::MIN_POSITIVE, -0.0),
            (1e300, 1e-300),
        ];
        for style in [Style::Line, Style::Points, Style::LinePoints, Style::Dashed] {
            for scale in [Scale::Linear, Scale::Log] {
                for equal_aspect in [false, true] {
                    let chart = Chart {
                        x_scale: scale,
                        y_scale: scale,
                        series: vec![Series::new("wild", wild, style.clone())],
                        equal_aspect,
                        ..Chart::default()
                    };
                    chart.to_svg().unwrap();
                }
            }
        }
    }

    #[test]
    fn a_single_point_is_drawn() {
        for style in [Style::Line, Style::Points, Style::Dashed] {
            let svg = drawn(&[(3.0, 0.0)], style);
            assert!(svg.contains("<circle"), "{svg}");
        }
    }

    #[test]
    fn a_band_of_other_length_covers_what_it_can() {
        let style = Style::Band {
            lower: vec![0.0, 0.5],
            upper: vec![2.0, 2.5, 3.0],
        };
        let svg = drawn(&[(0.0, 1.0), (1.0, 1.5), (2.0, 2.0)], style);
        assert_eq!(count(&svg, "<polygon"), 1);
    }

    #[test]
    fn text_is_escaped() {
        let chart = Chart {
            title: "<script>&\"".to_owned(),
            series: vec![Series::line("<b>", [(0.0, 1.0), (1.0, 2.0)])],
            ..Chart::default()
        };
        let svg = chart.to_svg().unwrap();
        assert!(!svg.contains("<script>") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("aria-label=\"&lt;script&gt;&amp;&quot;\""), "{svg}");
    }

    #[test]
    fn a_unit_is_as_long_on_both_axes_if_asked() {
        let chart = Chart {
            series: vec![Series::line("square", [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]).colored(Color(1, 2, 3))],
            equal_aspect: true,
            width: 600,
            ..Chart::default()
        };
        let svg = chart.to_svg().unwrap();
        let line = svg
            .lines()
            .filter(|line| line.contains("#010203"))
            .max_by_key(|line| line.len())
            .unwrap();
        let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let corners: Vec<Vec<f64>> = points
            .split_whitespace()
            .map(|pair| pair.split(',').map(|number| number.parse().unwrap()).collect())
            .collect();
        let width = corners[1][0] - corners[0][0];
        let height = corners[1][1] - corners[2][1];
        assert!((width - height).abs() <= 2.0, "{width} by {height}");
    }

    #[test]
    fn a_grid_of_like_charts_has_one_legend() {
        let chart = |name: &str| Chart {
            series: vec![Series::line(name, [(0.0, 1.0), (1.0, 2.0)])],
            ..Chart::default()
        };
        assert_eq!(count(&grid(&[chart("same"), chart("same")], 2).unwrap(), "same"), 1);
        let mixed = grid(&[chart("alpha"), chart("beta")], 2).unwrap();
        assert_eq!((count(&mixed, "alpha"), count(&mixed, "beta")), (1, 1));
    }

    #[test]
    fn long_legends_are_cut() {
        let chart = Chart {
            series: (0..100)
                .map(|index| Series::line(format!("a name of run {index}"), [(0.0, 1.0)]))
                .collect(),
            ..Chart::default()
        };
        assert!(chart.to_svg().unwrap().contains("more"));
    }
}
