//! Tables and drawings of a run.

mod samples;
mod tables;

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{self, Chart, Series},
        projection::Projection,
    },
};

pub(crate) use samples::samples;
pub(crate) use tables::{capture, clusters, confusion, diagnosis, protocols, recall};

use crate::{data::DataSet, evaluate::Asked};

/// Points of a group of rows in a drawing of the latent space, at most.
const POINTS: usize = 1000;

/// The latent space in two dimensions: by truth, by prediction, and training rows by who had a label.
pub(crate) fn latent(data: &DataSet, test: &Asked, open: &Asked, labeled: Option<&Asked>) -> Result<Option<Figure>> {
    let projection = Projection::of(&test.said.latent, test.said.dimensions, 2);
    if projection.variances.len() < 2 {
        return Ok(None);
    }
    let group = |name: String, asked: &Asked, is_in: &dyn Fn(usize) -> bool| {
        let rows = asked.drawn(POINTS).into_iter().filter(|&row| is_in(row));
        let spots = rows.map(|row| projection.apply(asked.said.point(row)));
        Series::points(name, spots.map(|at| (at[0], at[1])))
    };
    let of_class = |class: usize| {
        let name = data.class_names[class].clone();
        group(name, test, &|row| test.rows.labels[row] == Some(class))
    };
    let likeliest = test.said.likeliest();
    let of_cluster = |cluster: usize| group(format!("cluster {cluster}"), test, &|row| likeliest[row] == cluster);
    let is_hidden = |row: usize| open.rows.labels[row].map(|class| data.hidden.contains(&class));
    let mut by_status = vec![
        group("none, of known classes".to_owned(), open, &|row| {
            is_hidden(row) == Some(false)
        }),
        group("none, of hidden classes".to_owned(), open, &|row| {
            is_hidden(row) == Some(true)
        }),
        group("none, and nobody knows the class".to_owned(), open, &|row| {
            is_hidden(row).is_none()
        }),
    ];
    by_status.extend(labeled.map(|labeled| group("labeled".to_owned(), labeled, &|_| true)));
    let charts = [
        chart("true class", (0..data.classes()).map(of_class)),
        chart("likeliest cluster", (0..data.clusters()).map(of_cluster)),
        chart("label of training rows", by_status.into_iter()),
    ];
    let shares = projection.shares.iter().map(|share| format!("{:.0}", 100.0 * share));
    Ok(Some(Figure {
        name: "latent".to_owned(),
        title: "Latent space".to_owned(),
        caption: format!(
            "Means of q(z|·) along the two directions in which those of test rows vary most ({} % of their variance): test rows by \
             class and by cluster, and training rows by whether they, or any of their class, had a label.",
            shares.collect::<Vec<_>>().join(" and ")
        ),
        body: Body::Svg(plot::grid(&charts, 2)?),
    }))
}

/// Groups without points are left out.
fn chart(title: &str, groups: impl Iterator<Item = Series>) -> Chart {
    Chart {
        title: title.to_owned(),
        series: groups.filter(|group| !group.points.is_empty()).collect(),
        width: 520,
        height: 420,
        ..Chart::default()
    }
}
