//! What latent dimensions hold: their histograms, hidden attributes, and how well faces of each bin are found.

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::{
        figure::{Body, Figure, Table, number},
        metrics::spearman_correlation,
        plot::{self, Chart, Series, Style},
    },
};

use super::for_measuring;
use crate::{
    evaluate::{Assessed, Said},
    fairness::wilson_interval,
    latent_histogram::{Histogram, Latents, histograms},
    model::DbVae,
    train::DebiasedDetector,
};

/// Dimensions that are drawn, at most.
const DRAWN: usize = 8;
/// Bins of the audit.
const AUDIT_BINS: usize = 5;

/// Dimensions by how much they tell, most first.
pub(super) fn by_information(latents: &Latents) -> Vec<usize> {
    let divergences = latents.divergences().unwrap_or_default();
    let mut order: Vec<usize> = (0..latents.dimensions()).collect();
    let told = |dimension: usize| divergences.get(dimension).copied().unwrap_or(0.0);
    order.sort_by(|&one, &other| told(other).total_cmp(&told(one)));
    order
}

pub(super) fn all(run: &DebiasedDetector, latents: &Latents, bins: usize) -> Result<Vec<Figure>> {
    let histograms = histograms(latents, bins).map_err(Error::usage)?;
    let order = by_information(latents);
    let mut figures = vec![drawn(&histograms, latents, &order)?];
    figures.extend(attributes(run, latents, &order));
    Ok(figures)
}

fn drawn(histograms: &[Histogram], latents: &Latents, order: &[usize]) -> Result<Figure> {
    let divergences = latents.divergences().unwrap_or_default();
    let chart = |&dimension: &usize| {
        let histogram = &histograms[dimension];
        let middle = |bin: usize| 0.5 * (histogram.edges[bin] + histogram.edges[bin + 1]);
        let bars = (0..histogram.counts.len()).map(|bin| (bin as f64, histogram.counts[bin] as f64));
        Chart {
            title: format!(
                "z{dimension}: {:.2} nats",
                divergences.get(dimension).copied().unwrap_or(0.0)
            ),
            x_names: (0..histogram.counts.len())
                .map(|bin| format!("{:.1}", middle(bin)))
                .collect(),
            series: vec![Series::new(
                "",
                bars,
                Style::Bars {
                    deviation: vec![0.0; histogram.counts.len()],
                },
            )],
            width: 300,
            height: 200,
            ..Chart::default()
        }
    };
    let charts: Vec<Chart> = order.iter().take(DRAWN).map(chart).collect();
    Ok(Figure {
        name: "histograms".to_owned(),
        title: "Histograms of latent dimensions".to_owned(),
        caption: "Faces to learn from by the mean of q(z|x); what stands above is the mean divergence of a dimension from the prior. Rare \
                  faces are in low bars."
            .to_owned(),
        body: Body::Svg(plot::grid(&charts, 3)?),
    })
}

/// Which dimension found which hidden attribute.
fn attributes(run: &DebiasedDetector, latents: &Latents, order: &[usize]) -> Option<Figure> {
    let data = run.data();
    if data.attributes.is_empty() {
        return None;
    }
    let weights = run.sampler().weights().values();
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let mut table = Table::new(
        ["hidden attribute".to_owned(), "weight".to_owned()]
            .into_iter()
            .chain(order.iter().take(DRAWN).map(|dimension| format!("z{dimension}"))),
    );
    for attribute in &data.attributes {
        let by_dimension = order.iter().take(DRAWN).map(|&dimension| {
            let column: Vec<f64> = latents.column(dimension).collect();
            shown(spearman_correlation(&attribute.values, &column))
        });
        table.push(
            [
                attribute.name.clone(),
                shown(spearman_correlation(&attribute.values, weights)),
            ]
            .into_iter()
            .chain(by_dimension),
        );
    }
    Some(Figure {
        name: "attributes".to_owned(),
        title: "What the latent space found of the hidden attributes".to_owned(),
        caption: format!(
            "Spearman correlations over the faces to learn from, with their weights and with the dimensions that tell most. {}",
            for_measuring(&run.config().resampling.strategy)
        ),
        body: Body::Table(table),
    })
}

/// How well test faces are found, by the bin of each latent dimension: an audit that needs no groups. There is none without faces or
/// without other pictures to set the threshold with.
pub(super) fn audit(
    run: &DebiasedDetector,
    network: &DbVae,
    assessed: &Assessed,
    bins: usize,
) -> Result<Option<Figure>> {
    let Some(threshold) = assessed.matched.threshold.filter(|_| !assessed.scores.faces.is_empty()) else {
        return Ok(None);
    };
    let latents = Said::of(network, &run.data().test_faces.pictures, run.device())?
        .into_latents()
        .map_err(Error::usage)?;
    let found: Vec<bool> = assessed.scores.faces.iter().map(|score| *score >= threshold).collect();
    by_bin(&latents, &found, bins).map(Some)
}

/// The same for any latents, with whether each row was found.
pub(crate) fn by_bin(latents: &Latents, found: &[bool], bins: usize) -> Result<Figure> {
    let entropies = histograms(latents, bins).map_err(Error::usage)?;
    let coarse = histograms(latents, AUDIT_BINS).map_err(Error::usage)?;
    let mut table = Table::new(
        ["dimension".to_owned(), "entropy, nats".to_owned()]
            .into_iter()
            .chain((1..=AUDIT_BINS).map(|bin| format!("bin {bin}: recall, % (faces)"))),
    );
    for dimension in by_information(latents).into_iter().take(2 * DRAWN) {
        let histogram = &coarse[dimension];
        let mut counts = [[0_u64; 2]; AUDIT_BINS];
        for (&bin, &found) in histogram.bin_of_row.iter().zip(found) {
            counts[bin as usize][0] += u64::from(found);
            counts[bin as usize][1] += 1;
        }
        let cells = counts
            .iter()
            .map(|&[found, count]| match wilson_interval(found, count) {
                Some([low, high]) => format!(
                    "{:.0}, {:.0}–{:.0} ({count})",
                    100.0 * found as f64 / count as f64,
                    100.0 * low,
                    100.0 * high
                ),
                None => "–".to_owned(),
            });
        table.push(
            [format!("z{dimension}"), number(entropies[dimension].entropy())]
                .into_iter()
                .chain(cells),
        );
    }
    Ok(Figure {
        name: "audit".to_owned(),
        title: "Audit without groups".to_owned(),
        caption: format!(
            "Recall of the faces to measure with at the false positive rate, by where the encoder puts them: five equal bins of each \
             dimension from its least to its greatest value, with 95 % intervals (Wilson). A bin with few faces and a low recall is a weakness \
             that nobody had to name. Entropy is that of {bins} bins."
        ),
        body: Body::Table(table),
    })
}

/// The prior's place of a dimension's mean and deviation over rows.
pub(super) fn spread(latents: &Latents, dimension: usize) -> (f64, f64) {
    use papers_core::base::metrics::{mean, population_deviation};
    let column: Vec<f64> = latents.column(dimension).collect();
    (mean(&column), population_deviation(&column))
}

/// Latents on the device, `[rows, dimensions]`.
pub(super) fn upload(rows: &[Vec<f64>], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|value| *value as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), device)
}
