use papers_core::{
    Error, Result,
    base::{
        self,
        figure::{Body, Figure},
    },
};

use crate::{
    clip_frames,
    evaluate::Evaluation,
    frame::{Frame, animation},
    rollout::RecordedClip,
    train::PreferenceLearning,
};

/// Steps of an episode that are shown, at most.
const SHOWN: usize = 300;

/// The agent at work, and the clips that the reward model likes best and least.
pub(super) fn all(run: &PreferenceLearning, evaluation: &Evaluation) -> Result<Vec<Figure>> {
    let mut figures = vec![episode(run, evaluation)?];
    let predicted = clip_returns(evaluation);
    let extremes = [
        ("liked-best", "The clip with the highest predicted return", 1.0),
        ("liked-least", "The clip with the lowest predicted return", -1.0),
    ];
    for (name, title, sign) in extremes {
        let best = predicted
            .iter()
            .max_by(|(_, one), (_, other)| (sign * one).total_cmp(&(sign * other)));
        if let Some((clip, value)) = best {
            let frames = clip_frames::of_clip(run.environment(), clip).map_err(failed)?;
            let caption = format!(
                "Of all clips of the evaluation's episodes; predicted return {}.",
                base::figure::number(*value)
            );
            figures.push(film(run, name, title, caption, &frames)?);
        }
    }
    Ok(figures)
}

/// Predicted return of each clip: the sum of its steps' rewards.
fn clip_returns(evaluation: &Evaluation) -> Vec<(&RecordedClip, f64)> {
    let Some(predicted) = &evaluation.predicted else {
        return Vec::new();
    };
    let (steps, environments) = (
        evaluation.collected.experience.steps,
        evaluation.collected.experience.environments,
    );
    // First episodes are numbered as their environments; one that began after another had ended early is left out.
    let clips = evaluation.collected.clips.iter();
    let of_first_episodes = clips.filter(|clip| (clip.clip.episode as usize) < environments);
    of_first_episodes
        .filter_map(|clip| {
            let first = clip.clip.episode as usize * steps + clip.clip.start;
            let rewards = predicted.get(first..first + clip.clip.steps())?;
            Some((clip, rewards.iter().sum()))
        })
        .collect()
}

fn episode(run: &PreferenceLearning, evaluation: &Evaluation) -> Result<Figure> {
    let (snapshot, actions) = run.first_episode(evaluation, SHOWN);
    let frames = clip_frames::replay(run.environment(), &snapshot, &actions).map_err(failed)?;
    let caption = format!(
        "The first {} steps of the evaluation's first episode in `{}`.",
        frames.len(),
        run.task().name
    );
    film(run, "agent", "What the agent does", caption, &frames)
}

fn film(run: &PreferenceLearning, name: &str, title: &str, caption: String, frames: &[Frame]) -> Result<Figure> {
    let png = animation::encode(frames, run.task().steps_per_second).map_err(failed)?;
    Ok(Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption,
        body: Body::Png(png),
    })
}

/// A film that cannot be drawn is a mistake of an environment, and no reason to lose the run.
fn failed(error: impl std::fmt::Display) -> Error {
    Error::Base(base::Error::Figure {
        figure: "a film of the agent".to_owned(),
        problem: error.to_string(),
    })
}
