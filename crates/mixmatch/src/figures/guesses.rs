use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table},
        images::{self, Tile},
        plot::{Chart, Series, Style},
    },
};

use crate::{
    Guesses,
    data::Pictures,
    evaluate::{Labels, likeliest},
    method::MixMatch,
};

/// Pictures of the sheet, and in one row of it.
const SHOWN: usize = 24;
const COLUMNS: usize = 8;
/// Bars of the histogram.
const BINS: usize = 10;

/// Guessed labels before and after sharpening: as a histogram, on pictures, and by class.
pub(crate) fn guesses(pictures: &Pictures, settings: &MixMatch, guesses: &Labels) -> Result<Vec<Figure>> {
    Ok(vec![
        sharpening(settings, guesses)?,
        sheet(pictures, guesses)?,
        by_class(pictures, guesses),
    ])
}

fn sharpening(settings: &MixMatch, guesses: &Labels) -> Result<Figure> {
    let temperature = settings.temperature;
    let series = |name: String, rows: &Guesses| Series::new(name, histogram(rows), Style::LinePoints);
    let chart = Chart {
        x_label: "probability of the likeliest class".to_owned(),
        y_label: "share of pictures".to_owned(),
        series: vec![
            series("mean of the augmentations".to_owned(), &guesses.mean),
            series(format!("sharpened, T = {temperature}"), &guesses.sharpened),
        ],
        ..Chart::default()
    };
    Ok(Figure {
        name: "sharpening".to_owned(),
        title: "Guessed labels before and after sharpening".to_owned(),
        caption: format!(
            "{} unlabeled pictures. A low temperature makes labels peaked, those that are wrong among them.",
            count(&guesses.mean)
        ),
        body: Body::Svg(chart.to_svg()?),
    })
}

/// Share of the rows whose largest probability falls into each bin; a point stands in the middle of its bin.
fn histogram(guesses: &Guesses) -> Vec<(f64, f64)> {
    let mut counts = [0_usize; BINS];
    for row in guesses.rows() {
        let bin = (row[likeliest(row)] * BINS as f32) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    let total = count(guesses).max(1);
    let middle = |bin: usize| (bin as f64 + 0.5) / BINS as f64;
    let share = |count: usize| count as f64 / total as f64;
    counts
        .iter()
        .enumerate()
        .map(|(bin, &count)| (middle(bin), share(count)))
        .collect()
}

fn count(guesses: &Guesses) -> usize {
    guesses.rows().count()
}

fn sheet(pictures: &Pictures, guesses: &Labels) -> Result<Figure> {
    let set = &pictures.unlabeled;
    let hidden = pictures.hidden_labels();
    let tile = |(index, (mean, sharpened)): (usize, (&[f32], &[f32]))| {
        let class = likeliest(sharpened);
        let truth = hidden.map(|labels| usize::from(labels[index]));
        let wrong = truth.filter(|&truth| truth != class);
        let percent = |row: &[f32]| format!("{:.0}%", 100.0 * row[class]);
        let mut lines = vec![
            set.class_names[class].clone(),
            format!("{} > {}", percent(mean), percent(sharpened)),
        ];
        lines.extend(wrong.map(|truth| format!("is {}", set.class_names[truth])));
        Tile {
            pixels: set.image(index).to_vec(),
            lines,
            marked: wrong.is_some(),
        }
    };
    let rows = guesses.mean.rows().zip(guesses.sharpened.rows());
    let tiles: Vec<Tile> = rows.take(SHOWN).enumerate().map(tile).collect();
    Ok(Figure {
        name: "guesses".to_owned(),
        title: "Guessed labels of unlabeled pictures".to_owned(),
        caption: "The likeliest class, its mean probability over the augmentations, and what sharpening makes of it; \
                  wrong ones framed, where it is known what the pictures show."
            .to_owned(),
        body: Body::Png(images::sheet(set, &tiles, COLUMNS)?),
    })
}

fn by_class(pictures: &Pictures, guesses: &Labels) -> Figure {
    let set = &pictures.unlabeled;
    let mut table = Table::new([
        "class",
        "guessed",
        "mean probability",
        "pictures",
        "of them guessed right",
    ]);
    let predicted: Vec<usize> = guesses.sharpened.rows().map(likeliest).collect();
    let hidden = pictures.hidden_labels().map(|labels| &labels[..predicted.len()]);
    for (class, name) in set.class_names.iter().enumerate() {
        let mass: f64 = guesses.sharpened.rows().map(|row| f64::from(row[class])).sum();
        let guessed = predicted.iter().filter(|&&guess| guess == class).count();
        let (there, right) = match hidden {
            Some(labels) => {
                let there = labels.iter().filter(|&&label| usize::from(label) == class).count();
                let both = predicted.iter().zip(labels);
                let right = both.filter(|(guess, label)| **guess == class && usize::from(**label) == class);
                (there.to_string(), right.count().to_string())
            }
            None => ("–".to_owned(), "–".to_owned()),
        };
        table.push([
            name.clone(),
            guessed.to_string(),
            format!("{:.3}", mass / predicted.len().max(1) as f64),
            there,
            right,
        ]);
    }
    Figure {
        name: "guesses-by-class".to_owned(),
        title: "Guessed labels by class".to_owned(),
        caption: "Guesses that favor some classes show a run that feeds on its own mistakes.".to_owned(),
        body: Body::Table(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_histogram_sum_to_one_and_certainty_is_in_the_last_bin() {
        let bins = histogram(&Guesses {
            probabilities: vec![0.5, 0.5, 0.0, 1.0, 0.97, 0.03, 0.46, 0.54],
            classes: 2,
        });
        let shares: Vec<f64> = bins.iter().map(|bin| bin.1).collect();
        assert_eq!(shares.iter().sum::<f64>(), 1.0);
        assert_eq!((shares[5], shares[9]), (0.5, 0.5));
    }
}
