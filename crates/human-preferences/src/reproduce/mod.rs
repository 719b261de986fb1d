//! The runs behind the README: the ladder, robots with and without true reward, ablations, novel behaviors.

mod curves;
mod rows;
mod tables;

use papers_core::{
    Result,
    base::figure::{Figure, mean_and_spread},
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, of_row, values},
};

use self::rows::{FEW, LADDER, NOVEL, ROBOTS};
use crate::config::Ablation;

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

const RETURN: &str = "return_true";

fn ablation_row(ablation: Ablation) -> String {
    format!("ablation/{}", ablation.name())
}

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    for row in LADDER.iter().chain(&ROBOTS).chain(&NOVEL) {
        if row.is_quick || !quick {
            runs.extend(PlannedRun::row(row.name, row.experiment, &SEEDS[..row.seeds], row.sets));
        }
    }
    if !quick {
        for ablation in Ablation::ALL {
            let set = format!("ablation={}", ablation.name());
            runs.extend(PlannedRun::row(
                &ablation_row(ablation),
                "hopper",
                &SEEDS[..FEW],
                &[set],
            ));
        }
    }
    runs
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures: Vec<Figure> = Vec::new();
    figures.extend(tables::returns(
        runs,
        &LADDER,
        "ladder",
        "The ladder",
        "From the simplest task up. Return: true reward of an episode, mean over 32 episodes that the agent did not learn \
         from, with the randomness of its actions; labels are an oracle's.",
    ));
    figures.extend(tables::arrivals(runs));
    figures.extend(tables::returns(
        runs,
        &ROBOTS,
        "robots",
        "Robots",
        "Episodes of 300 steps, 576,000 steps in all: a reduced experiment; the paper's have 1,000 steps and a far longer \
         training. It prints curves and no numbers: with 700 labels \"nearly\" the true reward's, with 1,400 \"slightly \
         better\" on average.",
    ));
    figures.extend(tables::ablations(runs));
    figures.extend(tables::novel(runs));
    figures.extend(curves::all(runs)?);
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let of = |row: &str, digits| {
        let found = of_row(runs, row);
        (!found.is_empty()).then(|| mean_and_spread(&values(&found, RETURN), digits))
    };
    Some(Headline {
        metric: "true return on Hopper (300 steps): 700 labels of an oracle; true reward".to_owned(),
        ours: format!("{}; {}", of("hopper/700", 0)?, of("hopper/true", 0)?),
        paper: "700 labels nearly match the true reward (curves only)".to_owned(),
        note: "short episodes and training".to_owned(),
    })
}
