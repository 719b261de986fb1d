//! Drawing charts with plotters.
//!
//! Its backend places everything on whole pixels, so charts are drawn ten times as large and shown at a tenth.

use std::io;

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{Shift, cartesian::Cartesian2d},
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    element::{Circle, PathElement, Polygon, Rectangle},
    prelude::SVGBackend,
    series::DashedLineSeries,
    style::{
        Color as _, FontStyle, IntoFont, ShapeStyle, TRANSPARENT, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Chart, Color, SIZES, Series, Style, axis::Axis, color, palette};
use crate::{Error, Result};

/// Units of the drawing per pixel on the page.
const DETAIL: u32 = 10;

// Everything below is in pixels on the page.
const TITLE_SIZE: f64 = 14.0;
const LABEL_SIZE: f64 = 12.0;
const TICK_SIZE: f64 = 11.0;
const TICK_MARK: f64 = 4.0;
const MARGIN: f64 = 14.0;
const TITLE_HEIGHT: f64 = 24.0;
const LEGEND_ROW: f64 = 18.0;
const LEGEND_ROWS: usize = 3;
const SWATCH: f64 = 18.0;
const LINE: f64 = 1.8;
const DOT: f64 = 2.6;

/// Width of a letter as a part of its height, on average and rather too large.
const LETTER: f64 = 0.58;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

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
        let x = Axis::around(chart.x_scale, points().map(|(x, _)| x), most_x(plot_width(axis_left)));
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

/// Ends of the series' band.
fn bounds(series: &Series) -> impl Iterator<Item = f64> + '_ {
    let (lower, upper): (&[f64], &[f64]) = match &series.style {
        Style::Band { lower, upper } => (lower, upper),
        _ => (&[], &[]),
    };
    let count = series.points.len().min(lower.len()).min(upper.len());
    lower[..count].iter().chain(&upper[..count]).copied()
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

/// Names of the series with a sample of how each is drawn, in rows.
struct Legend<'a> {
    rows: Vec<Vec<(usize, &'a Series)>>,
    width: f64,
    /// Entries that found no room.
    cut: usize,
}

/// The legend of all charts of a grid, if it is the same for all.
fn shared_legend(charts: &[Chart], width: u32) -> Option<Legend<'_>> {
    let (first, others) = charts.split_first().filter(|(_, others)| !others.is_empty())?;
    let entry = |(one, other): (&Series, &Series)| {
        (&one.name, one.color, std::mem::discriminant(&one.style))
            == (&other.name, other.color, std::mem::discriminant(&other.style))
    };
    let is_same =
        |other: &Chart| first.series.len() == other.series.len() && first.series.iter().zip(&other.series).all(entry);
    let legend = Legend::of(first, f64::from(width));
    (others.iter().all(is_same) && !legend.rows.is_empty()).then_some(legend)
}

impl<'a> Legend<'a> {
    fn of(chart: &'a Chart, width: f64) -> Self {
        let mut rows: Vec<Vec<(usize, &Series)>> = Vec::new();
        let mut cut = 0;
        let mut right = f64::INFINITY;
        for (index, series) in chart
            .series
            .iter()
            .enumerate()
            .filter(|(_, series)| !series.name.is_empty())
        {
            let entry = entry_width(&series.name, width);
            if right + entry > width - 2.0 * MARGIN {
                if rows.len() == LEGEND_ROWS {
                    cut += 1;
                    continue;
                }
                rows.push(Vec::new());
                right = 0.0;
            }
            right += entry;
            if let Some(row) = rows.last_mut() {
                row.push((index, series));
            }
        }
        Self { rows, width, cut }
    }

    fn height(&self) -> f64 {
        let rows = self.rows.len() + usize::from(self.cut > 0);
        if rows == 0 { 0.0 } else { rows as f64 * LEGEND_ROW + 6.0 }
    }

    fn draw(&self, area: &Area<'_>, top: f64) -> Drawn {
        let style = text_style(LABEL_SIZE, Color::LABEL, FontStyle::Normal).pos(Pos::new(HPos::Left, VPos::Center));
        let mut middle = top + LEGEND_ROW / 2.0;
        for row in &self.rows {
            let mut left = MARGIN;
            for (index, series) in row {
                draw_swatch(series, color_of(series, *index), area, (left, middle))?;
                let name = fitted(&series.name, LABEL_SIZE, self.width - 2.0 * MARGIN - 2.0 * SWATCH);
                area.draw_text(&name, &style, (units(left + SWATCH + 6.0), units(middle)))?;
                left += entry_width(&series.name, self.width);
            }
            middle += LEGEND_ROW;
        }
        if self.cut > 0 {
            area.draw_text(
                &format!("and {} more", self.cut),
                &style,
                (units(MARGIN), units(middle)),
            )?;
        }
        Ok(())
    }
}

fn entry_width(name: &str, width: f64) -> f64 {
    (text_width(name, LABEL_SIZE) + SWATCH + 6.0 + 14.0).min(width - 2.0 * MARGIN)
}

fn draw_swatch(series: &Series, color: Color, area: &Area<'_>, (left, middle): (f64, f64)) -> Drawn {
    let at = |x: f64, y: f64| (units(left + x), units(middle + y));
    let line = |from: f64, to: f64, style: ShapeStyle| PathElement::new(vec![at(from, 0.0), at(to, 0.0)], style);
    let solid = stroke(color, LINE, 1.0);
    match &series.style {
        Style::Points => {}
        Style::Dashed => {
            area.draw(&line(0.0, 7.0, solid))?;
            area.draw(&line(11.0, SWATCH, solid))?;
        }
        Style::Faint => area.draw(&line(0.0, SWATCH, stroke(color, 1.0, 0.6)))?,
        Style::Band { .. } => {
            area.draw(&Rectangle::new(
                [at(0.0, -5.0), at(SWATCH, 5.0)],
                color.rgb().mix(0.18).filled(),
            ))?;
            area.draw(&line(0.0, SWATCH, solid))?;
        }
        Style::Line | Style::LinePoints => area.draw(&line(0.0, SWATCH, solid))?,
    }
    if matches!(series.style, Style::Points | Style::LinePoints) {
        area.draw(&Circle::new(at(SWATCH / 2.0, 0.0), units(DOT), color.rgb().filled()))?;
    }
    Ok(())
}

fn color_of(series: &Series, index: usize) -> Color {
    series.color.unwrap_or_else(|| palette(index))
}

fn stroke(color: Color, width: f64, opacity: f64) -> ShapeStyle {
    color.rgb().mix(opacity).stroke_width(units(width).unsigned_abs())
}

fn text_style(size: f64, color: Color, style: FontStyle) -> TextStyle<'static> {
    // The backend divides what it is given by 1.24.
    let size = size * f64::from(DETAIL) * 1.24;
    let mut text = TextStyle::from(("sans-serif", size).into_font().style(style));
    text.color = color.rgb().to_backend_color();
    text
}

fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * LETTER
}

/// The text, cut with an ellipsis where it is wider than `width`.
fn fitted(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let letters = (width / (size * LETTER)).max(1.0) as usize;
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

fn units(pixels: f64) -> i32 {
    (pixels * f64::from(DETAIL)).round() as i32
}
