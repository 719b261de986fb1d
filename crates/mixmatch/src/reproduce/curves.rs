use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{Chart, Color, Scale, Series, Style},
    },
    reproduce::{FinishedRun, mean_curve, of_row},
};

use crate::config::MethodKind;

const ERROR: &str = "test_error";

/// Test error of every method during training, where a set has more than one.
pub(super) fn methods(runs: &[FinishedRun], set: &str, what: &str) -> Result<Option<Figure>> {
    let mut series = Vec::new();
    for method in MethodKind::ALL {
        let runs = of_row(runs, &format!("{set}/{}", method.name()));
        if !runs.is_empty() {
            let curve = mean_curve(&runs, ERROR)?;
            let curve = curve.into_iter().map(|(step, error)| (step, 100.0 * error));
            series.push(match method {
                // What the others are compared with; and there are more methods than colors.
                MethodKind::Supervised => Series::new(method.name(), curve, Style::Dashed).colored(Color::GRAY),
                _ => Series::line(method.name(), curve),
            });
        }
    }
    if series.len() < 2 {
        return Ok(None);
    }
    let chart = Chart {
        x_label: "updates".to_owned(),
        y_label: "test error, %".to_owned(),
        y_scale: Scale::Log,
        series,
        width: 720,
        height: 420,
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: format!("curves-{set}"),
        title: format!("Test error during training on {set}"),
        caption: format!("Averaged weights, mean over seeds; {what}."),
        body: Body::Svg(chart.to_svg()?),
    }))
}
