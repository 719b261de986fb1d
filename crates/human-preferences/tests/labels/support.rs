//! A database with clips of a dot that moves, and what a browser would ask of the server.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use human_preferences::{
    actions::Actions,
    answer::Answer,
    clip::{Clip, Observations},
    frame::{Frame, animation},
    labels::{LabelStore, NewAnswer, NewPair, NewSegment, sheet},
    server::{LabelServer, ServerOptions, SharedStore},
};

/// Steps of a clip.
pub(crate) const STEPS: usize = 12;
/// Name of the environment.
pub(crate) const ENVIRONMENT: &str = "moving-dot";
const RATE: f64 = 15.0;
const SIDE: u32 = 42;

pub(crate) fn open(folder: &Path) -> LabelStore {
    LabelStore::open(&folder.join("labels.sqlite"), ENVIRONMENT).expect("a database")
}

pub(crate) fn shared(store: LabelStore) -> SharedStore {
    Arc::new(Mutex::new(store))
}

/// The clip number `index`; no two are the same.
pub(crate) fn clip(index: u64) -> Clip {
    let observations = Observations::Floats {
        size: 2,
        values: (0..STEPS).flat_map(|step| [index as f32, step as f32]).collect(),
    };
    let actions = Actions::Discrete {
        actions: 2,
        chosen: vec![1; STEPS],
    };
    Clip::new(index, 3, observations, actions).expect("a clip")
}

/// A dot on its way from left to right, in a row and a color that depend on the clip.
fn frames(index: u64) -> Vec<Frame> {
    let color = [60 + (index * 67 % 180) as u8, 90, 220 - (index * 31 % 180) as u8];
    let top = (index * 13 % 34) as usize;
    let draw = |step: usize| {
        let mut frame = Frame::filled(SIDE, SIDE, [24, 28, 36]);
        for (y, x) in (top..top + 6).flat_map(|y| (0..6).map(move |x| (y, x + 3 * step))) {
            let at = (y * SIDE as usize + x) * 3;
            frame.pixels[at..at + 3].copy_from_slice(&color);
        }
        frame
    };
    (0..STEPS).map(draw).collect()
}

/// Adds clip number `index`, and returns the number that the database gives to it.
pub(crate) fn add_segment(store: &mut LabelStore, index: u64) -> i64 {
    let data = serde_json::to_vec(&clip(index)).expect("JSON");
    let digest = blake3::hash(&data).to_hex();
    let frames = frames(index);
    let film = animation::encode(&frames, RATE).expect("an animation");
    let (sheet, layout) = sheet(&frames, RATE).expect("a sheet");
    let segment = NewSegment {
        digest: &digest,
        run: "test",
        seed: 1,
        start: 3,
        steps: STEPS,
        data: &data,
        film: &film,
        sheet: &sheet,
        layout,
        true_return: Some(index as f64),
    };
    store.add_segment(&segment).expect("a segment")
}

/// Adds `count` pairs of clips that no other pair has, every other one swapped; returns their numbers.
pub(crate) fn add_pairs(store: &mut LabelStore, count: usize) -> Vec<i64> {
    let before = store.pairs().expect("a count");
    let number = |index: u64| {
        let first = add_segment(store, 2 * index);
        let second = add_segment(store, 2 * index + 1);
        let pair = NewPair {
            first,
            second,
            is_swapped: index % 2 == 1,
            variance: Some(0.5),
            model_version: 7,
        };
        store
            .add_pair(&pair, 0)
            .expect("a database")
            .expect("a pair that is new")
    };
    (before..before + count as u64).map(number).collect()
}

pub(crate) fn answer_of<'a>(pair: i64, client_id: &'a str, answer: Answer, labeller: &'a str) -> NewAnswer<'a> {
    NewAnswer {
        pair,
        client_id,
        answer,
        labeller,
        latency: 1200,
        source: "page",
    }
}

pub(crate) fn options(port: u16) -> ServerOptions {
    ServerOptions {
        port,
        task: ENVIRONMENT.to_owned(),
        instructions:
            "Choose the clip in which the dot comes nearer to the center.\nCall it a tie where both look alike."
                .to_owned(),
        planned: Some(40),
        is_pixelated: true,
    }
}

pub(crate) fn serve(store: &SharedStore, port: u16) -> LabelServer {
    LabelServer::start(Arc::clone(store), options(port)).expect("a server")
}

/// Rows of the table of answers: pair, answer as it was shown, labeller, and whether it was taken back.
pub(crate) fn rows(folder: &Path) -> Vec<(i64, String, String, bool)> {
    let connection = rusqlite::Connection::open(folder.join("labels.sqlite")).expect("the database");
    let mut find = connection
        .prepare("SELECT pair, answer, labeller, undone FROM answer ORDER BY id")
        .expect("a query");
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}
