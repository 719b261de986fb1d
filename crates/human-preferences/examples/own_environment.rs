//! Learning a reward from comparisons, with an environment and a policy of one's own: `cargo run --release -p
//! human-preferences --example own_environment`.
//!
//! A point moves in the plane by steps up, down, left and right. Whoever compares clips likes it near the center; no
//! reward says so.

use std::sync::Arc;

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::tanh,
};
use human_preferences::{
    a2c::{A2c, A2cConfig},
    actions::Actions,
    answer::Answer,
    clip::{Clip, Observations},
    experience::{End, Experience},
    policy::{ActionDistribution, ActorCritic, Acts},
    queries::{ClipPool, QueryConfig},
    reward_model::{RewardConfig, RewardLearner, RewardNormalizer},
    reward_network::MlpRewardConfig,
};
use papers_core::random::Streams;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const POINTS: usize = 16;
const STEPS: usize = 20;
const ROUNDS: u64 = 150;
const MOVES: [[f32; 2]; 4] = [[0.0, 0.1], [0.0, -0.1], [-0.1, 0.0], [0.1, 0.0]];

/// A policy of one's own: any Burn module.
#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    actor: Linear,
    critic: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(2, 32).init(device),
            actor: LinearConfig::new(32, MOVES.len()).init(device),
            critic: LinearConfig::new(32, 1).init(device),
        }
    }
}

impl ActorCritic for Network {
    fn forward(&self, observations: Tensor<2>) -> (ActionDistribution, Tensor<1>) {
        let hidden = tanh(self.hidden.forward(observations));
        let logits = self.actor.forward(hidden.clone());
        (
            ActionDistribution::Categorical { logits },
            self.critic.forward(hidden).squeeze_dim(1),
        )
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streams = Streams::new(0);
    let device = Device::flex().autodiff();
    let network = streams.initialize("network", &device, || Network::new(&device));
    let config = A2cConfig {
        learning_rate: 3e-3,
        learning_rate_steps: 0,
        ..A2cConfig::default()
    };
    let mut agent = A2c::new(network, &config)?;

    // The reward model: an ensemble of three networks over observation and action.
    let config = RewardConfig::default();
    let member = |index: usize| {
        let name = format!("reward-{index}");
        streams.initialize(&name, &device, || {
            MlpRewardConfig::default().init(2, MOVES.len(), &device)
        })
    };
    let mut normalizer = RewardNormalizer::new(config.members, &config.normalization);
    let networks = (0..config.members).map(member).collect();
    let mut learner = RewardLearner::new(config, networks, device.clone(), streams)?;
    let mut pool = ClipPool::new(1000);

    for round in 0..ROUNDS {
        let (experience, clips) = act(&agent, &streams, round)?;
        for clip in clips {
            // What the pool keeps beside a clip is for the judge alone.
            let closeness = closeness(&clip);
            pool.push(Arc::new(clip), closeness);
        }
        // Ask about the pairs that the ensemble disagrees on; here a formula answers in place of a person.
        let predictor = learner.predictor();
        let known = learner.is_trained().then_some(&predictor);
        for query in pool.choose(2, &QueryConfig::default(), known, &mut streams.at("queries", round, 0))? {
            let is_first = query.first.record > query.second.record;
            let answer = if is_first { Answer::Left } else { Answer::Right };
            learner.answer(query.first.clip, query.second.clip, answer)?;
        }
        learner.fit(10)?;
        // The agent learns from predicted rewards, and from nothing else.
        let rewards = learner.predictor().rewards(&experience, &mut normalizer)?;
        agent.update(&experience, &rewards)?;
        if round % 50 == 0 || round + 1 == ROUNDS {
            println!(
                "round {round:3}: mean distance from the center {:.2}",
                mean_distance(&experience)
            );
        }
    }
    println!("answers given: {}", learner.comparisons().len());
    Ok(())
}

/// Some episodes of all points side by side, and each as a clip.
fn act(
    agent: &A2c<Network>,
    streams: &Streams,
    round: u64,
) -> Result<(Experience, Vec<Clip>), Box<dyn std::error::Error>> {
    let generator = |name: &str, point: usize| streams.at(name, round, point as u64);
    let mut generators: Vec<ChaCha8Rng> = (0..POINTS).map(|point| generator("actions", point)).collect();
    let start = |point| {
        let mut generator = generator("start", point);
        [generator.random_range(-1.0..1.0), generator.random_range(-1.0..1.0)]
    };
    let mut points: Vec<[f32; 2]> = (0..POINTS).map(start).collect();
    let (mut seen, mut done) = (vec![Vec::new(); POINTS], vec![Vec::new(); POINTS]);
    for _ in 0..STEPS {
        let Actions::Discrete { chosen, .. } = agent.act(&points.concat(), &mut generators)? else {
            unreachable!("the policy is categorical");
        };
        for (point, &action) in chosen.iter().enumerate() {
            seen[point].extend(points[point]);
            done[point].push(action);
            let step = MOVES[action as usize];
            points[point] = [0, 1].map(|axis| (points[point][axis] + step[axis]).clamp(-1.0, 1.0));
        }
    }
    let discrete = |chosen: Vec<u32>| Actions::Discrete {
        actions: MOVES.len(),
        chosen,
    };
    let clip = |point: usize| {
        let observations = Observations::Floats {
            size: 2,
            values: seen[point].clone(),
        };
        Clip::new(
            round * POINTS as u64 + point as u64,
            0,
            observations,
            discrete(done[point].clone()),
        )
    };
    let clips = (0..POINTS).map(clip).collect::<Result<_, _>>()?;
    let ends = (0..POINTS * STEPS).map(|step| (step % STEPS == STEPS - 1).then_some(End::Truncated));
    let experience = Experience {
        environments: POINTS,
        steps: STEPS,
        observations: seen.concat(),
        actions: discrete(done.concat()),
        last_observations: points.concat(),
        ends: ends.collect(),
        truncated_observations: points.concat(),
    };
    Ok((experience, clips))
}

/// What the judge likes: being near the center all the time.
fn closeness(clip: &Clip) -> f32 {
    let mut numbers = Vec::new();
    clip.observations.append_features(&mut numbers);
    -numbers
        .chunks_exact(2)
        .map(|point| point[0].hypot(point[1]))
        .sum::<f32>()
}

fn mean_distance(experience: &Experience) -> f32 {
    let points = experience.observations.chunks_exact(2);
    points.map(|point| point[0].hypot(point[1])).sum::<f32>() / (POINTS * STEPS) as f32
}
