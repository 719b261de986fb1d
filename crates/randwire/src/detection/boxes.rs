/// A rectangle, in pixels from the upper left corner of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least column.
    pub left: f32,
    /// Least row.
    pub top: f32,
    /// Greatest column.
    pub right: f32,
    /// Greatest row.
    pub bottom: f32,
}

impl Bounds {
    /// Its area; none if it is turned inside out.
    pub fn area(&self) -> f32 {
        (self.right - self.left).max(0.0) * (self.bottom - self.top).max(0.0)
    }

    /// The area that two have in common, in units of the area that either covers; 0 for two without area.
    pub fn overlap(&self, other: &Self) -> f32 {
        let common = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        let common = common.area();
        let either = self.area() + other.area() - common;
        if either > 0.0 { common / either } else { 0.0 }
    }
}

/// Something that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// What.
    pub class: usize,
    /// How sure.
    pub score: f32,
    /// Where.
    pub bounds: Bounds,
}

/// The surest of those of one class that overlap by more than `overlap`, the surest first, `most` at most.
pub fn suppress(mut found: Vec<Found>, overlap: f32, most: usize) -> Vec<Found> {
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut kept: Vec<Found> = Vec::new();
    for candidate in found {
        let is_another =
            |known: &Found| known.class != candidate.class || known.bounds.overlap(&candidate.bounds) <= overlap;
        if kept.iter().all(is_another) {
            kept.push(candidate);
        }
        if kept.len() == most {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, side: f32) -> Bounds {
        Bounds {
            left,
            top: 0.0,
            right: left + side,
            bottom: side,
        }
    }

    #[test]
    fn overlaps() {
        assert_eq!(square(0.0, 2.0).overlap(&square(0.0, 2.0)), 1.0);
        assert_eq!(square(0.0, 2.0).overlap(&square(1.0, 2.0)), 1.0 / 3.0);
        assert_eq!(square(0.0, 2.0).overlap(&square(2.0, 2.0)), 0.0);
        assert_eq!(square(0.0, 0.0).overlap(&square(0.0, 0.0)), 0.0);
    }

    #[test]
    fn the_surest_of_those_that_overlap_is_kept() {
        let found = |class, score, left| Found {
            class,
            score,
            bounds: square(left, 2.0),
        };
        let all = vec![
            found(0, 0.3, 0.1),
            found(0, 0.9, 0.0),
            found(1, 0.5, 0.0),
            found(0, 0.2, 5.0),
        ];
        let scores: Vec<f32> = suppress(all.clone(), 0.5, 10).iter().map(|found| found.score).collect();
        assert_eq!(scores, [0.9, 0.5, 0.2]);
        assert_eq!(suppress(all, 0.5, 1).len(), 1);
    }
}
