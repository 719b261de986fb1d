//! Deep Reinforcement Learning from Human Preferences. Christiano, Leike, Brown, Martic, Legg, Amodei, NeurIPS 2017.
//!
//! | paper | here |
//! |---|---|
//! | 2.1 clips ("trajectory segments") and preferences | [`clip`], [`answer`] |
//! | 2.2 three processes | [`train`] |
//! | 2.2.1 optimizing the policy | [`trpo`], [`a2c`], [`policy`], [`returns`] |
//! | 2.2.2 preference elicitation | [`labels`], [`server`], [`feedback`] |
//! | 2.2.3 fitting the reward function (eq. 1) | [`preference`], [`reward_network`], [`reward_model`] |
//! | 2.2.4 selecting queries | [`queries`], [`labelling`] |
//! | 3 tasks, novel behaviors, ablations | [`environment`], [`rollout`], [`behavior`], [`config`], [`evaluate`] |
//! | appendix A labels over time | [`label_schedule`] |
//!
//! A reward can be learned for any environment and any Burn network: implement [`reward_network::RewardNetwork`] (or take
//! one of its networks), give clips and answers to [`reward_model::RewardLearner`], and take rewards from
//! [`reward_model::RewardPredictor`] and [`reward_model::RewardNormalizer`].
//!
//! The true reward travels in [`environment::Hidden`]. Agents are trained on [`experience::AgentRewards`], another type;
//! who gives them the true reward has to say so.
//!
//! Where we differ from the paper, and why: see the README.

pub mod a2c;
pub mod actions;
pub mod agent;
pub mod answer;
pub mod behavior;
pub mod bench;
#[cfg(feature = "rl")]
pub mod burn_rl;
pub mod clip;
pub mod clip_frames;
pub mod config;
pub mod environment;
mod error;
pub mod evaluate;
pub mod experience;
pub mod feedback;
mod figures;
pub mod frame;
pub mod label_schedule;
pub mod labelling;
pub mod labels;
mod packed;
pub mod policy;
pub mod preference;
pub mod queries;
mod reproduce;
pub mod returns;
pub mod reward_model;
pub mod reward_network;
pub mod rollout;
pub mod server;
pub mod train;
pub mod trpo;
mod verbs;

use papers_core::{
    cli::{Flag, Paper},
    paper,
};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Deep Reinforcement Learning from Human Preferences (Christiano et al., NeurIPS 2017)")
        .family::<train::PreferenceLearning>(config::PRESETS)
        .reproduction(reproduce::REPRODUCTION)
        .bench(bench::run)
        .verb(verbs::serve::VERB)
        .verb(verbs::label::VERB)
        .verb(verbs::export::VERB)
        .verb(verbs::environments::VERB)
        .flag(Flag {
            name: "feedback",
            key: "feedback.mode",
            help: "Who compares clips: synthetic, human, scripted, replay, frozen or none",
        })
        .flag(Flag {
            name: "ablation",
            key: "ablation",
            help: "Leave something out: random-queries, no-ensemble, no-online-queries, no-regularization, no-segments or target",
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn experiments_and_reproduction_fit_together() {
        papers_core::testing::assert_consistent(&super::paper(), env!("CARGO_MANIFEST_DIR"));
    }
}
