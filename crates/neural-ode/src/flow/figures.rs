//! Pictures of a flow: density and samples on their way from the base to the data.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};
use burn::prelude::*;
use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        images,
    },
    random::Streams,
};

use super::{
    config::{FlowConfig, Target},
    evaluate::{FlowPath, Frame, Measured, PIXELS, reach},
    model::FlowModel,
    potentials::grid,
};

/// Frames of the sequence.
const SHOWN: usize = 5;
/// Samples of the target that are drawn.
const DOTS: usize = 1500;
/// Dots of the animation.
const MOVING: usize = 200;
/// Pixels of a panel, and around it.
const SIDE: usize = 150;
const GAP: usize = 8;
const LINE: usize = 20;
/// Seconds of the animation, and the part of them in which it moves.
const SECONDS: f64 = 6.0;
const MOTION: f64 = 0.75;
/// Colors of densities, from none to the largest: dark blue to yellow, each step as much lighter.
const COLORS: [[u8; 3]; 6] = [
    [0x0d, 0x08, 0x3b],
    [0x3b, 0x2f, 0x8c],
    [0x2a, 0x78, 0x8e],
    [0x22, 0xa8, 0x84],
    [0x7a, 0xd1, 0x51],
    [0xfd, 0xe7, 0x25],
];

/// What a flow is compared with.
#[derive(Debug)]
pub(super) enum Panel {
    /// Samples of a set.
    Dots(Vec<[f64; 2]>),
    /// A density on the grid of a frame.
    Density(Vec<f64>),
}

impl Panel {
    pub(super) fn of_target(target: Target, streams: &Streams, device: &Device) -> Result<Self> {
        Ok(match target {
            Target::Samples(set) => {
                let mut generator = streams.at("figure/target", 0, 0);
                Self::Dots((0..DOTS).map(|_| set.point(&mut generator)).collect())
            }
            Target::Density(potential) => {
                let (cells, _) = grid(reach(target), PIXELS);
                let cells = Tensor::<2>::from_data(TensorData::new(cells, [PIXELS * PIXELS, 2]), device);
                let energies: Vec<f64> = potential.walled(cells).try_into_vec_as()?;
                Self::Density(energies.into_iter().map(|energy| (-energy).exp()).collect())
            }
        })
    }
}

/// The numbers of the evaluation.
pub(super) fn table(config: &FlowConfig, model: &FlowModel, measured: &Measured, path: &FlowPath) -> Figure {
    let (name, of) = match measured.divergence {
        None => ("negative log-likelihood", "nats"),
        Some(_) => ("KL − log Z", "nats"),
    };
    let mut table = Table::new([
        "model",
        "parameters",
        name,
        "KL",
        "evaluations of the field",
        "mass in the picture",
    ]);
    let evaluations = measured.statistics.map(|statistics| statistics.evaluations.to_string());
    table.push([
        config.model.name().to_owned(),
        model.num_params().to_string(),
        format!("{} {of}", number(measured.loss)),
        measured
            .divergence
            .map_or("–".to_owned(), |value| format!("{} {of}", number(value))),
        evaluations.unwrap_or_else(|| "–".to_owned()),
        format!("{:.3}", path.last().mass),
    ]);
    Figure {
        name: "numbers".to_owned(),
        title: "Numbers of the test points".to_owned(),
        caption:
            "With the exact trace, solved by dopri5 with tolerances 1e-5. The mass is the sum of the density over the \
                  square of the pictures: what is missing to 1 lies outside of it or is an error."
                .to_owned(),
        body: Body::Table(table),
    }
}

/// Density and samples at some moments, and the target.
pub(super) fn sequence(path: &FlowPath, target: &Panel) -> Result<Figure> {
    let step = (path.frames.len() - 1) / (SHOWN - 1);
    let shown: Vec<&Frame> = path.frames.iter().step_by(step).collect();
    let width = GAP + (shown.len() + 1) * (SIDE + GAP);
    let mut svg = Drawing::new(width, LINE + 2 * (SIDE + GAP));
    for (column, frame) in shown.iter().enumerate() {
        let left = GAP + column * (SIDE + GAP);
        svg.text(&frame.label, left, LINE - 6);
        svg.heat(&frame.density, left, LINE, "")?;
        svg.dots(&frame.dots, path.reach, left, LINE + SIDE + GAP);
    }
    let left = GAP + shown.len() * (SIDE + GAP);
    svg.text("target", left, LINE - 6);
    match target {
        Panel::Dots(dots) => svg.dots(dots, path.reach, left, LINE + SIDE + GAP),
        Panel::Density(density) => svg.heat(density, left, LINE, "")?,
    }
    Ok(Figure {
        name: "flow".to_owned(),
        title: "The flow, from the base to the end".to_owned(),
        caption: format!(
            "Above the density, each picture up to its own maximum; below samples, the same ones from picture to picture. \
             The square reaches to ±{}.",
            path.reach
        ),
        body: Body::Svg(svg.finish()),
    })
}

/// The same in motion, with the target beside it.
pub(super) fn animation(path: &FlowPath, target: &Panel) -> Result<Figure> {
    let mut svg = Drawing::new(3 * (SIDE + GAP) + GAP, LINE + SIDE + GAP);
    let [density, samples, beside] = [0, 1, 2].map(|column| GAP + column * (SIDE + GAP));
    svg.text("density", density, LINE - 6);
    svg.text("samples", samples, LINE - 6);
    svg.text("target", beside, LINE - 6);
    let count = path.frames.len();
    for (index, frame) in path.frames.iter().enumerate() {
        svg.heat(&frame.density, density, LINE, &visible(index, count))?;
    }
    svg.moving_dots(&path.frames, path.reach, samples, LINE);
    match target {
        Panel::Dots(dots) => svg.dots(dots, path.reach, beside, LINE),
        Panel::Density(density) => svg.heat(density, beside, LINE, "")?,
    }
    Ok(Figure {
        name: "animation".to_owned(),
        title: "The flow in motion".to_owned(),
        caption: "Every few seconds from the base to the end, where it rests.".to_owned(),
        body: Body::Svg(svg.finish()),
    })
}

