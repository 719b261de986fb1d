//! Boxes of quartiles, and bars.

use std::ops::Range;

use plotters::{
    element::{PathElement, Polygon},
    style::{Color as _, ShapeStyle},
};

use super::{Drawn, Plane};
use crate::{metrics, plot::Color};

/// Width of a box and of a bar, as a part of the distance to the next one.
const WIDTH: f64 = 0.6;
/// Opacity of their inside.
const INSIDE: f64 = 0.25;

type Piece = Vec<(usize, (f64, f64))>;

pub(super) fn draw_boxes(pieces: &[Piece], color: Color, line: ShapeStyle, plane: &mut Plane<'_, '_>) -> Drawn {
    let mut points: Vec<(f64, f64)> = pieces.iter().flatten().map(|&(_, point)| point).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let groups: Vec<&[(f64, f64)]> = points.chunk_by(|one, other| one.0 == other.0).collect();
    let half = half_width(groups.iter().map(|group| group[0].0));
    for group in groups {
        let x = group[0].0;
        let values: Vec<f64> = group.iter().map(|&(_, y)| y).collect();
        let [least, lower, middle, upper, greatest] = five_numbers(&values);
        let [left, right] = [x - half, x + half];
        let corners = [(left, lower), (right, lower), (right, upper), (left, upper)];
        draw_filled(&corners, color, line, plane)?;
        for stretch in [
            [(left, middle), (right, middle)],
            [(x, least), (x, lower)],
            [(x, upper), (x, greatest)],
        ] {
            plane.plotting_area().draw(&PathElement::new(stretch, line))?;
        }
    }
    Ok(())
}

pub(super) fn draw_bars(
    pieces: &[Piece],
    deviation: &[f64],
    color: Color,
    line: ShapeStyle,
    plane: &mut Plane<'_, '_>,
) -> Drawn {
    let points: Vec<(usize, (f64, f64))> = pieces.iter().flatten().copied().collect();
    let half = half_width(points.iter().map(|&(_, (x, _))| x));
    let Range { start: edge, .. } = plane.y_range();
    for (index, (x, y)) in points {
        let [left, right] = [x - half, x + half];
        draw_filled(
            &[(left, edge), (right, edge), (right, y), (left, y)],
            color,
            line,
            plane,
        )?;
        let deviation = deviation.get(index).copied().filter(|deviation| deviation.is_finite());
        let deviation = deviation.unwrap_or(0.0);
        let ends = [y - deviation, y + deviation];
        plane
            .plotting_area()
            .draw(&PathElement::new(ends.map(|end| (x, end)), line))?;
        for end in ends {
            let stretch = [(x - half / 3.0, end), (x + half / 3.0, end)];
            plane.plotting_area().draw(&PathElement::new(stretch, line))?;
        }
    }
    Ok(())
}

fn draw_filled(corners: &[(f64, f64); 4], color: Color, line: ShapeStyle, plane: &mut Plane<'_, '_>) -> Drawn {
    plane
        .plotting_area()
        .draw(&Polygon::new(corners.to_vec(), color.rgb().mix(INSIDE)))?;
    let outline: Vec<_> = corners.iter().chain(&corners[..1]).copied().collect();
    plane.plotting_area().draw(&PathElement::new(outline, line))
}

/// Half of a box's width, by the smallest distance between two.
fn half_width(places: impl Iterator<Item = f64>) -> f64 {
    let mut places: Vec<f64> = places.collect();
    places.sort_by(f64::total_cmp);
    let gaps = places.windows(2).map(|pair| pair[1] - pair[0]).filter(|&gap| gap > 0.0);
    let smallest = gaps.fold(f64::INFINITY, f64::min);
    let gap = if smallest.is_finite() { smallest } else { 1.0 };
    0.5 * WIDTH * gap
}

/// Least, lower quartile, median, upper quartile, greatest of sorted values; a quartile is the median of a half, the
/// middle value left out.
fn five_numbers(sorted: &[f64]) -> [f64; 5] {
    let count = sorted.len();
    let half = (count / 2).max(1);
    let lower = metrics::median(&sorted[..half]);
    let upper = metrics::median(&sorted[count - half..]);
    [sorted[0], lower, metrics::median(sorted), upper, sorted[count - 1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_numbers_of_few_and_many() {
        assert_eq!(five_numbers(&[3.0]), [3.0; 5]);
        assert_eq!(five_numbers(&[1.0, 3.0]), [1.0, 1.0, 2.0, 3.0, 3.0]);
        let many: Vec<f64> = (1..=7).map(f64::from).collect();
        assert_eq!(five_numbers(&many), [1.0, 2.0, 4.0, 6.0, 7.0]);
    }

    #[test]
    fn boxes_do_not_touch() {
        assert_eq!(half_width([3.0, 1.0, 1.0, 2.0].into_iter()), 0.3);
        assert_eq!(half_width([5.0].into_iter()), 0.3);
    }
}
