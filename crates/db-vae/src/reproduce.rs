//! The runs behind the README: strategies on drawn faces with the oracle and the balanced control, another skew, larger drawings,
//! photos of FairFace, and the CBCL set.

use papers_core::{
    Error, Result,
    base::{
        figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
        journal::{self, Event, scalar},
        metrics::mean,
        plot::{self, Chart},
    },
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, minutes, of_row},
};

use crate::{data::drawn::Grouping, fairness::student_interval, figures::from_zero};

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

/// Evaluations at the end of a run whose mean is its number.
const LAST: usize = 3;
/// Seeds of the longer experiments.
const FEW: usize = 3;

/// A row of a table.
struct Row {
    name: &'static str,
    label: &'static str,
    sets: &'static [&'static str],
    /// Whether the quick plan has it.
    is_quick: bool,
}

const fn row(name: &'static str, label: &'static str, sets: &'static [&'static str], is_quick: bool) -> Row {
    Row {
        name,
        label,
        sets,
        is_quick,
    }
}

const UNIFORM: Row = row(
    "uniform",
    "uniform: no debiasing",
    &["resampling.strategy={kind='uniform'}"],
    true,
);
const LAB_1E2: Row = row(
    "lab-max-0.01",
    "LabMax .01",
    &["resampling.strategy={kind='lab-max',smoothing=0.01}"],
    true,
);
const LAB_1E3: Row = row(
    "lab-max-0.001",
    "LabMax .001",
    &["resampling.strategy={kind='lab-max',smoothing=0.001}"],
    false,
);
const TEMPERED: Row = row(
    "tempered",
    "Tempered α .01, ρ .2 (ours)",
    &["resampling.strategy={kind='tempered',alpha=0.01,rho=0.2}"],
    true,
);
const ORACLE: Row = row(
    "oracle",
    "oracle: true groups",
    &["resampling.strategy={kind='oracle'}"],
    true,
);

/// Of `drawn-faces`.
const DRAWN: [Row; 13] = [
    row(
        "classifier",
        "plain classifier, uniform",
        &[
            "resampling.strategy={kind='uniform'}",
            "objective.reconstruction=0.0",
            "objective.divergence=0.0",
        ],
        false,
    ),
    UNIFORM,
    row(
        "lab-max-0.1",
        "LabMax .1",
        &["resampling.strategy={kind='lab-max',smoothing=0.1}"],
        false,
    ),
    LAB_1E2,
    LAB_1E3,
    row(
        "product-1",
        "paper's product α 1",
        &["resampling.strategy={kind='paper-product',alpha=1.0}"],
        false,
    ),
    row(
        "product-0.1",
        "paper's product α .1",
        &["resampling.strategy={kind='paper-product',alpha=0.1}"],
        false,
    ),
    row(
        "product-0.01",
        "paper's product α .01",
        &["resampling.strategy={kind='paper-product',alpha=0.01}"],
        false,
    ),
    row(
        "product-0.001",
        "paper's product α .001",
        &["resampling.strategy={kind='paper-product',alpha=0.001}"],
        false,
    ),
    row(
        "top5",
        "Top5Product .001",
        &["resampling.strategy={kind='top5-product',smoothing=0.001}"],
        false,
    ),
    row(
        "gaussian",
        "Gaussian α .1, grid ±15",
        &["resampling.strategy={kind='gaussian',alpha=0.1}", "resampling.bins=100"],
        false,
    ),
    TEMPERED,
    ORACLE,
];

/// Of other skews, sizes and photos.
const FEWER: [Row; 5] = [UNIFORM, LAB_1E2, LAB_1E3, TEMPERED, ORACLE];
const CBCL: [Row; 4] = [UNIFORM, LAB_1E2, LAB_1E3, TEMPERED];
const CONTROL: [Row; 1] = [UNIFORM];

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let mut plan = |table: &str, experiment, rows: &[Row], seeds: &[u64]| {
        for row in rows.iter().filter(|row| row.is_quick || !quick) {
            let seeds = if quick { &seeds[..1] } else { seeds };
            runs.extend(PlannedRun::row(
                &format!("{table}/{}", row.name),
                experiment,
                seeds,
                row.sets,
            ));
        }
    };
    plan("drawn", "drawn-faces", &DRAWN, &SEEDS);
    plan("balanced", "drawn-balanced", &CONTROL, &SEEDS);
    plan("hats", "drawn-hats", &FEWER, &SEEDS);
    plan("sunglasses", "drawn-sunglasses", &FEWER, &SEEDS);
    if !quick {
        plan("drawn-32", "drawn-faces-32", &FEWER, &SEEDS[..FEW]);
    }
    plan("fairface", "fairface", &FEWER, &SEEDS[..FEW]);
    plan("fairface-balanced", "fairface-balanced", &CONTROL, &SEEDS[..FEW]);
    if !quick {
        plan("cbcl", "cbcl", &CBCL, &SEEDS[..FEW]);
    }
    runs
}

