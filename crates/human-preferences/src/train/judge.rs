use std::{fs::File, io::BufReader};

use papers_core::{Error, Result};

use crate::{
    clip::Clip,
    config::{FeedbackMode, PreferenceConfig},
    environment::Task,
    feedback::Synthetic,
    labelling::{Judge, Recorded},
    labels,
    rollout::Lengths,
};

/// Who compares clips, as the configuration has it.
pub(super) fn judge(config: &PreferenceConfig, task: &Task, lengths: Lengths) -> Result<Judge> {
    let feedback = &config.feedback;
    let oracle = Synthetic {
        noise: feedback.noise,
        boltzmann: feedback.boltzmann,
    };
    match (feedback.mode, feedback.script) {
        (FeedbackMode::Scripted, Some(script)) => {
            script.check(task).map_err(Error::usage)?;
            Ok(Judge::Scripted(script, oracle))
        }
        (FeedbackMode::Human, _) => Ok(Judge::Person),
        (FeedbackMode::Replay, _) => Ok(Judge::Replay(recorded(config, task, lengths)?)),
        _ => Ok(Judge::Synthetic(oracle)),
    }
}

/// Recorded answers, about clips of this run's environment and length.
fn recorded(config: &PreferenceConfig, task: &Task, lengths: Lengths) -> Result<Vec<Recorded>> {
    let Some(path) = &config.feedback.file else {
        return Err(Error::usage("`feedback.file` names no file"));
    };
    let file = File::open(path).map_err(Error::io("read", path))?;
    let of_file = |problem: String| Error::usage(format!("{}: {problem}", path.display()));
    let imported = labels::import(BufReader::new(file)).map_err(|error| of_file(error.to_string()))?;
    match imported.environment {
        Some(found) if found != task.name => {
            Err(of_file(format!("its clips are of `{found}`, not of `{}`", task.name)))
        }
        None => Err(of_file("it holds no answers".to_owned())),
        Some(_) => {
            for Recorded { first, second, .. } in &imported.answers {
                fits(first, task, lengths)
                    .and_then(|()| fits(second, task, lengths))
                    .map_err(of_file)?;
            }
            Ok(imported.answers)
        }
    }
}

/// Refuses a recorded clip that is of another view of the task, or of another length than this run's.
pub(super) fn fits(clip: &Clip, task: &Task, lengths: Lengths) -> Result<(), String> {
    let found = [clip.observations.size(), clip.actions.features(), clip.steps()];
    let expected = [task.observation.len(), task.action.features(), lengths.clip];
    if found == expected {
        return Ok(());
    }
    let words = |[observation, action, steps]: [usize; 3]| {
        format!("observations of {observation} numbers, actions of {action} and {steps} steps")
    };
    Err(format!(
        "it holds clips with {}, and this run has {}",
        words(found),
        words(expected)
    ))
}
