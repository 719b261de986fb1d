//! The runs behind the README: the paper's methods and ablation on digits, and rows on real pictures at reduced size.

mod curves;

use papers_core::{
    Result,
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, minutes, of_row, values},
};

use crate::config::MethodKind;

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

/// Seeds of rows that take minutes, or that there are many of.
const FEW: usize = 3;

/// Median of the last evaluations, as the paper reports.
const MEDIAN: &str = "test_error_median";
const RAW: &str = "test_error_raw";

/// Experiments of the method table and what their pictures are.
const SETS: [(&str, &str); 5] = [
    ("digits-20", "the embedded 8×8 digits, 20 labels"),
    ("digits-50", "the embedded 8×8 digits, 50 labels"),
    ("mnist-100", "MNIST at 14×14 pixels, 100 labels"),
    ("fashion-250", "Fashion-MNIST at 14×14 pixels, 250 labels"),
    (
        "cifar10-jpeg-250",
        "CIFAR-10 from lossy JPEG files (not the official pixels), 250 labels, a narrow network",
    ),
];

/// Rows of the ablation: the name, its setting, and the paper's error in percent with 250 and with 4,000 labels
/// (CIFAR-10, split seed 3; table 4).
const ABLATIONS: [(&str, &str, &str, &str); 9] = [
    ("K = 1", "mix_match.augmentations=1", "17.09", "8.06"),
    ("K = 3", "mix_match.augmentations=3", "11.55", "6.23"),
    ("K = 4", "mix_match.augmentations=4", "12.45", "5.88"),
    ("no sharpening (T = 1)", "mix_match.temperature=1.0", "27.83", "10.59"),
    ("guesses by averaged weights", "mix_match.guess='ema'", "11.86", "6.47"),
    ("no MixUp", "mix_match.mix='none'", "39.11", "10.97"),
    ("MixUp of labeled only", "mix_match.mix='labeled'", "32.16", "9.22"),
    ("MixUp of unlabeled only", "mix_match.mix='unlabeled'", "12.35", "6.83"),
    ("MixUp separately", "mix_match.mix='separate'", "12.26", "6.50"),
];

/// The paper's errors in percent with 250 labels: CIFAR-10 (table 5) and SVHN (table 6); it ran ICT on CIFAR-10 as an
/// ablation (table 4).
fn paper(method: MethodKind) -> [&'static str; 2] {
    match method {
        MethodKind::Supervised => ["–", "–"],
        MethodKind::PiModel => ["53.02 ± 2.05", "17.65 ± 0.27"],
        MethodKind::PseudoLabel => ["49.98 ± 1.17", "21.16 ± 0.88"],
        MethodKind::MixUp => ["47.43 ± 0.92", "39.97 ± 1.89"],
        MethodKind::Vat => ["36.03 ± 2.82", "8.41 ± 1.01"],
        MethodKind::MeanTeacher => ["47.32 ± 4.71", "6.45 ± 2.43"],
        MethodKind::Ict => ["38.60", "–"],
        MethodKind::MixMatch => ["11.08 ± 0.87", "3.78 ± 0.26"],
    }
}

/// Methods of a set's rows and how many seeds each has; none where the set is left out.
fn planned(set: &str, quick: bool) -> (&'static [MethodKind], usize) {
    const TWO: [MethodKind; 2] = [MethodKind::Supervised, MethodKind::MixMatch];
    match (set, quick) {
        ("digits-20", _) => (&MethodKind::ALL, SEEDS.len()),
        ("digits-50", false) => (&MethodKind::ALL, SEEDS.len()),
        ("digits-50", true) => (&TWO, SEEDS.len()),
        ("mnist-100", false) => (&MethodKind::ALL, FEW),
        ("mnist-100", true) => (&TWO, FEW),
        (_, false) => (&TWO, FEW),
        (_, true) => (&[], 0),
    }
}

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let mut plan = |row: &str, experiment, seeds: usize, sets: &[&str]| {
        runs.extend(PlannedRun::row(row, experiment, &SEEDS[..seeds], sets));
    };
    for (set, _) in SETS {
        let (methods, seeds) = planned(set, quick);
        for method in methods {
            let name = method.name();
            plan(&format!("{set}/{name}"), set, seeds, &[&format!("method='{name}'")]);
        }
    }
    for (_, setting, ..) in ABLATIONS {
        plan(&ablation_row(setting), "digits-20", FEW, &[setting]);
    }
    // The released weight, beside the one that validation chose for so short a run.
    let released = ["method='mean-teacher'", "mean_teacher.weight=50.0"];
    plan(RELEASED_TEACHER, "digits-20", FEW, &released);
    runs
}