/// The means over the last evaluations of a run.
struct Measured(Vec<Vec<(String, f64)>>);

impl Measured {
    fn of(run: &FinishedRun) -> Result<Self> {
        let mut evaluations = Vec::new();
        for record in journal::read(&run.folder)? {
            if let Event::Evaluation { scalars, .. } = record.event {
                evaluations.push(scalars);
            }
        }
        Ok(Self(evaluations.split_off(evaluations.len().saturating_sub(LAST))))
    }

    fn mean(&self, metric: &str) -> Option<f64> {
        let values: Vec<f64> = self.0.iter().filter_map(|scalars| scalar(scalars, metric)).collect();
        (!values.is_empty()).then(|| mean(&values))
    }
}

fn measured(runs: &[FinishedRun], row: &str) -> Result<Vec<Measured>> {
    of_row(runs, row).into_iter().map(Measured::of).collect()
}

/// A metric of each run of a row, times `scale`.
fn values(runs: &[Measured], metric: &str, scale: f64) -> Vec<f64> {
    runs.iter()
        .filter_map(|run| run.mean(metric))
        .map(|value| value * scale)
        .collect()
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let shades = Grouping::Shade.names();
    let mut figures = Vec::new();
    let drawn: Vec<(&str, &Row)> = DRAWN
        .iter()
        .map(|row| ("drawn", row))
        .chain(CONTROL.iter().map(|row| ("balanced", row)))
        .collect();
    figures.extend(table(
        runs,
        "drawn",
        &drawn,
        &shades,
        "Drawn faces",
        "2,500 drawings of 16×16 pixels to learn from, 4 % of them dark; 500 of each group and 800 other drawings to measure with. The last row \
         is the control, with all groups alike. The paper (CelebA, ImageNet, PPB): no debiasing E[A] 95.13 %, Var[A] 28.84; α = 0.1 95.84, \
         25.43; 0.05 96.47, 18.08; 0.01 97.13, 9.49; 0.001 97.36, 9.43.",
    )?);
    figures.extend(bars(runs, &shades)?);
    figures.extend(changes(runs)?);
    figures.extend(pictures(runs)?);
    let of = |table: &'static str, rows: &'static [Row]| -> Vec<(&'static str, &'static Row)> {
        rows.iter().map(|row| (table, row)).collect()
    };
    figures.extend(table(
        runs,
        "hats",
        &of("hats", &FEWER),
        &Grouping::Hat.names(),
        "Another skew: hats",
        "The same drawings with as many dark as light ones; 4 % of the faces have hats, and 85 % of the heads without a face.",
    )?);
    figures.extend(table(
        runs,
        "sunglasses",
        &of("sunglasses", &FEWER),
        &Grouping::Sunglasses.names(),
        "A skew without a gap: sunglasses",
        "The same drawings with as many dark as light ones, 3 % of the faces with sunglasses.",
    )?);
    figures.extend(table(
        runs,
        "drawn-32",
        &of("drawn-32", &FEWER),
        &shades,
        "Drawn faces of 32×32 pixels",
        "3,000 drawings, 2.4 % of them dark, eight latent dimensions, six epochs.",
    )?);
    let mut photos = of("fairface", &FEWER);
    photos.extend(of("fairface-balanced", &CONTROL));
    figures.extend(table(
        runs,
        "fairface",
        &photos,
        &shades,
        "Photos of FairFace",
        "3,000 photos of 32×32 pixels, 4 % of them of the groups Black and Indian, which stand for darker skin as White and East Asian do for \
         lighter; 350 photos of each group and 1,500 crops of ImageNet's photos, some of which show people, to measure with. The last row is the \
         control, with all groups alike.",
    )?);
    figures.extend(table(
        runs,
        "cbcl",
        &of("cbcl", &CBCL),
        &["faces"],
        "CBCL",
        "Gray photos without groups: 2,429 faces to learn from, 472 faces and 4,000 others to measure with.",
    )?);
    Ok(Findings {
        figures,
        headline: headline(runs)?,
    })
}

