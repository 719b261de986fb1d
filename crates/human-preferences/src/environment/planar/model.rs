//! What a mechanism is made of, in MuJoCo's terms.

use serde::{Deserialize, Serialize};

/// Most joints that a mechanism may have.
pub const MOST_JOINTS: usize = 12;

/// A mechanism of rigid bodies in a vertical plane, x to the right and z up, in meters, kilograms, seconds, radians.
///
/// The names in files are MuJoCo's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Seconds of one step of the integrator.
    pub timestep: f64,
    /// How motion follows from acceleration.
    pub integrator: Integrator,
    /// Acceleration of free fall along x.
    #[serde(default)]
    pub gravity_x: f64,
    /// Acceleration of free fall along z.
    pub gravity_z: f64,
    /// Steps of the integrator per action.
    pub frame_skip: usize,
    /// Positions of the joints at which bodies are placed as the model says.
    #[serde(rename = "qpos0")]
    pub rest: Vec<f64>,
    /// Form of the friction cone; 0, the pyramid, is the only one.
    #[serde(default)]
    pub cone: u32,
    /// Stiffness of friction against that of the normal; 1 is the only one.
    #[serde(default = "one")]
    pub impratio: f64,
    /// Bodies, a parent before its children.
    pub bodies: Vec<Body>,
    /// Joints, in the order of their bodies.
    pub joints: Vec<Joint>,
    /// What collides and is seen.
    pub geoms: Vec<Geom>,
    /// Motors.
    pub actuators: Vec<Actuator>,
}

/// How motion follows from acceleration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrator {
    /// Runge and Kutta's fourth order.
    Rk4,
    /// Semi-implicit Euler, damping of the joints taken implicitly.
    Euler,
}

/// A rigid body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its name.
    pub name: String,
    /// Index of the body it hangs on; -1 for the world.
    pub parent: i64,
    /// Origin, in the parent's frame.
    #[serde(rename = "pos")]
    pub position: [f64; 2],
    /// Turn against the parent.
    #[serde(default)]
    pub angle: f64,
    /// Center of mass, in its own frame.
    #[serde(rename = "com")]
    pub center: [f64; 2],
    /// Mass.
    pub mass: f64,
    /// Moment of inertia about the center of mass.
    #[serde(rename = "iyy")]
    pub inertia: f64,
    /// How easily it is moved at rest, as MuJoCo estimates it; scales the softness of contacts.
    #[serde(rename = "invweight0_tran")]
    pub inverse_weight: f64,
}

/// A way in which a body can move against its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    /// Its name.
    pub name: String,
    /// Index of the body that it moves.
    pub body: usize,
    /// Along a line or about an axis.
    #[serde(rename = "type")]
    pub kind: JointKind,
    /// Direction (x, y, z): of a slide in the plane, of a hinge (0, ±1, 0).
    pub axis: [f64; 3],
    /// Where a hinge sits, in the body's frame.
    pub anchor: [f64; 2],
    /// Whether the range holds.
    pub limited: bool,
    /// Smallest and largest position.
    pub range: [f64; 2],
    /// Of a spring.
    pub stiffness: f64,
    /// Position at which the spring is slack.
    #[serde(rename = "springref")]
    pub spring_rest: f64,
    /// Force per velocity.
    pub damping: f64,
    /// Inertia of the motor.
    pub armature: f64,
    /// Time constant and damping ratio of the limits.
    pub solref: [f64; 2],
    /// Impedance of the limits.
    pub solimp: [f64; 5],
    /// Distance at which a limit begins to be felt.
    pub margin: f64,
    /// How easily it is moved at rest, as MuJoCo estimates it; scales the softness of limits.
    #[serde(rename = "invweight0")]
    pub inverse_weight: f64,
}

/// Along a line or about an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JointKind {
    /// Along a line.
    Slide,
    /// About an axis.
    Hinge,
}

