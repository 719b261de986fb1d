use serde::{Deserialize, Serialize};

use crate::config::Choose;

/// What is known of the best weights so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Update after which they were found, and what was measured then; none before the first look.
    pub best: Option<(u64, f64)>,
}

impl Chosen {
    /// Whether what was measured after an update is the best so far; it is remembered then. `loss` and `pearson` are those of the
    /// validation photos; an undefined correlation is worse than any.
    pub fn offer(&mut self, step: u64, by: Choose, loss: f64, pearson: Option<f64>) -> bool {
        let (value, is_better): (f64, fn(f64, f64) -> bool) = match by {
            Choose::Loss => (loss, |new, old| new < old),
            Choose::Pearson => (pearson.unwrap_or(-2.0), |new, old| new > old),
            Choose::Last => (loss, |_, _| true),
        };
        let is_chosen = self.best.is_none_or(|(_, best)| is_better(value, best));
        if is_chosen {
            self.best = Some((step, value));
        }
        is_chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_better_depends_on_what_is_asked_for() {
        let looks = [
            (1, 0.5, Some(0.2)),
            (2, 0.3, Some(0.1)),
            (3, 0.4, Some(0.6)),
            (4, 0.6, None),
        ];
        for (by, expected) in [(Choose::Loss, 2), (Choose::Pearson, 3), (Choose::Last, 4)] {
            let mut chosen = Chosen::default();
            for (step, loss, pearson) in looks {
                chosen.offer(step, by, loss, pearson);
            }
            assert_eq!(chosen.best.unwrap().0, expected, "{by:?}");
        }
    }
}
