use papers_core::base::figure::{Body, Figure, Table, number};

use crate::{evaluate::Findings, model::OutputKind, train::Photofeeler, votes::VoterTable};

/// Voters that are named.
const LISTED: usize = 10;

fn told(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// What was trained on what, and what a reader should know.
pub(super) fn setup(run: &Photofeeler, findings: &Findings) -> Figure {
    let (data, config, prepared) = (run.data(), run.config(), run.prepared());
    let mut table = Table::new(["what", "is"]);
    let mut row = |what: &str, is: String| table.push([what.to_owned(), is]);
    row("set", data.name.clone());
    row("trait", config.data.of_trait.name().to_owned());
    row(
        "photos to learn from, to choose by, to measure with",
        format!(
            "{}, {}, {}",
            prepared.train.len(),
            prepared.validation.len(),
            findings.photos.len()
        ),
    );
    let known = data.votes_on(&prepared.train).len();
    row(
        "votes to learn from",
        format!("{known}, {:.1} a photo", known as f64 / prepared.train.len() as f64),
    );
    row("voters with votes to learn from", prepared.seen.len().to_string());
    let weights = match &config.phase_1.weights {
        Some(path) => path.display().to_string(),
        None => "random: no pretrained weights".to_owned(),
    };
    row("the backbone began with", weights);
    if config.output == OutputKind::Voter {
        row(
            "panel",
            format!(
                "{} voters, all alike, the same for every photo",
                findings.panel_voters.len()
            ),
        );
        row(
            "scores lie in",
            "[0.05, 0.95], the outer centers of ten bins".to_owned(),
        );
    }
    if let Some(failure) = findings.failure() {
        row("FAILED", failure.to_owned());
    }
    if let Some(deviation) = findings.collapse() {
        row(
            "the base network has collapsed",
            format!(
                "deviation of its scores {deviation:.1e}: it tells photos hardly apart, and voters only learn what each gives on average"
            ),
        );
    }
    for warning in data.warnings.iter().chain(&prepared.warnings) {
        row("note", warning.clone());
    }
    if !data.is_anonymous {
        let named = |holds: fn(&VoterTable) -> bool| -> String {
            let voters = prepared
                .seen
                .iter()
                .filter(|&&voter| holds(&prepared.tables.voters[voter]));
            let names: Vec<&str> = voters.map(|&voter| data.voters[voter].as_str()).take(LISTED).collect();
            names.join(", ")
        };
        for (what, names) in [
            ("voters with one vote, the first ten", named(|table| table.count == 1)),
            (
                "voters with the same score every time, the first ten",
                named(|table| table.is_constant),
            ),
        ] {
            if !names.is_empty() {
                row(what, names);
            }
        }
    }
    Figure {
        name: "setup".to_owned(),
        title: "What was learned from what".to_owned(),
        caption: "A score is what these voters would say of a photo, no property of who is on it.".to_owned(),
        body: Body::Table(table),
    }
}

/// How right scores of photos are.
pub(super) fn photos(findings: &Findings) -> Figure {
    let mut table = Table::new(["what", "value"]);
    let mut row = |what: &str, value: String| table.push([what.to_owned(), value]);
    let interval = findings
        .interval
        .map_or_else(String::new, |[low, high]| format!(" [{low:.3}, {high:.3}]"));
    row("Pearson, with its 95 % interval", told(findings.pearson) + &interval);
    row("Spearman", told(findings.spearman));
    if findings.panel.is_some() {
        row(
            "Pearson of the base network (phase 1 alone)",
            told(findings.base_pearson),
        );
    }
    row("root of the mean squared error", told(Some(findings.rmse)));
    row(
        "the same on a line fitted to the photos to choose by",
        told(findings.rmse_on_line),
    );
    row(
        "the same of the mean of the votes to learn from, said of every photo",
        told(Some(findings.rmse_of_mean)),
    );
    row("mean absolute error", told(Some(findings.mae)));
    if let Some(equivalence) = findings.humans.equivalence() {
        row("votes whose mean is as good", equivalence.to_string());
    }
    row(
        "disagreement: spread of predicted against spread of real votes",
        told(findings.disagreement),
    );
    Figure {
        name: "photos".to_owned(),
        title: "Scores of photos".to_owned(),
        caption: match findings.is_truth {
            true => "Against what all simulated voters would say, in closed form; photos that were not learned from.",
            false => "Against the mean of the raw votes in [0, 1]; photos that were not learned from.",
        }
        .to_owned(),
        body: Body::Table(table),
    }
}

/// How right predictions of single votes are.
pub(super) fn votes(findings: &Findings) -> Figure {
    let votes = &findings.votes;
    let mut table = Table::new([
        "prediction of a vote",
        "Pearson with the raw vote",
        "-log q(bin), nats",
        "calibration error",
    ]);
    let mut row = |what: &str, pearson: Option<f64>, calibration: &Option<crate::evaluate::Calibration>| {
        table.push([
            what.to_owned(),
            told(pearson),
            told(calibration.as_ref().map(|of| of.cross_entropy)),
            told(calibration.as_ref().map(|of| of.error)),
        ]);
    };
    row(
        "the photo's score by the base network",
        votes.base,
        &votes.base_calibration,
    );
    row(
        "the voter's mean (additive model); the voter's own shares of bins",
        votes.voter_mean,
        &votes.prior_calibration,
    );
    row("the photo's score on the voter's scale", votes.base_by_voter, &None);
    row("the voter model", votes.voter_model, &votes.voter_calibration);
    Figure {
        name: "votes".to_owned(),
        title: "Single votes".to_owned(),
        caption: format!(
            "{} votes on photos that were not learned from, by voters that were. Calibration error: mean difference between predicted and \
             observed shares of votes at or above each bin.",
            number(votes.count as f64)
        ),
        body: Body::Table(table),
    }
}

/// What labels are worth without any network.
pub(super) fn labels(findings: &Findings) -> Option<Figure> {
    let labels = findings.labels.as_ref()?;
    let mut table = Table::new(["label of a photo", "Pearson with the truth"]);
    for (what, value) in [
        ("mean of its raw votes", labels.raw),
        ("the run's label", labels.ours),
        ("additive model: quality + bias", labels.additive),
        ("scale model: slope · quality + bias", labels.scaled),
    ] {
        table.push([what.to_owned(), told(value)]);
    }
    Some(Figure {
        name: "labels".to_owned(),
        title: "Labels before any network".to_owned(),
        caption: "Photos to learn from: what their few votes say, by models of voters alone.".to_owned(),
        body: Body::Table(table),
    })
}