/// A shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Geom {
    /// Its name.
    pub name: String,
    /// Index of its body; -1 for the world.
    pub body: i64,
    /// A floor or a capsule.
    #[serde(rename = "type")]
    pub kind: GeomKind,
    /// Center, in the body's frame.
    #[serde(rename = "pos")]
    pub position: [f64; 2],
    /// Unit vector along the capsule, or out of the plane.
    pub axis: [f64; 2],
    /// Radius of the capsule.
    pub radius: f64,
    /// Half of the length between the centers of the capsule's ends.
    pub half: f64,
    /// Coefficient of sliding friction.
    pub friction: f64,
    /// 1 without friction, 3 with it.
    pub condim: u32,
    /// Groups that it belongs to.
    pub contype: u32,
    /// Groups that it collides with.
    pub conaffinity: u32,
    /// Distance at which contact begins to be felt.
    pub margin: f64,
    /// Time constant and damping ratio of its contacts.
    pub solref: [f64; 2],
    /// Impedance of its contacts.
    pub solimp: [f64; 5],
}

/// A floor or a capsule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeomKind {
    /// Everything below a line.
    Plane,
    /// Everything within a distance of a segment.
    Capsule,
}

/// A motor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Actuator {
    /// Index of the joint it acts on.
    pub joint: usize,
    /// Force per control.
    pub gear: f64,
    /// Smallest and largest control; others are clipped.
    #[serde(rename = "ctrlrange")]
    pub range: [f64; 2],
}

