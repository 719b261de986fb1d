//! Pictures and tables of a run.

mod guesses;
mod mixed;

pub(crate) use guesses::guesses;
pub(crate) use mixed::mixed;

use std::time::Duration;

use papers_core::{
    base::figure::{Body, Figure, Table, number},
    nn::trainable_parameters,
};

use crate::{Learner, config::MixMatchConfig, data::Pictures, network::Network};

/// What was trained on what.
pub(crate) fn run(
    config: &MixMatchConfig,
    learner: &Learner<Network>,
    pictures: &Pictures,
    waited: Duration,
) -> Figure {
    let mut table = Table::new([
        "method",
        "parameters",
        "labeled",
        "unlabeled",
        "validation",
        "test",
        "seconds waited for pictures",
    ]);
    let sets = [
        &pictures.labeled,
        &pictures.unlabeled,
        &pictures.validation,
        &pictures.test,
    ];
    let counts = sets.map(|set| set.len().to_string());
    let head = [
        config.method.name().to_owned(),
        trainable_parameters(learner.model()).to_string(),
    ];
    table.push(head.into_iter().chain(counts).chain([number(waited.as_secs_f64())]));
    Figure {
        name: "run".to_owned(),
        title: "The run".to_owned(),
        caption: "Test error: exponential moving average of the weights, running statistics of the last ones, no \
                  augmentation. Augmentation runs beside training; what is waited for it counts since the last start."
            .to_owned(),
        body: Body::Table(table),
    }
}

/// How many pictures of each class are where.
pub(crate) fn split(pictures: &Pictures) -> Figure {
    let mut table = Table::new(["class", "labeled", "unlabeled", "validation", "test"]);
    let counts = [
        &pictures.labeled,
        &pictures.unlabeled,
        &pictures.validation,
        &pictures.test,
    ]
    .map(|set| {
        if set.is_labeled() {
            Some(set.class_counts())
        } else {
            None
        }
    });
    for (class, name) in pictures.labeled.class_names.iter().enumerate() {
        let cell = |counts: &Option<Vec<usize>>| match counts {
            Some(counts) => counts[class].to_string(),
            None => "–".to_owned(),
        };
        table.push(std::iter::once(name.clone()).chain(counts.iter().map(cell)));
    }
    Figure {
        name: "split".to_owned(),
        title: "Pictures of each class".to_owned(),
        caption: "Labels of unlabeled pictures are hidden from training; where they are known, they measure how good \
                  guessed labels are."
            .to_owned(),
        body: Body::Table(table),
    }
}
