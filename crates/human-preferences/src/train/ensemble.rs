use papers_core::{Context, Error, Result, base::config, checkpoint::Store};

use crate::{
    config::PreferenceConfig,
    environment::Task,
    reward_model::{RewardLearner, RewardPredictor},
    reward_network::AnyReward,
};

/// The ensemble of a run, each network with weights of its own.
pub(super) fn learner(config: &PreferenceConfig, task: &Task, context: &Context) -> Result<RewardLearner<AnyReward>> {
    let reward = config.reward();
    let device = context.device.clone().autodiff();
    let mut networks = Vec::with_capacity(reward.members);
    for member in 0..reward.members {
        // Tried first: what is initialized by name cannot fail.
        reward.network.init(task, &device).map_err(Error::usage)?;
        networks.push(context.streams.initialize(&format!("reward-{member}"), &device, || {
            reward.network.init(task, &device).expect("it was built before")
        }));
    }
    RewardLearner::new(reward, networks, device, context.streams).map_err(Error::usage)
}

/// The reward model of an earlier run.
pub(super) fn frozen(config: &PreferenceConfig, task: &Task, context: &Context) -> Result<RewardPredictor<AnyReward>> {
    let Some(folder) = &config.feedback.run else {
        return Err(Error::usage("`feedback.run` names no run"));
    };
    let earlier: PreferenceConfig = config::of_run(folder, &[])?;
    if earlier.environment.name != config.environment.name || earlier.environment.options != config.environment.options
    {
        return Err(Error::usage(format!(
            "the reward model of {} was learned in `{}`, with other options or another environment than this run's `{}`",
            folder.display(),
            earlier.environment.name,
            config.environment.name
        )));
    }
    let (reader, warnings) = Store::new(folder).latest()?;
    for warning in warnings {
        log::warn!("{warning}");
    }
    let mut learner = learner(&earlier, task, context)?;
    learner.restore(&reader)?;
    if !learner.is_trained() {
        return Err(Error::usage(format!(
            "the reward model of {} was never fitted",
            folder.display()
        )));
    }
    Ok(learner.predictor())
}
