//! How the detector does on each group.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        plot::{self, Chart, Series, Style},
    },
};

use crate::{
    data::DataSet,
    evaluate::{Assessed, Assessment},
    fairness::{Confusion, Fairness, wilson_interval},
};

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// A share with its interval, in percent.
fn with_interval(successes: u64, trials: u64) -> String {
    match wilson_interval(successes, trials) {
        Some([low, high]) => format!(
            "{:.1} ({:.1} to {:.1})",
            100.0 * successes as f64 / trials as f64,
            100.0 * low,
            100.0 * high
        ),
        None => "undefined".to_owned(),
    }
}

fn recall(group: &Confusion) -> String {
    with_interval(group.true_positives, group.positives())
}

fn found(group: &Confusion) -> String {
    with_interval(group.false_positives, group.negatives())
}

/// Recall of each group of faces and false positive rate of each kind of other pictures, beside what was learned from.
pub(crate) fn by_group(assessed: &Assessed, data: Option<&DataSet>, note: &str) -> Figure {
    let mut table = Table::new([
        "group".to_owned(),
        "pictures".to_owned(),
        "learned from".to_owned(),
        "found at the threshold, %".to_owned(),
        "found at the false positive rate, %".to_owned(),
    ]);
    let learned = |name: &str| -> String {
        let count = data.and_then(|data| {
            let group = data.face_group_names.iter().position(|other| other == name)?;
            Some(data.face_groups.iter().filter(|&&of| of == group).count())
        });
        count.map_or_else(|| "–".to_owned(), |count| count.to_string())
    };
    let Assessed { fixed, matched, .. } = assessed;
    for (place, name) in fixed.faces.names.iter().enumerate() {
        let (at_threshold, at_rate) = (&fixed.faces.groups[place], &matched.faces.groups[place]);
        table.push([
            name.clone(),
            at_threshold.count().to_string(),
            learned(name),
            recall(at_threshold),
            recall(at_rate),
        ]);
    }
    for (place, name) in fixed.others.names.iter().enumerate() {
        let (at_threshold, at_rate) = (&fixed.others.groups[place], &matched.others.groups[place]);
        table.push([
            format!("no face: {name}"),
            at_threshold.count().to_string(),
            "–".to_owned(),
            found(at_threshold),
            found(at_rate),
        ]);
    }
    let threshold = |assessment: &Assessment| assessment.threshold.map_or_else(|| "– (undefined)".to_owned(), number);
    Figure {
        name: "groups".to_owned(),
        title: "What is found, by group".to_owned(),
        caption: format!(
            "Shares of pictures that count as faces, with 95 % intervals (Wilson): of faces that is recall, which the paper calls \
             accuracy, of others it is the false positive rate. Log odds count from {} on at the threshold, and from {} on at the false \
             positive rate, which is set on all test pictures without a face. {note}",
            threshold(fixed),
            threshold(matched),
        ),
        body: Body::Table(table),
    }
}

/// Names of groups as people write them.
fn spoken(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.replace('_', " ")).collect()
}

/// Bars with lines of these half lengths, on an axis that begins at 0.
pub(crate) fn from_zero(bars: Vec<((f64, f64), f64)>) -> Vec<Series> {
    let (points, deviation): (Vec<_>, Vec<_>) = bars.into_iter().unzip();
    // A line of one point shows nothing, and makes the axis reach to it.
    vec![
        Series::new("", [(0.0, 0.0)], Style::Faint),
        Series::new("", points, Style::Bars { deviation }).colored(plot::palette(0)),
    ]
}

