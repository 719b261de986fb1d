//! Tables of drawn portraits and rated faces.

use papers_core::{
    Error, Result,
    base::figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
    reproduce::{FinishedRun, of_row, values},
};

use super::{
    rows::{FACES, PORTRAITS, Row, STUDY},
    tables::{table_figure, told},
};

/// Drawn portraits.
pub(super) fn portraits(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "portraits of 32×32 pixels",
        "Pearson",
        "KL distribution",
        "single votes",
        "raw votes worth",
    ]);
    add_rows(runs, &mut table, &PORTRAITS);
    table_figure(
        "portraits",
        "Drawn portraits",
        "2,000 portraits to learn from, 15 % of them to choose the epoch by, 800 others to measure with; a small network of three convolutions. \
         Prototype, two seeds: 3 votes 0.668 and 0.749 (MSE), 0.711 and 0.765 (KL), 0.727 and 0.761 (voters); 1 vote 0.573, 0.595, 0.572; 10 \
         votes 0.824, 0.828, 0.817. Seeds fix voters, photos and weights."
            .to_owned(),
        table,
    )
}

/// Errors of scores beside that of one number for all photos, and the uncertainty of correlations.
pub(super) fn errors(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "scores of photos",
        "Pearson",
        "its 95 % interval",
        "root of the mean squared error",
        "on a line",
        "one number for all",
    ]);
    for (row, label) in [
        (
            "features/random-raw-regression",
            "attributes, attractive, MSE on raw means",
        ),
        (
            "features/random-normalized-voter",
            "attributes, attractive, whole system",
        ),
        ("variants/smart", "attributes, smart, whole system"),
        ("variants/trustworthy", "attributes, trustworthy, whole system"),
        (
            "features/confounded-raw-regression",
            "attributes, confounded, MSE on raw means",
        ),
        (
            "features/confounded-normalized-voter",
            "attributes, confounded, whole system",
        ),
        ("portraits/3-regression", "portraits, MSE on raw means"),
        ("portraits/3-voter", "portraits, whole system"),
        ("mebeauty/all", "MEBeauty, attractive"),
        ("london/female", "London, attractive, women by men"),
        ("london/male", "London, attractive, men by women"),
        ("omi/attractive", "OMI, attractive"),
        ("omi/smart", "OMI, smart"),
        ("omi/trustworthy", "OMI, trustworthy"),
    ] {
        let found = of_row(runs, row);
        if found.is_empty() {
            continue;
        }
        let bound = |metric| mean_and_deviation(&values(&found, metric)).map(|(mean, _)| mean);
        let interval = match (bound("pearson_low"), bound("pearson_high")) {
            (Some(low), Some(high)) => format!("{low:.2} to {high:.2}"),
            _ => "–".to_owned(),
        };
        let of = |metric| told(runs, row, metric);
        table.push([
            label.to_owned(),
            of("pearson"),
            interval,
            of("rmse"),
            of("rmse_on_line"),
            of("rmse_of_mean"),
        ]);
    }
    table_figure(
        "errors",
        "Against predicting the mean",
        "Scores and references in [0, 1]; the reference is the truth of simulated voters, or the mean of a photo's raw votes. The line is fitted to the \
         photos that the epoch was chosen by: normalized votes have a scale of their own. One number for all is the mean of the raw votes to learn from; \
         nothing in this table was fitted to what is measured with. Intervals are Fisher's, of photos, their bounds averaged over seeds."
            .to_owned(),
        table,
    )
}

/// The paper's other two axes, on portraits.
pub(super) fn study(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "portraits, three votes",
        "Pearson",
        "KL distribution",
        "single votes",
        "raw votes worth",
    ]);
    add_rows(runs, &mut table, &STUDY);
    table_figure(
        "study",
        "Sizes and backbones",
        "As `photofeeler study --axis size` and `--axis backbone` compare them; 32×32 pixels and channels 16, 32, 64 are the row of the portraits. \
         The paper: the larger the better, up to 600×600, and Xception best of four backbones of its size, which were not trained here."
            .to_owned(),
        table,
    )
}

/// Drawings of the first run on portraits.
pub(super) fn drawings(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let Some(run) = of_row(runs, "portraits/3-voter").first().copied() else {
        return Ok(Vec::new());
    };
    let read = |file: &str| {
        let path = run.folder.join("figures").join(file);
        std::fs::read(&path).map_err(Error::io("read", &path))
    };
    let figure = |name: &str, title: &str, caption: &str, body: Body| Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption: format!("{caption} Drawn portraits, seed {}.", run.planned.seed),
        body,
    };
    let drawing = |file: &str| Ok::<_, Error>(Body::Svg(String::from_utf8_lossy(&read(file)?).into_owned()));
    Ok(vec![
        figure(
            "extremes",
            "Best and worst predictions",
            "Rows: highest predicted scores, lowest ones, predictions nearest to the truth, those furthest from it. Below each the predicted score \
             and the truth, in deviations from their means.",
            Body::Png(read("extremes.png")?),
        ),
        figure(
            "voter-map",
            "Map of the voters",
            "Embeddings of voters along their two main axes, from lenient (blue) to harsh (red) by the mean of their own votes.",
            drawing("voter-map.svg")?,
        ),
        figure(
            "distributions",
            "Distributions of votes",
            "Six photos that were not learned from, from the lowest to the highest predicted score: shares of their votes, and what was predicted.",
            drawing("distributions.svg")?,
        ),
    ])
}

fn add_rows(runs: &[FinishedRun], table: &mut Table, rows: &[Row]) {
    for row in rows {
        let found = of_row(runs, row.name);
        if found.is_empty() {
            continue;
        }
        let of = |metric| told(runs, row.name, metric);
        let votes = match values(&found, "votes_voter_model").is_empty() {
            true => of("votes_base"),
            false => of("votes_voter_model"),
        };
        table.push([
            row.label.to_owned(),
            of("pearson"),
            of("base_pearson"),
            votes,
            mean_and_spread(&values(&found, "human_votes"), 1),
        ]);
    }
}

/// Rated faces.
pub(super) fn faces(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "set, trait, subjects and voters",
        "photos: Pearson",
        "photos: Spearman",
        "single votes: photo's score",
        "voter's mean",
        "score on the voter's scale",
        "voter model",
        "-log q(bin): base, nats",
        "voter's own shares",
        "voter model, nats",
        "raw votes worth",
    ]);
    for row in &FACES {
        let found = of_row(runs, row.name);
        if found.is_empty() {
            continue;
        }
        let of = |metric| told(runs, row.name, metric);
        table.push([
            row.label.to_owned(),
            of("pearson"),
            of("spearman"),
            of("votes_base"),
            of("votes_voter_mean"),
            of("votes_base_by_voter"),
            of("votes_voter_model"),
            of("base_cross_entropy"),
            of("prior_cross_entropy"),
            of("voter_cross_entropy"),
            mean_and_spread(&values(&found, "human_votes"), 1),
        ]);
    }
    table_figure(
        "faces",
        "Rated faces",
        "Photos of 48×48 pixels, split by photo and person, a split for each seed; a small network with random weights. London Faces and 3DSK have \
         some 50 photos of each gender, 15 of them to measure with: what is learned of faces is little, and is reported without a target. What is \
         learned of raters is judged by their votes on photos that were held out. OMI does not say who gave a score. The paper's 0.81 on London \
         Faces is of a pretrained network that saw a million other photos. Where people are compared with the model, the votes that are compared \
         are not in the reference; 1 stands for at most one vote."
            .to_owned(),
        table,
    )
}
