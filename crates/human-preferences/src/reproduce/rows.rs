//! The rows of the tables: which experiment with which settings stands in which line.

/// Number of seeds of rows that take longer, or that there are many of.
pub(super) const FEW: usize = 3;

/// A row: its name in folders, what it is in words, the experiment, its settings, seeds, and whether it is in the quick
/// plan.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) experiment: &'static str,
    pub(super) sets: &'static [&'static str],
    pub(super) seeds: usize,
    pub(super) is_quick: bool,
}

const fn row(
    name: &'static str,
    words: &'static str,
    experiment: &'static str,
    sets: &'static [&'static str],
    seeds: usize,
    is_quick: bool,
) -> Row {
    Row {
        name,
        words,
        experiment,
        sets,
        seeds,
        is_quick,
    }
}

pub(super) const TRUE: &[&str] = &["feedback.mode=none"];

/// From the simplest task up, each with the true reward and with labels.
pub(super) const LADDER: [Row; 21] = [
    row("pendulum/true", "pendulum, true reward", "pendulum", TRUE, 5, true),
    row(
        "pendulum/50",
        "pendulum, 50 labels",
        "pendulum",
        &["labels.total=50"],
        5,
        false,
    ),
    row(
        "pendulum/100",
        "pendulum, 100 labels",
        "pendulum",
        &["labels.total=100"],
        5,
        false,
    ),
    row(
        "pendulum/200",
        "pendulum, 200 labels (the default)",
        "pendulum",
        &[],
        5,
        true,
    ),
    row(
        "pendulum/400",
        "pendulum, 400 labels",
        "pendulum",
        &["labels.total=400"],
        5,
        false,
    ),
    row(
        "pendulum/200-noise",
        "pendulum, 200 labels, 10 % of them wrong",
        "pendulum",
        &["feedback.noise=0.1"],
        5,
        false,
    ),
    row(
        "cartpole/true",
        "cart and pole, true reward",
        "cartpole",
        TRUE,
        FEW,
        false,
    ),
    row("cartpole/200", "cart and pole, 200 labels", "cartpole", &[], FEW, false),
    row(
        "moving-dot/true",
        "moving dot, true reward",
        "moving-dot",
        TRUE,
        FEW,
        false,
    ),
    row(
        "moving-dot/200",
        "moving dot, 200 labels",
        "moving-dot",
        &["labels.total=200"],
        FEW,
        false,
    ),
    row(
        "moving-dot/labels",
        "moving dot, 800 labels",
        "moving-dot",
        &[],
        FEW,
        false,
    ),
    row("pong/true", "pong, true reward", "pong", TRUE, FEW, false),
    row("pong/labels", "pong, 1,000 labels", "pong", &[], FEW, false),
    row("drive/true", "overtaking, true reward", "drive", TRUE, FEW, false),
    row("drive/labels", "overtaking, 1,000 labels", "drive", &[], FEW, false),
    row("breakout/true", "breakout, true reward", "breakout", TRUE, FEW, false),
    row("breakout/labels", "breakout, 1,000 labels", "breakout", &[], FEW, false),
    row(
        "inverted-pendulum/true",
        "inverted pendulum, true reward",
        "inverted-pendulum",
        TRUE,
        FEW,
        false,
    ),
    row(
        "inverted-pendulum/700",
        "inverted pendulum, 700 labels",
        "inverted-pendulum",
        &[],
        FEW,
        false,
    ),
    row(
        "double-pendulum/true",
        "double pendulum, true reward",
        "double-pendulum",
        TRUE,
        FEW,
        false,
    ),
    row(
        "double-pendulum/700",
        "double pendulum, 700 labels",
        "double-pendulum",
        &[],
        FEW,
        false,
    ),
];

/// Robots of the paper's figure 2.
pub(super) const ROBOTS: [Row; 8] = [
    row("hopper/true", "Hopper, true reward", "hopper", TRUE, FEW, true),
    row(
        "hopper/350",
        "Hopper, 350 labels",
        "hopper",
        &["labels.total=350"],
        FEW,
        false,
    ),
    row("hopper/700", "Hopper, 700 labels", "hopper", &[], FEW, true),
    row(
        "hopper/1400",
        "Hopper, 1,400 labels",
        "hopper",
        &["labels.total=1400"],
        FEW,
        false,
    ),
    row(
        "half-cheetah/true",
        "HalfCheetah, true reward",
        "half-cheetah",
        TRUE,
        FEW,
        false,
    ),
    row(
        "half-cheetah/700",
        "HalfCheetah, 700 labels",
        "half-cheetah",
        &[],
        FEW,
        false,
    ),
    row("walker2d/true", "Walker2d, true reward", "walker2d", TRUE, FEW, false),
    row("walker2d/700", "Walker2d, 700 labels", "walker2d", &[], FEW, false),
];

/// Behaviors without a reward.
pub(super) const NOVEL: [Row; 3] = [
    row(
        "novel/backflip",
        "Hopper, backflips, 900 answers",
        "hopper-backflip",
        &[],
        FEW,
        false,
    ),
    row(
        "novel/one-leg",
        "HalfCheetah, on one leg, 800 answers",
        "half-cheetah-one-leg",
        &[],
        FEW,
        false,
    ),
    row("novel/pace", "car, keeping pace", "drive-pace", &[], FEW, false),
];
