//! Several beginnings, of which the one goes on whose bound is best: models are selected without labels.

use papers_core::{
    Result,
    base::figure::{Body, Figure, Table, number},
    checkpoint,
};

use crate::{config::RestartsConfig, network::Network};

/// The beginnings of a run.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    count: u64,
    steps: u64,
    /// Bounds of the beginnings that have ended.
    bounds: Vec<f64>,
    /// The best of them.
    best: Option<Network>,
}

impl Restarts {
    pub(crate) fn new(config: &RestartsConfig) -> Self {
        Self {
            count: config.count,
            steps: config.steps,
            ..Self::default()
        }
    }

    /// The beginning whose last update was the one before `step`, if it has not been remembered yet.
    pub(crate) fn ended_before(&self, step: u64) -> Option<u64> {
        if self.count < 2 || step == 0 || !step.is_multiple_of(self.steps) {
            return None;
        }
        let ended = step / self.steps - 1;
        (ended < self.count && ended == self.bounds.len() as u64).then_some(ended)
    }

    /// The beginning that update `step` is of, or the last one for those of the best that goes on; and how many updates its weights
    /// have had before.
    pub(crate) fn place(&self, step: u64) -> (u64, u64) {
        if self.count < 2 {
            return (0, step);
        }
        let all = self.count * self.steps;
        match step < all {
            true => (step / self.steps, step % self.steps),
            false => (self.count - 1, self.steps + (step - all)),
        }
    }

    /// Keeps the network if its bound is the best; bounds that are no numbers are the worst.
    pub(crate) fn remember(&mut self, beginning: u64, bound: f64, network: Network) {
        debug_assert_eq!(
            beginning,
            self.bounds.len() as u64,
            "beginnings end one after the other"
        );
        let is_best = self.bounds.iter().all(|other| bound > *other || other.is_nan());
        if is_best || self.best.is_none() {
            self.best = Some(network);
        }
        self.bounds.push(bound);
    }

    /// The beginning after this one, if there is one.
    pub(crate) fn next_after(&self, beginning: u64) -> Option<u64> {
        (beginning + 1 < self.count).then_some(beginning + 1)
    }

    /// The best one, which is then forgotten here.
    pub(crate) fn best(&mut self) -> Option<Network> {
        self.best.take()
    }

    pub(crate) fn figure(&self) -> Option<Figure> {
        if self.bounds.is_empty() {
            return None;
        }
        let mut table = Table::new(["beginning", "bound", "goes on"]);
        let best = self.bounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (beginning, bound) in self.bounds.iter().enumerate() {
            let have_ended = self.bounds.len() as u64 == self.count;
            let goes_on = if have_ended && *bound == best { "yes" } else { "" };
            table.push([beginning.to_string(), number(*bound), goes_on.to_owned()]);
        }
        Some(Figure {
            name: "beginnings".to_owned(),
            title: "Beginnings".to_owned(),
            caption: "Each with other random weights; the one with the best bound of examples whose labels were not looked at goes \
                      on."
            .to_owned(),
            body: Body::Table(table),
        })
    }

    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("beginnings", &(&self.bounds, self.best.is_some()))?;
        match &self.best {
            Some(best) => checkpoint.module("beginning", &burn::module::Module::valid(best)),
            None => Ok(()),
        }
    }

    /// `like` is a network of the same kind.
    pub(crate) fn restore(&mut self, checkpoint: &checkpoint::Reader, like: &Network) -> Result<()> {
        let (bounds, has_best): (Vec<f64>, bool) = checkpoint.json("beginnings")?;
        self.bounds = bounds;
        self.best = has_best
            .then(|| checkpoint.module("beginning", like.clone()))
            .transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use burn::{module::Module as _, prelude::*};
    use papers_core::testing::{device, initialized, values};

    use super::*;
    use crate::model::{Likelihood, Vae};

    /// A network that is told by its first weight.
    fn marked(mark: f64) -> Network {
        let mut vae = initialized(|| Vae::new(Likelihood::Bernoulli, 2, &[2], 1, &device()));
        let layer = &mut vae.encoder.layers[0];
        layer.weight = layer.weight.clone().map(|weight: Tensor<2>| weight.zeros_like() + mark);
        Network::Plain(vae).no_grad()
    }

    fn mark(network: Network) -> f64 {
        let Network::Plain(vae) = network else {
            panic!("it was made so")
        };
        values(vae.encoder.layers[0].weight.val())[0]
    }

    #[test]
    fn the_network_with_the_best_bound_is_kept() {
        let config = RestartsConfig { count: 4, steps: 5 };
        let mut restarts = Restarts::new(&config);
        for (beginning, bound) in [-3.0, -1.0, f64::NAN, -2.0].into_iter().enumerate() {
            let beginning = beginning as u64;
            assert_eq!(restarts.ended_before(5 * (beginning + 1)), Some(beginning));
            restarts.remember(beginning, bound, marked(beginning as f64));
            assert_eq!(restarts.next_after(beginning), (beginning < 3).then_some(beginning + 1));
        }
        assert_eq!(restarts.ended_before(25), None);
        let places = [0, 4, 5, 19, 20, 22].map(|step| restarts.place(step));
        assert_eq!(places, [(0, 0), (0, 4), (1, 0), (3, 4), (3, 5), (3, 7)]);
        assert_eq!(Restarts::new(&RestartsConfig::default()).place(7), (0, 7));
        assert_eq!(restarts.best().map(mark), Some(1.0));
    }
}
