use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        images::{self, ImageSet, Tile},
    },
    random::Streams,
};

use super::Embedded;
use crate::{
    Rows,
    course::Division,
    data::Examples,
    neighbors::{Excluded, nearest},
    train::MetricLearning,
};

/// Queries of a sheet, and neighbors of each.
const QUERIES: usize = 8;
const NEIGHBORS: usize = 7;
/// Pixels a side of pictures from disk.
const SIDE: usize = 96;

/// Test pictures with their nearest neighbors.
pub(super) fn neighbors(run: &MetricLearning, queries: &Rows, gallery: Option<&Rows>) -> Result<Figure> {
    let chosen = drawn(queries.len(), QUERIES);
    let png = sheet(run, queries, gallery, &chosen)?;
    Ok(Figure {
        name: "neighbors".to_owned(),
        title: "Nearest neighbors of test pictures".to_owned(),
        caption: format!(
            "Each line: a test picture, drawn, and its {NEIGHBORS} nearest; those of another class are framed. None of the \
             classes was trained on."
        ),
        body: Body::Png(png),
    })
}

/// What each learner holds, and what it thinks alike.
pub(super) fn learners(
    run: &MetricLearning,
    division: &Division,
    whole: &Embedded,
    by_slice: &Embedded,
) -> Result<Vec<Figure>> {
    let slices = run.config().slices();
    let train = &run.pictures().train;
    let (mut members, mut tiles) = (Vec::new(), Vec::new());
    for learner in 0..slices.learners() {
        let of = division.members(learner);
        let chosen: Vec<usize> = drawn(of.len(), QUERIES).into_iter().map(|place| of[place]).collect();
        for &index in &chosen {
            let line = format!("{learner}: {}", class_name(train, index));
            tiles.push((members.len(), line));
            members.push(index);
        }
        // A line of its own for each learner.
        (chosen.len()..QUERIES).for_each(|_| tiles.push((usize::MAX, String::new())));
    }
    let pictures = run.pictures().view.thumbnails(train, &members, SIDE)?;
    let blank = vec![pictures.maximum; pictures.pixels()];
    let tile = |(place, line): (usize, String)| Tile {
        pixels: if place == usize::MAX {
            blank.clone()
        } else {
            pictures.image(place).to_vec()
        },
        lines: vec![line],
        marked: false,
    };
    let tiles: Vec<Tile> = tiles.into_iter().map(tile).collect();
    let mut figures = vec![Figure {
        name: "clusters".to_owned(),
        title: "What each learner learned from".to_owned(),
        caption: "A line for each learner: training pictures of its cluster in the last division, drawn.".to_owned(),
        body: Body::Png(images::sheet(&pictures, &tiles, QUERIES)?),
    }];
    // One query through the eyes of every learner.
    let query = drawn(whole.queries.len(), 1);
    let places = found(run, &whole.queries, whole.gallery.as_ref(), query[0])?;
    let mut lines = vec![("all".to_owned(), places)];
    for learner in 0..slices.learners() {
        let range = slices.range(learner);
        let of_gallery = by_slice.gallery.as_ref().map(|rows| rows.columns(range.clone()));
        let places = found(run, &by_slice.queries.columns(range), of_gallery.as_ref(), query[0])?;
        lines.push((format!("learner {learner}"), places));
    }
    figures.push(Figure {
        name: "learners".to_owned(),
        title: "One picture through the eyes of every learner".to_owned(),
        caption:
            "The same test picture, and its nearest by the whole embedding and by the slice of each learner alone."
                .to_owned(),
        body: Body::Png(lined(run, query[0], &lines)?),
    });
    Ok(figures)
}

/// Some of `count` places, always the same ones, in order.
fn drawn(count: usize, most: usize) -> Vec<usize> {
    let mut order = Streams::new(0).permutation("shown", 0, count);
    order.truncate(most);
    order.sort_unstable();
    order
}

fn class_name(examples: &Examples, index: usize) -> String {
    const LETTERS: usize = 14;
    examples.class_names()[examples.labels()[index]]
        .chars()
        .take(LETTERS)
        .collect()
}

/// Whether two pictures are of the same class.
fn is_same(one: &Examples, index: usize, other: &Examples, place: usize) -> bool {
    one.class_names()[one.labels()[index]] == other.class_names()[other.labels()[place]]
}

/// Places of the nearest of one query.
fn found(run: &MetricLearning, queries: &Rows, gallery: Option<&Rows>, query: usize) -> Result<Vec<usize>> {
    let one = queries.select(&[query]);
    let (rows, most) = match gallery {
        Some(rows) => (rows, NEIGHBORS),
        // The query is among them.
        None => (queries, NEIGHBORS + 1),
    };
    let found = nearest(&one, rows, Excluded::Nothing, most, run.device(), |_, neighbors| {
        let places = neighbors.iter().map(|neighbor| neighbor.index);
        places
            .filter(|&place| gallery.is_some() || place != query)
            .take(NEIGHBORS)
            .collect::<Vec<_>>()
    })?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn sheet(run: &MetricLearning, queries: &Rows, gallery: Option<&Rows>, chosen: &[usize]) -> Result<Vec<u8>> {
    let test = &run.pictures().tests[0];
    let others = test.gallery.as_ref().unwrap_or(&test.queries);
    let mut tiles = Vec::new();
    let view = &run.pictures().view;
    let mut shape = None;
    for &query in chosen {
        let places = found(run, queries, gallery, query)?;
        let first = view.thumbnails(&test.queries, &[query], SIDE)?;
        let rest = view.thumbnails(others, &places, SIDE)?;
        tiles.push(Tile {
            pixels: first.image(0).to_vec(),
            lines: vec![class_name(&test.queries, query)],
            marked: false,
        });
        tiles.extend(places.iter().enumerate().map(|(number, &place)| {
            let name = class_name(others, place);
            Tile {
                pixels: rest.image(number).to_vec(),
                marked: !is_same(&test.queries, query, others, place),
                lines: vec![name],
            }
        }));
        shape = Some(first);
    }
    let shape: ImageSet = shape.ok_or_else(|| papers_core::Error::Usage("there are no test pictures".to_owned()))?;
    Ok(images::sheet(&shape, &tiles, NEIGHBORS + 1)?)
}

/// A line of neighbors for each part of the embedding.
fn lined(run: &MetricLearning, query: usize, lines: &[(String, Vec<usize>)]) -> Result<Vec<u8>> {
    let test = &run.pictures().tests[0];
    let others = test.gallery.as_ref().unwrap_or(&test.queries);
    let view = &run.pictures().view;
    let first = view.thumbnails(&test.queries, &[query], SIDE)?;
    let mut tiles = Vec::new();
    for (name, places) in lines {
        tiles.push(Tile {
            pixels: first.image(0).to_vec(),
            lines: vec![name.clone(), class_name(&test.queries, query)],
            marked: false,
        });
        let rest = view.thumbnails(others, places, SIDE)?;
        tiles.extend(places.iter().enumerate().map(|(number, &place)| {
            let name = class_name(others, place);
            Tile {
                pixels: rest.image(number).to_vec(),
                marked: !is_same(&test.queries, query, others, place),
                lines: vec![String::new(), name],
            }
        }));
    }
    Ok(images::sheet(&first, &tiles, NEIGHBORS + 1)?)
}
