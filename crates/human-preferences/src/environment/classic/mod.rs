//! Classic control: CartPole and Pendulum as in Gymnasium 1.4.

mod cartpole;
mod pendulum;

pub use self::{cartpole::CartPole, pendulum::Pendulum};

use super::Environment;

/// The classic environment called `name`, if there is one.
///
/// With `gym` it has Gymnasium's reward and end of an episode; `cartpole` always has, `cartpole-fixed` is then called so.
pub fn make(name: &str, gym: bool) -> Option<Box<dyn Environment>> {
    match name {
        "cartpole" => Some(Box::new(CartPole::new(true))),
        "cartpole-fixed" => Some(Box::new(CartPole::new(gym))),
        "pendulum" => Some(Box::new(Pendulum::new(gym))),
        _ => None,
    }
}
