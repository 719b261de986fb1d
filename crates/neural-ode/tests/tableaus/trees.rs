//! Butcher's order conditions: a method has order `p` if `Σ_i b_i Φ_i(t) = 1/γ(t)` for every rooted tree `t` with at most
//! `p` vertices. They are generated here, and depend on no reference file.

/// A rooted tree. Its subtrees are places in the list that holds it.
struct Tree {
    order: usize,
    subtrees: Vec<usize>,
}

/// Every rooted tree with at most `order` vertices, small ones first.
fn trees(order: usize) -> Vec<Tree> {
    let mut trees = Vec::new();
    for order in 1..=order {
        let mut found = Vec::new();
        forests(&trees, order - 1, trees.len(), &mut Vec::new(), &mut found);
        trees.extend(found.into_iter().map(|subtrees| Tree { order, subtrees }));
    }
    trees
}

/// Every multiset of the first `known` trees with `vertices` vertices in all, as a list that does not ascend.
fn forests(trees: &[Tree], vertices: usize, known: usize, chosen: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if vertices == 0 {
        found.push(chosen.clone());
    }
    for index in (0..known).filter(|&index| trees[index].order <= vertices) {
        chosen.push(index);
        forests(trees, vertices - trees[index].order, index + 1, chosen, found);
        chosen.pop();
    }
}

/// One order condition: `Σ_i b_i(θ) elementary[i] = θ^order / density`.
pub(crate) struct Condition {
    order: usize,
    density: f64,
    elementary: Vec<f64>,
}

/// The conditions up to `order` of a method with the matrix `a`: `γ(t)` and `Φ_i(t)` of every tree.
pub(crate) fn conditions(a: &[&[f64]], order: usize) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    for Tree { order, subtrees } in trees(order) {
        let below = subtrees.iter().map(|&subtree| &conditions[subtree]);
        let density = order as f64 * below.clone().map(|subtree| subtree.density).product::<f64>();
        let stage = |row: &&[f64]| below.clone().map(|subtree| dot(row, &subtree.elementary)).product();
        let elementary = a.iter().map(stage).collect();
        conditions.push(Condition {
            order,
            density,
            elementary,
        });
    }
    conditions
}

/// `Σ_i a_i b_i` over the shorter of the two.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest residual among the conditions of each order `1, 2, ...` at position `theta`.
pub(crate) fn residuals(conditions: &[Condition], weights: &[f64], theta: f64) -> Vec<f64> {
    let highest = conditions.iter().map(|condition| condition.order).max().unwrap();
    let mut residuals = vec![0.0_f64; highest];
    for Condition {
        order,
        density,
        elementary,
    } in conditions
    {
        assert_eq!(weights.len(), elementary.len());
        let residual = dot(weights, elementary) - theta.powi(*order as i32) / density;
        residuals[order - 1] = residuals[order - 1].max(residual.abs());
    }
    residuals
}

/// Asserts that the conditions hold up to `order`, and that some condition of the next order does not.
#[track_caller]
pub(crate) fn assert_order(residuals: &[f64], order: usize, tolerance: f64, what: &str) {
    assert!(
        residuals[..order].iter().all(|residual| *residual < tolerance),
        "{what}: {residuals:?}"
    );
    assert!(residuals[order] > 1e-8, "{what} has a higher order: {residuals:?}");
}

#[test]
fn rooted_trees_are_counted() {
    let trees = trees(9);
    let counts: Vec<usize> = (1..=9)
        .map(|order| trees.iter().filter(|tree| tree.order == order).count())
        .collect();
    // OEIS A000081
    assert_eq!(counts, [1, 1, 2, 4, 9, 20, 48, 115, 286]);
}
