//! Two pictures side by side, whose class is the pair: two causes of similarity, independent by construction.

use papers_core::{
    Context, Error, Result,
    base::{catalogue::Split as Files, images::ImageSet},
    random::Streams,
};

use super::{Benchmark, Cause, Examples, Split};
use crate::config::DataConfig;

/// Classes of each half.
const KINDS: usize = 10;

/// Two of the embedded UCI digits. Pictures of training classes are made of the training digits, those of test classes of
/// the test digits.
pub(super) fn digits(config: &DataConfig, context: &Context, streams: &Streams) -> Result<Split> {
    let sources = |files: Files| -> Result<[ImageSet; 2]> {
        let set = context.data.images("uci-digits", files)?;
        Ok([set.clone(), set])
    };
    pairs(config, sources, ["left digit", "right digit"], streams)
}

/// A digit of MNIST on the left and a garment of Fashion-MNIST on the right.
pub(super) fn digits_and_garments(config: &DataConfig, context: &Context, streams: &Streams) -> Result<Split> {
    let sources = |files: Files| -> Result<[ImageSet; 2]> {
        Ok([
            context.data.images("mnist", files)?,
            context.data.images("fashion-mnist", files)?,
        ])
    };
    pairs(config, sources, ["digit", "garment"], streams)
}

/// Training classes are the pairs `(a, b)` with an even `a + b`, test classes the others: every half occurs in both, and
/// what is new is the pair.
fn pairs(
    config: &DataConfig,
    sources: impl Fn(Files) -> Result<[ImageSet; 2]>,
    causes: [&str; 2],
    streams: &Streams,
) -> Result<Split> {
    let part = |files: Files, parity: usize, per_class: usize| -> Result<Examples> {
        if per_class == 0 {
            let message = "`data.train_per_class` and `data.test_per_class` must be at least 1 for pairs";
            return Err(Error::Usage(message.to_owned()));
        }
        let sources = sources(files)?;
        let joined = joined(&sources, parity, per_class, streams, files.name());
        let whole = if config.pool == 1 {
            joined
        } else {
            joined.mean_pooled(config.pool)?
        };
        let value = |place: fn(usize) -> usize| whole.labels.iter().map(|&label| place(label.into())).collect();
        let [left, right] = causes.map(str::to_owned);
        let causes = vec![
            Cause {
                name: left,
                values: value(|label| label / KINDS),
            },
            Cause {
                name: right,
                values: value(|label| label % KINDS),
            },
        ];
        Ok(Examples::in_memory(whole, causes))
    };
    Ok(Split {
        train: part(Files::Train, 0, config.train_per_class)?,
        tests: vec![Benchmark::of(part(Files::Test, 1, config.test_per_class)?)],
    })
}

/// All pairs of this parity, class by class. Each half goes through the pictures of its kind in a drawn order, and begins
/// anew where they end.
fn joined(sources: &[ImageSet; 2], parity: usize, per_class: usize, streams: &Streams, name: &str) -> ImageSet {
    let mut halves = [0, 1].map(|side| Halves::new(&sources[side], streams, &format!("{name}/{side}")));
    let [left, right] = sources;
    let (height, width, channels) = (left.height, left.width + right.width, left.channels);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let classes = (0..KINDS).flat_map(|one| (0..KINDS).map(move |other| [one, other]));
    for pair in classes.filter(|[one, other]| (one + other) % 2 == parity) {
        for _ in 0..per_class {
            let [left, right] = [0, 1].map(|side| sources[side].image(halves[side].next(pair[side])));
            let rows = left
                .chunks_exact(left.len() / height)
                .zip(right.chunks_exact(right.len() / height));
            rows.for_each(|(left, right)| {
                images.extend_from_slice(left);
                images.extend_from_slice(right);
            });
            labels.push((pair[0] * KINDS + pair[1]) as u8);
        }
    }
    let name_of = |class: usize| {
        let [left, right] = [&left.class_names[class / KINDS], &right.class_names[class % KINDS]];
        format!("{left}/{right}")
    };
    ImageSet {
        name: format!("pairs/{name}"),
        images,
        labels,
        height,
        width,
        channels,
        maximum: left.maximum,
        classes: KINDS * KINDS,
        class_names: (0..KINDS * KINDS).map(name_of).collect(),
    }
}

/// Pictures of each kind in a drawn order, and how many were taken.
struct Halves {
    order: Vec<Vec<usize>>,
    taken: Vec<usize>,
}

impl Halves {
    fn new(set: &ImageSet, streams: &Streams, name: &str) -> Self {
        let order = |kind: usize| -> Vec<usize> {
            let members: Vec<usize> = (0..set.len())
                .filter(|&index| usize::from(set.labels[index]) == kind)
                .collect();
            let places = streams.permutation(name, kind as u64, members.len());
            places.into_iter().map(|place| members[place]).collect()
        };
        Self {
            order: (0..KINDS).map(order).collect(),
            taken: vec![0; KINDS],
        }
    }

    fn next(&mut self, kind: usize) -> usize {
        let order = &self.order[kind];
        let index = order[self.taken[kind] % order.len()];
        self.taken[kind] += 1;
        index
    }
}
