use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        plot::{Chart, Scale, Series, Style},
    },
    nn::trainable_parameters,
};

use crate::{
    Rows,
    course::{Division, DivisionRecord},
    data::{Benchmark, Examples},
    evaluate::{cause_agreement, retrieval},
    train::MetricLearning,
};

/// What was trained on what.
pub(super) fn run(run: &MetricLearning) -> Figure {
    let config = run.config();
    let pictures = run.pictures();
    let mut table = Table::new([
        "loss",
        "K",
        "d",
        "parameters",
        "training pictures / classes",
        "test pictures / classes",
        "updates of an epoch",
    ]);
    let test = &pictures.tests[0].queries;
    let counts = |examples: &Examples| format!("{} / {}", examples.len(), examples.class_names().len());
    table.push([
        format!("{:?}", config.loss.kind).to_lowercase(),
        config.divide.learners.to_string(),
        config.dimension.to_string(),
        trainable_parameters(run.trainer().model()).to_string(),
        counts(&pictures.train),
        counts(test),
        run.course().timetable().epoch_steps().to_string(),
    ]);
    Figure {
        name: "run".to_owned(),
        title: "The run".to_owned(),
        caption:
            "Test classes are none of the training classes. NMI is 2·I/(H + H'), arithmetic mean, natural logarithms."
                .to_owned(),
        body: Body::Table(table),
    }
}

/// What divisions cost.
pub(super) fn times(run: &MetricLearning) -> Figure {
    // The word "seconds" in the column's name says that it differs from run to run.
    let mut table = Table::new(["what", "seconds since the last start"]);
    let times = run.times();
    let updates = times.all.saturating_sub(times.dividing);
    for (what, time) in [("updates", updates), ("divisions", times.dividing)] {
        table.push([what.to_owned(), format!("{:.1}", time.as_secs_f64())]);
    }
    Figure {
        name: "times".to_owned(),
        title: "What divisions cost".to_owned(),
        caption:
            "A division passes all training pictures through the network and runs k-means on what it makes of them."
                .to_owned(),
        body: Body::Table(table),
    }
}

