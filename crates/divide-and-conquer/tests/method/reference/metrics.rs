use divide_and_conquer::{
    neighbors::{Excluded, nearest},
    retrieval::{Labeled, Protocol, retrieve},
};
use papers_core::{
    base::clustering::{Contingency, Normalization},
    testing,
};

use super::{TOLERANCE, cases, number, rows, table, wholes};

#[test]
fn neighbors_and_recall() {
    let device = testing::device();
    for case in cases("recall_at_k.json") {
        let name = case["name"].as_str().expect("a name");
        let ks = wholes(&case["ks"]);
        let is_gallery = case.get("gallery").is_some();
        let of = |key: &str| if is_gallery { &case[key] } else { &case["embeddings"] };
        let (queries, gallery) = (rows(of("queries")), rows(of("gallery")));
        let (query_labels, gallery_labels) = match is_gallery {
            true => (wholes(&case["query_labels"]), wholes(&case["gallery_labels"])),
            false => (wholes(&case["labels"]), wholes(&case["labels"])),
        };
        let expected = table(&case["neighbours"]);
        let excluded = if is_gallery {
            Excluded::Nothing
        } else {
            Excluded::Itself
        };
        let found = nearest(
            &queries,
            &gallery,
            excluded,
            expected[0].len(),
            &device,
            |_, neighbors| neighbors.iter().map(|neighbor| neighbor.index).collect::<Vec<_>>(),
        )
        .expect("good points");
        assert_eq!(found, expected, "{name}");

        let queries = Labeled::new(&queries, &query_labels).expect("a label each");
        let protocol = match is_gallery {
            true => Protocol::Gallery(Labeled::new(&gallery, &gallery_labels).expect("a label each")),
            false => Protocol::OtherQueries,
        };
        let found = retrieve(queries, protocol, &ks, &device).unwrap_or_else(|error| panic!("{name}: {error}"));
        testing::assert_close(&found.recall, &testing::numbers(&case["recall"]), TOLERANCE);
        if let Some(expected) = case.get("map_at_r") {
            testing::assert_close(&[found.map_at_r], &[number(expected)], TOLERANCE);
        }
    }
}

#[test]
fn mutual_information_of_partitions() {
    for case in cases("nmi.json") {
        let (labels, clusters) = (wholes(&case["labels"]), wholes(&case["clusters"]));
        let parts = |labels: &[usize]| labels.iter().max().expect("a part") + 1;
        let counts = Contingency::new(&clusters, &labels, parts(&clusters), parts(&labels)).expect("two partitions");
        for (found, expected) in [
            (counts.class_entropy(), "entropy_labels"),
            (counts.cluster_entropy(), "entropy_clusters"),
            (counts.mutual_information(), "mutual_information"),
            (
                counts.normalized_mutual_information(Normalization::Arithmetic),
                "nmi_arithmetic",
            ),
            (
                counts.normalized_mutual_information(Normalization::Geometric),
                "nmi_geometric",
            ),
        ] {
            testing::assert_close(&[found], &[number(&case[expected])], TOLERANCE);
        }
        let found = divide_and_conquer::retrieval::agreement(&clusters, &labels);
        testing::assert_close(&[found], &[number(&case["nmi_arithmetic"])], TOLERANCE);
    }
}
