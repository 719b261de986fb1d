//! The legend: above the plot, where it covers no data.

use plotters::{
    element::{Circle, PathElement, Rectangle},
    style::{
        Color as _, FontStyle, ShapeStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    Chart, Color, Series, Style,
    draw::{Area, DOT, Drawn, LABEL_SIZE, LINE, MARGIN, color_of, fitted, stroke, text_style, text_width, units},
};

const ROW: f64 = 18.0;
const ROWS: usize = 3;
const SWATCH: f64 = 18.0;

/// Names of the series with a sample of how each is drawn, in rows.
pub(super) struct Legend<'a> {
    rows: Vec<Vec<(usize, &'a Series)>>,
    width: f64,
    /// Entries that found no room.
    cut: usize,
}

/// The legend of all charts of a grid, if it is the same for all.
pub(super) fn shared_legend(charts: &[Chart], width: u32) -> Option<Legend<'_>> {
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
    pub(super) fn of(chart: &'a Chart, width: f64) -> Self {
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
                if rows.len() == ROWS {
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

    pub(super) fn height(&self) -> f64 {
        let rows = self.rows.len() + usize::from(self.cut > 0);
        if rows == 0 { 0.0 } else { rows as f64 * ROW + 6.0 }
    }

    pub(super) fn draw(&self, area: &Area<'_>, top: f64) -> Drawn {
        let style = text_style(LABEL_SIZE, Color::LABEL, FontStyle::Normal).pos(Pos::new(HPos::Left, VPos::Center));
        let mut middle = top + ROW / 2.0;
        for row in &self.rows {
            let mut left = MARGIN;
            for (index, series) in row {
                draw_swatch(series, color_of(series, *index), area, (left, middle))?;
                let name = fitted(&series.name, LABEL_SIZE, self.width - 2.0 * MARGIN - 2.0 * SWATCH);
                area.draw_text(&name, &style, (units(left + SWATCH + 6.0), units(middle)))?;
                left += entry_width(&series.name, self.width);
            }
            middle += ROW;
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
        Style::Band { .. } | Style::Boxes | Style::Bars { .. } => {
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
