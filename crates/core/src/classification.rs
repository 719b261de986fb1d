//! What a classifier says about a whole set of pictures, as numbers, pictures and tables.

use std::time::{Duration, Instant};

use burn::{
    prelude::*,
    tensor::{TensorReadError, activation::softmax},
};
use papers_base::{
    figure::{Body, Figure, Table},
    images::{self, ImageSet, Tile},
    metrics,
};

use crate::Result;

/// Pictures of the sheet of samples, and in one row of it.
const SAMPLES: usize = 24;
const COLUMNS: usize = 8;
/// Rows and columns of the largest confusion table that can still be read.
const LARGEST_CONFUSION: usize = 20;

/// Probabilities of the classes of every picture of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    classes: usize,
    /// `[pictures, classes]`.
    probabilities: Vec<f64>,
    /// What it took.
    pub duration: Duration,
}

impl Classification {
    /// Classifies every picture of a set, `batch` at a time; `logits` gets their indices and returns `[batch, classes]`.
    ///
    /// # Errors
    ///
    /// What `logits` or the device reports.
    pub fn of<E: From<TensorReadError>>(
        set: &ImageSet,
        batch: usize,
        mut logits: impl FnMut(&[usize]) -> Result<Tensor<2>, E>,
    ) -> Result<Self, E> {
        let started = Instant::now();
        let indices: Vec<usize> = (0..set.len()).collect();
        let mut probabilities = Vec::with_capacity(set.len() * set.classes);
        for batch in indices.chunks(batch) {
            probabilities.extend(softmax(logits(batch)?, 1).try_into_vec_as::<f64>()?);
        }
        Ok(Self {
            classes: set.classes,
            probabilities,
            duration: started.elapsed(),
        })
    }

    /// Probabilities of one picture's classes.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn probabilities(&self, index: usize) -> &[f64] {
        &self.probabilities[index * self.classes..(index + 1) * self.classes]
    }

    /// The likeliest class of each picture.
    pub fn predicted(&self) -> Vec<usize> {
        self.probabilities.chunks(self.classes.max(1)).map(largest).collect()
    }

    /// Probability of each picture's likeliest class.
    fn confidences(&self) -> Vec<f64> {
        let rows = self.probabilities.chunks(self.classes.max(1));
        rows.map(|row| row[largest(row)]).collect()
    }

    /// Share of the pictures of the classified set whose class is another than the likeliest.
    ///
    /// # Panics
    ///
    /// If the set is empty, has no labels or is another one.
    pub fn error_rate(&self, set: &ImageSet) -> f64 {
        let truth: Vec<usize> = set.labels.iter().map(|&label| usize::from(label)).collect();
        metrics::error_rate(&self.predicted(), &truth)
    }

    /// The first pictures of the classified set, then misclassified ones, with predicted class and its probability.
    ///
    /// # Errors
    ///
    /// A sheet that cannot be encoded.
    pub fn samples(&self, set: &ImageSet) -> Result<Figure> {
        let (predicted, confidences) = (self.predicted(), self.confidences());
        let is_wrong = |index: &usize| predicted[*index] != usize::from(set.labels[*index]);
        let wrong: Vec<usize> = (0..set.len()).filter(is_wrong).take(SAMPLES / 2).collect();
        let right = (0..set.len())
            .filter(|index| !is_wrong(index))
            .take(SAMPLES - wrong.len());
        let tile = |index: usize| {
            let mut lines = vec![format!(
                "{:.0}% {}",
                100.0 * confidences[index],
                set.class_names[predicted[index]]
            )];
            if is_wrong(&index) {
                lines.push(format!("is {}", set.class_names[usize::from(set.labels[index])]));
            }
            Tile {
                pixels: set.image(index).to_vec(),
                lines,
                marked: is_wrong(&index),
            }
        };
        let tiles: Vec<Tile> = right.chain(wrong.iter().copied()).map(tile).collect();
        Ok(Figure {
            name: "samples".to_owned(),
            title: "Test pictures".to_owned(),
            caption: "Predicted class and its probability; wrong ones framed.".to_owned(),
            body: Body::Png(images::sheet(set, &tiles, COLUMNS)?),
        })
    }

    /// How many pictures of each class of the classified set were taken for which; where there are too many classes for
    /// a table, the pairs that are confused most.
    pub fn confusion(&self, set: &ImageSet) -> Figure {
        let mut counts = vec![vec![0_usize; set.classes]; set.classes];
        for (predicted, &label) in self.predicted().into_iter().zip(&set.labels) {
            counts[usize::from(label)][predicted] += 1;
        }
        let (table, caption) = if set.classes <= LARGEST_CONFUSION {
            (matrix(set, &counts), "A row is a class, a column a prediction.")
        } else {
            (
                most_confused(set, &counts),
                "The pairs of class and prediction that are confused most.",
            )
        };
        Figure {
            name: "confusion".to_owned(),
            title: "Test pictures by class and prediction".to_owned(),
            caption: caption.to_owned(),
            body: Body::Table(table),
        }
    }
}

