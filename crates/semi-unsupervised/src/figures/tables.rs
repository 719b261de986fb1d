//! Tables of a run.

use papers_core::base::{
    clustering::Mapping,
    figure::{Body, Figure, Table, number},
};

use crate::{
    data::DataSet,
    evaluate::{Assessed, Diagnosis},
};

/// Rows of a table of clusters, at most.
const LONGEST: usize = 100;

/// What the classes of training rows say: collapsed, captured or healthy, in words and numbers.
pub(crate) fn diagnosis(diagnosis: &Diagnosis, effective_alpha: f64) -> Figure {
    let collapse = &diagnosis.collapse;
    let mut table = Table::new(["what", "value"]);
    let used: Vec<String> = collapse.used_clusters.iter().map(usize::to_string).collect();
    for (what, value) in [
        ("verdict", diagnosis.verdict.to_string()),
        ("I(x; y), nats", number(collapse.mutual_information)),
        ("mean entropy of q(y|x), nats", number(collapse.mean_entropy)),
        ("entropy of the marginal q(y), nats", number(collapse.marginal_entropy)),
        ("entropy of the prior p(y), nats", number(collapse.prior_entropy())),
        ("KL(q(y) ‖ p(y)), nats", number(collapse.marginal_divergence)),
        ("clusters", collapse.clusters().to_string()),
        ("used clusters", format!("{}: {}", used.len(), used.join(", "))),
        ("effective clusters", number(collapse.effective_clusters)),
        (
            "active units of z",
            format!("{} of {}", diagnosis.active_units, diagnosis.latent),
        ),
        (
            "distance of a component from the nearest other, median",
            diagnosis
                .median_distance()
                .map_or_else(|| "no components".to_owned(), number),
        ),
        ("effective α", number(effective_alpha)),
    ] {
        table.push([what.to_owned(), value]);
    }
    Figure {
        name: "diagnosis".to_owned(),
        title: "Posterior collapse".to_owned(),
        caption: format!(
            "Of {} training rows, without labels where there are such. Losses of collapsed and healthy runs differ by little: the \
             information that the class carries, and the number of used clusters, tell.",
            collapse.sizes.iter().sum::<usize>()
        ),
        body: Body::Table(table),
    }
}

/// How each cluster is used, and how far its component is from the nearest other.
pub(crate) fn clusters(diagnosis: &Diagnosis, assessed: &Assessed, data: &DataSet) -> Figure {
    let collapse = &diagnosis.collapse;
    let mut order: Vec<usize> = (0..collapse.clusters()).collect();
    order.sort_by(|&one, &other| collapse.marginal[other].total_cmp(&collapse.marginal[one]));
    let majority = Mapping::majority(&assessed.test);
    let mut table = Table::new([
        "cluster",
        "most frequent class of its test rows",
        "p(y), %",
        "q(y), %",
        "training rows",
        "nearest component",
        "distance of the means",
    ]);
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    for &cluster in order.iter().take(LONGEST) {
        let class = majority.class_of(cluster).map(|class| data.class_names[class].clone());
        let nearest = diagnosis.nearest.get(cluster);
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        table.push([
            cluster.to_string(),
            or_none(class),
            percent(collapse.prior[cluster]),
            percent(collapse.marginal[cluster]),
            collapse.sizes[cluster].to_string(),
            or_none(nearest.map(|nearest| nearest.component.to_string())),
            or_none(nearest.map(|nearest| number(nearest.distance))),
        ]);
    }
    Figure {
        name: "clusters".to_owned(),
        title: "Use of the clusters".to_owned(),
        caption: format!(
            "The prior, the mean of q(y|x) over training rows, without labels where there are such, and how many of these are likeliest \
             there: the {} with the most, of {}. Distances are those of the means μ_y of p(z|y), where the model has them.",
            table.rows.len(),
            collapse.clusters()
        ),
        body: Body::Table(table),
    }
}

