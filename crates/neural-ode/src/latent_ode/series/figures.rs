//! Forecasts as pictures and tables.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        plot::{self, Chart, Series as Line, Style, palette},
    },
};

use super::{
    forecast::{Forecast, Quality},
    table::Series,
};

/// Series that are drawn.
const DRAWN: usize = 6;

/// Observations, the part that was held out, and the forecasts with their bands.
pub(super) fn forecasts(
    columns: &[String],
    seen: &[Series],
    followed: &[Series],
    forecasts: &[Forecast],
) -> Result<Figure> {
    let mut charts = Vec::new();
    for ((seen, followed), forecast) in seen.iter().zip(followed).zip(forecasts).take(DRAWN) {
        for (column, name) in columns.iter().enumerate() {
            charts.push(chart(seen, followed, forecast, column, name));
        }
    }
    Ok(Figure {
        name: "forecasts".to_owned(),
        title: "Forecasts".to_owned(),
        caption:
            "Dots: what the model was given. Other dots: what followed, which it never saw. The line is the median of \
                  its forecasts, the dashed lines hold 90 % of them."
                .to_owned(),
        body: Body::Svg(plot::grid(&charts, 2)?),
    })
}

fn chart(seen: &Series, followed: &Series, forecast: &Forecast, column: usize, name: &str) -> Chart {
    let observed = |series: &Series| -> Vec<(f64, f64)> {
        let pairs = series.times.iter().zip(&series.values);
        pairs.filter_map(|(time, row)| Some((*time, row[column]?))).collect()
    };
    let quantile = |index: usize| -> Vec<(f64, f64)> {
        let pairs = forecast.times.iter().zip(&forecast.quantiles);
        pairs.map(|(time, row)| (*time, row[column][index])).collect()
    };
    Chart {
        title: format!("{}: {name}", forecast.id),
        x_label: "time".to_owned(),
        y_label: name.to_owned(),
        series: vec![
            Line::new("90 %", quantile(0), Style::Dashed).colored(palette(0)),
            Line::new("", quantile(2), Style::Dashed).colored(palette(0)),
            Line::line("median", quantile(1)).colored(palette(0)),
            Line::points("given", observed(seen)).colored(palette(2)),
            Line::points("held out", observed(followed)).colored(palette(1)),
        ],
        width: 380,
        height: 240,
        ..Chart::default()
    }
}

/// How good the forecasts of what was held out are.
pub(super) fn quality(quality: &Quality) -> Figure {
    let mut table = Table::new([
        "forecast of the part held out",
        "RMSE, in standard deviations",
        "in the 90 % band",
    ]);
    let coverage = format!("{:.1} %", 100.0 * quality.coverage);
    table.push(["latent ODE".to_owned(), number(quality.rmse), coverage]);
    table.push([
        "last value seen".to_owned(),
        number(quality.persistence),
        "–".to_owned(),
    ]);
    Figure {
        name: "quality".to_owned(),
        title: "Forecasts of the part held out".to_owned(),
        caption: format!("Over {} values.", quality.values),
        body: Body::Table(table),
    }
}

/// Every forecast beyond the data, for other programs.
pub(super) fn table(columns: &[String], forecasts: &[Forecast]) -> Figure {
    let mut names = vec!["id".to_owned(), "time".to_owned()];
    for column in columns {
        names.extend(["mean", "5 %", "median", "95 %"].map(|what| format!("{column} {what}")));
    }
    let mut table = Table::new(names);
    for forecast in forecasts {
        for (time, (quantiles, means)) in forecast
            .times
            .iter()
            .zip(forecast.quantiles.iter().zip(&forecast.means))
        {
            let mut row = vec![forecast.id.clone(), number(*time)];
            for (quantiles, mean) in quantiles.iter().zip(means) {
                row.push(number(*mean));
                row.extend(quantiles.map(number));
            }
            table.push(row);
        }
    }
    Figure {
        name: "forecast".to_owned(),
        title: "Forecasts beyond the data".to_owned(),
        caption: "From all observations of each series.".to_owned(),
        body: Body::Table(table),
    }
}
