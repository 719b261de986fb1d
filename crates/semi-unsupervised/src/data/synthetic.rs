//! A small set with classes that any of the models can tell apart, for trials in seconds.

use papers_core::random::Streams;
use rand_distr::{Distribution, StandardNormal};

use super::rows::Rows;
use crate::config::SyntheticConfig;

/// Rows of class `c` are normal with deviation 1 around `distance` times the unit vector of axis `c`; `noise` further values
/// are standard normal. Training and test rows, class after class.
///
/// # Shapes
///
/// - output: `[classes * train_per_class, dimensions + noise]` and `[classes * test_per_class, dimensions + noise]`
pub fn synthetic(config: &SyntheticConfig, streams: &Streams) -> (Rows, Rows) {
    let rows = |part: &str, per_class: usize| {
        let columns = config.values();
        let mut values = Vec::with_capacity(config.classes * per_class * columns);
        for class in 0..config.classes {
            let mut generator = streams.at(&format!("synthetic/{part}"), class as u64, 0);
            for _ in 0..per_class {
                values.extend((0..columns).map(|column| {
                    let noise: f64 = StandardNormal.sample(&mut generator);
                    let middle = if column == class { config.distance } else { 0.0 };
                    (middle + noise) as f32
                }));
            }
        }
        Rows {
            name: format!("synthetic/{part}"),
            values,
            columns,
            labels: (0..config.classes)
                .flat_map(|class| vec![Some(class); per_class])
                .collect(),
        }
    };
    (
        rows("train", config.train_per_class),
        rows("test", config.test_per_class),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_lie_on_their_axes() {
        let config = SyntheticConfig::default();
        let (train, test) = synthetic(&config, &Streams::new(1));
        assert_eq!((train.len(), test.len(), train.columns), (1200, 1200, 20));
        for class in 0..6 {
            for column in 0..20 {
                let of_class = (0..train.len()).filter(|&row| train.labels[row] == Some(class));
                let mean = of_class.map(|row| train.row(row)[column]).sum::<f32>() / 200.0;
                let expected = if class == column { 4.0 } else { 0.0 };
                // Five standard errors of 200 rows.
                assert!((mean - expected).abs() < 0.36, "{class} {column} {mean}");
            }
        }
    }

    #[test]
    fn the_seed_says_what_is_drawn() {
        let of_seed = |seed| synthetic(&SyntheticConfig::default(), &Streams::new(seed));
        assert_eq!(of_seed(1), of_seed(1));
        assert_ne!(of_seed(1).0, of_seed(2).0);
        assert_ne!(of_seed(1).0.values, of_seed(1).1.values);
    }
}
