//! What clusters generate.

use burn::prelude::*;
use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        images::{ImageSet, Tile, sheet},
    },
    random::Streams,
};

use crate::{
    data::DataSet,
    model::{ClassModel, Vade},
    network::Network,
};

/// Pictures that are generated of each cluster.
const SAMPLES: u64 = 8;
/// Clusters that are drawn of, at most.
const CLUSTERS: usize = 50;
/// Values of each that are told, at most.
const COLUMNS: usize = 30;

/// What each cluster generates: the mean of `p(x|·)` for draws of `z` from its component. Pictures, or the mean over the draws of
/// each value.
pub(crate) fn samples(network: &Network, data: &DataSet, streams: &Streams, device: &Device) -> Result<Option<Figure>> {
    let means = match network {
        Network::Classes(model) => of_classes(model, streams, device),
        Network::Vade(model) => of_vade(model, streams, device),
        Network::Plain(_) => return Ok(None),
    };
    let Some(size) = data.picture else {
        return values(means, data).map(Some);
    };
    pictures(means, size, data).map(Some)
}

/// A row of values for each cluster.
fn values(means: Tensor<4>, data: &DataSet) -> Result<Figure> {
    let [_, _, clusters, length] = means.dims();
    let means: Vec<f32> = means.mean_dim(1).try_into_vec_as()?;
    let columns = data.columns.iter().take(COLUMNS).cloned();
    let mut table = Table::new(["cluster".to_owned()].into_iter().chain(columns));
    for (cluster, row) in means.chunks_exact(length).take(CLUSTERS).enumerate() {
        let restored = data.restored(row);
        let values = restored.iter().take(COLUMNS).map(|&value| number(value.into()));
        table.push([cluster.to_string()].into_iter().chain(values));
    }
    Ok(Figure {
        name: "samples".to_owned(),
        title: "What each cluster generates".to_owned(),
        caption: format!(
            "The mean of p(x|·) over {SAMPLES} draws of z from its component, in the units of the table: {} of {} columns, {} of {clusters} \
             clusters. Values that the model does not see have their mean.",
            data.columns.len().min(COLUMNS),
            data.columns.len(),
            table.rows.len(),
        ),
        body: Body::Table(table),
    })
}

fn pictures(means: Tensor<4>, [height, width, channels]: [usize; 3], data: &DataSet) -> Result<Figure> {
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
    Ok(Figure {
        name: "samples".to_owned(),
        title: "What each cluster generates".to_owned(),
        caption: "A row of pictures for each cluster, whose number stands at its left: the mean of p(x|·) for draws of z; where the \
                  class is no component of z, all rows have the same draws."
            .to_owned(),
        body: Body::Png(png),
    })
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
