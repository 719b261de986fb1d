//! Tables and drawings of a run.

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::{
        figure::{Body, Figure, Table, number},
        images::{ImageSet, Tile, sheet},
        plot::{self, Chart, Series},
        projection::Projection,
    },
    random::Streams,
};

use crate::{
    data::DataSet,
    evaluate::{self, Assessed, Predictions},
    model::{ClassModel, Vade},
    network::Network,
};

/// Points of a drawing of the latent space, at most.
const POINTS: usize = 1000;
/// Pictures that are generated of each cluster.
const SAMPLES: u64 = 8;
/// Clusters that are drawn of, at most.
const CLUSTERS: usize = 50;

/// What the classes of training rows say: collapsed, captured or healthy, in words and numbers.
pub(crate) fn diagnosis(open: &Predictions, data: &DataSet, effective_alpha: f64) -> Result<Figure> {
    let collapse = evaluate::collapse(open, data)?;
    let verdict = collapse
        .verdict(&data.known())
        .map_err(|error| Error::Usage(error.to_string()))?;
    let mut table = Table::new(["what", "value"]);
    let used: Vec<String> = collapse.used_clusters.iter().map(usize::to_string).collect();
    for (what, value) in [
        ("verdict", verdict.to_string()),
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
            format!("{} of {}", evaluate::active_units(open)?, open.dimensions),
        ),
        ("effective α", number(effective_alpha)),
    ] {
        table.push([what.to_owned(), value]);
    }
    Ok(Figure {
        name: "diagnosis".to_owned(),
        title: "Posterior collapse".to_owned(),
        caption: format!(
            "Of {} training rows whose labels were not looked at. Losses of collapsed and healthy runs differ by little: the \
             information that the class carries, and the number of used clusters, tell.",
            open.len()
        ),
        body: Body::Table(table),
    })
}

/// Accuracies by every protocol.
pub(crate) fn protocols(assessed: &Assessed, data: &DataSet) -> Figure {
    let percent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", 100.0 * value));
    let mut table = Table::new([
        "protocol",
        "accuracy, %",
        "known classes, %",
        "hidden classes, %",
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
            data.clusters().to_string(),
            assessment.used_clusters.to_string(),
            assessment.unmapped.to_string(),
        ]);
    }
    Figure {
        name: "protocols".to_owned(),
        title: "Accuracy by protocol".to_owned(),
        caption: "test-majority gives each cluster its most frequent class on the test rows themselves, as the authors do: the more \
                  clusters, the more it flatters. held-majority learns that from validation rows, anchored as well, but known \
                  classes keep their own cluster. hungarian gives each class one cluster."
            .to_owned(),
        body: Body::Table(table),
    }
}

