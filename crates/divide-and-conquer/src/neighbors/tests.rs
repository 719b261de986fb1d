use papers_core::{random::Streams, testing};
use rand::RngExt;
use serde_json::Value;

use super::*;

fn brute_force_of<T: Real>(
    queries: &Rows<T>,
    gallery: &Rows<T>,
    excluded: Excluded,
    k: usize,
    query: usize,
) -> Vec<Neighbor> {
    let mut all: Vec<Neighbor> = (0..gallery.len())
        .filter(|&index| excluded == Excluded::Nothing || index != query)
        .map(|index| Neighbor {
            index,
            squared_distance: squared_distance(queries.row(query), gallery.row(index)),
        })
        .collect();
    all.sort_by(|one, other| one.squared_distance.total_cmp(&other.squared_distance));
    all.truncate(k);
    all
}

fn brute_force<T: Real>(queries: &Rows<T>, gallery: &Rows<T>, excluded: Excluded, k: usize) -> Vec<Vec<Neighbor>> {
    let nearest = |query: usize| brute_force_of(queries, gallery, excluded, k, query);
    (0..queries.len()).map(nearest).collect()
}

fn all<T: Real>(queries: &Rows<T>, gallery: &Rows<T>, excluded: Excluded, k: usize) -> Vec<Vec<Neighbor>> {
    let device = testing::device();
    nearest(queries, gallery, excluded, k, &device, |_, all| all.to_vec()).unwrap()
}

/// Points on a coarse grid, so that there are many ties; some tiles and a rest of both sides.
fn points(count: usize, width: usize, levels: u32, name: &str) -> Rows {
    let mut random = Streams::new(4).at(name, 0, 0);
    let values = (0..count * width).map(|_| random.random_range(0..levels) as f32 / levels as f32);
    Rows::new(values.collect(), width).unwrap()
}

#[test]
fn neighbors_are_those_of_brute_force_to_the_last_tie() {
    let device = testing::device();
    for (levels, width) in [(2, 7), (3, 3), (1 << 20, 19)] {
        let gallery = points(TILE + 300, width, levels, "gallery");
        let queries = points(40, width, levels, "queries");
        for k in [1, 5, 100] {
            let found = nearest(&queries, &gallery, Excluded::Nothing, k, &device, |_, all| all.to_vec()).unwrap();
            assert_eq!(
                found,
                brute_force(&queries, &gallery, Excluded::Nothing, k),
                "{levels} {k}"
            );
        }
        let small = gallery.select(&(0..QUERIES + 30).collect::<Vec<_>>());
        let found = nearest(&small, &small, Excluded::Itself, 4, &device, |_, all| all.to_vec()).unwrap();
        assert_eq!(found, brute_force(&small, &small, Excluded::Itself, 4));
    }
}

