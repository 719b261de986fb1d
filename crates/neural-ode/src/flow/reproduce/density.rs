//! The tables of density matching.

use papers_core::{
    Result,
    base::figure::{Figure, Table, mean_and_spread},
    reproduce::{FinishedRun, minutes, of_row, values},
};

use super::{NATS, POTENTIALS, SIZES, evaluations_of_tests, evaluations_of_updates, figure, mean, met, seeds};

/// The divergences of a row of density matching.
fn kl(runs: &[FinishedRun], potential: &str, size: usize, row: &str) -> Vec<f64> {
    values(&of_row(runs, &format!("density-{potential}-{size}/{row}")), "test/kl")
}

pub(super) fn divergences(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let mut table = Table::new([
        "target",
        "M = K",
        "CNF, hyper-network",
        "CNF, gated",
        "planar NF",
        "hyper-network ≤ NF",
        "gated ≤ NF",
        "evaluations of the field in an update, forward / backward",
        "in the test: hyper-network; gated",
        "minutes: hyper-network; gated; NF",
        "seeds",
    ]);
    for potential in POTENTIALS {
        for size in SIZES {
            let of = |row: &str| of_row(runs, &format!("density-{potential}-{size}/{row}"));
            let [cnf, gated, planar] = ["cnf", "gated", "planar"].map(of);
            if cnf.is_empty() || gated.is_empty() || planar.is_empty() {
                continue;
            }
            let found = ["cnf", "gated", "planar"].map(|row| kl(runs, potential, size, row));
            let yes_or_no = |index: usize| match mean(&found[index]) <= mean(&found[2]) {
                true => "yes".to_owned(),
                false => "no".to_owned(),
            };
            table.push([
                potential.to_uppercase(),
                size.to_string(),
                mean_and_spread(&found[0], NATS),
                mean_and_spread(&found[1], NATS),
                mean_and_spread(&found[2], NATS),
                yes_or_no(0),
                yes_or_no(1),
                evaluations_of_updates(&cnf)?,
                [&cnf, &gated].map(|runs| evaluations_of_tests(runs)).join("; "),
                [&cnf, &gated, &planar].map(|runs| minutes(runs)).join("; "),
                seeds(&planar),
            ]);
        }
    }
    let caption = "KL(q ‖ p) in nats: mean ± standard deviation over seeds, 10,000 fresh samples, normalizers of the targets by \
                   quadrature. M planes of a continuous flow against K layers, 2,000 updates by Adam of 256 samples each for \
                   all, rates chosen alike: on U1 with 8 planes or layers, seeds 10 to 12, of grids that reach beyond the best. \
                   The paper trained CNFs for 10,000 updates by Adam and NFs for 500,000 by RMSprop, and shows curves \
                   only (figure 4). A hyper-network has more parameters than the layers; the gated flow has 7 numbers for \
                   each plane, a layer has 5. U2 to U4 stand between soft walls at ±4.";
    Ok(figure("flow-density", "Section 4.1: density matching", caption, table))
}

pub(super) fn verdicts(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "M = K",
        "hyper-network ≤ NF",
        "gated ≤ NF",
        "target: CNF ≤ NF on 3 of 4",
    ]);
    for size in SIZES {
        let counted: Option<Vec<[bool; 2]>> = POTENTIALS
            .iter()
            .map(|potential| {
                let [cnf, gated, planar] = ["cnf", "gated", "planar"].map(|row| kl(runs, potential, size, row));
                let is_there = !cnf.is_empty() && !gated.is_empty() && !planar.is_empty();
                is_there.then(|| [mean(&cnf) <= mean(&planar), mean(&gated) <= mean(&planar)])
            })
            .collect();
        let Some(counted) = counted else { continue };
        let of = |index: usize| counted.iter().filter(|pair| pair[index]).count();
        table.push([
            size.to_string(),
            format!("{} of 4", of(0)),
            format!("{} of 4", of(1)),
            format!("hyper-network {}, gated {}", met(of(0) >= 3), met(of(1) >= 3)),
        ]);
    }
    let caption = "By the means of the table above. The paper has continuous flows lower at every size.";
    figure(
        "flow-verdicts",
        "Density matching: on how many targets a continuous flow is lower",
        caption,
        table,
    )
}
