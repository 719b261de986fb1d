//! Pictures that the decoder makes, and those that the detector is surest of.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        images::{ImageSet, Tile, sheet},
    },
};

use super::latent::{by_information, spread, upload};
use crate::{evaluate::Assessed, latent_histogram::Latents, model::DbVae, train::DebiasedDetector};

/// Dimensions that are moved along, at most.
const MOVED: usize = 8;
/// Places along a dimension, from -3 to 3 deviations.
const PLACES: usize = 7;
/// Faces that are reconstructed.
const RECONSTRUCTED: usize = 12;
/// Pictures of each kind that the detector is surest of.
const SURE: usize = 10;

pub(super) fn of_latents(run: &DebiasedDetector, network: &DbVae, latents: &Latents) -> Result<Vec<Figure>> {
    Ok(vec![
        traversals(run, network, latents)?,
        reconstructions(run, network, latents)?,
        interpolation(run, network, latents)?,
    ])
}

/// What the decoder makes of latents, as bytes.
fn decoded(run: &DebiasedDetector, network: &DbVae, rows: &[Vec<f64>]) -> Result<Vec<Vec<u8>>> {
    let size = run.data().faces.pixels();
    let values: Vec<f32> = network.decode(upload(rows, run.device())).try_into_vec_as()?;
    let bytes = |values: &[f32]| {
        values
            .iter()
            .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
            .collect()
    };
    Ok(values.chunks_exact(size).map(bytes).collect())
}

fn row_of(latents: &Latents, row: usize) -> Vec<f64> {
    latents.means()[row * latents.dimensions()..][..latents.dimensions()].to_vec()
}

fn tile(pixels: Vec<u8>, line: String) -> Tile {
    Tile {
        pixels,
        lines: vec![line],
        marked: false,
    }
}

/// The face nearest to the middle of the latent space.
fn seed_face(latents: &Latents) -> usize {
    let dimensions = latents.dimensions();
    let means: Vec<(f64, f64)> = (0..dimensions).map(|dimension| spread(latents, dimension)).collect();
    let distance = |row: usize| -> f64 {
        let row = &latents.means()[row * dimensions..][..dimensions];
        let terms = row.iter().zip(&means);
        terms
            .map(|(value, (mean, deviation))| ((value - mean) / deviation.max(1e-9)).powi(2))
            .sum()
    };
    (0..latents.rows())
        .min_by(|&one, &other| distance(one).total_cmp(&distance(other)))
        .unwrap_or(0)
}

/// One dimension after the other moved over three deviations to both sides.
fn traversals(run: &DebiasedDetector, network: &DbVae, latents: &Latents) -> Result<Figure> {
    let face = row_of(latents, seed_face(latents));
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for dimension in by_information(latents).into_iter().take(MOVED) {
        let (mean, deviation) = spread(latents, dimension);
        for place in 0..PLACES {
            let offset = place as f64 - (PLACES / 2) as f64;
            let mut row = face.clone();
            row[dimension] = mean + offset * deviation;
            rows.push(row);
            lines.push(if place == 0 {
                format!("z{dimension} -3")
            } else {
                format!("{offset:+}")
            });
        }
    }
    let pictures = decoded(run, network, &rows)?;
    let tiles: Vec<Tile> = pictures
        .into_iter()
        .zip(lines)
        .map(|(pixels, line)| tile(pixels, line))
        .collect();
    Ok(Figure {
        name: "traversals".to_owned(),
        title: "Along latent dimensions".to_owned(),
        caption: "A row for each of the dimensions that tell most: what the decoder makes of the most ordinary face when that dimension is \
                  moved from 3 deviations below its mean over the faces to 3 above, the others fixed."
            .to_owned(),
        body: Body::Png(sheet(&run.data().faces, &tiles, PLACES)?),
    })
}

