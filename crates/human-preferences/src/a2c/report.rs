use papers_core::base::journal::Scalars;

/// What one update of A2C measured before it changed the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct A2cReport {
    /// Mean of `-log π(a|s) · advantage`.
    pub policy_loss: f64,
    /// Mean squared error of the values.
    pub value_loss: f64,
    /// Entropy of the policy, in nats per state.
    pub entropy: f64,
    /// Norm of the gradient before it was cut.
    pub gradient_norm: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Mean of what the values are fitted to.
    pub mean_return: f64,
}

impl A2cReport {
    /// The numbers for a run's journal.
    pub fn scalars(&self) -> Scalars {
        let scalars = [
            ("policy_loss", self.policy_loss),
            ("value_loss", self.value_loss),
            ("entropy", self.entropy),
            ("gradient_norm", self.gradient_norm),
            ("learning_rate", self.learning_rate),
            ("mean_return", self.mean_return),
        ];
        scalars.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
