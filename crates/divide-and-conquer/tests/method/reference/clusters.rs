use divide_and_conquer::{
    clustering::{KMeans, iterate},
    matching::{learners_of, overlap},
};
use papers_core::testing;

use super::{TOLERANCE, cases, number, rows, table, whole, wholes};

#[test]
fn iterations_of_k_means() {
    let device = testing::device();
    for case in cases("kmeans.json") {
        let name = case["name"].as_str().expect("a name");
        let points = rows(&case["points"]);
        let mut centroids = rows(&case["initial_centroids"]);
        let steps = case["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), whole(&case["iterations"]), "{name}");
        for expected in steps {
            let found = iterate(&points, &centroids, &device).expect("good points");
            assert_eq!(found.assignment, wholes(&expected["assignment"]), "{name}");
            assert_eq!(found.counts, wholes(&expected["counts"]), "{name}");
            let relocated: Vec<Vec<usize>> = found.relocated.iter().map(|pair| pair.to_vec()).collect();
            assert_eq!(relocated, table(&expected["relocated"]), "{name}");
            let objective = number(&expected["objective_before_update"]);
            testing::assert_close(&[found.objective], &[objective], TOLERANCE);
            let after = testing::numbers(&expected["centroids_after"]);
            testing::assert_close(found.centroids.values(), &after, TOLERANCE);
            centroids = found.centroids;
        }
        // Stopping as soon as nothing changes ends in the same place.
        let means = KMeans {
            clusters: centroids.len(),
            restarts: 1,
            iterations: steps.len(),
        };
        let found = means
            .from(&points, rows(&case["initial_centroids"]), &device)
            .expect("good points");
        assert_eq!(found.assignment, wholes(&case["final_assignment"]), "{name}");
        testing::assert_close(&[found.objective], &[number(&case["final_objective"])], TOLERANCE);
    }
}

#[test]
fn clusters_go_to_the_learners_that_held_most_of_them() {
    for case in cases("cluster_matching.json") {
        let name = case["name"].as_str().expect("a name");
        let counts = table(&case["overlap_rows_new_cols_old"]);
        let learners = learners_of(&counts);
        assert_eq!(learners, wholes(&case["new_to_learner"]), "{name}");
        let total = |learners: &[usize]| -> usize {
            learners
                .iter()
                .enumerate()
                .map(|(cluster, &learner)| counts[cluster][learner])
                .sum()
        };
        assert_eq!(total(&learners), whole(&case["max_total_overlap"]), "{name}");

        // The least L1 distance of memberships is the same thing.
        let costs = table(&case["l1_costs"]);
        let sizes = |axis: fn(&[Vec<usize>], usize) -> usize| (0..counts.len()).map(|at| axis(&counts, at)).collect();
        let new: Vec<usize> = sizes(|counts, row| counts[row].iter().sum());
        let old: Vec<usize> = sizes(|counts, column| counts.iter().map(|row| row[column]).sum());
        for (row, costs) in costs.iter().enumerate() {
            for (column, &cost) in costs.iter().enumerate() {
                assert_eq!(cost, new[row] + old[column] - 2 * counts[row][column], "{name}");
            }
        }
        let greedy = wholes(&case["greedy_new_to_learner"]);
        assert_eq!(greedy, greedy_learners(&counts), "{name}");
        assert_eq!(total(&greedy), whole(&case["greedy_total"]), "{name}");

        let best =
            permutations(counts.len()).filter(|learners| total(learners) == total(&wholes(&case["new_to_learner"])));
        assert_eq!(best.count(), whole(&case["num_optimal"]), "{name}");

        if let Some(previous) = case.get("previous_assignment") {
            let (previous, new) = (wholes(previous), wholes(&case["new_assignment"]));
            assert_eq!(overlap(&new, &previous, counts.len()), counts, "{name}");
            let relabelled: Vec<usize> = new.iter().map(|&cluster| learners[cluster]).collect();
            assert_eq!(relabelled, wholes(&case["relabelled"]), "{name}");
        }
    }
}

/// The way that is not ours: the largest count that is left, again and again.
fn greedy_learners(counts: &[Vec<usize>]) -> Vec<usize> {
    let mut learners: Vec<Option<usize>> = vec![None; counts.len()];
    for _ in 0..counts.len() {
        let mut best: Option<(usize, usize)> = None;
        for row in (0..counts.len()).filter(|&row| learners[row].is_none()) {
            for column in (0..counts.len()).filter(|&column| !learners.contains(&Some(column))) {
                if best.is_none_or(|(at, of)| counts[row][column] > counts[at][of]) {
                    best = Some((row, column));
                }
            }
        }
        let (row, column) = best.expect("one is left");
        learners[row] = Some(column);
    }
    learners.into_iter().flatten().collect()
}

fn permutations(count: usize) -> impl Iterator<Item = Vec<usize>> {
    let all = (0..count.pow(count as u32)).map(move |mut code| {
        let mut digits = Vec::new();
        for _ in 0..count {
            digits.push(code % count);
            code /= count;
        }
        digits
    });
    all.filter(move |digits| (0..count).all(|digit| digits.contains(&digit)))
}
