use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        images::{Tile, sheet},
        metrics::{mean, population_deviation},
    },
};

use crate::{data::Inputs, evaluate::Findings, train::Photofeeler};

/// Pictures in a row.
const COLUMNS: usize = 8;

/// The portraits with the highest and the lowest scores, and those that are furthest off. Of made-up portraits alone: pictures of
/// people are not shown.
pub(super) fn extremes(run: &Photofeeler, findings: &Findings) -> Result<Option<Figure>> {
    let data = run.data();
    let (Inputs::Pictures(set), Some(_)) = (&data.inputs, &data.simulated) else {
        return Ok(None);
    };
    let columns = COLUMNS.min(findings.photos.len());
    // Both in deviations, since normalized votes have a scale of their own.
    let standard = |values: &[f64]| -> Vec<f64> {
        let (mean, deviation) = (mean(values), population_deviation(values).max(1e-12));
        values.iter().map(|value| (value - mean) / deviation).collect()
    };
    let (scores, reference) = (standard(&findings.scores), standard(&findings.reference));
    let ordered = |key: &dyn Fn(usize) -> f64| -> Vec<usize> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&one, &other| key(other).total_cmp(&key(one)));
        order.truncate(columns);
        order
    };
    let rows = [
        ordered(&|place| scores[place]),
        ordered(&|place| -scores[place]),
        ordered(&|place| -(scores[place] - reference[place]).abs()),
        ordered(&|place| (scores[place] - reference[place]).abs()),
    ];
    let tile = |place: &usize| Tile {
        pixels: set.image(findings.photos[*place]).to_vec(),
        lines: vec![format!("{:+.1}/{:+.1}", scores[*place], reference[*place])],
        marked: false,
    };
    let tiles: Vec<Tile> = rows.iter().flatten().map(tile).collect();
    Ok(Some(Figure {
        name: "extremes".to_owned(),
        title: "Best and worst predictions".to_owned(),
        caption: "Rows: highest predicted scores, lowest ones, predictions nearest to the truth, those furthest from it. Below each portrait \
                  the predicted score and the truth, in deviations from their means. Portraits are drawn and preferences made up."
            .to_owned(),
        body: Body::Png(sheet(set, &tiles, columns)?),
    }))
}
