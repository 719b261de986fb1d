//! Work-precision diagrams as pictures and as a table.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table},
        plot::{self, Chart, Scale, Series, Style, palette},
    },
    device,
};

use super::{Curve, METHODS, PROBLEMS, measure};

/// The diagrams, and a table of slopes and of evaluations at equal errors.
///
/// # Errors
///
/// What a solve or the plotting library reports.
pub fn figures() -> Result<Vec<Figure>> {
    let device = device::resolve(device::default_backend()?)?;
    let curves = measure(&device)?;
    Ok(vec![
        Figure {
            name: "work-precision".to_owned(),
            title: "Work and precision: steps chosen by the error".to_owned(),
            caption: "Seven tolerances for each method, double precision; largest error at the times of the reference. Dots: what \
                      an independent solver takes and misses with the same method, at its own tolerances."
                .to_owned(),
            body: diagram(&curves, true)?,
        },
        Figure {
            name: "work-precision-fixed".to_owned(),
            title: "Work and precision: steps of one size".to_owned(),
            caption: "Seven numbers of steps for each method, double precision; largest error at the times of the reference. \
                      Implicit methods evaluate the dynamics for Newton's iterations and for Jacobians, too."
                .to_owned(),
            body: diagram(&curves, false)?,
        },
        table(&curves),
    ])
}

/// One chart for each equation, with the methods that choose their own steps or with the others.
fn diagram(curves: &[Curve], adaptive: bool) -> Result<Body> {
    let curves: Vec<&Curve> = curves
        .iter()
        .filter(|curve| curve.method.is_adaptive() == adaptive)
        .collect();
    let charts: Vec<Chart> = PROBLEMS.iter().map(|(_, title)| chart(title, &curves)).collect();
    Ok(Body::Svg(plot::grid(&charts, 2)?))
}

fn chart(problem: &str, curves: &[&Curve]) -> Chart {
    let of_problem = || curves.iter().filter(|curve| curve.problem == problem).enumerate();
    let ours = of_problem().map(|(index, curve)| {
        Series::new(curve.method.name(), curve.points.clone(), Style::Line).colored(palette(index))
    });
    let peers = of_problem()
        .filter(|(_, curve)| !curve.peer.is_empty())
        .map(|(index, curve)| Series::points("", curve.peer.clone()).colored(palette(index)));
    Chart {
        title: problem.to_owned(),
        x_label: "evaluations".to_owned(),
        y_label: "error".to_owned(),
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        series: ours.chain(peers).collect(),
        ..Chart::default()
    }
}

/// The error at which evaluations are compared.
const COMPARED: f64 = 1e-6;

fn table(curves: &[Curve]) -> Figure {
    let mut names = vec!["method".to_owned(), "order".to_owned()];
    names.extend(PROBLEMS.iter().map(|(_, title)| (*title).to_owned()));
    let mut table = Table::new(names);
    for (method, order, _) in METHODS {
        let mut row = vec![
            method.name().to_owned(),
            if order.is_nan() {
                "1 to 12".to_owned()
            } else {
                order.to_string()
            },
        ];
        for (_, title) in PROBLEMS {
            let curve = curves
                .iter()
                .find(|curve| curve.problem == title && curve.method == method);
            row.push(curve.map_or(String::new(), |curve| {
                let work = curve
                    .work_at(COMPARED)
                    .map_or("–".to_owned(), |work| format!("{work:.0}"));
                format!("{:.2}; {work}", curve.slope())
            }));
        }
        table.push(row);
    }
    Figure {
        name: "slopes".to_owned(),
        title: "Slopes, and evaluations for six digits".to_owned(),
        caption: format!(
            "For each equation the slope of the logarithm of the error over that of the evaluations, and the evaluations at \
             an error of {COMPARED:e}."
        ),
        body: Body::Table(table),
    }
}