const RELEASED_TEACHER: &str = "released-weight/mean-teacher";

/// `ablation/augmentations-1` for `mix_match.augmentations=1`.
fn ablation_row(setting: &str) -> String {
    let setting = setting.trim_start_matches("mix_match.").replace('\'', "");
    format!("ablation/{}", setting.replace('=', "-"))
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures = Vec::new();
    for (set, what) in SETS {
        figures.extend(methods(runs, set, what));
    }
    figures.extend(ablation(runs));
    for (set, what) in SETS {
        figures.extend(curves::methods(runs, set, what)?);
    }
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

/// A metric of some runs in percent.
fn percent(runs: &[&FinishedRun], metric: &str) -> Vec<f64> {
    values(runs, metric).iter().map(|value| 100.0 * value).collect()
}

fn methods(runs: &[FinishedRun], set: &str, what: &str) -> Option<Figure> {
    let mut table = Table::new([
        "method",
        "test error, %",
        "last weights, not averaged",
        "paper: CIFAR-10, 250 labels",
        "paper: SVHN, 250 labels",
        "minutes of training",
    ]);
    let mut push = |name: &str, row: &str, paper: [&str; 2]| {
        let runs = of_row(runs, row);
        if runs.is_empty() {
            return;
        }
        table.push([
            name.to_owned(),
            mean_and_spread(&percent(&runs, MEDIAN), 2),
            mean_and_spread(&percent(&runs, RAW), 2),
            paper[0].to_owned(),
            paper[1].to_owned(),
            minutes(&runs),
        ]);
    };
    for method in MethodKind::ALL {
        push(method.name(), &format!("{set}/{}", method.name()), paper(method));
        if set == "digits-20" && method == MethodKind::MeanTeacher {
            push("mean-teacher, released weight 50", RELEASED_TEACHER, paper(method));
        }
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: format!("methods-{set}"),
        title: format!("Methods on {set}"),
        caption: format!(
            "Mean ± standard deviation over seeds, each with its own labeled pictures; {what}. Error of averaged weights, \
             median of the last evaluations. A reduced experiment: the paper's columns are other pictures and a far \
             longer training, and stand there for the order of the methods."
        ),
        body: Body::Table(table),
    })
}

fn ablation(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "variant",
        "setting",
        "test error, %",
        "paper: CIFAR-10, 250 labels",
        "paper: CIFAR-10, 4,000 labels",
    ]);
    let mut push = |variant: &str, setting: &str, row: &str, [few, many]: [&str; 2]| {
        let mut runs = of_row(runs, row);
        // The method table has more seeds of some rows: here all rows have the same.
        runs.retain(|run| SEEDS[..FEW].contains(&run.planned.seed));
        if !runs.is_empty() {
            let error = mean_and_spread(&percent(&runs, MEDIAN), 2);
            table.push([variant, setting, &error, few, many].map(str::to_owned));
        }
    };
    push("MixMatch", "–", "digits-20/mix-match", ["11.80", "6.00"]);
    for (variant, setting, few, many) in ABLATIONS {
        push(variant, setting, &ablation_row(setting), [few, many]);
    }
    push("ICT", "method='ict'", "digits-20/ict", ["38.60", "6.81"]);
    (!table.rows.is_empty()).then(|| Figure {
        name: "ablation".to_owned(),
        title: "Ablation on digits-20".to_owned(),
        caption:
            "Mean ± standard deviation over seeds; the paper's columns are one split of CIFAR-10 (table 4). On so \
                  easy pictures the order of the MixUp rows need not be the paper's."
                .to_owned(),
        body: Body::Table(table),
    })
}

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let error = |method: &str| {
        let runs = of_row(runs, &format!("digits-20/{method}"));
        (!runs.is_empty()).then(|| mean_and_spread(&percent(&runs, MEDIAN), 1))
    };
    Some(Headline {
        metric: "test error (%) on 8×8 digits with 20 labels: MixMatch; supervised only".to_owned(),
        ours: format!("{}; {}", error("mix-match")?, error("supervised")?),
        paper: "11.08 ± 0.87 (MixMatch, CIFAR-10, 250 labels)".to_owned(),
        note: "other, far easier pictures and a short training: not comparable".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_ablation_are_folder_names() {
        assert_eq!(ablation_row("mix_match.augmentations=1"), "ablation/augmentations-1");
        assert_eq!(ablation_row("mix_match.mix='none'"), "ablation/mix-none");
    }
}
