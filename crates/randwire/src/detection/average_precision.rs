//! Average precision, as COCO counts it: the mean precision at 101 recalls, over classes, for one or several overlaps.

use super::{Bounds, Found};

/// Overlaps of COCO's main number: 0.5, 0.55, ..., 0.95.
pub const OVERLAPS: [f32; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
const RECALLS: usize = 101;

/// What there is in a picture: class and bounds.
pub type Truth = Vec<(usize, Bounds)>;

/// Mean over the classes that there are, of pictures with what was found in each; NaN if there is nothing in any.
pub fn average_precision(truths: &[Truth], found: &[Vec<Found>], overlap: f32) -> f64 {
    let mut classes: Vec<usize> = truths.iter().flatten().map(|&(class, _)| class).collect();
    classes.sort_unstable();
    classes.dedup();
    let sum: f64 = classes
        .iter()
        .map(|&class| of_class(truths, found, class, overlap))
        .sum();
    sum / classes.len() as f64
}

/// Mean over [`OVERLAPS`].
pub fn mean_average_precision(truths: &[Truth], found: &[Vec<Found>]) -> f64 {
    let sum: f64 = OVERLAPS
        .iter()
        .map(|&overlap| average_precision(truths, found, overlap))
        .sum();
    sum / OVERLAPS.len() as f64
}

fn of_class(truths: &[Truth], found: &[Vec<Found>], class: usize, overlap: f32) -> f64 {
    let total = truths.iter().flatten().filter(|(known, _)| *known == class).count();
    let mut ranked: Vec<(f32, bool)> = Vec::new();
    for (truth, found) in truths.iter().zip(found) {
        ranked.extend(matched(truth, found, class, overlap));
    }
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut right, mut curve) = (0.0, Vec::with_capacity(ranked.len()));
    for (place, &(_, is_right)) in ranked.iter().enumerate() {
        right += f64::from(u8::from(is_right));
        curve.push((right / total as f64, right / (place + 1) as f64));
    }
    // Of each recall the best precision at that recall or a higher one.
    for place in (1..curve.len()).rev() {
        curve[place - 1].1 = f64::max(curve[place - 1].1, curve[place].1);
    }
    let precision = |recall: f64| {
        let place = curve.partition_point(|&(reached, _)| reached < recall - 1e-12);
        curve.get(place).map_or(0.0, |&(_, precision)| precision)
    };
    (0..RECALLS)
        .map(|step| precision(step as f64 / (RECALLS - 1) as f64))
        .sum::<f64>()
        / RECALLS as f64
}

/// Scores of what was found of a class in a picture, and whether each is right: the surest takes the truth that it
/// overlaps most with, each truth once.
fn matched(truth: &Truth, found: &[Found], class: usize, overlap: f32) -> Vec<(f32, bool)> {
    let mut free: Vec<Bounds> = truth
        .iter()
        .filter(|(known, _)| *known == class)
        .map(|&(_, bounds)| bounds)
        .collect();
    let mut found: Vec<&Found> = found.iter().filter(|found| found.class == class).collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    let judged = found.into_iter().map(|found| {
        let best = free
            .iter()
            .enumerate()
            .map(|(place, bounds)| (place, bounds.overlap(&found.bounds)))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        match best {
            Some((place, share)) if share >= overlap => {
                free.swap_remove(place);
                (found.score, true)
            }
            _ => (found.score, false),
        }
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32) -> Bounds {
        Bounds {
            left,
            top: 0.0,
            right: left + 10.0,
            bottom: 10.0,
        }
    }

    fn found(class: usize, score: f32, left: f32) -> Found {
        Found {
            class,
            score,
            bounds: square(left),
        }
    }

    #[test]
    fn all_that_there_is_and_nothing_else() {
        let truths = [vec![(0, square(0.0)), (1, square(20.0))], vec![(0, square(5.0))]];
        let all = [vec![found(0, 0.9, 0.0), found(1, 0.2, 20.0)], vec![found(0, 0.5, 5.0)]];
        assert_eq!(average_precision(&truths, &all, 0.5), 1.0);
        assert_eq!(mean_average_precision(&truths, &all), 1.0);
        assert_eq!(average_precision(&truths, &[vec![], vec![]], 0.5), 0.0);
    }

    /// Two of class 0; the surest guess is wrong, then one is right: precision 1/2 up to recall 1/2, which are 51 of 101.
    #[test]
    fn a_sure_mistake_halves_precision() {
        let truths = [vec![(0, square(0.0)), (0, square(50.0))]];
        let guesses = [vec![found(0, 0.9, 100.0), found(0, 0.8, 0.0)]];
        let expected = 0.5 * 51.0 / 101.0;
        assert!((average_precision(&truths, &guesses, 0.5) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_truth_is_found_once() {
        let truths = [vec![(0, square(0.0))]];
        let twice = [vec![found(0, 0.9, 0.0), found(0, 0.8, 0.5)]];
        assert_eq!(average_precision(&truths, &twice, 0.5), 1.0);
        let doubled = [vec![found(0, 0.9, 30.0), found(0, 0.8, 0.0)]];
        assert_eq!(average_precision(&truths, &doubled, 0.5), 0.5);
    }

    #[test]
    fn tight_overlaps_ask_for_more() {
        // 8 of 12 columns in common: 2/3.
        let truths = [vec![(0, square(0.0))]];
        let near = [vec![found(0, 0.9, 2.0)]];
        assert_eq!(average_precision(&truths, &near, 0.65), 1.0);
        assert_eq!(average_precision(&truths, &near, 0.7), 0.0);
        assert!((mean_average_precision(&truths, &near) - 0.4).abs() < 1e-12);
    }
}
