//! Half of the classes of a labeled set to train on, half to test on.

use papers_core::{
    Context, Error, Result,
    base::{catalogue::Split as Files, images::ImageSet},
    random::Streams,
};

use super::{Benchmark, Examples, Split};
use crate::config::DataConfig;

/// Training pictures of the first half of the classes, test pictures of the second.
pub(super) fn halves(config: &DataConfig, context: &Context, streams: &Streams) -> Result<Split> {
    let read = |files: Files| -> Result<ImageSet> {
        let set = context.data.images(&config.set, files)?;
        Ok(if config.pool == 1 {
            set
        } else {
            set.mean_pooled(config.pool)?
        })
    };
    let (train, test) = (read(Files::Train)?, read(Files::Test)?);
    let half = train.classes / 2;
    if half < 2 {
        let message = format!("`data.set`: {} classes leave less than 2 to learn from", train.classes);
        return Err(Error::Usage(message));
    }
    let chosen = |set: &ImageSet, is_train: bool, per_class: usize, key: &str| -> Result<Examples> {
        let is_chosen = |index: &usize| (usize::from(set.labels[*index]) < half) == is_train;
        let all: Vec<usize> = (0..set.len()).filter(is_chosen).collect();
        let kept = some_of_each(set, &all, per_class, key, streams)?;
        Ok(Examples::in_memory(set.subset(set.name.clone(), &kept), Vec::new()))
    };
    Ok(Split {
        train: chosen(&train, true, config.train_per_class, "data.train_per_class")?,
        tests: vec![Benchmark::of(chosen(
            &test,
            false,
            config.test_per_class,
            "data.test_per_class",
        )?)],
    })
}

/// So many drawn pictures of each class, in the order of the set; all for 0.
fn some_of_each(
    set: &ImageSet,
    indices: &[usize],
    per_class: usize,
    key: &str,
    streams: &Streams,
) -> Result<Vec<usize>> {
    if per_class == 0 {
        return Ok(indices.to_vec());
    }
    let mut counts = vec![0; set.classes];
    let mut kept = Vec::new();
    for place in streams.permutation(key, 0, indices.len()) {
        let class = usize::from(set.labels[indices[place]]);
        if counts[class] < per_class {
            counts[class] += 1;
            kept.push(indices[place]);
        }
    }
    if let Some(class) = (0..set.classes).find(|&class| counts[class] > 0 && counts[class] < per_class) {
        return Err(Error::Usage(format!(
            "`{key}`: {per_class} pictures of each class are asked for, `{}` has {}",
            set.class_names[class], counts[class]
        )));
    }
    kept.sort_unstable();
    Ok(kept)
}
