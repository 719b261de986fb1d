use super::kind::{RobotKind, ends};
use crate::{
    environment::{
        drawing::{self, Drawing, Rgb},
        planar::{Geom, GeomKind, Simulation},
    },
    frame::Frame,
};

/// Radius of an eye, in meters.
const EYE: f64 = 0.036;

/// The robot as it is now.
pub(super) fn draw(kind: RobotKind, simulation: &dyn Simulation) -> Frame {
    let camera = kind.camera();
    let [x, z] = place(simulation, 0, [0.0; 2]);
    let mut drawing = if camera.follows {
        // Upwards only where it would leave the picture.
        let height = camera.height.max(z - camera.headroom);
        Drawing::new([x, height], camera.width)
    } else {
        Drawing::new([0.0, camera.height], camera.width)
    };
    let capsules = capsules(kind, simulation);
    if camera.follows {
        drawing.ground();
        let moving = capsules.iter().flat_map(|capsule| capsule.ends);
        let reach = moving.fold([f64::INFINITY, f64::NEG_INFINITY], |[left, right], [x, _]| {
            [left.min(x), right.max(x)]
        });
        drawing.shadow(reach);
    }
    for capsule in &capsules {
        drawing.capsule(capsule.ends[0], capsule.ends[1], capsule.radius, capsule.rgb);
    }
    if let Some(head) = capsules.iter().find(|capsule| capsule.sees) {
        let [origin, ahead] = [[0.0; 2], [1.0, 0.0]].map(|local| place(simulation, 0, local));
        drawing.eye(head.ends[0], [ahead[0] - origin[0], ahead[1] - origin[1]], EYE);
    }
    drawing.finish()
}

/// What the picture shows of the world.
struct Camera {
    /// Whether it goes along with the robot.
    follows: bool,
    /// Meters from left to right.
    width: f64,
    /// Height of the picture's middle.
    height: f64,
    /// How far above the middle the robot may be.
    headroom: f64,
}

/// A shape in the world.
struct Capsule {
    ends: [[f64; 2]; 2],
    radius: f64,
    rgb: Rgb,
    sees: bool,
}

impl RobotKind {
    fn camera(self) -> Camera {
        let (follows, width, height, headroom) = match self {
            Self::Hopper | Self::Walker2d => (true, 3.2, 0.88, 0.6),
            Self::HalfCheetah => (true, 2.9, 0.72, 0.5),
            Self::InvertedPendulum => (false, 3.0, 0.2, 0.0),
            Self::DoublePendulum => (false, 4.4, 0.1, 0.0),
        };
        Camera {
            follows,
            width,
            height,
            headroom,
        }
    }

    /// Color of a shape; those of the far side are drawn first.
    fn color(self, geom: &Geom) -> Rgb {
        let name = geom.name.as_str();
        match self {
            _ if geom.body < 0 => drawing::MARK,
            Self::InvertedPendulum | Self::DoublePendulum => match geom.body {
                0 => drawing::BODY,
                1 => drawing::NEAR,
                _ => drawing::FAR,
            },
            _ if geom.body == 0 => drawing::BODY,
            Self::HalfCheetah if name.starts_with('b') => drawing::FAR,
            Self::Walker2d if name.contains("left") => drawing::FAR,
            _ => drawing::NEAR,
        }
    }

    /// Whether the eye is at an end of this shape.
    fn sees(self, geom: &Geom) -> bool {
        match self {
            Self::Hopper | Self::Walker2d => geom.body == 0,
            Self::HalfCheetah => geom.name == "head",
            Self::InvertedPendulum | Self::DoublePendulum => false,
        }
    }
}

/// In the order in which they are drawn.
fn capsules(kind: RobotKind, simulation: &dyn Simulation) -> Vec<Capsule> {
    let geoms = simulation.model().geoms.iter();
    let mut capsules: Vec<Capsule> = geoms
        .filter(|geom| geom.kind == GeomKind::Capsule)
        .map(|geom| Capsule {
            ends: ends(geom).map(|end| place(simulation, geom.body, end)),
            radius: geom.radius,
            rgb: kind.color(geom),
            sees: kind.sees(geom),
        })
        .collect();
    let order = [drawing::MARK, drawing::FAR, drawing::BODY, drawing::NEAR];
    capsules.sort_by_key(|capsule| order.iter().position(|rgb| *rgb == capsule.rgb));
    capsules
}

/// Where a point of a body is now; -1 is the world.
fn place(simulation: &dyn Simulation, body: i64, local: [f64; 2]) -> [f64; 2] {
    match usize::try_from(body) {
        Ok(body) => simulation.point(simulation.positions(), body, local),
        Err(_) => local,
    }
}