fn table(
    runs: &[FinishedRun],
    name: &str,
    rows: &[(&str, &Row)],
    groups: &[&str],
    title: &str,
    caption: &str,
) -> Result<Option<Figure>> {
    let short = |group: &&str| group.replace('_', " ");
    let joined = groups.iter().map(short).collect::<Vec<_>>().join(" / ");
    let mut table = Table::new([
        "draws".to_owned(),
        format!("recall at FPR 5 %: {joined}, %"),
        "E[A], %".to_owned(),
        "Var[A]".to_owned(),
        "recall at threshold ½, %".to_owned(),
        "E[A], %".to_owned(),
        "Var[A]".to_owned(),
        "FPR, %".to_owned(),
        "effective sample size".to_owned(),
        "draws of the two rare groups, %".to_owned(),
        "minutes".to_owned(),
    ]);
    for (set, row) in rows {
        let id = format!("{set}/{}", row.name);
        let finished = of_row(runs, &id);
        if finished.is_empty() {
            continue;
        }
        let measured = measured(runs, &id)?;
        let recalls = |prefix: &str| {
            let means = groups.iter().map(|group| {
                let recalls = values(&measured, &format!("{prefix}recall_{group}"), 100.0);
                format!("{:.1}", mean(&recalls))
            });
            means.collect::<Vec<_>>().join(" / ")
        };
        let spread = |metric: &str, scale: f64, digits| mean_and_spread(&values(&measured, metric, scale), digits);
        let rare: Vec<f64> = measured
            .iter()
            .filter_map(|run| {
                let shares: Option<Vec<f64>> = groups
                    .iter()
                    .skip(2)
                    .map(|group| run.mean(&format!("draws_{group}")))
                    .collect();
                shares
                    .filter(|shares| !shares.is_empty())
                    .map(|shares| 100.0 * shares.iter().sum::<f64>())
            })
            .collect();
        table.push([
            match *set {
                "balanced" | "fairface-balanced" => "control: all groups alike, uniform".to_owned(),
                _ => row.label.to_owned(),
            },
            recalls("matched_"),
            spread("matched_mean_recall", 100.0, 1),
            spread("matched_recall_variance", 1.0, 0),
            recalls(""),
            spread("mean_recall", 100.0, 1),
            spread("recall_variance", 1.0, 0),
            spread("false_positive_rate", 100.0, 1),
            spread("effective_sample_size", 1.0, 0),
            mean_and_spread(&rare, 1),
            minutes(&finished),
        ]);
    }
    Ok((!table.rows.is_empty()).then(|| Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption: format!(
            "{caption} Each number is the mean of the last three evaluations of a run; mean ± deviation over seeds, which are those of weights and \
             draws. Var[A] is the population variance of the groups' percentages."
        ),
        body: Body::Table(table),
    }))
}

/// Differences to uniform draws, seed by seed, with intervals.
fn changes(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let uniform = measured(runs, "drawn/uniform")?;
    let mut table = Table::new([
        "draws",
        "E[A] at FPR 5 %, points",
        "Var[A], of uniform's, %",
        "dark female, points",
        "dark male, points",
        "light groups, points",
        "seeds with a higher E[A]",
    ]);
    let paired = |other: &[Measured], of: &dyn Fn(&Measured) -> Option<f64>| -> Vec<f64> {
        let pairs = other.iter().zip(&uniform);
        pairs
            .filter_map(|(other, uniform)| Some(100.0 * (of(other)? - of(uniform)?)))
            .collect()
    };
    let shown = |values: &[f64]| match mean_and_deviation(values) {
        None => "–".to_owned(),
        Some((mean, deviation)) => match deviation.and_then(|deviation| student_interval(deviation, values.len())) {
            Some(half) => format!("{mean:+.1} ± {half:.1}"),
            None => format!("{mean:+.1}"),
        },
    };
    for row in &DRAWN {
        let other = measured(runs, &format!("drawn/{}", row.name))?;
        if row.name == "uniform" || other.is_empty() || other.len() != uniform.len() {
            continue;
        }
        let metric = |name: &'static str| move |run: &Measured| run.mean(name);
        let light = |run: &Measured| {
            let recall = |group: &str| run.mean(&format!("matched_recall_light_{group}"));
            Some(0.5 * (recall("female")? + recall("male")?))
        };
        let means = paired(&other, &metric("matched_mean_recall"));
        let variance = |runs: &[Measured]| mean(&values(runs, "matched_recall_variance", 1.0));
        table.push([
            row.label.to_owned(),
            shown(&means),
            format!("{:.0}", 100.0 * variance(&other) / variance(&uniform)),
            shown(&paired(&other, &metric("matched_recall_dark_female"))),
            shown(&paired(&other, &metric("matched_recall_dark_male"))),
            shown(&paired(&other, &light)),
            format!(
                "{} of {}",
                means.iter().filter(|change| **change > 0.0).count(),
                means.len()
            ),
        ]);
    }
    Ok((!table.rows.is_empty()).then(|| Figure {
        name: "changes".to_owned(),
        title: "Drawn faces: against uniform draws, seed by seed".to_owned(),
        caption: "Mean difference of recalls at a false positive rate of 5 % between runs of the same seed, with its 95 % interval (Student's); \
                  the variance is the mean over seeds by that of uniform draws."
            .to_owned(),
        body: Body::Table(table),
    }))
}

