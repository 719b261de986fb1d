//! Pictures and tables of a run's report.

mod films;
mod rewards;

use papers_core::{
    Result,
    base::figure::{Body, Figure, Table, number},
};

use crate::{config::FeedbackMode, evaluate::Evaluation, train::PreferenceLearning};

/// Everything there is to show about the present state of a run.
pub(crate) fn all(run: &PreferenceLearning) -> Result<Vec<Figure>> {
    let evaluation = run.evaluation()?;
    let mut figures = vec![summary(run, &evaluation)];
    figures.extend(films::all(run, &evaluation)?);
    figures.extend(rewards::all(run, &evaluation)?);
    Ok(figures)
}

/// What the run was taught by, and what came of it.
fn summary(run: &PreferenceLearning, evaluation: &Evaluation) -> Figure {
    let config = run.config();
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    row("taught by", taught_by(run));
    row("steps of all environments", run.steps().to_string());
    if let Some(counts) = run.teacher().answers() {
        let planned = config.labels().total;
        row("labels", format!("{} of {planned} planned", counts.total()));
        row("first clip better", counts.left.to_string());
        row("second clip better", counts.right.to_string());
        row("ties", counts.tie.to_string());
        row("can't tell (not learned from)", counts.cant_tell.to_string());
        if counts.scripted > 0 {
            row("of these by a script in place of a person", counts.scripted.to_string());
        }
    }
    let has_model = evaluation.predicted.is_some();
    if has_model {
        let text = |correlation: Option<f64>| {
            correlation.map_or_else(
                || "undefined: one side is constant, so that a predictor cannot be told from another".to_owned(),
                number,
            )
        };
        row(
            "correlation of predicted with true rewards",
            text(evaluation.correlation()),
        );
        if !evaluation.clips.is_empty() {
            row(
                "correlation of predicted clip returns with the judge's",
                text(evaluation.clip_correlation()),
            );
        }
    }
    for (name, value) in evaluation.scalars(run.task()) {
        if !name.contains("correlation") {
            row(&name.replace('_', " "), number(value));
        }
    }
    let judge = match config.feedback.mode {
        FeedbackMode::Scripted => " The labels are those of a script of a few lines: this is no result of people.",
        FeedbackMode::Synthetic => " The labels are those of an oracle that knows the true reward.",
        _ => "",
    };
    Figure {
        name: "feedback".to_owned(),
        title: "Feedback and outcome".to_owned(),
        caption: format!(
            "Measured on {} episodes that the agent did not learn from, with the randomness of its actions.{judge}",
            config.evaluation.episodes
        ),
        body: Body::Table(table),
    }
}

fn taught_by(run: &PreferenceLearning) -> String {
    let feedback = &run.config().feedback;
    match feedback.mode {
        FeedbackMode::Human => "people, on a page".to_owned(),
        FeedbackMode::Synthetic => "an oracle that compares true returns".to_owned(),
        FeedbackMode::Scripted => {
            let script = feedback.script.map_or("?", crate::feedback::Script::name);
            format!("the script `{script}`")
        }
        FeedbackMode::Replay => "recorded answers".to_owned(),
        FeedbackMode::Frozen => "the reward model of an earlier run".to_owned(),
        FeedbackMode::None => "the true reward (baseline)".to_owned(),
    }
}
