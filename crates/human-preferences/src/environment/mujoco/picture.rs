use std::sync::Arc;

use mujoco_rs::wrappers::{MjData, MjModel, MjtGeomBase, MjtObjBase};

use super::kind::MujocoKind;
use crate::{
    environment::drawing::{self, Drawing, Rgb},
    frame::Frame,
};

/// Bodies of the two legs of an ant that are on its left.
const FAR_LEGS: std::ops::Range<usize> = 2..8;
/// Distance of the lines of a floor seen from above, in meters.
const GRID: f64 = 0.5;

/// A sphere, or a capsule, in the world.
pub(super) struct Shape {
    /// Number of the geom.
    pub(super) number: usize,
    body: usize,
    /// Middles of the round ends.
    pub(super) ends: [[f64; 3]; 2],
    pub(super) radius: f64,
}

/// All spheres and capsules.
pub(super) fn shapes(model: &MjModel, data: &MjData<Arc<MjModel>>) -> Vec<Shape> {
    let shape = |number: usize| {
        let [radius, half, _] = *model.geom_size().get(number)?;
        let half = match *model.geom_type().get(number)? {
            MjtGeomBase::mjGEOM_SPHERE => 0.0,
            MjtGeomBase::mjGEOM_CAPSULE => half,
            _ => return None,
        };
        let (center, turn) = (data.geom_xpos().get(number)?, data.geom_xmat().get(number)?);
        // A capsule lies along its third axis: the last column of the rotation, row by row.
        let end = |side: f64| [0, 1, 2].map(|axis| center[axis] + side * half * turn[3 * axis + 2]);
        Some(Shape {
            number,
            body: usize::try_from(*model.geom_bodyid().get(number)?).ok()?,
            ends: [end(-1.0), end(1.0)],
            radius,
        })
    };
    (0..model.geom_type().len()).filter_map(shape).collect()
}

/// A picture without a robot.
pub(super) fn empty() -> Frame {
    Drawing::new([0.0; 2], 1.0).finish()
}

/// The robot as it is now: from the side, or from above where it cannot leave the plane.
pub(super) fn draw(kind: MujocoKind, model: &MjModel, data: &MjData<Arc<MjModel>>) -> Frame {
    let torso = data.xpos().get(1).copied().unwrap_or_default();
    let (axes, center, width) = match kind {
        MujocoKind::Swimmer => ([0, 1], [torso[0], torso[1]], 5.0),
        MujocoKind::Reacher => ([0, 1], [0.0; 2], 0.9),
        MujocoKind::Ant => ([0, 2], [torso[0], 0.85_f64.max(torso[2] - 0.65)], 4.0),
        _ => ([0, 2], [torso[0], 0.85_f64.max(torso[2] - 0.65)], 3.4),
    };
    let mut drawing = Drawing::new(center, width);
    let mut shapes = shapes(model, data);
    match kind {
        MujocoKind::Reacher => {}
        MujocoKind::Swimmer => grid(&mut drawing, center, width),
        _ => drawing.ground(),
    }
    // What is far away from who looks is covered by what is near.
    shapes.sort_by(|first, second| depth(kind, first).total_cmp(&depth(kind, second)));
    for shape in &shapes {
        let [from, to] = shape.ends.map(|end| axes.map(|axis| end[axis]));
        drawing.capsule(from, to, shape.radius, color(kind, model, shape));
    }
    drawing.finish()
}

fn depth(kind: MujocoKind, shape: &Shape) -> f64 {
    match kind {
        MujocoKind::Swimmer | MujocoKind::Reacher => shape.ends[0][2],
        _ => -(shape.ends[0][1] + shape.ends[1][1]),
    }
}

/// Lines that stand still, so that speed is seen.
fn grid(drawing: &mut Drawing, center: [f64; 2], width: f64) {
    let lines = |middle: f64| {
        let first = ((middle - 0.5 * width) / GRID).floor() as i64;
        (first..=first + (width / GRID) as i64 + 1).map(|line| (line % 4 == 0, line as f64 * GRID))
    };
    let shade = |is_fourth| if is_fourth { drawing::MARK } else { drawing::PALE };
    for (is_fourth, x) in lines(center[0]) {
        drawing.line([x, center[1] - width], [x, center[1] + width], 0.02, shade(is_fourth));
    }
    for (is_fourth, y) in lines(center[1]) {
        drawing.line([center[0] - width, y], [center[0] + width, y], 0.02, shade(is_fourth));
    }
}

fn color(kind: MujocoKind, model: &MjModel, shape: &Shape) -> Rgb {
    let name = model
        .id_to_name(MjtObjBase::mjOBJ_GEOM, shape.number)
        .unwrap_or_default();
    match kind {
        _ if shape.body == 0 => drawing::MARK,
        MujocoKind::Reacher if name == "target" => drawing::FAR,
        MujocoKind::Reacher if name == "fingertip" => drawing::DARK,
        MujocoKind::HalfCheetah if name.starts_with('b') => drawing::FAR,
        MujocoKind::Walker2d if name.contains("left") => drawing::FAR,
        MujocoKind::Ant if FAR_LEGS.contains(&shape.body) => drawing::FAR,
        _ if shape.body == 1 => drawing::BODY,
        _ => drawing::NEAR,
    }
}
