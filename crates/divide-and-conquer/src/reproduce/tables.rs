use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
        plot::{Chart, Color, Series, Style},
    },
    reproduce::{FinishedRun, SEEDS, mean_curve, minutes, of_row},
};

use super::{COMPARISONS, FEW, ablations::variant_row, percent, row};

/// What rows are compared by.
pub(super) const RECALL: &str = "recall_at_1";

/// `+1.2 ± 0.5 (n=5), above 0 in 4`: differences of runs with the same seed, in points.
pub(super) fn paired(runs: &[&FinishedRun], others: &[&FinishedRun]) -> String {
    let difference = |run: &&FinishedRun| {
        let other = others.iter().find(|other| other.planned.seed == run.planned.seed)?;
        Some(100.0 * (run.metric(RECALL)? - other.metric(RECALL)?))
    };
    let differences: Vec<f64> = runs.iter().filter_map(difference).collect();
    match mean_and_deviation(&differences) {
        None => "–".to_owned(),
        Some((mean, deviation)) => {
            let count = differences.len();
            let above = differences.iter().filter(|&&difference| difference > 0.0).count();
            let spread = deviation.map_or(String::new(), |deviation| format!(" ± {deviation:.1}"));
            format!("{mean:+.1}{spread}, above 0 in {above} of {count}")
        }
    }
}

/// K beside K on one set.
pub(super) fn comparison(runs: &[FinishedRun], set: &str) -> Option<Figure> {
    let mut table = Table::new([
        "loss",
        "K",
        "Recall@1, %",
        "Recall@2, %",
        "Recall@4, %",
        "Recall@8, %",
        "MAP@R, %",
        "NMI, %",
        "Recall@1, slices of length 1, %",
        "Recall@1 over K = 1, points",
        "minutes",
    ]);
    let mut floor = Vec::new();
    for comparison in COMPARISONS.iter().filter(|comparison| comparison.set == set) {
        let baseline = of_row(runs, &row(set, comparison.loss, 1));
        for &learners in comparison.learners {
            let runs = of_row(runs, &row(set, comparison.loss, learners));
            if runs.is_empty() {
                continue;
            }
            let cell = |metric: &str| mean_and_spread(&percent(&runs, metric), 1);
            let over = if learners == 1 {
                "–".to_owned()
            } else {
                paired(&runs, &baseline)
            };
            floor.extend(percent(&runs, "pixel_recall_at_1"));
            table.push([
                comparison.loss.to_owned(),
                learners.to_string(),
                cell(RECALL),
                cell("recall_at_2"),
                cell("recall_at_4"),
                cell("recall_at_8"),
                cell("map_at_r"),
                cell("nmi"),
                cell("recall_at_1_other_norm"),
                over,
                minutes(&runs),
            ]);
        }
    }
    let what = match set {
        "digit-pairs" => {
            "two of the embedded 8×8 digits side by side, the class is the pair, test pairs unseen, 1,200 updates of 20 pictures"
        }
        "dg-100-s" => {
            "a digit of MNIST beside a garment of Fashion-MNIST at 14×28 pixels, 5 of 50 classes in a batch, 1,200 updates of 20 pictures"
        }
        "dg-100-l" => "the same pictures, 20 of 50 classes in a batch, 888 updates of 80 pictures",
        "mnist-halves" => {
            "digits 0 to 4 of MNIST at 14×14 pixels to train on, 600 of each, 5 to 9 to test on, 300 of each, 600 updates of 40 pictures"
        }
        "cifar10-halves" => {
            "five classes of a lossy CIFAR-10 to train on, 600 of each, five others to test on, 300 of each, 600 updates of 40 pictures"
        }
        "fashion-halves" => {
            "five garments of Fashion-MNIST at 14×14 pixels to train on, 600 of each, five others to test on, 300 of each, 600 updates of 40 pictures"
        }
        _ => {
            "half of the photos of CARS196 at 40×40 pixels, a small network without pretraining, 600 updates of 80 pictures"
        }
    };
    let floor = mean_and_deviation(&floor).map_or("–".to_owned(), |(mean, _)| format!("{mean:.1} %"));
    (!table.rows.is_empty()).then(|| Figure {
        name: format!("comparison-{set}"),
        title: format!("K learners on {set}"),
        caption: format!(
            "Mean ± standard deviation over seeds, of the last update; equal numbers of updates for every K. Reduced: {what}. \
             Raw pixels: Recall@1 {floor}."
        ),
        body: Body::Table(table),
    })
}