/// Recalls as bars with intervals.
pub(super) fn bars(assessed: &Assessed, note: &str) -> Result<Figure> {
    let chart = |title: &str, assessment: &Assessment| {
        let groups = assessment.faces.groups.iter().enumerate();
        let bars: Vec<(usize, f64, f64)> = groups
            .filter_map(|(place, group)| {
                let [low, high] = wilson_interval(group.true_positives, group.positives())?;
                Some((place, 100.0 * group.recall()?, 50.0 * (high - low)))
            })
            .collect();
        Chart {
            title: title.to_owned(),
            y_label: "recall, %".to_owned(),
            x_names: spoken(&assessment.faces.names),
            series: from_zero(bars.iter().map(|bar| ((bar.0 as f64, bar.1), bar.2)).collect()),
            width: 560,
            height: 320,
            ..Chart::default()
        }
    };
    let charts = [
        chart("at the threshold", &assessed.fixed),
        chart("at the false positive rate", &assessed.matched),
    ];
    Ok(Figure {
        name: "recalls".to_owned(),
        title: "Recall by group".to_owned(),
        caption: format!("Lines are 95 % intervals (Wilson), by their length. {note}"),
        body: Body::Svg(plot::grid(&charts, 2)?),
    })
}

/// Metrics of fairness toolkits, of groups of faces and of groups that have other pictures, too.
pub(crate) fn metrics(assessed: &Assessed, note: &str) -> Figure {
    let mut table = Table::new(["metric", "at the threshold", "at the false positive rate"]);
    let both = [&assessed.fixed, &assessed.matched];
    let mut push = |name: String, values: [String; 2]| {
        let [one, other] = values;
        table.push([name, one, other]);
    };
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    push(
        "mean recall of groups, E[A], %".to_owned(),
        both.map(|assessment| percent(assessment.faces.mean_recall_percent().map(|mean| mean / 100.0))),
    );
    push(
        "variance of recalls, Var[A], of percentages (n)".to_owned(),
        both.map(|assessment| shown(assessment.faces.recall_variance())),
    );
    push(
        "the same, by n − 1".to_owned(),
        both.map(|assessment| shown(assessment.faces.recall_sample_variance())),
    );
    type Rate = fn(&Confusion) -> Option<f64>;
    let overall: [(&str, Rate); 4] = [
        ("accuracy of all pictures, %", Confusion::accuracy),
        ("precision, %", Confusion::precision),
        ("recall, %", Confusion::recall),
        ("false positive rate, %", Confusion::false_positive_rate),
    ];
    for (name, rate) in overall {
        push(
            name.to_owned(),
            both.map(|assessment| percent(rate(&assessment.overall()))),
        );
    }
    push(
        "worst recall of a group, %".to_owned(),
        both.map(|assessment| percent(assessment.faces.worst(Confusion::recall))),
    );
    push(
        "equal opportunity difference (recalls)".to_owned(),
        both.map(|assessment| shown(assessment.faces.equal_opportunity_difference())),
    );
    push(
        "least by greatest recall".to_owned(),
        both.map(|assessment| shown(assessment.faces.least_ratio(Confusion::recall))),
    );
    let names = &assessed.fixed.comparable.names;
    for (place, name) in names.iter().enumerate() {
        let rates: [(&str, Rate); 6] = [
            ("selection rate", Confusion::selection_rate),
            ("recall", Confusion::recall),
            ("false positive rate", Confusion::false_positive_rate),
            ("false negative rate", Confusion::false_negative_rate),
            ("precision", Confusion::precision),
            ("accuracy", Confusion::accuracy),
        ];
        for (what, rate) in rates {
            push(
                format!("{name}: {what}"),
                both.map(|assessment| shown(rate(&assessment.comparable.groups[place]))),
            );
        }
    }
    if names.len() > 1 {
        type Of = fn(&Fairness) -> Option<f64>;
        let between: [(&str, Of); 4] = [
            ("demographic parity difference", Fairness::demographic_parity_difference),
            ("demographic parity ratio", Fairness::demographic_parity_ratio),
            ("equalized odds difference", Fairness::equalized_odds_difference),
            ("average odds difference, first and last", |fairness| {
                fairness.average_odds_difference(0, fairness.groups.len() - 1)
            }),
        ];
        for (name, of) in between {
            push(
                format!("{}: {name}", names.join(" and ")),
                both.map(|assessment| shown(of(&assessment.comparable))),
            );
        }
    }
    Figure {
        name: "metrics".to_owned(),
        title: "Fairness metrics".to_owned(),
        caption: format!("A dash: undefined, as nothing is there to divide by. {note}"),
        body: Body::Table(table),
    }
}
