use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use papers_core::{
    Error, Result,
    base::images::{ImageSet, Listing},
    random::Streams,
};

/// Pictures with their classes, in memory or on disk.
#[derive(Debug, Clone)]
pub struct Examples {
    pub(super) pixels: Pixels,
    /// Class of each picture, from 0 without a gap.
    labels: Vec<usize>,
    /// Name of each class, as the data set has it.
    class_names: Vec<String>,
    /// Other partitions of the pictures than that into classes, where they are known.
    causes: Vec<Cause>,
}

/// Why pictures may be alike, such as the digit on the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub name: String,
    /// The value of each picture.
    pub values: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Pixels {
    /// As bytes.
    Memory(Arc<ImageSet>),
    /// Read one by one.
    Files(Arc<Listing>),
}

impl Examples {
    /// Pictures in memory. Classes without a picture are left out.
    pub(super) fn in_memory(set: ImageSet, causes: Vec<Cause>) -> Self {
        let labels: Vec<usize> = set.labels.iter().map(|&label| usize::from(label)).collect();
        let (labels, class_names) = dense(&labels, &set.class_names);
        Self {
            pixels: Pixels::Memory(Arc::new(set)),
            labels,
            class_names,
            causes,
        }
    }

    /// Pictures on disk. Classes without a picture are left out.
    pub(super) fn on_disk(listing: Listing) -> Self {
        let labels: Vec<usize> = (0..listing.len()).map(|index| listing.label(index)).collect();
        let (labels, class_names) = dense(&labels, listing.class_names());
        Self {
            pixels: Pixels::Files(Arc::new(listing)),
            labels,
            class_names,
            causes: Vec::new(),
        }
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Class of each picture, from 0 without a gap.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Name of each class, as the data set has it.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Names of the classes that have a picture.
    pub fn used_class_names(&self) -> impl Iterator<Item = &str> {
        self.class_names.iter().map(String::as_str)
    }

    /// Other partitions than that into classes, where they are known.
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// The pictures as bytes, if they are in memory.
    pub fn set(&self) -> Option<&ImageSet> {
        match &self.pixels {
            Pixels::Memory(set) => Some(set),
            Pixels::Files(_) => None,
        }
    }

    /// Classes with one picture, which can be no query and no positive.
    pub fn lone_classes(&self) -> usize {
        let mut counts = vec![0; self.class_names.len()];
        self.labels.iter().for_each(|&label| counts[label] += 1);
        counts.iter().filter(|&&count| count == 1).count()
    }

    /// Some of the pictures, in this order.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let labels: Vec<usize> = indices.iter().map(|&index| self.labels[index]).collect();
        let (labels, class_names) = dense(&labels, &self.class_names);
        let of = |cause: &Cause| Cause {
            name: cause.name.clone(),
            values: indices.iter().map(|&index| cause.values[index]).collect(),
        };
        Self {
            pixels: match &self.pixels {
                Pixels::Memory(set) => Pixels::Memory(Arc::new(set.subset(set.name.clone(), indices))),
                Pixels::Files(listing) => Pixels::Files(Arc::new(listing.subset(indices))),
            },
            labels,
            class_names,
            causes: self.causes.iter().map(of).collect(),
        }
    }

    /// The pictures of the classes with these names, which are numbered in the order of their names.
    pub(super) fn of_classes(self, names: &BTreeSet<String>) -> Self {
        let is_kept = |index: &usize| names.contains(&self.class_names[self.labels[*index]]);
        let kept: Vec<usize> = (0..self.len()).filter(is_kept).collect();
        let mut examples = if kept.len() == self.len() {
            self
        } else {
            self.subset(&kept)
        };
        let places: BTreeMap<&String, usize> = names.iter().zip(0..).collect();
        let numbers: Vec<usize> = examples.class_names.iter().map(|name| places[name]).collect();
        examples.labels.iter_mut().for_each(|label| *label = numbers[*label]);
        examples.class_names = names.iter().cloned().collect();
        examples
    }

    /// The pictures of all classes but `count` drawn ones, and of these.
    pub(super) fn without_classes(&self, count: usize, streams: &Streams) -> Result<(Self, Self)> {
        let classes = self.class_names.len();
        if count + 2 > classes {
            return Err(Error::Usage(format!(
                "`data.validation_classes`: {count} of {classes} training classes leave less than 2 to learn from"
            )));
        }
        let order = streams.permutation("validation classes", 0, classes);
        let is_held_out = |index: &usize| order[..count].contains(&self.labels[*index]);
        let (held_out, kept): (Vec<usize>, Vec<usize>) = (0..self.len()).partition(is_held_out);
        Ok((self.subset(&kept), self.subset(&held_out)))
    }
}

/// Classes numbered from 0 without a gap, in their order, with the names of those that are left.
fn dense(labels: &[usize], names: &[String]) -> (Vec<usize>, Vec<String>) {
    let mut used = vec![false; names.len()];
    labels.iter().for_each(|&label| used[label] = true);
    let mut numbers = vec![0; names.len()];
    let mut kept = Vec::new();
    for (class, name) in names.iter().enumerate().filter(|(class, _)| used[*class]) {
        numbers[class] = kept.len();
        kept.push(name.clone());
    }
    (labels.iter().map(|&label| numbers[label]).collect(), kept)
}
