//! Drawing charts with plotters.
//!
//! Its backend places everything on whole pixels, so charts are drawn ten times as large and shown at a tenth.

use std::io;

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{Shift, cartesian::Cartesian2d},
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    element::{Circle, PathElement, Polygon},
    prelude::SVGBackend,
    series::DashedLineSeries,
    style::{
        Color as _, FontStyle, IntoFont, ShapeStyle, TRANSPARENT, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    Chart, Color, SIZES, Series, Style,
    axis::Axis,
    color,
    legend::{Legend, shared_legend},
    palette,
};
use crate::{Error, Result};

mod boxes;

/// Units of the drawing per pixel on the page.
const DETAIL: u32 = 10;

// Everything below is in pixels on the page.
const TITLE_SIZE: f64 = 14.0;
pub(super) const LABEL_SIZE: f64 = 12.0;
const TICK_SIZE: f64 = 11.0;
const TICK_MARK: f64 = 4.0;
pub(super) const MARGIN: f64 = 14.0;
const TITLE_HEIGHT: f64 = 24.0;
pub(super) const LINE: f64 = 1.8;
pub(super) const DOT: f64 = 2.6;

/// Width of a letter as a part of its height, on average and rather too large.
const LETTER: f64 = 0.58;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Charts in rows of so many, each as large as the largest.
pub(super) fn svg(charts: &[Chart], columns: usize) -> Result<String> {
    let columns = columns.clamp(1, charts.len().max(1));
    let rows = charts.len().div_ceil(columns).max(1);
    let largest = |size: fn(&Chart) -> u32| {
        let sizes = charts
            .iter()
            .map(|chart| size(chart).clamp(*SIZES.start(), *SIZES.end()));
        sizes.max().unwrap_or(*SIZES.start())
    };
    let width = largest(|chart| chart.width).saturating_mul(columns as u32);
    let shared = shared_legend(charts, width);
    let top = shared.as_ref().map_or(0.0, |legend| legend.height() + MARGIN);
    let height = largest(|chart| chart.height).saturating_mul(rows as u32) + top as u32;

    let mut text = String::new();
    let size = (width.saturating_mul(DETAIL), height.saturating_mul(DETAIL));
    let mut draw = || -> Drawn {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&Color::PAPER.rgb())?;
        let (above, below) = root.split_vertically(units(top));
        if let Some(legend) = &shared {
            legend.draw(&above, MARGIN)?;
        }
        for (chart, area) in charts.iter().zip(below.split_evenly((rows, columns))) {
            draw_chart(chart, &area, shared.is_none())?;
        }
        root.present()
    };
    let title = charts
        .iter()
        .map(|chart| chart.title.as_str())
        .find(|title| !title.is_empty())
        .unwrap_or("chart");
    draw().map_err(|error| Error::Figure {
        figure: title.to_owned(),
        problem: error.to_string(),
    })?;
    Ok(dressed(&text, (width, height), title))
}