#[test]
fn a_gallery_of_one_place_gives_the_first_ones() {
    let gallery = Rows::new(vec![0.3_f32; 900 * 5], 5).unwrap();
    let found = nearest(&gallery, &gallery, Excluded::Itself, 3, &testing::device(), |_, all| {
        all.iter().map(|neighbor| neighbor.index).collect::<Vec<_>>()
    })
    .unwrap();
    assert_eq!(found[1], [0, 2, 3]);
    assert_eq!(found[800], [0, 1, 2]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let device = testing::device();
    let rows = |values: Vec<f32>| Rows::new(values, 2).unwrap();
    let search = |queries: &Rows, gallery: &Rows| {
        nearest(queries, gallery, Excluded::Nothing, 1, &device, |_, _| ()).unwrap_err()
    };
    let (good, bad) = (rows(vec![1.0; 4]), rows(vec![1.0, 1.0, 1.0, f32::INFINITY]));
    assert!(matches!(search(&good, &bad), MetricError::NonFinite { row: 1, .. }));
    assert!(matches!(search(&bad, &good), MetricError::NonFinite { row: 1, .. }));
    assert_eq!(search(&good, &rows(Vec::new())), MetricError::Empty("points to find"));
    let wide = Rows::new(vec![1.0; 3], 3).unwrap();
    assert_eq!(search(&wide, &good), MetricError::Widths { left: 3, right: 2 });
}

/// The query's own index may be in any tile.
#[test]
fn queries_of_all_tiles_leave_themselves_out_in_both_precisions() {
    fn check<T: Real>(rows: &Rows<T>) {
        let found = all(rows, rows, Excluded::Itself, 3);
        for query in (0..rows.len()).step_by(61).chain([TILE - 1, TILE, rows.len() - 1]) {
            let expected = brute_force_of(rows, rows, Excluded::Itself, 3, query);
            assert_eq!(found[query], expected, "{query}");
        }
    }
    let single = points(TILE + 300, 5, 4, "both");
    let double: Vec<f64> = single.values().iter().map(|&value| f64::from(value) / 3.0).collect();
    check(&single);
    check(&Rows::new(double, 5).unwrap());
}

#[test]
fn points_may_be_as_long_or_short_as_numbers_are() {
    let gallery = points(300, 4, 1 << 20, "gallery");
    let scaled = |factor: &dyn Fn(usize) -> f32| {
        let values = gallery.values().iter().enumerate();
        Rows::new(values.map(|(at, &value)| value * factor(at / 4)).collect(), 4).unwrap()
    };
    for rows in [
        scaled(&|_| 1e20),
        scaled(&|_| 3e38),
        scaled(&|_| 1e-25),
        scaled(&|_| 1e-40),
        // Long ones among short ones.
        scaled(&|row| if row % 3 == 0 { 1e30 } else { 1.0 }),
        scaled(&|row| if row == 299 { 1e38 } else { 1e-38 }),
    ] {
        let is_found = all(&rows, &rows, Excluded::Itself, 4) == brute_force(&rows, &rows, Excluded::Itself, 4);
        assert!(is_found, "{:?}", rows.row(0));
        // Queries that are much shorter, and much longer, than the gallery.
        for (queries, rows) in [(&gallery, &rows), (&rows, &gallery)] {
            let found = all(queries, rows, Excluded::Nothing, 2);
            let is_found = found == brute_force(queries, rows, Excluded::Nothing, 2);
            assert!(is_found, "{:?} in {:?}", queries.row(0), rows.row(0));
        }
    }
    let long = scaled(&|_| 1e20);
    let clusters = crate::clustering::KMeans {
        clusters: 80,
        restarts: 1,
        iterations: 3,
    };
    let found = clusters
        .run(&long, &Streams::new(0), "x", 0, &testing::device())
        .unwrap();
    assert!(found.objective.is_finite() && found.objective > 0.0);
}

#[test]
fn lengths_beyond_double_precision_are_refused() {
    let device = testing::device();
    let rows = Rows::new(vec![1.0, 1.0, 1e160, 0.0], 2).unwrap();
    let error = nearest(&rows, &rows, Excluded::Itself, 1, &device, |_, _| ()).unwrap_err();
    assert!(matches!(error, MetricError::TooLong { row: 1, .. }), "{error}");
}

#[test]
fn more_neighbors_than_there_are_are_all() {
    for count in [FEW - 1, 300] {
        let gallery = points(count, 3, 5, "gallery");
        for k in [count, usize::MAX] {
            let found = all(&gallery, &gallery, Excluded::Itself, k);
            assert_eq!(found, brute_force(&gallery, &gallery, Excluded::Itself, count));
            assert!(found.iter().all(|neighbors| neighbors.len() == count - 1));
        }
    }
}

/// A graphics card cuts factors to 10 binary places: what is searched for by its products is found nonetheless, and would
/// not be with the slack of a processor.
#[test]
fn coarse_products_find_the_same() {
    const K: usize = 3;
    let cut = |value: f32| f32::from_bits(value.to_bits() & !0x1fff);
    let spread = points(2, 24, 1 << 20, "spread");
    let gallery: Vec<f32> = points(500, 24, 1 << 20, "gallery")
        .iter()
        .flat_map(|row| {
            row.iter()
                .zip(spread.row(0))
                .map(|(value, center)| center + value / 20.0)
        })
        .collect();
    let gallery = Rows::new(gallery, 24).unwrap().normalized("gallery").unwrap();
    let device = testing::device();
    let found = |precision: Precision| -> Vec<Vec<Neighbor>> {
        let mut search = Search::new(&gallery, &gallery, Excluded::Itself, K, &device);
        search.precision = precision;
        let scale = search.scale as f32;
        let search = &search;
        let neighbors = |query: usize| {
            let product = |point: &[f32]| {
                let pairs = gallery.row(query).iter().zip(point);
                let products = pairs.map(|(x, y)| cut(-2.0 * scale * x) * cut(scale * y));
                products.sum::<f32>() + cut((squared_length(point) as f32) * scale * scale)
            };
            let distances: Vec<f32> = gallery.iter().map(product).collect();
            let mut nearest = Nearest::new(search, query);
            // In pieces, so that the limit of the first ones counts for the others.
            for (number, piece) in distances.chunks(50).enumerate() {
                nearest.look(number * 50, piece);
                nearest.narrow();
            }
            nearest.finish()
        };
        (0..gallery.len()).map(neighbors).collect()
    };
    let expected = brute_force(&gallery, &gallery, Excluded::Itself, K);
    assert_eq!(found(Precision::coarse()), expected);
    assert_ne!(found(Precision::of::<f32>(&device)), expected);
}

/// The numbers of the fixtures by the way of large galleries; `tests/method/reference` has that of small ones.
#[test]
fn fixtures_by_products() {
    let cases = |file: &str| -> Vec<Value> {
        let fixture: Value = testing::fixture(env!("CARGO_MANIFEST_DIR"), file);
        fixture["cases"].as_array().expect("cases").clone()
    };
    let rows = |list: &Value| {
        let width = list[0].as_array().expect("a row").len();
        Rows::<f64>::new(testing::numbers(list), width).unwrap()
    };
    let whole = |list: &Value| -> Vec<Vec<usize>> { serde_json::from_value(list.clone()).expect("a table") };
    let search = |queries: &Rows<f64>, gallery: &Rows<f64>, excluded, k| -> Vec<Vec<usize>> {
        let device = testing::device();
        nearest_beyond(0, queries, gallery, excluded, k, &device, |_, neighbors| {
            neighbors.iter().map(|neighbor| neighbor.index).collect()
        })
        .unwrap()
    };
    for case in cases("recall_at_k.json") {
        let expected = whole(&case["neighbours"]);
        let k = expected[0].len();
        let found = match case.get("gallery") {
            Some(gallery) => search(&rows(&case["queries"]), &rows(gallery), Excluded::Nothing, k),
            None => {
                let rows = rows(&case["embeddings"]);
                search(&rows, &rows, Excluded::Itself, k)
            }
        };
        assert_eq!(found, expected, "{}", case["name"]);
    }
    for case in cases("kmeans.json") {
        let (points, mut centroids) = (rows(&case["points"]), rows(&case["initial_centroids"]));
        for step in case["steps"].as_array().expect("steps") {
            let found = search(&points, &centroids, Excluded::Nothing, 1).concat();
            let expected: Vec<usize> = serde_json::from_value(step["assignment"].clone()).expect("a list");
            assert_eq!(found, expected, "{}", case["name"]);
            centroids = rows(&step["centroids_after"]);
        }
    }
}