fn reconstructions(run: &DebiasedDetector, network: &DbVae, latents: &Latents) -> Result<Figure> {
    let faces = &run.data().faces;
    let step = (faces.len() / RECONSTRUCTED).max(1);
    let chosen: Vec<usize> = (0..faces.len()).step_by(step).take(RECONSTRUCTED).collect();
    let rows: Vec<Vec<f64>> = chosen.iter().map(|&row| row_of(latents, row)).collect();
    let made = decoded(run, network, &rows)?;
    let originals = chosen.iter().map(|&row| tile(faces.image(row).to_vec(), String::new()));
    let tiles: Vec<Tile> = originals
        .chain(made.into_iter().map(|pixels| tile(pixels, String::new())))
        .collect();
    Ok(Figure {
        name: "reconstructions".to_owned(),
        title: "Reconstructions".to_owned(),
        caption: "Faces to learn from, and below them what the decoder makes of their latent means.".to_owned(),
        body: Body::Png(sheet(faces, &tiles, chosen.len())?),
    })
}

/// Between the least and the most likely face.
fn interpolation(run: &DebiasedDetector, network: &DbVae, latents: &Latents) -> Result<Figure> {
    let weights = run.sampler().weights().values();
    let by_weight = |one: &usize, other: &usize| weights[*one].total_cmp(&weights[*other]);
    let ends = [
        (0..latents.rows()).min_by(by_weight).unwrap_or(0),
        (0..latents.rows()).max_by(by_weight).unwrap_or(0),
    ];
    let [one, other] = ends.map(|row| row_of(latents, row));
    let rows: Vec<Vec<f64>> = (0..PLACES)
        .map(|place| {
            let share = place as f64 / (PLACES - 1) as f64;
            let pairs = one.iter().zip(&other);
            pairs.map(|(one, other)| one * (1.0 - share) + other * share).collect()
        })
        .collect();
    let faces = &run.data().faces;
    let mut tiles = vec![tile(faces.image(ends[0]).to_vec(), "FACE".to_owned())];
    tiles.extend(
        decoded(run, network, &rows)?
            .into_iter()
            .map(|pixels| tile(pixels, String::new())),
    );
    tiles.push(tile(faces.image(ends[1]).to_vec(), "FACE".to_owned()));
    let columns = tiles.len();
    Ok(Figure {
        name: "interpolation".to_owned(),
        title: "From the least to the most likely face".to_owned(),
        caption:
            "At the ends the faces themselves, between them what the decoder makes of latents on the straight line."
                .to_owned(),
        body: Body::Png(sheet(faces, &tiles, columns)?),
    })
}

/// The pictures to measure with that the detector is surest of, rightly and wrongly.
pub(super) fn extremes(run: &DebiasedDetector, assessed: &Assessed) -> Result<Option<Figure>> {
    let data = run.data();
    let ordered = |scores: &[f64]| -> Vec<usize> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]));
        order
    };
    let (faces, others) = (ordered(&assessed.scores.faces), ordered(&assessed.scores.others));
    let tiles = |set: &ImageSet, scores: &[f64], rows: &[usize]| -> Vec<Tile> {
        let of = |&row: &usize| tile(set.image(row).to_vec(), format!("{:.1}", scores[row]));
        rows.iter().map(of).collect()
    };
    let first = |order: &[usize]| order[..SURE.min(order.len())].to_vec();
    let last = |order: &[usize]| order.iter().rev().take(SURE).copied().collect::<Vec<usize>>();
    let (test_faces, test_others) = (&data.test_faces.pictures, &data.test_non_faces.pictures);
    let mut rows = [
        tiles(test_faces, &assessed.scores.faces, &first(&faces)),
        tiles(test_faces, &assessed.scores.faces, &last(&faces)),
        tiles(test_others, &assessed.scores.others, &first(&others)),
        tiles(test_others, &assessed.scores.others, &last(&others)),
    ];
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return Ok(None);
    }
    // Fewer pictures leave the end of their row empty.
    let faces = &data.faces;
    for row in &mut rows {
        row.resize_with(columns, || tile(vec![faces.maximum; faces.pixels()], String::new()));
    }
    Ok(Some(Figure {
        name: "surest".to_owned(),
        title: "What the detector is surest of".to_owned(),
        caption: "Rows: faces with the highest log odds, faces with the lowest (missed), other pictures with the highest (mistaken for \
                  faces), others with the lowest. Numbers are log odds."
            .to_owned(),
        body: Body::Png(sheet(faces, &rows.concat(), columns)?),
    }))
}
