use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        journal::{self, Event},
        plot::{Chart, Color, Scale, Series, Style},
    },
    reproduce::{FinishedRun, of_row},
};

use crate::config::MethodKind;

const ERROR: &str = "test_error";

/// Test error of every method during training, where a set has more than one.
pub(super) fn methods(runs: &[FinishedRun], set: &str, what: &str) -> Result<Option<Figure>> {
    let mut series = Vec::new();
    for method in MethodKind::ALL {
        let runs = of_row(runs, &format!("{set}/{}", method.name()));
        if !runs.is_empty() {
            let curve = mean_curve(&runs)?;
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

/// Mean over runs of the error of each evaluation, in percent.
fn mean_curve(runs: &[&FinishedRun]) -> Result<Vec<(f64, f64)>> {
    let curves = runs.iter().map(|run| curve(run)).collect::<Result<Vec<_>>>()?;
    let length = curves.iter().map(Vec::len).min().unwrap_or(0);
    let point = |index: usize| {
        let sum: f64 = curves.iter().map(|curve| curve[index].1).sum();
        (curves[0][index].0, 100.0 * sum / curves.len() as f64)
    };
    Ok((0..length).map(point).collect())
}

fn curve(run: &FinishedRun) -> Result<Vec<(f64, f64)>> {
    let mut points = Vec::new();
    for record in journal::read(&run.folder)? {
        if let Event::Evaluation { step, scalars } = record.event {
            let error = scalars.iter().find(|(name, _)| name == ERROR);
            points.extend(error.map(|(_, value)| (step as f64, *value)));
        }
    }
    Ok(points)
}