/// Accuracies by every protocol.
pub(crate) fn protocols(assessed: &Assessed, data: &DataSet) -> Figure {
    let percent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", 100.0 * value));
    let mut table = Table::new([
        "protocol",
        "accuracy, %",
        "known classes, %",
        "hidden classes, %",
        "Cohen's κ",
        "clusters",
        "used",
        "without a class",
    ]);
    for (protocol, assessment) in &assessed.by_protocol {
        table.push([
            protocol.name().to_owned(),
            percent(Some(assessment.accuracy)),
            percent(assessment.accuracy_on_known),
            percent(assessment.accuracy_on_hidden),
            number(assessment.kappa),
            data.clusters().to_string(),
            assessment.used_clusters.to_string(),
            assessment.unmapped.to_string(),
        ]);
    }
    let mut caption = "test-majority gives each cluster its most frequent class on the test rows themselves, as the authors do: the more \
                       clusters, the more it flatters. held-majority learns that from validation rows; anchored as well, but known \
                       classes keep their own cluster. identity fits nothing: clusters are classes. hungarian gives each class one \
                       cluster."
        .to_owned();
    if data.validation.is_empty() {
        caption.push_str(
            " There are no validation rows to learn held-majority and anchored from: `data.validation` keeps some.",
        );
    }
    Figure {
        name: "protocols".to_owned(),
        title: "Accuracy by protocol".to_owned(),
        caption,
        body: Body::Table(table),
    }
}

/// The share of each class's test rows that is right, by every protocol.
pub(crate) fn recall(assessed: &Assessed, data: &DataSet) -> Figure {
    let names = assessed
        .by_protocol
        .iter()
        .map(|(protocol, _)| format!("{protocol}, %"));
    let mut table = Table::new(["class".to_owned(), "test rows".to_owned()].into_iter().chain(names));
    for class in data.known_first() {
        let recalls = assessed.by_protocol.iter().map(|(_, assessment)| {
            assessment.recall[class].map_or_else(|| "–".to_owned(), |recall| format!("{:.1}", 100.0 * recall))
        });
        let rows = assessed.test.class_sizes()[class].to_string();
        table.push([data.marked_name(class), rows].into_iter().chain(recalls));
    }
    Figure {
        name: "recall".to_owned(),
        title: "Recall of each class".to_owned(),
        caption: "Test rows of a class that are in a cluster that stands for it.".to_owned(),
        body: Body::Table(table),
    }
}

/// Clusters beside true classes, hidden ones last.
pub(crate) fn confusion(assessed: &Assessed, data: &DataSet) -> Figure {
    let clusters: Vec<usize> = (0..data.clusters())
        .filter(|&cluster| assessed.test.cluster_sizes()[cluster] > 0)
        .collect();
    let mut table = Table::new(
        ["true class".to_owned()]
            .into_iter()
            .chain(clusters.iter().map(usize::to_string)),
    );
    for class in data.known_first() {
        let counts = clusters
            .iter()
            .map(|&cluster| assessed.test.count(cluster, class).to_string());
        table.push([data.marked_name(class)].into_iter().chain(counts));
    }
    Figure {
        name: "confusion".to_owned(),
        title: "Classes and clusters".to_owned(),
        caption: "Test rows of each class by their likeliest cluster; clusters without any are left out. The cluster of a known class \
                  has its number."
            .to_owned(),
        body: Body::Table(table),
    }
}

/// Where the rows of hidden classes went: which known class captured what.
pub(crate) fn capture(assessed: &Assessed, anchors: &[usize], data: &DataSet) -> Option<Figure> {
    if anchors.is_empty() || data.hidden.is_empty() {
        return None;
    }
    let columns = anchors.iter().map(|&class| format!("{}, %", data.class_names[class]));
    let mut table = Table::new(
        ["hidden class".to_owned(), "rows".to_owned()]
            .into_iter()
            .chain(columns)
            .chain(["other clusters, %".to_owned()]),
    );
    for &class in &data.hidden {
        let rows = assessed.test.class_sizes()[class];
        let share = |count: usize| format!("{:.1}", 100.0 * count as f64 / rows.max(1) as f64);
        let captured: Vec<usize> = anchors.iter().map(|&known| assessed.test.count(known, class)).collect();
        let others = share(rows - captured.iter().sum::<usize>());
        let name = data.class_names[class].clone();
        let of_known = captured.into_iter().map(share);
        table.push([name, rows.to_string()].into_iter().chain(of_known).chain([others]));
    }
    Some(Figure {
        name: "capture".to_owned(),
        title: "What known classes captured".to_owned(),
        caption: "Test rows of classes that were never labeled, by the known class that they were taken for."
            .to_owned(),
        body: Body::Table(table),
    })
}
