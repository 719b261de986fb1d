//! Tables and drawings made of the runs.

use papers_core::{
    Error, Result,
    base::{
        figure::{Body, Figure, Table, mean_and_deviation},
        metrics::mean,
        plot::{self, Chart},
    },
    reproduce::{FinishedRun, minutes, of_row},
};

use super::{
    DRAWN, LAB_1E2, ORACLE, Set, TEMPERED, UNIFORM,
    measured::{Measured, measured, values},
};
use crate::{fairness::student_interval, figures::from_zero};

pub(super) fn table(runs: &[FinishedRun], set: &Set<'_>) -> Result<Option<Figure>> {
    let groups = set.groups;
    let short = |group: &&str| group.replace('_', " ");
    let joined = groups.iter().map(short).collect::<Vec<_>>().join(" / ");
    let mut table = Table::new([
        "draws".to_owned(),
        "seeds".to_owned(),
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
    for row in &set.rows {
        let id = format!("{}/{}", set.table, row.name);
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
        let spread = |metric: &str, scale: f64, digits| mean_and_interval(&values(&measured, metric, scale), digits);
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
            row.label.to_owned(),
            finished.len().to_string(),
            recalls("matched_"),
            spread("matched_mean_recall", 100.0, 1),
            spread("matched_recall_variance", 1.0, 0),
            recalls(""),
            spread("mean_recall", 100.0, 1),
            spread("recall_variance", 1.0, 0),
            spread("false_positive_rate", 100.0, 1),
            spread("effective_sample_size", 1.0, 0),
            mean_and_interval(&rare, 1),
            minutes(&finished),
        ]);
    }
    Ok((!table.rows.is_empty()).then(|| Figure {
        name: set.table.to_owned(),
        title: set.title.to_owned(),
        caption: format!(
            "{} Each run's number is the mean of its last three evaluations; mean over seeds, which are those of weights and draws, ± half of its 95 % \
             interval (Student's). Var[A] is the population variance of the groups' percentages.",
            set.caption
        ),
        body: Body::Table(table),
    }))
}

/// A mean with half of its 95 % interval; no values are a dash.
fn mean_and_interval(values: &[f64], digits: usize) -> String {
    match mean_and_deviation(values) {
        None => "–".to_owned(),
        Some((mean, deviation)) => match deviation.and_then(|deviation| student_interval(deviation, values.len())) {
            Some(half) => format!("{mean:.digits$} ± {half:.digits$}"),
            None => format!("{mean:.digits$}"),
        },
    }
}

/// What else counts as a face, and what that makes of precision and accuracy.
pub(super) fn mistakes(runs: &[FinishedRun], sets: &[Set<'_>]) -> Result<Option<Figure>> {
    const KINDS: [&str; 5] = ["light_head", "dark_head", "bare_head", "hat_head", "clutter"];
    let mut table = Table::new([
        "pictures",
        "draws",
        "FPR by kind where it is 5 % in all, %",
        "precision, %",
        "accuracy, %",
        "FPR by kind at threshold ½, %",
        "precision, %",
        "accuracy, %",
    ]);
    for set in sets {
        for row in &set.rows {
            let measured = measured(runs, &format!("{}/{}", set.table, row.name))?;
            if measured.is_empty() {
                continue;
            }
            let kinds = |prefix: &str| {
                let rates = KINDS.iter().filter_map(|kind| {
                    let rates = values(&measured, &format!("{prefix}false_positive_rate_{kind}"), 100.0);
                    (!rates.is_empty()).then(|| format!("{} {:.1}", kind.replace('_', " "), mean(&rates)))
                });
                match rates.collect::<Vec<_>>() {
                    rates if rates.is_empty() => "–".to_owned(),
                    rates => rates.join(" / "),
                }
            };
            let spread = |metric: &str| mean_and_interval(&values(&measured, metric, 100.0), 1);
            table.push([
                set.name.to_owned(),
                row.label.to_owned(),
                kinds("matched_"),
                spread("matched_precision"),
                spread("matched_accuracy"),
                kinds(""),
                spread("precision"),
                spread("accuracy"),
            ]);
        }
    }
    Ok((!table.rows.is_empty()).then(|| Figure {
        name: "mistakes".to_owned(),
        title: "What else counts as a face".to_owned(),
        caption: "False positive rates of the kinds of drawings without a face, precision and accuracy of all pictures to measure with; FairFace's and \
                  CBCL's have one kind. The share of faces among the pictures to measure with decides precision and accuracy: it is 71 % in drawings of \
                  16×16 pixels. ± as above."
            .to_owned(),
        body: Body::Table(table),
    }))
}

/// Differences to uniform draws, seed by seed, with intervals.
pub(super) fn changes(runs: &[FinishedRun]) -> Result<Option<Figure>> {
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
    let shown = |values: &[f64]| {
        let shown = mean_and_interval(values, 1);
        if shown.starts_with(['-', '–']) {
            shown
        } else {
            format!("+{shown}")
        }
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
pub(super) fn bars(runs: &[FinishedRun], groups: &[&str]) -> Result<Option<Figure>> {
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
pub(super) fn pictures(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
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