fn matrix(set: &ImageSet, counts: &[Vec<usize>]) -> Table {
    let mut table = Table::new(std::iter::once("class".to_owned()).chain(set.class_names.iter().cloned()));
    for (name, row) in set.class_names.iter().zip(counts) {
        table.push(std::iter::once(name.clone()).chain(row.iter().map(usize::to_string)));
    }
    table
}

fn most_confused(set: &ImageSet, counts: &[Vec<usize>]) -> Table {
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (class, row) in counts.iter().enumerate() {
        let others = row
            .iter()
            .enumerate()
            .filter(|(predicted, count)| *predicted != class && **count > 0);
        pairs.extend(others.map(|(predicted, &count)| (count, class, predicted)));
    }
    pairs.sort_by_key(|&(count, class, predicted)| (std::cmp::Reverse(count), class, predicted));
    let mut table = Table::new(["class", "taken for", "pictures"]);
    for (count, class, predicted) in pairs.into_iter().take(LARGEST_CONFUSION) {
        table.push([
            set.class_names[class].clone(),
            set.class_names[predicted].clone(),
            count.to_string(),
        ]);
    }
    table
}

/// The place of the largest number of each row.
///
/// # Shapes
///
/// - values: `[rows, columns]`
///
/// # Errors
///
/// What the device reports.
pub fn argmax(values: Tensor<2>) -> Result<Vec<usize>, TensorReadError> {
    let columns = values.dims()[1];
    let values: Vec<f64> = values.try_into_vec_as()?;
    Ok(values.chunks(columns).map(largest).collect())
}

/// The first place of the largest number; 0 where nothing is a number.
fn largest(row: &[f64]) -> usize {
    (0..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn set(classes: usize, labels: &[u8]) -> ImageSet {
        ImageSet {
            name: "toy/test".to_owned(),
            images: vec![0; labels.len()],
            labels: labels.to_vec(),
            height: 1,
            width: 1,
            channels: 1,
            maximum: 1,
            classes,
            class_names: (0..classes).map(|class| class.to_string()).collect(),
        }
    }

    /// Logits that make every picture class 1.
    fn always_one(set: &ImageSet) -> Classification {
        let logits = |indices: &[usize]| {
            let mut row = vec![0.0_f32; set.classes];
            row[1] = 2.0;
            let rows = row.repeat(indices.len());
            let shape = [indices.len(), set.classes];
            Ok::<_, TensorReadError>(Tensor::from_data(TensorData::new(rows, shape), &testing::device()))
        };
        Classification::of(set, 2, logits).expect("a CPU")
    }

    #[test]
    fn every_picture_is_classified_in_order() {
        let set = set(3, &[1, 0, 1, 2, 1]);
        let found = always_one(&set);
        assert_eq!(found.predicted(), [1; 5]);
        assert!((found.error_rate(&set) - 0.4).abs() < 1e-12);
        // exp(2) / (exp(2) + 2).
        testing::assert_close(&found.confidences(), &[0.786_986; 5], 1e-6);
    }

    #[test]
    fn rows_of_the_confusion_are_classes() {
        let set = set(3, &[1, 0, 1, 2, 1]);
        let Body::Table(table) = always_one(&set).confusion(&set).body else {
            panic!("a table");
        };
        assert_eq!(
            table.rows,
            [["0", "0", "1", "0"], ["1", "0", "3", "0"], ["2", "0", "1", "0"]]
        );
    }

    #[test]
    fn many_classes_are_shown_by_their_confusions() {
        let set = set(30, &[7, 7, 3]);
        let Body::Table(table) = always_one(&set).confusion(&set).body else {
            panic!("a table");
        };
        assert_eq!(table.rows, [["7", "1", "2"], ["3", "1", "1"]]);
    }

    #[test]
    fn what_is_no_number_is_the_first_class() {
        let device = testing::device();
        let values = Tensor::<2>::from_floats([[f32::NAN, f32::NAN], [0.0, 1.0]], &device);
        assert_eq!(argmax(values).expect("a CPU"), [0, 1]);
    }
}