/// Clusters beside true classes, hidden ones last.
pub(crate) fn confusion(assessed: &Assessed, data: &DataSet) -> Figure {
    let known = data.known();
    let order: Vec<usize> = known.iter().chain(&data.hidden).copied().collect();
    let name = |class: usize| match data.hidden.contains(&class) {
        true => format!("{} (hidden)", data.class_names[class]),
        false => data.class_names[class].clone(),
    };
    let clusters: Vec<usize> = (0..data.clusters())
        .filter(|&cluster| assessed.test.cluster_sizes()[cluster] > 0)
        .collect();
    let mut table = Table::new(
        ["true class".to_owned()]
            .into_iter()
            .chain(clusters.iter().map(usize::to_string)),
    );
    for class in order {
        let counts = clusters
            .iter()
            .map(|&cluster| assessed.test.count(cluster, class).to_string());
        table.push([name(class)].into_iter().chain(counts));
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
pub(crate) fn capture(test: &Predictions, data: &DataSet) -> Figure {
    let known = data.known();
    let (rows, truth) = data.test.truth();
    let likeliest = test.likeliest();
    let columns = known.iter().map(|&class| format!("{}, %", data.class_names[class]));
    let mut table = Table::new(
        ["hidden class".to_owned(), "rows".to_owned()]
            .into_iter()
            .chain(columns)
            .chain(["other clusters, %".to_owned()]),
    );
    for &class in &data.hidden {
        let clusters: Vec<usize> = rows
            .iter()
            .zip(&truth)
            .filter(|&(_, &truth)| truth == class)
            .map(|(&row, _)| likeliest[row])
            .collect();
        let share = |is: &dyn Fn(usize) -> bool| {
            let count = clusters.iter().filter(|&&cluster| is(cluster)).count();
            format!("{:.1}", 100.0 * count as f64 / clusters.len().max(1) as f64)
        };
        let of_known = known.iter().map(|&class| share(&|cluster| cluster == class));
        let others = share(&|cluster| !known.contains(&cluster));
        let name = data.class_names[class].clone();
        table.push(
            [name, clusters.len().to_string()]
                .into_iter()
                .chain(of_known)
                .chain([others]),
        );
    }
    Figure {
        name: "capture".to_owned(),
        title: "What known classes captured".to_owned(),
        caption: "Test rows of classes that were never labeled, by the known class that they were taken for."
            .to_owned(),
        body: Body::Table(table),
    }
}

/// The latent space in two dimensions: by truth, by prediction, by who had a label.
pub(crate) fn latent(data: &DataSet, test: &Predictions, open: &Predictions) -> Result<Vec<Figure>> {
    let projection = Projection::of(&test.latent, test.dimensions, 2);
    if projection.variances.len() < 2 {
        return Ok(Vec::new());
    }
    let spots = |predictions: &Predictions| -> Vec<(f64, f64)> {
        let points = predictions.latent.chunks_exact(predictions.dimensions).take(POINTS);
        points
            .map(|point| projection.apply(point))
            .map(|at| (at[0], at[1]))
            .collect()
    };
    let (tested, trained) = (spots(test), spots(open));
    let (rows, truth) = data.test.truth();
    let mut classes: Vec<Option<usize>> = vec![None; data.test.len()];
    rows.iter()
        .zip(truth)
        .for_each(|(&row, class)| classes[row] = Some(class));
    let named = |class: usize| data.class_names[class].clone();
    let by_truth =
        (0..data.classes()).map(|class| (named(class), classes.iter().map(|of| *of == Some(class)).collect()));
    let likeliest = test.likeliest();
    let used = (0..data.clusters()).filter(|cluster| likeliest.contains(cluster));
    let by_cluster = used.map(|cluster| {
        let is: Vec<bool> = likeliest.iter().map(|of| *of == cluster).collect();
        (format!("cluster {cluster}"), is)
    });
    let open_rows = &data.labels.unlabeled;
    let status = |row: &usize| data.train.labels[*row].map(|class| data.hidden.contains(&class));
    let status: Vec<Option<bool>> = open_rows.iter().take(trained.len()).map(status).collect();
    let by_status = [
        ("of known classes", Some(false)),
        ("of hidden classes", Some(true)),
        ("of a class that nobody knows", None),
    ];
    let by_status = by_status.into_iter().filter(|(_, wanted)| status.contains(wanted));
    let by_status = by_status.map(|(name, wanted)| (name.to_owned(), status.iter().map(|of| *of == wanted).collect()));
    let charts = [
        chart("true class", &tested, by_truth),
        chart("likeliest cluster", &tested, by_cluster),
        chart("training rows without labels", &trained, by_status),
    ];
    let shares: Vec<String> = projection
        .shares
        .iter()
        .map(|share| format!("{:.0}", 100.0 * share))
        .collect();
    Ok(vec![Figure {
        name: "latent".to_owned(),
        title: "Latent space".to_owned(),
        caption: format!(
            "Means of q(z|·) along the two directions in which they vary most ({} % of their variance); test rows, and training rows \
             by whether their class ever had a label.",
            shares.join(" and ")
        ),
        body: Body::Svg(plot::grid(&charts, 2)?),
    }])
}

fn chart(title: &str, spots: &[(f64, f64)], groups: impl Iterator<Item = (String, Vec<bool>)>) -> Chart {
    let series = groups.map(|(name, is)| {
        let points = spots.iter().zip(is).filter(|(_, is)| *is).map(|(spot, _)| *spot);
        Series::points(name, points)
    });
    Chart {
        title: title.to_owned(),
        series: series.collect(),
        width: 520,
        height: 420,
        ..Chart::default()
    }
}

/// Pictures that each cluster generates: the mean of `p(x|·)` for draws of `z` from its component.
pub(crate) fn samples(network: &Network, data: &DataSet, streams: &Streams, device: &Device) -> Result<Option<Figure>> {
    let Some([height, width, channels]) = data.picture else {
        return Ok(None);
    };
    let means = match network {
        Network::Classes(model) => of_classes(model, streams, device),
        Network::Vade(model) => of_vade(model, streams, device),
        Network::Plain(_) => return Ok(None),
    };
    let [_, _, clusters, values] = means.dims();
    let rows: Vec<f32> = means.swap_dims(1, 2).try_into_vec_as()?;
    let pictures = rows
        .chunks_exact(values)
        .take(CLUSTERS * SAMPLES as usize)
        .map(|row| data.restored(row));
    let label = |number: usize| match number.is_multiple_of(SAMPLES as usize) {
        true => vec![(number / SAMPLES as usize).to_string()],
        false => vec![String::new()],
    };
    let tiles = pictures.enumerate().map(|(number, picture)| Tile {
        pixels: bytes(&picture),
        lines: label(number),
        marked: false,
    });
    let set = ImageSet {
        name: "generated".to_owned(),
        images: Vec::new(),
        labels: Vec::new(),
        height,
        width,
        channels,
        maximum: u8::MAX,
        classes: clusters,
        class_names: Vec::new(),
    };
    let tiles: Vec<Tile> = tiles.collect();
    let png = sheet(&set, &tiles, SAMPLES as usize)?;
    Ok(Some(Figure {
        name: "samples".to_owned(),
        title: "What each cluster generates".to_owned(),
        caption: "A row of pictures for each cluster, whose number stands at its left: the mean of p(x|·) for draws of z; where the \
                  class is no component of z, all rows have the same draws."
            .to_owned(),
        body: Body::Png(png),
    }))
}

fn of_classes(model: &ClassModel, streams: &Streams, device: &Device) -> Tensor<4> {
    let (classes, latent) = (model.classes(), model.latent());
    let noise: Tensor<4> = streams.normal("samples", 0, [1, SAMPLES as usize, 1, latent], device);
    let y = Tensor::<2>::eye(classes, device).reshape([1, 1, classes, classes]);
    let z = match &model.mixture {
        Some(mixture) => mixture.all().sample(noise),
        None => noise,
    };
    model.reconstruct(y, z)
}

fn of_vade(model: &Vade, streams: &Streams, device: &Device) -> Tensor<4> {
    let noise = streams.normal("samples", 0, [1, SAMPLES as usize, 1, model.networks.latent()], device);
    model.reconstruct(model.components().sample(noise))
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .map(|value| (value * 256.0).clamp(0.0, 255.0) as u8)
        .collect()
}
