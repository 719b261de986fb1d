//! Mechanisms of rigid bodies in a vertical plane, with MuJoCo's soft limits and contacts.
//!
//! Coordinates are the joints; bodies hang on each other as a tree. Motion follows MuJoCo step by step, with its pyramids
//! of friction, its integrators and its order of computation, up to rounding. Out of the plane nothing moves, but friction
//! there takes its share of a contact's stiffness.
//!
//! | what | where |
//! |---|---|
//! | bodies, joints, shapes, motors and what they weigh | [`Model`] |
//! | places of bodies, inertia, forces of gravity and turning | `pose` |
//! | where shapes touch | `contact` |
//! | limits and contacts as rows of soft constraints | `constraint`, `softness` |
//! | the acceleration under them | `solver`, `factor` |
//! | motion | [`simulate`], [`Simulation`] |

mod constraint;
mod contact;
mod factor;
mod mechanism;
mod model;
mod pose;
mod simulation;
mod softness;
mod solver;
mod vector;

pub use self::{
    model::{Actuator, Body, Geom, GeomKind, Integrator, Joint, JointKind, MOST_JOINTS, Model, ModelError},
    simulation::{Simulation, simulate},
};