/// Recall during training.
pub(super) fn curves(runs: &[FinishedRun], set: &str) -> Result<Option<Figure>> {
    let mut series = Vec::new();
    let is_alone = COMPARISONS.iter().filter(|comparison| comparison.set == set).count() == 1;
    for comparison in COMPARISONS.iter().filter(|comparison| comparison.set == set) {
        for &learners in comparison.learners {
            let runs = of_row(runs, &row(set, comparison.loss, learners));
            if runs.is_empty() {
                continue;
            }
            let points = mean_curve(&runs, RECALL)?
                .into_iter()
                .map(|(step, recall)| (step, 100.0 * recall));
            let name = format!("{}, K = {learners}", comparison.loss);
            series.push(match learners {
                1 if is_alone => Series::new(name, points, Style::Dashed).colored(Color::GRAY),
                1 => Series::new(name, points, Style::Dashed),
                _ => Series::new(name, points, Style::LinePoints),
            });
        }
    }
    if series.len() < 2 {
        return Ok(None);
    }
    let chart = Chart {
        x_label: "updates".to_owned(),
        y_label: "Recall@1, %".to_owned(),
        series,
        width: 720,
        height: 380,
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: format!("curves-{set}"),
        title: format!("Recall@1 during training on {set}"),
        caption: "Mean over seeds; dashed: K = 1.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    }))
}

/// What was aimed at, and what came out.
pub(super) fn targets(runs: &[FinishedRun]) -> Option<Figure> {
    let recall = |row: &str| mean_and_deviation(&percent(&of_row(runs, row), RECALL)).map(|(mean, _)| mean);
    let shown = |row: &str| mean_and_spread(&percent(&of_row(runs, row), RECALL), 1);
    let [s1, s8] = [1, 8].map(|learners| row("dg-100-s", "triplet", learners));
    let [l1, l4] = [1, 4].map(|learners| row("dg-100-l", "margin", learners));
    let random = variant_row("dg-100-s", "parts", "random");
    let pixels = percent(&of_row(runs, &s1), "pixel_recall_at_1");
    let (floor, _) = mean_and_deviation(&pixels)?;
    let mut table = Table::new(["what", "target", "found", "met"]);
    let mut push = |what: &str, target: &str, found: String, is_met: Option<bool>| {
        let met = is_met.map_or("–", |met| if met { "yes" } else { "no" });
        table.push([what, target, &found, met].map(str::to_owned));
    };
    let on = |value: Option<f64>, test: &dyn Fn(f64) -> bool| value.map(test);
    let both = |one: Option<f64>, other: Option<f64>| Some(one? - other?);
    push(
        "raw pixels, dg-100",
        "51.5 ± 2",
        mean_and_spread(&pixels, 1),
        Some((floor - 51.5).abs() <= 2.0),
    );
    push(
        "dg-100-s, triplet, K = 1",
        "56 to 66",
        shown(&s1),
        on(recall(&s1), &|value| (56.0..=66.0).contains(&value)),
    );
    let gain = both(recall(&s8), recall(&s1));
    push(
        "dg-100-s, triplet, K = 8 over K = 1",
        "+1.0 or more",
        paired(&of_row(runs, &s8), &of_row(runs, &s1)),
        on(gain, &|gain| gain >= 1.0),
    );
    push(
        "dg-100-s, triplet, K = 8 with random clusters over K = 1",
        "+0.5 or less",
        paired(&of_row(runs, &random), &of_row(runs, &s1)),
        // On the seeds that both have.
        on(
            both(recall(&random), {
                let mut runs = of_row(runs, &s1);
                runs.retain(|run| SEEDS[..FEW].contains(&run.planned.seed));
                mean_and_deviation(&percent(&runs, RECALL)).map(|(mean, _)| mean)
            }),
            &|gain| gain <= 0.5,
        ),
    );
    push(
        "dg-100-l, margin, K = 1",
        "65 or more",
        shown(&l1),
        on(recall(&l1), &|value| value >= 65.0),
    );
    push(
        "dg-100-l, margin, K = 4 beside K = 1",
        "within 3",
        paired(&of_row(runs, &l4), &of_row(runs, &l1)),
        on(both(recall(&l4), recall(&l1)), &|gain| gain.abs() <= 3.0),
    );
    Some(Figure {
        name: "targets".to_owned(),
        title: "Targets".to_owned(),
        caption: "Recall@1 in percent. The targets were set before this code was written, from a prototype in PyTorch; no seed was \
                  picked."
            .to_owned(),
        body: Body::Table(table),
    })
}

/// Pictures of the report of one run, for the README.
pub(super) fn pictures(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let Some(run) = of_row(runs, &row("dg-100-s", "triplet", 8)).into_iter().next() else {
        return Ok(figures);
    };
    for (name, title, caption) in [
        (
            "neighbors",
            "Nearest neighbors of unseen pairs (dg-100-s, K = 8)",
            "A test picture and its nearest; those of another class are framed.",
        ),
        (
            "clusters",
            "What each learner learned from (dg-100-s, K = 8)",
            "Training pictures of the last division, a line for each learner.",
        ),
    ] {
        let path = run.folder.join("figures").join(format!("{name}.png"));
        if let Ok(png) = std::fs::read(&path) {
            figures.push(Figure {
                name: name.to_owned(),
                title: title.to_owned(),
                caption: caption.to_owned(),
                body: Body::Png(png),
            });
        }
    }
    Ok(figures)
}
