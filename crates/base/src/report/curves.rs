//! The scalars of a journal as charts.

use crate::{
    journal::{Event, Record, Scalars},
    plot::{Chart, Scale, Series, Style, palette},
};

/// Points of a curve above which neighbors are drawn as one, with the band that they fill.
const MOST_POINTS: usize = 240;

/// A positive quantity that changes by this factor is drawn on a logarithmic axis.
const LOG_RATIO: f64 = 30.0;

/// Update and value, in order.
pub(super) type Points = Vec<(f64, f64)>;

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Training,
    Evaluation,
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Evaluation => "evaluation",
        }
    }
}

/// One scalar over the updates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) points: Points,
}

/// All scalars of a journal, in the order of their first appearance.
pub(super) fn curves(records: &[Record]) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for record in records {
        let (source, step, scalars): (Source, u64, &Scalars) = match &record.event {
            Event::Progress { step, scalars } => (Source::Training, *step, scalars),
            Event::Evaluation { step, scalars } => (Source::Evaluation, *step, scalars),
            _ => continue,
        };
        for (name, value) in scalars {
            let point = (step as f64, *value);
            match curves
                .iter_mut()
                .find(|curve| curve.source == source && curve.name == *name)
            {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve {
                    source,
                    name: name.clone(),
                    points: vec![point],
                }),
            }
        }
    }
    curves
}

/// The curves of one run: what has the same name, or the same word before a `/`, in one chart.
pub(super) fn charts(records: &[Record]) -> Vec<Chart> {
    let mut groups: Vec<(String, Vec<Curve>)> = Vec::new();
    for curve in curves(records) {
        let title = curve.name.split('/').next().unwrap_or_default().to_owned();
        match groups.iter_mut().find(|(other, _)| *other == title) {
            Some((_, group)) => group.push(curve),
            None => groups.push((title, vec![curve])),
        }
    }
    groups
        .into_iter()
        .map(|(title, group)| chart_of_group(title, group))
        .collect()
}

fn chart_of_group(title: String, group: Vec<Curve>) -> Chart {
    let scale = scale_for(group.iter().flat_map(|curve| &curve.points));
    let series = group.into_iter().map(|curve| {
        let member = curve
            .name
            .strip_prefix(&title)
            .unwrap_or_default()
            .trim_start_matches('/');
        let name = format!("{member} {}", curve.source.name());
        match curve.source {
            Source::Training => thinned(name.trim(), &curve.points),
            Source::Evaluation => Series::new(name.trim(), curve.points, Style::LinePoints),
        }
    });
    Chart {
        series: series.collect(),
        y_scale: scale,
        ..chart(title)
    }
}

/// One chart of the same scalar of several runs; a color for each group, whose name stands at its first run.
pub(super) fn overlay(title: String, groups: &[(&str, Vec<Points>)]) -> Chart {
    let scale = scale_for(groups.iter().flat_map(|(_, runs)| runs.iter().flatten()));
    let mut series = Vec::new();
    for (index, (name, runs)) in groups.iter().enumerate() {
        // After one round of colors, another stroke tells groups apart.
        let style = if index / 7 % 2 == 0 { Style::Line } else { Style::Dashed };
        for (number, points) in runs.iter().enumerate() {
            let means = buckets(points).into_iter().map(|bucket| bucket.mean);
            let name = if number == 0 { *name } else { "" };
            series.push(Series::new(name, means, style.clone()).colored(palette(index)));
        }
    }
    Chart {
        series,
        y_scale: scale,
        ..chart(title)
    }
}

fn chart(title: String) -> Chart {
    Chart {
        title,
        x_label: "updates".to_owned(),
        width: 540,
        height: 300,
        ..Chart::default()
    }
}

fn scale_for<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> Scale {
    let values = points.map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > 0.0 && high / low > LOG_RATIO {
        Scale::Log
    } else {
        Scale::Linear
    }
}

/// A series that shows many points as a line of means in the band between the extremes.
fn thinned(name: &str, points: &[(f64, f64)]) -> Series {
    if points.len() <= MOST_POINTS {
        return Series::line(name, points.iter().copied());
    }
    let buckets = buckets(points);
    let means = buckets.iter().map(|bucket| bucket.mean);
    let style = Style::Band {
        lower: buckets.iter().map(|bucket| bucket.low).collect(),
        upper: buckets.iter().map(|bucket| bucket.high).collect(),
    };
    Series::new(name, means, style)
}

/// Neighboring points taken together.
struct Bucket {
    mean: (f64, f64),
    low: f64,
    high: f64,
}

fn buckets(points: &[(f64, f64)]) -> Vec<Bucket> {
    let size = points.len().div_ceil(MOST_POINTS).max(1);
    let bucket = |points: &[(f64, f64)]| {
        let count = points.len() as f64;
        let sum = points
            .iter()
            .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        let values = || points.iter().map(|(_, value)| *value);
        Bucket {
            mean: (sum.0 / count, sum.1 / count),
            low: values().fold(f64::INFINITY, f64::min),
            high: values().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    points.chunks(size).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: Event) -> Record {
        Record { time: 0.0, event }
    }

    fn scalars(values: &[(&str, f64)]) -> Scalars {
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    }

    #[test]
    fn training_and_evaluation_of_one_name_share_a_chart() {
        let records = [
            record(Event::Progress {
                step: 1,
                scalars: scalars(&[("loss/total", 3.0), ("loss/kl", 1.0), ("rate", 0.1)]),
            }),
            record(Event::Evaluation {
                step: 1,
                scalars: scalars(&[("loss/total", 2.0), ("rmse", 0.5)]),
            }),
        ];
        let charts = charts(&records);
        let titles: Vec<&str> = charts.iter().map(|chart| chart.title.as_str()).collect();
        assert_eq!(titles, ["loss", "rate", "rmse"]);
        let names: Vec<&str> = charts[0].series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["total training", "kl training", "total evaluation"]);
        assert_eq!(charts[2].series[0].name, "evaluation");
    }

    #[test]
    fn what_spans_decades_is_logarithmic() {
        assert_eq!(
            scale_for([(0.0, 100.0), (1.0, 0.1), (2.0, f64::NAN)].iter()),
            Scale::Log
        );
        assert_eq!(scale_for([(0.0, 100.0), (1.0, 0.0)].iter()), Scale::Linear);
        assert_eq!(scale_for([(0.0, 1.0), (1.0, 0.5)].iter()), Scale::Linear);
        assert_eq!(scale_for([].iter()), Scale::Linear);
    }

    #[test]
    fn many_points_become_few_with_their_range() {
        let points: Vec<(f64, f64)> = (0..960).map(|index| (f64::from(index), f64::from(index % 4))).collect();
        let series = thinned("loss", &points);
        assert_eq!(series.points.len(), 240);
        assert_eq!(series.points[0], (1.5, 1.5));
        let Style::Band { lower, upper } = series.style else {
            panic!("no band");
        };
        assert_eq!((lower[0], upper[239]), (0.0, 3.0));
    }
}