/// Recalls of groups under each strategy, with intervals over seeds.
fn bars(runs: &[FinishedRun], groups: &[&str]) -> Result<Option<Figure>> {
    let mut charts = Vec::new();
    for row in [&UNIFORM, &LAB_1E2, &TEMPERED, &ORACLE] {
        let measured = measured(runs, &format!("drawn/{}", row.name))?;
        if measured.is_empty() {
            continue;
        }
        let bars: Vec<(f64, f64)> = groups
            .iter()
            .map(|group| {
                let recalls = values(&measured, &format!("matched_recall_{group}"), 100.0);
                let (mean, deviation) = mean_and_deviation(&recalls).unwrap_or((f64::NAN, None));
                let half = deviation.and_then(|deviation| student_interval(deviation, recalls.len()));
                (mean, half.unwrap_or(0.0))
            })
            .collect();
        charts.push(Chart {
            title: row.label.to_owned(),
            y_label: "recall, %".to_owned(),
            x_names: groups.iter().map(|group| group.replace('_', " ")).collect(),
            series: from_zero(
                bars.iter()
                    .enumerate()
                    .map(|(place, bar)| ((place as f64, bar.0), bar.1))
                    .collect(),
            ),
            width: 460,
            height: 280,
            ..Chart::default()
        });
    }
    if charts.is_empty() {
        return Ok(None);
    }
    Ok(Some(Figure {
        name: "recalls".to_owned(),
        title: "Drawn faces: recall by group at a false positive rate of 5 %".to_owned(),
        caption: "Lines are 95 % intervals of the mean over seeds (Student's).".to_owned(),
        body: Body::Svg(plot::grid(&charts, 2)?),
    }))
}

/// Pictures of the first debiased run on drawn faces.
fn pictures(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let Some(run) = of_row(runs, "drawn/lab-max-0.01").first().copied() else {
        return Ok(Vec::new());
    };
    let seed = run.planned.seed;
    let picture = |name: &str, title: &str, caption: &str| -> Result<Figure> {
        let file = run.folder.join("figures").join(format!("{name}.png"));
        Ok(Figure {
            name: name.to_owned(),
            title: format!("Drawn faces: {title}"),
            caption: format!("{caption} LabMax .01, seed {seed}, after the last epoch."),
            body: Body::Png(std::fs::read(&file).map_err(Error::io("read", &file))?),
        })
    };
    Ok(vec![
        picture(
            "likely-faces",
            "least and most likely faces to learn from",
            "First row: drawn least often; second row: most often. Numbers are weights times the number of faces, 1 for uniform draws.",
        )?,
        picture(
            "traversals",
            "along latent dimensions",
            "A row for each dimension, from 3 deviations below its mean to 3 above, the others fixed.",
        )?,
    ])
}

fn headline(runs: &[FinishedRun]) -> Result<Option<Headline>> {
    let [uniform, debiased] = ["drawn/uniform", "drawn/lab-max-0.01"].map(|row| measured(runs, row));
    let (uniform, debiased) = (uniform?, debiased?);
    if uniform.is_empty() || debiased.is_empty() {
        return Ok(None);
    }
    let of = |runs: &[Measured], metric: &str, scale: f64, digits: usize| {
        mean_and_spread(&values(runs, metric, scale), digits)
    };
    let row = |runs: &[Measured]| {
        format!(
            "{} %, {}",
            of(runs, "matched_mean_recall", 100.0, 1),
            of(runs, "matched_recall_variance", 1.0, 0)
        )
    };
    Ok(Some(Headline {
        metric: "E[A] and Var[A] of four groups without → with debiasing; drawn faces, recall at a false positive rate of 5 %, LabMax .01".to_owned(),
        ours: format!("{} → {}", row(&uniform), row(&debiased)),
        paper: "95.13 %, 28.84 → 97.13 %, 9.49 (α = 0.01)".to_owned(),
        note: "drawings of 16×16 pixels; the paper has photos, CelebA and PPB".to_owned(),
    }))
}