/// A model that cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {problem}")]
pub struct ModelError {
    /// The part of the model.
    pub part: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Model {
    /// Seconds from one action to the next.
    pub fn seconds_per_step(&self) -> f64 {
        self.timestep * self.frame_skip as f64
    }

    /// Refuses what the engine cannot simulate.
    ///
    /// # Errors
    ///
    /// The first part that does not fit, by name.
    pub fn check(&self) -> Result<(), ModelError> {
        self.check_whole()?;
        self.check_joints()?;
        self.check_bodies()?;
        self.check_geoms()?;
        for (index, actuator) in self.actuators.iter().enumerate() {
            let part = || format!("actuator {index}");
            finite(part, &[&[actuator.gear], &actuator.range])?;
            require(actuator.joint < self.joints.len(), part, "its joint does not exist")?;
            ordered(part, actuator.range)?;
        }
        Ok(())
    }

    fn check_whole(&self) -> Result<(), ModelError> {
        let part = || "model".to_owned();
        finite(part, &[&[self.timestep, self.gravity_x, self.gravity_z], &self.rest])?;
        require(self.timestep > 0.0, part, "the time step is not positive")?;
        require(self.frame_skip > 0, part, "there is no step per action")?;
        require(self.cone == 0, part, "only the pyramidal friction cone is known")?;
        require(self.impratio == 1.0, part, "`impratio` can only be 1")?;
        require(
            self.rest.len() == self.joints.len(),
            part,
            "`qpos0` is not as long as there are joints",
        )?;
        let joints = self.joints.len();
        let many = format!("it has {joints} joints; 1 to {MOST_JOINTS} are possible");
        require((1..=MOST_JOINTS).contains(&joints), part, &many)
    }

    fn check_bodies(&self) -> Result<(), ModelError> {
        for (index, body) in self.bodies.iter().enumerate() {
            let part = || format!("body `{}`", body.name);
            let numbers = [body.angle, body.mass, body.inertia, body.inverse_weight];
            finite(part, &[&numbers, &body.position, &body.center])?;
            require(body.mass > 0.0, part, "its mass is not positive")?;
            require(body.inertia >= 0.0, part, "its moment of inertia is negative")?;
            require(body.inverse_weight >= 0.0, part, "`invweight0_tran` is negative")?;
            let parents = -1..index as i64;
            require(
                parents.contains(&body.parent),
                part,
                "its parent does not stand before it",
            )?;
            let moves = self.joints.iter().any(|joint| joint.body == index);
            require(moves, part, "it has no joint; make it a part of its parent")?;
        }
        Ok(())
    }

    fn check_joints(&self) -> Result<(), ModelError> {
        let mut last = 0;
        for joint in &self.joints {
            let part = || format!("joint `{}`", joint.name);
            let numbers = [
                joint.stiffness,
                joint.spring_rest,
                joint.damping,
                joint.armature,
                joint.margin,
                joint.inverse_weight,
            ];
            let lists: [&[f64]; 6] = [
                &numbers,
                &joint.axis,
                &joint.anchor,
                &joint.range,
                &joint.solref,
                &joint.solimp,
            ];
            finite(part, &lists)?;
            require(joint.body < self.bodies.len(), part, "its body does not exist")?;
            require(joint.body >= last, part, "joints are not in the order of their bodies")?;
            last = joint.body;
            let [x, y, z] = joint.axis;
            let planar = match joint.kind {
                JointKind::Slide => y == 0.0 && x.hypot(z) > 0.0,
                JointKind::Hinge => x == 0.0 && z == 0.0 && y.abs() == 1.0,
            };
            require(
                planar,
                part,
                "its axis leaves the plane: a slide's is (x, 0, z), a hinge's (0, ±1, 0)",
            )?;
            require(joint.armature >= 0.0, part, "its armature is negative")?;
            require(joint.damping >= 0.0, part, "its damping is negative")?;
            if joint.limited {
                ordered(part, joint.range)?;
                require(joint.inverse_weight > 0.0, part, "`invweight0` is not positive")?;
                check_softness(part, &joint.solref, &joint.solimp)?;
            }
        }
        Ok(())
    }

    fn check_geoms(&self) -> Result<(), ModelError> {
        for geom in &self.geoms {
            let part = || format!("geom `{}`", geom.name);
            let numbers = [geom.radius, geom.half, geom.friction, geom.margin];
            let lists: [&[f64]; 5] = [&numbers, &geom.position, &geom.axis, &geom.solref, &geom.solimp];
            finite(part, &lists)?;
            let bodies = -1..self.bodies.len() as i64;
            require(bodies.contains(&geom.body), part, "its body does not exist")?;
            let [x, z] = geom.axis;
            require((x.hypot(z) - 1.0).abs() < 1e-6, part, "its axis is no unit vector")?;
            require(matches!(geom.condim, 1 | 3), part, "`condim` can only be 1 or 3")?;
            require(geom.friction >= 0.0, part, "its friction is negative")?;
            match geom.kind {
                GeomKind::Plane => require(geom.body == -1, part, "a plane belongs to the world")?,
                GeomKind::Capsule => require(geom.radius > 0.0 && geom.half >= 0.0, part, "it has no extent")?,
            }
            check_softness(part, &geom.solref, &geom.solimp)?;
        }
        Ok(())
    }
}

fn one() -> f64 {
    1.0
}

fn require(holds: bool, part: impl Fn() -> String, problem: &str) -> Result<(), ModelError> {
    if holds {
        return Ok(());
    }
    Err(ModelError {
        part: part(),
        problem: problem.to_owned(),
    })
}

fn finite(part: impl Fn() -> String, lists: &[&[f64]]) -> Result<(), ModelError> {
    let all = lists.iter().all(|list| list.iter().all(|number| number.is_finite()));
    require(all, part, "a number is not finite")
}

fn ordered(part: impl Fn() -> String, [low, high]: [f64; 2]) -> Result<(), ModelError> {
    require(low <= high, part, "its range ends before it begins")
}

fn check_softness(part: impl Fn() -> String, solref: &[f64; 2], solimp: &[f64; 5]) -> Result<(), ModelError> {
    let positive = solref.iter().all(|&number| number > 0.0);
    require(
        positive,
        &part,
        "`solref` holds no positive time constant and damping ratio",
    )?;
    require(solimp[2] > 0.0, &part, "the width in `solimp` is not positive")?;
    require(solimp[4] >= 1.0, &part, "the power in `solimp` is below 1")
}
