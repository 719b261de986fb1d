//! Drawing clips: an environment goes through the same steps once more, and is drawn at each.

use crate::{
    actions::Actions,
    environment::{Environment, EnvironmentError},
    frame::Frame,
    rollout::RecordedClip,
};

/// One picture per step of a clip: what there was when the agent chose its action.
///
/// # Errors
///
/// A clip of another environment.
pub fn of_clip(environment: &dyn Environment, clip: &RecordedClip) -> Result<Vec<Frame>, EnvironmentError> {
    replay(environment, &clip.record.snapshot, &clip.clip.actions)
}

/// One picture per action, from `snapshot` on.
///
/// # Errors
///
/// A snapshot or actions of another environment.
pub fn replay(
    environment: &dyn Environment,
    snapshot: &[u8],
    actions: &Actions,
) -> Result<Vec<Frame>, EnvironmentError> {
    let mut environment = environment.boxed_clone();
    environment.restore(snapshot)?;
    let mut frames = Vec::with_capacity(actions.len());
    for index in 0..actions.len() {
        frames.push(environment.render());
        actions.with(index, |action| environment.step(action))?;
    }
    Ok(frames)
}
