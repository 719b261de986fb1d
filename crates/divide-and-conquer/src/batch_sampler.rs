//! Batches with several examples of each of a few classes.

use std::collections::BTreeMap;

use papers_core::random::Streams;
use rand::{
    Rng,
    seq::{IndexedRandom, SliceRandom},
};
use serde::{Deserialize, Serialize};

/// What a batch is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchShape {
    /// Classes of a batch.
    pub classes: usize,
    /// Examples of each.
    pub images: usize,
}

impl BatchShape {
    /// Examples of a batch.
    pub fn size(&self) -> usize {
        self.classes * self.images
    }
}

/// Draws batches from some examples: of their classes a few, and of each a few examples.
///
/// Classes with one example are left out: it would have no positive. A batch is always full. With fewer classes than it
/// wants it takes all of them and more examples of each; no example comes twice before all of the batch's classes are used
/// up.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchSampler {
    shape: BatchShape,
    /// Examples of each class, those with two or more.
    classes: Vec<Vec<usize>>,
    /// Number of each of these classes.
    numbers: Vec<usize>,
}

impl BatchSampler {
    /// Batches of the examples `indices`, whose classes stand in `labels` at their places.
    ///
    /// # Panics
    ///
    /// If an example has no label, or a batch no example.
    pub fn new(indices: &[usize], labels: &[usize], shape: BatchShape) -> Self {
        assert!(shape.size() > 0, "a batch has an example");
        let mut of_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &index in indices {
            of_class.entry(labels[index]).or_default().push(index);
        }
        let usable = of_class.into_iter().filter(|(_, members)| members.len() > 1);
        let (numbers, classes) = usable.unzip();
        Self {
            shape,
            classes,
            numbers,
        }
    }

    /// Classes that batches are drawn from.
    pub fn classes(&self) -> &[usize] {
        &self.numbers
    }

    /// Whether a batch has something to tell apart: two classes or more.
    pub fn is_usable(&self) -> bool {
        self.classes.len() > 1
    }

    /// The batch of a step: the same for the same streams, name and step.
    ///
    /// # Panics
    ///
    /// If there is no class with two examples.
    pub fn batch(&self, streams: &Streams, name: &str, step: u64) -> Vec<usize> {
        assert!(!self.classes.is_empty(), "a batch needs a class with two examples");
        let random = &mut streams.at(name, step, 0);
        let all: Vec<usize> = (0..self.classes.len()).collect();
        let chosen: Vec<usize> = all.sample(random, self.shape.classes.min(all.len())).copied().collect();
        let mut members: Vec<Vec<usize>> = chosen.iter().map(|&class| self.classes[class].clone()).collect();
        members.iter_mut().for_each(|members| members.shuffle(random));
        let counts = shares(&members, self.shape.size());
        let mut batch = Vec::with_capacity(self.shape.size());
        for (members, count) in members.iter().zip(counts) {
            batch.extend((0..count).map(|place| match members.get(place) {
                Some(&member) => member,
                None => again(members, random),
            }));
        }
        batch
    }
}

/// An example that is in the batch already.
fn again(members: &[usize], random: &mut impl Rng) -> usize {
    *members.choose(random).expect("a class has two examples")
}

/// How many examples of each class make a full batch: as equal as possible without taking one twice, and equal beyond
/// that.
fn shares(members: &[Vec<usize>], size: usize) -> Vec<usize> {
    let mut counts = vec![0; members.len()];
    let mut left = size;
    while left > 0 {
        let is_open = |(class, members): &(usize, &Vec<usize>)| counts[*class] < members.len();
        let mut open: Vec<usize> = members
            .iter()
            .enumerate()
            .filter(is_open)
            .map(|(class, _)| class)
            .collect();
        if open.is_empty() {
            open = (0..members.len()).collect();
        }
        // The least used ones first.
        let least = open.iter().map(|&class| counts[class]).min().expect("a class");
        for class in open
            .into_iter()
            .filter(|&class| counts[class] == least)
            .collect::<Vec<_>>()
        {
            if left > 0 {
                counts[class] += 1;
                left -= 1;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: BatchShape = BatchShape { classes: 3, images: 4 };

    fn batches(labels: &[usize], shape: BatchShape) -> Vec<Vec<usize>> {
        let indices: Vec<usize> = (0..labels.len()).collect();
        let sampler = BatchSampler::new(&indices, labels, shape);
        (0..50)
            .map(|step| sampler.batch(&Streams::new(0), "batch", step))
            .collect()
    }

    fn counts(batch: &[usize], labels: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; 10];
        batch.iter().for_each(|&index| counts[labels[index]] += 1);
        counts.retain(|&count| count > 0);
        counts
    }

    #[test]
    fn batches_have_as_many_of_each_class_and_none_twice() {
        let labels: Vec<usize> = (0..60).map(|index| index % 6).collect();
        let batches = batches(&labels, SHAPE);
        for batch in &batches {
            assert_eq!(counts(batch, &labels), [4, 4, 4]);
            let mut sorted = batch.clone();
            sorted.dedup();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 12);
        }
        let seen: std::collections::BTreeSet<usize> = batches.iter().flatten().copied().collect();
        assert_eq!(seen.len(), 60, "every example has its turn");
        assert_ne!(batches[0], batches[1]);
    }

    #[test]
    fn fewer_classes_give_more_of_each() {
        let labels: Vec<usize> = (0..40).map(|index| index % 2).collect();
        for batch in batches(&labels, SHAPE) {
            assert_eq!(counts(&batch, &labels), [6, 6]);
        }
    }

    #[test]
    fn small_classes_are_made_up_for_before_anything_comes_twice() {
        // Two of class 0, ten of class 1, one of class 2.
        let labels: Vec<usize> = [vec![0; 2], vec![1; 10], vec![2]].concat();
        for batch in batches(&labels, SHAPE) {
            assert_eq!(counts(&batch, &labels), [2, 10], "one example has no positive");
            let mut sorted = batch;
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 12);
        }
    }

    #[test]
    fn too_few_examples_still_give_full_batches() {
        let labels = [0, 0, 1, 1];
        for batch in batches(&labels, SHAPE) {
            assert_eq!(batch.len(), 12);
            assert_eq!(counts(&batch, &labels), [6, 6]);
        }
    }

    #[test]
    fn numbers_of_classes_may_be_any() {
        let labels = [usize::MAX, 7, usize::MAX, 7, 1 << 60, 0];
        let sampler = BatchSampler::new(&[0, 1, 2, 3, 4, 5], &labels, SHAPE);
        assert_eq!(sampler.classes(), [7, usize::MAX]);
    }

    #[test]
    fn one_class_is_not_usable() {
        assert!(!BatchSampler::new(&[0, 1, 2], &[0, 0, 1], SHAPE).is_usable());
        assert!(BatchSampler::new(&[0, 1, 2, 3], &[0, 0, 1, 1], SHAPE).is_usable());
    }
}
