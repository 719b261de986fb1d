//! Results and error estimates have their orders, and the stages their places.

use neural_ode::tableau;

use crate::{
    ROUNDING, all, assert_close,
    trees::{assert_order, conditions, residuals},
};

#[test]
fn results_have_their_order_and_no_higher() {
    for tableau in all() {
        let conditions = conditions(tableau.matrix, tableau.order + 1);
        assert_order(
            &residuals(&conditions, tableau.weights, 1.0),
            tableau.order,
            ROUNDING,
            tableau.name,
        );
    }
}

#[test]
fn embedded_results_have_their_order_and_no_higher() {
    for tableau in all() {
        let Some(embedded) = tableau.embedded else { continue };
        let conditions = conditions(tableau.matrix, embedded.order + 1);
        let weights: Vec<f64> = tableau
            .weights
            .iter()
            .zip(embedded.error_weights)
            .map(|(b, e)| b - e)
            .collect();
        assert_order(
            &residuals(&conditions, &weights, 1.0),
            embedded.order,
            ROUNDING,
            tableau.name,
        );
    }
}

#[test]
fn swapping_result_and_estimate_of_tsit5_loses_an_order() {
    let tableau = tableau::TSIT5;
    let weights: Vec<f64> = tableau
        .weights
        .iter()
        .zip(tableau.embedded.unwrap().error_weights)
        .map(|(b, e)| b - e)
        .collect();
    assert!(residuals(&conditions(tableau.matrix, 5), &weights, 1.0)[4] > 1e-6);
}

#[test]
fn rows_sum_to_their_nodes() {
    for tableau in all() {
        let sums: Vec<f64> = tableau.matrix.iter().map(|row| row.iter().sum()).collect();
        // The rows of dopri8 have entries of size 17, rationals of ten digits each.
        assert_close(&sums, tableau.nodes, 1e-14, tableau.name);
    }
}

#[test]
fn every_stage_uses_only_those_before_it_and_itself_if_it_is_implicit() {
    for tableau in all() {
        assert!(
            tableau
                .matrix
                .iter()
                .enumerate()
                .all(|(stage, row)| row.len() == stage + usize::from(tableau.is_implicit())),
            "{}",
            tableau.name
        );
        assert_eq!(tableau.stages(), tableau.matrix.len(), "{}", tableau.name);
        assert_eq!(tableau.stages(), tableau.nodes.len(), "{}", tableau.name);
        let error_weights = tableau
            .embedded
            .map_or(tableau.stages(), |embedded| embedded.error_weights.len());
        assert_eq!(tableau.stages(), error_weights, "{}", tableau.name);
    }
}

#[test]
fn the_last_stage_is_at_the_result_of_the_step_exactly_if_it_is_reused() {
    let is_implicit = |tableau: &tableau::Tableau| tableau.is_implicit();
    let kvaerno = tableau::KVAERNO3;
    assert!(kvaerno.is_fsal && kvaerno.matrix[3] == kvaerno.weights);
    for tableau in all().filter(|tableau| !is_implicit(tableau)) {
        let (last, before) = tableau.weights.split_last().unwrap();
        let is_at_result = *last == 0.0 && tableau.matrix[tableau.stages() - 1] == before;
        assert_eq!(tableau.is_fsal, is_at_result, "{}", tableau.name);
        if tableau.is_fsal {
            assert_eq!(tableau.nodes[tableau.stages() - 1], 1.0, "{}", tableau.name);
        }
    }
}
