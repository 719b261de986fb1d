/// What an oracle, a scripted labeller and a report may see of a step, and an agent may not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hidden {
    /// The true reward of the step.
    pub true_reward: f64,
    /// Values of the task's [`signals`](super::Task::signals), in their order.
    pub signals: Vec<f64>,
}