/// Replaces the start tag: shown at a tenth, with a style sheet and a name for those who cannot see it.
fn dressed(svg: &str, (width, height): (u32, u32), title: &str) -> String {
    let body = svg.split_once(">\n").map_or("", |(_, body)| body);
    let (right, bottom) = (width.saturating_mul(DETAIL), height.saturating_mul(DETAIL));
    format!(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {right} {bottom}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n<style>{}</style>\n{body}",
        escaped(title),
        color::style_sheet(),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn draw_chart(chart: &Chart, area: &Area<'_>, with_legend: bool) -> Drawn {
    let (width, height) = area.dim_in_pixel();
    let (width, height) = (f64::from(width / DETAIL), f64::from(height / DETAIL));
    let mut top = MARGIN;
    if !chart.title.is_empty() {
        let title = fitted(&chart.title, TITLE_SIZE, width - 2.0 * MARGIN);
        let style = text_style(TITLE_SIZE, Color::TITLE, FontStyle::Bold);
        area.draw_text(&title, &style, (units(MARGIN), units(top)))?;
        top += TITLE_HEIGHT;
    }
    if with_legend {
        let legend = Legend::of(chart, width);
        legend.draw(area, top)?;
        top += legend.height();
    }

    let below = TICK_SIZE
        + 2.0 * TICK_MARK
        + if chart.x_label.is_empty() {
            4.0
        } else {
            LABEL_SIZE + 10.0
        };
    let plot_height = (height - top - below - MARGIN / 2.0).max(20.0);
    let layout = Layout::new(chart, width, plot_height);
    let mut builder = ChartBuilder::on(area);
    builder
        .margin_top(units(top))
        .margin_right(units(MARGIN))
        .margin_bottom(units(MARGIN / 2.0))
        .margin_left(units(MARGIN / 2.0))
        .x_label_area_size(units(below))
        .y_label_area_size(units(layout.left));
    let mut plane = builder.build_cartesian_2d(layout.x, layout.y)?;
    draw_mesh(chart, &mut plane)?;
    let mut is_empty = true;
    for (index, series) in chart.series.iter().enumerate() {
        let pieces = pieces(chart, series);
        is_empty &= pieces.is_empty();
        draw_series(series, color_of(series, index), &pieces, &mut plane)?;
    }
    if is_empty {
        let style = text_style(LABEL_SIZE, Color::LABEL, FontStyle::Normal).pos(Pos::new(HPos::Center, VPos::Center));
        let middle = (
            units(layout.left + MARGIN / 2.0 + layout.width / 2.0),
            units(top + plot_height / 2.0),
        );
        area.draw_text("no data", &style, middle)?;
    }
    Ok(())
}

/// Both axes, and the room they need.
struct Layout {
    x: Axis,
    y: Axis,
    /// Width of what stands left of the plot.
    left: f64,
    width: f64,
}

impl Layout {
    fn new(chart: &Chart, width: f64, plot_height: f64) -> Self {
        let points = || chart.series.iter().flat_map(|series| placed(chart, series).flatten());
        let bounds = chart.series.iter().flat_map(bounds);
        let most_y = (plot_height / 36.0) as usize;
        let y = Axis::around(chart.y_scale, points().map(|(_, y)| y).chain(bounds), most_y);
        let label = if chart.y_label.is_empty() {
            0.0
        } else {
            LABEL_SIZE + 8.0
        };
        let left = |y: &Axis| {
            let longest = y.labels().map(|text| text_width(&text, TICK_SIZE)).fold(0.0, f64::max);
            longest + 2.0 * TICK_MARK + 4.0 + label
        };
        let mut axis_left = left(&y);
        let plot_width = |left: f64| (width - left - 1.5 * MARGIN).max(20.0);
        let most_x = |width: f64| (width / 52.0) as usize;
        let x = match chart.x_names.is_empty() {
            true => Axis::around(chart.x_scale, points().map(|(x, _)| x), most_x(plot_width(axis_left))),
            false => Axis::named(&chart.x_names),
        };
        let is_linear = (chart.x_scale, chart.y_scale) == Default::default();
        if !(chart.equal_aspect && is_linear) {
            let width = plot_width(axis_left);
            return Self {
                x,
                y,
                left: axis_left,
                width,
            };
        }
        let per_pixel = (x.span() / plot_width(axis_left)).max(y.span() / plot_height);
        let y = y.widened(per_pixel * plot_height, most_y);
        axis_left = left(&y);
        let width = plot_width(axis_left);
        let x = x.widened(per_pixel * width, most_x(width));
        Self {
            x,
            y,
            left: axis_left,
            width,
        }
    }
}

/// The points of a series, `None` for those without a place in the chart.
fn placed<'a>(chart: &'a Chart, series: &'a Series) -> impl Iterator<Item = Option<(f64, f64)>> + 'a {
    series.points.iter().map(|&(x, y)| {
        chart.x_scale.measure(x)?;
        chart.y_scale.measure(y)?;
        Some((x, y))
    })
}

/// Ends of the series' band, or of the lines of its bars.
fn bounds(series: &Series) -> impl Iterator<Item = f64> + '_ {
    let (lower, upper): (&[f64], &[f64]) = match &series.style {
        Style::Band { lower, upper } => (lower, upper),
        _ => (&[], &[]),
    };
    let count = series.points.len().min(lower.len()).min(upper.len());
    let band = lower[..count].iter().chain(&upper[..count]).copied();
    let deviation: &[f64] = match &series.style {
        Style::Bars { deviation } => deviation,
        _ => &[],
    };
    let lines = series.points.iter().zip(deviation);
    band.chain(lines.flat_map(|((_, y), deviation)| [y - deviation, y + deviation]))
}

/// Stretches of neighboring points that have a place, each point with its number in the series.
fn pieces(chart: &Chart, series: &Series) -> Vec<Vec<(usize, (f64, f64))>> {
    let mut pieces = vec![Vec::new()];
    for (index, point) in placed(chart, series).enumerate() {
        match (point, pieces.last_mut()) {
            (Some(point), Some(piece)) => piece.push((index, point)),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn draw_mesh(chart: &Chart, plane: &mut Plane<'_, '_>) -> Drawn {
    let mut mesh = plane.configure_mesh();
    mesh.bold_line_style(stroke(Color::MESH, 1.0, 1.0))
        .light_line_style(TRANSPARENT)
        .axis_style(stroke(Color::AXIS, 1.0, 1.0))
        .label_style(text_style(TICK_SIZE, Color::LABEL, FontStyle::Normal))
        .axis_desc_style(text_style(LABEL_SIZE, Color::LABEL, FontStyle::Normal))
        .set_all_tick_mark_size(units(TICK_MARK));
    if !chart.x_label.is_empty() {
        mesh.x_desc(&chart.x_label);
    }
    if !chart.y_label.is_empty() {
        mesh.y_desc(&chart.y_label);
    }
    mesh.draw()
}

fn draw_series(series: &Series, color: Color, pieces: &[Vec<(usize, (f64, f64))>], plane: &mut Plane<'_, '_>) -> Drawn {
    let line = stroke(color, LINE, 1.0);
    match &series.style {
        Style::Boxes => return boxes::draw_boxes(pieces, color, line, plane),
        Style::Bars { deviation } => return boxes::draw_bars(pieces, deviation, color, line, plane),
        _ => {}
    }
    for piece in pieces {
        if let Style::Band { lower, upper } = &series.style {
            draw_band(piece, lower, upper, color, plane)?;
        }
        let points: Vec<(f64, f64)> = piece.iter().map(|(_, point)| *point).collect();
        // A line through one point is nothing to see.
        let has_dots = matches!(series.style, Style::Points | Style::LinePoints) || points.len() == 1;
        if has_dots {
            for &point in &points {
                plane
                    .plotting_area()
                    .draw(&Circle::new(point, units(DOT), color.rgb().filled()))?;
            }
        }
        let (width, opacity) = if series.style == Style::Faint {
            (1.0, 0.4)
        } else {
            (LINE, 1.0)
        };
        let line = stroke(color, width, opacity);
        match series.style {
            _ if points.len() == 1 => {}
            Style::Points => {}
            Style::Dashed => {
                plane.draw_series(DashedLineSeries::new(points, units(6.0), units(4.0), line))?;
            }
            _ => plane.plotting_area().draw(&PathElement::new(points, line))?,
        }
    }
    Ok(())
}

fn draw_band(
    piece: &[(usize, (f64, f64))],
    lower: &[f64],
    upper: &[f64],
    color: Color,
    plane: &mut Plane<'_, '_>,
) -> Drawn {
    let known = || piece.iter().filter(|(index, _)| *index < lower.len().min(upper.len()));
    // A bound that is not finite is no bound: the band is closed there.
    let bound = |bounds: &[f64], index: usize, y: f64| if bounds[index].is_finite() { bounds[index] } else { y };
    let above = known().map(|&(index, (x, y))| (x, bound(upper, index, y)));
    let below = known().rev().map(|&(index, (x, y))| (x, bound(lower, index, y)));
    let corners: Vec<(f64, f64)> = above.chain(below).collect();
    plane
        .plotting_area()
        .draw(&Polygon::new(corners, color.rgb().mix(0.18)))
}

pub(super) fn color_of(series: &Series, index: usize) -> Color {
    series.color.unwrap_or_else(|| palette(index))
}

pub(super) fn stroke(color: Color, width: f64, opacity: f64) -> ShapeStyle {
    color.rgb().mix(opacity).stroke_width(units(width).unsigned_abs())
}

pub(super) fn text_style(size: f64, color: Color, style: FontStyle) -> TextStyle<'static> {
    // The backend divides what it is given by 1.24.
    let size = size * f64::from(DETAIL) * 1.24;
    let mut text = TextStyle::from(("sans-serif", size).into_font().style(style));
    text.color = color.rgb().to_backend_color();
    text
}

pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * LETTER
}

/// The text, cut with an ellipsis where it is wider than `width`.
pub(super) fn fitted(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let letters = (width / (size * LETTER)).max(1.0) as usize;
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(DETAIL)).round() as i32
}
