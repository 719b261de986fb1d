//! Tables about a trained classifier.

use burn::module::Module;
use papers_core::base::{
    figure::{Body, Figure, Table, number},
    images::ImageSet,
};

use super::{config::OdeNetConfig, evaluate::Classified, model::Classifier};

/// What the network has and takes, as in the paper's table 1.
pub(super) fn cost(config: &OdeNetConfig, model: &Classifier, set: &ImageSet, classified: &Classified) -> Figure {
    let mut table = Table::new([
        "network",
        "parameters",
        "test error",
        "evaluations",
        "seconds per 1,000 pictures",
    ]);
    let seconds = classified.classification.duration.as_secs_f64() * 1000.0 / set.len() as f64;
    table.push([
        config.model.name().to_owned(),
        model.num_params().to_string(),
        format!("{:.2} %", 100.0 * classified.classification.error_rate(set)),
        number(classified.mean_evaluations()),
        number(seconds),
    ]);
    Figure {
        name: "cost".to_owned(),
        title: "The network".to_owned(),
        caption: format!(
            "Test error of the last state on {} pictures of {}.",
            set.len(),
            set.name
        ),
        body: Body::Table(table),
    }
}