/// When frame `index` of `count` begins, as a part of the animation.
fn begin(index: usize, count: usize) -> f64 {
    MOTION * index as f64 / (count - 1) as f64
}

/// Shows a picture while it is its turn.
fn visible(index: usize, count: usize) -> String {
    let (values, times) = if index == 0 {
        ("visible;hidden".to_owned(), format!("0;{:.4}", begin(1, count)))
    } else if index + 1 == count {
        ("hidden;visible".to_owned(), format!("0;{:.4}", begin(index, count)))
    } else {
        let times = format!("0;{:.4};{:.4}", begin(index, count), begin(index + 1, count));
        ("hidden;visible;hidden".to_owned(), times)
    };
    format!(
        "<animate attributeName=\"visibility\" calcMode=\"discrete\" dur=\"{SECONDS}s\" repeatCount=\"indefinite\" \
         values=\"{values}\" keyTimes=\"{times}\"/>"
    )
}

/// An SVG in the making.
struct Drawing(String);

impl Drawing {
    fn new(width: usize, height: usize) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        ))
    }

    fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }

    fn text(&mut self, text: &str, left: usize, base: usize) {
        self.push(format_args!(
            "<text x=\"{left}\" y=\"{base}\" font-family=\"system-ui,sans-serif\" font-size=\"13\" \
             fill=\"#1f2328\">{text}</text>\n"
        ));
    }

    /// A density as a picture, with `inside` of its element.
    fn heat(&mut self, density: &[f64], left: usize, top: usize, inside: &str) -> Result<()> {
        let picture = BASE64_STANDARD.encode(heat_map(density)?);
        self.push(format_args!(
            "<image x=\"{left}\" y=\"{top}\" width=\"{SIDE}\" height=\"{SIDE}\" \
             href=\"data:image/png;base64,{picture}\">{inside}</image>\n"
        ));
        Ok(())
    }

    /// One path for all: round ends of lines without length.
    fn dots(&mut self, dots: &[[f64; 2]], reach: f64, left: usize, top: usize) {
        self.frame(left, top);
        self.push(format_args!(
            "<path stroke=\"#3b2f8c\" stroke-width=\"2\" stroke-linecap=\"round\" d=\""
        ));
        for dot in dots.iter().filter(|dot| is_inside(dot, reach)) {
            let [x, y] = pixel(dot, reach, left, top);
            self.push(format_args!("M{x:.1} {y:.1}h0"));
        }
        self.0 += "\"/>\n";
    }

    fn moving_dots(&mut self, frames: &[Frame], reach: f64, left: usize, top: usize) {
        self.frame(left, top);
        let moments = (0..frames.len()).map(|index| format!("{:.4}", begin(index, frames.len())));
        let moments: Vec<String> = moments.chain(["1".to_owned()]).collect();
        let moments = moments.join(";");
        for dot in 0..frames[0].dots.len().min(MOVING) {
            let way = || frames.iter().chain(frames.last()).map(|frame| frame.dots[dot]);
            // Those that leave the picture would cross its neighbors.
            if way().any(|dot| !is_inside(&dot, reach)) {
                continue;
            }
            self.push(format_args!("<circle r=\"1.4\" fill=\"#3b2f8c\">"));
            for (axis, name) in ["cx", "cy"].into_iter().enumerate() {
                let values: Vec<String> = way()
                    .map(|dot| format!("{:.1}", pixel(&dot, reach, left, top)[axis]))
                    .collect();
                self.push(format_args!(
                    "<animate attributeName=\"{name}\" dur=\"{SECONDS}s\" repeatCount=\"indefinite\" \
                     keyTimes=\"{moments}\" values=\"{}\"/>",
                    values.join(";")
                ));
            }
            self.0 += "</circle>\n";
        }
    }

    fn frame(&mut self, left: usize, top: usize) {
        self.push(format_args!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#a6afb9\"/>\n"
        ));
    }
}

fn is_inside(dot: &[f64; 2], reach: f64) -> bool {
    dot.iter().all(|value| value.abs() < reach)
}

/// The y axis points up.
fn pixel([x, y]: &[f64; 2], reach: f64, left: usize, top: usize) -> [f64; 2] {
    let part = |value: f64| (value + reach) / (2.0 * reach) * SIDE as f64;
    [left as f64 + part(*x), top as f64 + SIDE as f64 - part(*y)]
}

/// A density as a PNG file, up to its maximum; its rows begin at the lowest.
fn heat_map(density: &[f64]) -> Result<Vec<u8>> {
    let largest = density.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let rows = density.chunks(PIXELS).rev();
    let pixels: Vec<u8> = rows.flatten().flat_map(|value| color(value / largest)).collect();
    let side = PIXELS as u32;
    let png = images::rgb_png(side, side, &pixels).map_err(images::ImagesError::from);
    Ok(png?)
}

/// A color between those of the list; a value that is no number is none.
fn color(value: f64) -> [u8; 3] {
    let place = value.clamp(0.0, 1.0) * (COLORS.len() - 1) as f64;
    let index = (place as usize).min(COLORS.len() - 2);
    let rest = place - index as f64;
    std::array::from_fn(|channel| {
        let [low, high] = [index, index + 1].map(|index| f64::from(COLORS[index][channel]));
        (low + (high - low) * rest) as u8
    })
}
