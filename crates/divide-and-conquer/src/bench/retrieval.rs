//! The search of neighbors: beside PyTorch's, beside the matrix products alone, and in how much memory.

use std::{io::Write, time::Instant};

use anyhow::Context as _;
use burn::prelude::*;
use papers_core::{
    bench::{Case, Session, child, memory::Growth, three_digits},
    device::{self, pool},
};
use serde_json::json;

use crate::{
    Rows,
    neighbors::{QUERIES, TILE},
    retrieval::{Labeled, Protocol, retrieve},
};

/// Section and case.
pub(super) const NAME: &str = "recall-60000x128";

const POINTS: usize = 60_000;
const WIDTH: usize = 128;
const CLASSES: usize = 11_316;
/// Of Stanford Online Products.
const KS: [[usize; 4]; 2] = [[1, 2, 4, 8], [1, 10, 100, 1000]];
const MEBIBYTE: f64 = 1024.0 * 1024.0;
/// What the search may take: time in units of the matrix products, and MiB.
const MOST_TIME: f64 = 2.0;
const MOST_MEMORY: f64 = 512.0;

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new("recall/10000x128", "search", || {
        let plain = device::resolve(device::default_backend()?)?;
        let (rows, labels) = points(10_000)?;
        Ok(move || {
            let queries = Labeled::new(&rows, &labels)?;
            std::hint::black_box(retrieve(queries, Protocol::OtherQueries, &KS[0], &plain)?);
            Ok(1)
        })
    })]
}

/// Unit vectors in groups, so that neighbors mean something, with their classes.
fn points(count: usize) -> anyhow::Result<(Rows, Vec<usize>)> {
    let classes = CLASSES.min(count / 5);
    let number = |index: usize| (index.wrapping_mul(2_654_435_761) >> 7 & 0xffff) as f32 / 65_536.0 - 0.5;
    let labels: Vec<usize> = (0..count).map(|index| index % classes).collect();
    let value = |index: usize| {
        let (row, column) = (index / WIDTH, index % WIDTH);
        number(labels[row] * WIDTH + column) + number(index + 7_919)
    };
    let values = (0..count * WIDTH).map(value).collect();
    Ok((Rows::new(values, WIDTH)?.normalized("points")?, labels))
}

/// Measures searches of two widths, each in a process of its own.
pub(super) fn run(session: &mut Session) -> anyhow::Result<()> {
    if !session.wants(NAME) {
        return Ok(());
    }
    session.remark(&format!(
        "\nRecall@K of {POINTS} x {WIDTH}, every point a query: targets {MOST_TIME} times the matrix products alone, {MOST_MEMORY} MiB"
    ))?;
    let columns = [
        "benchmark",
        "largest K",
        "seconds",
        "matrix products alone",
        "ratio",
        "MiB, points included",
    ];
    session.heading(&columns.map(str::to_owned))?;
    for (place, ks) in KS.iter().enumerate() {
        let answer = child::answer(NAME, &place.to_string(), &[])?;
        let numbers: Vec<f64> = answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [seconds, products, bytes] = numbers[..] else {
            anyhow::bail!("`{answer}` are no three numbers");
        };
        let (ratio, mebibytes) = (seconds / products, bytes / MEBIBYTE);
        let largest = ks[ks.len() - 1];
        let result = json!({
            "benchmark": NAME, "largest_k": largest, "seconds": seconds, "products_seconds": products,
            "ratio": ratio, "mebibytes": mebibytes,
        });
        let cells = [
            NAME.to_owned(),
            largest.to_string(),
            three_digits(seconds),
            three_digits(products),
            three_digits(ratio),
            three_digits(mebibytes),
        ];
        session.row(result, &cells)?;
    }
    Ok(())
}

/// In a process of its own: seconds of the search and of its matrix products, and bytes of the search.
pub(super) fn answer(request: &str) -> anyhow::Result<()> {
    let ks = KS.get(request.parse::<usize>()?).context("a list of k")?;
    let plain = device::resolve(device::default_backend()?)?;
    let numbers = pool::run(&plain, || -> anyhow::Result<[f64; 3]> {
        // Threads and buffers that are made once.
        let (few, of_few) = points(2_000)?;
        retrieve(Labeled::new(&few, &of_few)?, Protocol::OtherQueries, &KS[0], &plain)?;
        let growth = Growth::start().context("memory cannot be measured on this system")?;
        let (rows, labels) = points(POINTS)?;
        let begun = Instant::now();
        retrieve(Labeled::new(&rows, &labels)?, Protocol::OtherQueries, ks, &plain)?;
        let seconds = begun.elapsed().as_secs_f64();
        let bytes = growth.peak().context("memory cannot be measured on this system")? as f64;
        let begun = Instant::now();
        products(&rows, &plain)?;
        Ok([seconds, begun.elapsed().as_secs_f64(), bytes])
    })?;
    writeln!(std::io::stdout(), "{} {} {}", numbers[0], numbers[1], numbers[2])?;
    Ok(())
}

/// All products of points, in the blocks of the search.
fn products(rows: &Rows, device: &Device) -> anyhow::Result<()> {
    let block = |values: &[f32]| -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / WIDTH, WIDTH]), device)
    };
    let tiles: Vec<Tensor<2>> = rows.values().chunks(TILE * WIDTH).map(block).collect();
    for queries in rows.values().chunks(QUERIES * WIDTH) {
        let queries = block(queries);
        for tile in &tiles {
            std::hint::black_box(queries.clone().matmul(tile.clone().transpose()));
        }
    }
    device.sync()?;
    Ok(())
}
