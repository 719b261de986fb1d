//! What the method is made of makes the difference that it should make.

use papers_core::{Context, Experiment as _, base::journal::scalar, testing};
use randwire::train::{Classify, Model};

use crate::common::digits;

fn trained(sets: &[&str], seed: u64, updates: u64) -> Classify {
    let steps = format!("schedule.steps={updates}");
    let config = digits(&[&[steps.as_str(), "data.test=0"], sets].concat());
    let mut run = Classify::new(&config, &Context::new(testing::device(), seed)).expect("a network");
    for step in 0..updates {
        run.step(step).expect("an update");
    }
    run
}

fn error(run: &Classify) -> f64 {
    scalar(&run.evaluate().expect("an evaluation"), "test_error").expect("an error rate")
}

const DIGITS: [&str; 4] = [
    "training.batch=64",
    "network.channels=8",
    "network.head=32",
    "network.stages=[{nodes=8,width=1},{nodes=8,width=2}]",
];

/// Random wires make ways of all lengths; a chain of as many nodes is all depth, and learns less in the same updates.
#[test]
fn random_wires_learn_more_than_a_chain() {
    let mean = |graph: &str| {
        let graph = format!("network.graph={graph}");
        let sets = [&DIGITS[..], &[graph.as_str()]].concat();
        (0..2).map(|seed| error(&trained(&sets, seed, 220))).sum::<f64>() / 2.0
    };
    let [wired, chain] = ["{generator='ws',k=4,p=0.75}", "{generator='chain'}"].map(mean);
    assert!(wired < 0.25, "{wired} wrong");
    assert!(wired < 0.6 * chain, "{wired} wrong, {chain} with a chain");
}

#[test]
fn gates_learn() {
    let run = trained(&DIGITS, 0, 10);
    let network = run.model().wired().expect("wires");
    let mut gates = network.backbone.stages.iter().filter_map(|stage| match stage {
        randwire::network::Block::Wired(stage) => Some(&stage.nodes),
        randwire::network::Block::Dense(_) => None,
    });
    let moved = gates.any(|nodes| {
        let gates = nodes.iter().filter_map(|node| node.gates.as_ref());
        gates.into_iter().any(|gates| {
            testing::values(gates.val().inner())
                .iter()
                .any(|gate| gate.abs() > 1e-4)
        })
    });
    assert!(moved, "raw weights leave zero");
}

#[test]
fn edge_drop_and_smoothing_change_what_is_learned() {
    let first = |sets: &[&str]| {
        let run = trained(&[&DIGITS[..], sets].concat(), 0, 2);
        let Model::RandWire(network) = run.model() else {
            panic!("wires")
        };
        testing::values(network.classifier.weight.val().inner())
    };
    let plain = first(&[]);
    assert_ne!(plain, first(&["training.edge_drop=1.0"]));
    assert_ne!(plain, first(&["training.smoothing=0.0"]));
    assert_ne!(plain, first(&["training.dropout=0.5"]));
    assert_eq!(plain, first(&["training.edge_drop=0.0"]));
}

/// A chain has no edge whose target has another input: nothing is dropped, and nothing is said.
#[test]
fn there_may_be_no_edge_to_drop() {
    trained(&["network.graph={generator='chain'}", "training.edge_drop=1.0"], 0, 2);
}

#[test]
fn damage_costs_more_where_more_nodes_depend_on_it() {
    let sets = [&DIGITS[..], &["damage.pictures=360"]].concat();
    let run = trained(&sets, 0, 88);
    let scalars = run.evaluate().expect("an evaluation");
    let of = |name: &str| scalar(&scalars, name).unwrap_or_else(|| panic!("no {name}"));
    assert!(of("damage_node_spearman") > 0.2, "{scalars:?}");
    assert!(of("damage_node_drop") > of("damage_edge_drop"), "{scalars:?}");
    let figures = run.figures().expect("figures");
    for name in ["cost", "wires-0", "wires-1", "damage", "removals", "confusion"] {
        assert!(figures.iter().any(|figure| figure.name == name), "no {name}");
    }
}
