use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{Chart, Color, Series, Style},
    },
    reproduce::{FinishedRun, mean_curve, of_row},
};

use super::{RETURN, ablation_row};
use crate::config::Ablation;

/// Returns during training: labels beside the true reward, and the ablations.
pub(super) fn all(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let tasks = [
        ("pendulum", vec!["true", "50", "100", "200", "400"]),
        ("hopper", vec!["true", "350", "700", "1400"]),
        ("half-cheetah", vec!["true", "700"]),
        ("walker2d", vec!["true", "700"]),
    ];
    let mut figures = Vec::new();
    for (task, rewards) in tasks {
        let rows: Vec<(String, String)> = rewards
            .into_iter()
            .map(|reward| {
                let words = match reward {
                    "true" => "true reward".to_owned(),
                    labels => format!("{labels} labels"),
                };
                (words, format!("{task}/{reward}"))
            })
            .collect();
        let title = format!("Return during training: {task}");
        figures.extend(chart(runs, &format!("curves-{task}"), title, &rows)?);
    }
    let mut rows = vec![("nothing left out".to_owned(), "hopper/700".to_owned())];
    rows.extend(Ablation::ALL.map(|ablation| (ablation.name().replace('-', " "), ablation_row(ablation))));
    let title = "Return during training: ablations on Hopper".to_owned();
    figures.extend(chart(runs, "curves-ablations", title, &rows)?);
    Ok(figures)
}

fn chart(runs: &[FinishedRun], name: &str, title: String, rows: &[(String, String)]) -> Result<Option<Figure>> {
    let mut series = Vec::new();
    for (words, row) in rows {
        let found = of_row(runs, row);
        if found.is_empty() {
            continue;
        }
        let curve = mean_curve(&found, RETURN)?;
        series.push(if words == "true reward" || words == "nothing left out" {
            Series::new(words, curve, Style::Dashed).colored(Color::GRAY)
        } else {
            Series::new(words, curve, Style::LinePoints)
        });
    }
    if series.len() < 2 {
        return Ok(None);
    }
    let chart = Chart {
        x_label: "rounds".to_owned(),
        y_label: "true return".to_owned(),
        series,
        width: 640,
        height: 380,
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: name.to_owned(),
        title,
        caption: "Mean over seeds of the evaluations' true returns.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    }))
}