/// Recall@k for more k than the table has.
pub(super) fn recall(run: &MetricLearning, queries: &Rows, gallery: Option<&Rows>) -> Result<Figure> {
    const MOST: usize = 64;
    let test: &Benchmark = &run.pictures().tests[0];
    let there = gallery.map_or(queries.len(), Rows::len);
    let ks: Vec<usize> = std::iter::successors(Some(1), |k| Some(2 * k))
        .take_while(|&k| k <= MOST.min(there))
        .collect();
    let found = retrieval(test, queries, gallery, &ks, run.device())?;
    let points = ks
        .iter()
        .zip(&found.recall)
        .map(|(&k, &recall)| (k as f64, 100.0 * recall));
    let mut series = vec![Series::new("embedding", points, Style::LinePoints)];
    if let Some(floor) = run.floor()? {
        let k = run.config().evaluation.ks[0];
        series.push(Series::points("raw pixels", [(k as f64, 100.0 * floor)]));
    }
    let chart = Chart {
        x_label: "k".to_owned(),
        y_label: "Recall@k, %".to_owned(),
        x_scale: Scale::Log,
        series,
        ..Chart::default()
    };
    Ok(Figure {
        name: "recall".to_owned(),
        title: "Recall@k".to_owned(),
        caption: "Share of test pictures with one of their class among the k nearest.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    })
}

/// A line for each division.
pub(super) fn divisions(division: &Division) -> Figure {
    /// Of long runs the last ones.
    const MOST: usize = 12;
    let mut table = Table::new([
        "update",
        "pictures by learner",
        "classes by learner",
        "suspended",
        "NMI, before",
        "stayed",
        "NMI, classes",
    ]);
    let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let skipped = division.records.len().saturating_sub(MOST);
    for record in &division.records[skipped..] {
        let suspended = if record.suspended.is_empty() {
            "none".to_owned()
        } else {
            list(&record.suspended)
        };
        table.push([
            record.step.to_string(),
            list(&record.sizes),
            list(&record.classes),
            suspended,
            record
                .agreement
                .map_or("–".to_owned(), |agreement| format!("{agreement:.3}")),
            record
                .kept
                .map_or("–".to_owned(), |kept| format!("{:.0} %", 100.0 * kept)),
            format!("{:.3}", record.class_agreement),
        ]);
    }
    Figure {
        name: "divisions".to_owned(),
        title: "Divisions".to_owned(),
        caption: format!(
            "Divisions so far: {}{}. NMI is that with the division before, and with the classes. New clusters go to the learners that held most of them. A learner whose cluster has fewer than \
             two classes with two pictures is suspended until the next division.",
            division.records.len(),
            if skipped > 0 {
                format!("; the last {MOST} are shown")
            } else {
                String::new()
            }
        ),
        body: Body::Table(table),
    }
}

/// How divisions follow each other.
pub(super) fn stability(division: &Division) -> Result<Figure> {
    let of = |value: fn(&DivisionRecord) -> Option<f64>| {
        let points = division
            .records
            .iter()
            .filter_map(move |record| Some((record.step as f64, value(record)?)));
        points.collect::<Vec<_>>()
    };
    let chart = Chart {
        x_label: "update".to_owned(),
        series: vec![
            Series::new(
                "NMI with the division before",
                of(|record| record.agreement),
                Style::LinePoints,
            ),
            Series::new(
                "share that stayed with its learner",
                of(|record| record.kept),
                Style::LinePoints,
            ),
            Series::new(
                "NMI with the classes",
                of(|record| Some(record.class_agreement)),
                Style::LinePoints,
            ),
        ],
        ..Chart::default()
    };
    Ok(Figure {
        name: "stability".to_owned(),
        title: "Stability of the clusters".to_owned(),
        caption: "Between one division and the next the embedding changes, and with it the clusters.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    })
}

/// What clusters and slices have to do with the causes of similarity, where these are known.
pub(super) fn causes(run: &MetricLearning, division: &Division, embeddings: &Rows) -> Result<Option<Figure>> {
    let train = &run.pictures().train;
    if train.causes().is_empty() {
        return Ok(None);
    }
    let test = &run.pictures().tests[0];
    let slices = run.config().slices();
    let names: Vec<String> = train.causes().iter().map(|cause| cause.name.clone()).collect();
    let mut columns = vec!["part".to_owned(), "Recall@1 of the class, %".to_owned()];
    columns.extend(names.iter().map(|name| format!("Recall@1 of the {name}, %")));
    let mut table = Table::new(columns);
    let mut push = |part: String, rows: &Rows| -> Result<()> {
        let percent = |labels: &[usize]| -> Result<String> {
            let labeled = crate::retrieval::Labeled::new(rows, labels)?;
            let protocol = crate::retrieval::Protocol::OtherQueries;
            let found = crate::retrieval::retrieve(labeled, protocol, &[1], run.device())?;
            Ok(format!("{:.1}", 100.0 * found.recall[0]))
        };
        let mut cells = vec![part, percent(test.queries.labels())?];
        for cause in test.queries.causes() {
            cells.push(percent(&cause.values)?);
        }
        table.push(cells);
        Ok(())
    };
    push("all slices".to_owned(), embeddings)?;
    for learner in 0..slices.learners() {
        push(format!("learner {learner}"), &embeddings.columns(slices.range(learner)))?;
    }
    let agreement: Vec<String> = cause_agreement(&division.assignment, train)
        .into_iter()
        .map(|(name, agreement)| format!("{} with the {name}", number(agreement)))
        .collect();
    Ok(Some(Figure {
        name: "causes".to_owned(),
        title: "What each learner found".to_owned(),
        caption: format!(
            "How well each slice alone finds test pictures of the same class, and of the same half. NMI of the training clusters: {}.",
            agreement.join(", ")
        ),
        body: Body::Table(table),
    }))
}
