//! Generators and graphs beside independent numbers.

use std::cell::RefCell;

use randwire::graph::{Connectivity, Draws, Generator, Graph, GraphError, SeededDraws};
use serde::Deserialize;

use crate::fixture;

/// A generator's parameters as the files have them.
#[derive(Debug, Clone, Deserialize)]
struct Setting {
    r#gen: String,
    n: usize,
    k: Option<usize>,
    m: Option<usize>,
    p: Option<Number>,
}

/// A number, or a word for what JSON has no number for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Word(String),
}

impl Setting {
    fn generator(&self) -> Generator {
        let p = || match self.p.as_ref().expect("a probability") {
            Number::Finite(p) => *p,
            Number::Word(word) => word.parse().expect("NaN"),
        };
        match self.r#gen.as_str() {
            "er" => Generator::Er { p: p() },
            "ba" => Generator::Ba { m: self.m.expect("M") },
            "ws" => Generator::Ws {
                k: self.k.expect("K"),
                p: p(),
            },
            other => panic!("no generator `{other}`"),
        }
    }
}

#[derive(Deserialize)]
struct Dags {
    cases: Vec<Dag>,
    bad_edge_lists: Vec<BadEdges>,
    bad_generator_params: Vec<Setting>,
}

#[derive(Deserialize)]
struct Dag {
    name: String,
    n: usize,
    pairs: Vec<[usize; 2]>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    edges: Vec<[usize; 2]>,
    in_degree: Vec<usize>,
    out_degree: Vec<usize>,
    input_nodes: Vec<usize>,
    output_nodes: Vec<usize>,
    isolated: Vec<usize>,
    components: usize,
    schedule: Vec<usize>,
    level: Vec<usize>,
    depth: usize,
    droppable_edges: Vec<[usize; 2]>,
    agg_weight_count: usize,
}

#[derive(Deserialize)]
struct BadEdges {
    n: usize,
    pairs: Vec<[usize; 2]>,
    error: String,
}

#[test]
fn edges_become_the_expected_graph() {
    for case in fixture::<Dags>("dag.json").cases {
        let graph = Graph::new(case.n, &case.pairs).unwrap();
        let (name, expected) = (&case.name, &case.expect);
        assert!(graph.edges().eq(expected.edges.iter().copied()), "{name}");
        let degrees = |of: fn(&Graph, usize) -> usize| (0..case.n).map(|node| of(&graph, node)).collect::<Vec<_>>();
        assert_eq!(degrees(Graph::in_degree), expected.in_degree, "{name}");
        assert_eq!(degrees(Graph::out_degree), expected.out_degree, "{name}");
        assert_eq!(graph.inputs(), expected.input_nodes, "{name}");
        assert_eq!(graph.outputs(), expected.output_nodes, "{name}");
        assert_eq!(graph.isolated(), expected.isolated, "{name}");
        assert_eq!(graph.components(), expected.components, "{name}");
        assert_eq!(graph.levels(), expected.level, "{name}");
        assert_eq!(graph.depth(), expected.depth, "{name}");
        assert_eq!(graph.droppable_edges(), expected.droppable_edges, "{name}");
        assert_eq!(graph.weights(), expected.agg_weight_count, "{name}");
        // The schedule is that of the indices, and one that `petgraph` finds no fault with.
        assert!(expected.schedule.iter().copied().eq(0..case.n), "{name}");
        assert!(petgraph::algo::toposort(&graph.to_petgraph(), None).is_ok(), "{name}");
        assert_eq!(Graph::from_petgraph(&graph.to_petgraph()).unwrap(), graph, "{name}");
    }
}

#[test]
fn what_is_no_graph_is_refused() {
    let dags = fixture::<Dags>("dag.json");
    for case in dags.bad_edge_lists {
        let error = Graph::new(case.n, &case.pairs).unwrap_err();
        let kind = match error {
            GraphError::SelfLoop { .. } => "self_loop",
            GraphError::DuplicateEdge { .. } => "duplicate_edge",
            GraphError::NodeOutOfRange { .. } => "node_out_of_range",
            GraphError::NoNodes => "no_nodes",
            _ => "another one",
        };
        assert_eq!(kind, case.error, "{error}");
    }
    for setting in dags.bad_generator_params {
        let generator = setting.generator();
        let error = generator.seeded(setting.n, 0, Connectivity::Allow);
        assert!(error.is_err(), "{setting:?}");
    }
    let message = Generator::Ba { m: 8 }.check(8).unwrap_err().to_string();
    assert!(message.contains("M is 8, N is 8"), "{message}");
}

#[derive(Deserialize)]
struct Generators {
    deterministic: Vec<Deterministic>,
    scripted: Vec<Scripted>,
}

#[derive(Deserialize)]
struct Deterministic {
    #[serde(flatten)]
    setting: Setting,
    edges: Vec<[usize; 2]>,
}

#[derive(Debug, Deserialize)]
struct Scripted {
    #[serde(flatten)]
    setting: Setting,
    #[serde(default)]
    uniforms: Vec<f64>,
    #[serde(default)]
    candidates: Vec<usize>,
    index_of_vertex: Option<Vec<usize>>,
    rewire_log: Option<Vec<[usize; 4]>>,
    attach_probabilities: Option<Vec<Vec<f64>>>,
    degrees: Option<Vec<usize>>,
    edges: Vec<[usize; 2]>,
}

/// Answers by a script, and notes what it was asked.
struct Script<'a> {
    case: &'a Scripted,
    uniforms: std::slice::Iter<'a, f64>,
    candidates: std::slice::Iter<'a, usize>,
    weights: RefCell<Vec<Vec<usize>>>,
}

impl Draws for Script<'_> {
    fn uniform(&mut self) -> f64 {
        *self.uniforms.next().expect("as many uniform draws as the script has")
    }

    fn below(&mut self, _: usize) -> usize {
        *self.candidates.next().expect("as many candidates as the script has")
    }

    fn weighted(&mut self, weights: &[usize]) -> usize {
        self.weights.borrow_mut().push(weights.to_vec());
        self.below(weights.len())
    }

    fn permutation(&mut self, _: usize) -> Vec<usize> {
        self.case.index_of_vertex.clone().expect("the script has a permutation")
    }
}

#[test]
fn settings_with_one_possible_graph_give_it() {
    for case in fixture::<Generators>("generators.json").deterministic {
        let generator = case.setting.generator();
        let graph = generator.seeded(case.setting.n, 7, Connectivity::Allow).unwrap();
        assert!(graph.edges().eq(case.edges), "{:?}", case.setting);
    }
}

#[test]
fn given_draws_give_the_expected_graph() {
    for case in &fixture::<Generators>("generators.json").scripted {
        let mut script = Script {
            case,
            uniforms: case.uniforms.iter(),
            candidates: case.candidates.iter(),
            weights: RefCell::default(),
        };
        let graph = case.setting.generator().draw(case.setting.n, &mut script).unwrap();
        assert!(graph.edges().eq(case.edges.iter().copied()), "{case:?}");
        assert!(
            script.uniforms.next().is_none() && script.candidates.next().is_none(),
            "every draw is used"
        );
        match case.setting.generator() {
            Generator::Ws { .. } => {
                let log = case.rewire_log.as_ref().expect("what was rewired");
                assert_rewired(&case.setting, log, &graph);
            }
            Generator::Ba { .. } => {
                let degree = |node| graph.in_degree(node) + graph.out_degree(node);
                let expected = case.degrees.as_ref().expect("degrees");
                assert!((0..case.setting.n).map(degree).eq(expected.iter().copied()));
                let expected = case.attach_probabilities.as_ref().expect("probabilities");
                assert_attached(expected, script.weights.into_inner());
            }
            _ => {}
        }
    }
}

/// The ring with the logged edges moved is the graph.
fn assert_rewired(setting: &Setting, log: &[[usize; 4]], graph: &Graph) {
    let (n, k) = (setting.n, setting.k.expect("K"));
    let sorted = |a: usize, b: usize| [a.min(b), a.max(b)];
    let mut edges: Vec<_> = (1..=k / 2)
        .flat_map(|i| (0..n).map(move |v| sorted(v, (v + i) % n)))
        .collect();
    for &[i, v, old, new] in log {
        assert_eq!(old, (v + i) % n);
        let place = edges
            .iter()
            .position(|&edge| edge == sorted(v, old))
            .expect("the edge is there");
        edges[place] = sorted(v, new);
    }
    edges.sort_unstable();
    assert!(graph.edges().eq(edges));
}

/// Each later vertex draws in proportion to the degrees of before it came.
fn assert_attached(expected: &[Vec<f64>], mut weights: Vec<Vec<usize>>) {
    weights.dedup();
    assert_eq!(weights.len(), expected.len());
    for (weights, expected) in weights.iter().zip(expected) {
        let sum: usize = weights.iter().sum();
        for (&weight, expected) in weights.iter().zip(expected) {
            assert!((weight as f64 / sum as f64 - expected).abs() < 1e-11);
        }
    }
}

#[derive(Deserialize)]
struct Statistics {
    cases: Vec<StatisticsCase>,
}

#[derive(Debug, Deserialize)]
struct StatisticsCase {
    #[serde(flatten)]
    setting: Setting,
    samples: f64,
    connected_fraction: f64,
    stats: std::collections::BTreeMap<String, Spread>,
    #[serde(default)]
    exact: std::collections::BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
struct Spread {
    mean: f64,
    std: f64,
}

const SAMPLES: u64 = 1000;

#[test]
fn many_graphs_have_the_expected_statistics() {
    for case in fixture::<Statistics>("generator_stats.json").cases {
        let draw = |seed| {
            case.setting
                .generator()
                .draw(case.setting.n, &mut SeededDraws::new(seed))
                .unwrap()
        };
        let graphs: Vec<Graph> = (0..SAMPLES).map(draw).collect();
        let mean = |of: &dyn Fn(&Graph) -> f64| graphs.iter().map(of).sum::<f64>() / SAMPLES as f64;
        for (name, expected) in &case.stats {
            let mean = mean(&|graph| statistic(name, graph, &case.setting));
            let allowed = allowance(expected.std, case.samples) + 1e-9;
            let setting = &case.setting;
            assert!(
                (mean - expected.mean).abs() <= allowed,
                "{setting:?}, {name}: {mean}, not {}",
                expected.mean
            );
        }
        let connected = mean(&|graph| f64::from(u8::from(graph.is_connected())));
        let fraction = case.connected_fraction;
        let deviation = (fraction * (1.0 - fraction)).sqrt();
        // A fraction of 0 or 1 of their samples need not be one of ours.
        let allowed = allowance(deviation, case.samples) + 5.0 / SAMPLES as f64;
        assert!(
            (connected - fraction).abs() <= allowed,
            "{:?}: {connected}",
            case.setting
        );
        for (name, &expected) in &case.exact {
            assert_exact(name, expected, &graphs, &case);
        }
    }
}

/// Five deviations of the difference of two means.
fn allowance(deviation: f64, samples: f64) -> f64 {
    5.0 * deviation * (1.0 / SAMPLES as f64 + 1.0 / samples).sqrt()
}

fn statistic(name: &str, graph: &Graph, setting: &Setting) -> f64 {
    let nodes = 0..graph.nodes();
    let largest = |of: fn(&Graph, usize) -> usize| nodes.clone().map(|node| of(graph, node)).max().unwrap_or(0) as f64;
    match name {
        "edges" => graph.edge_count() as f64,
        "inputs" => graph.inputs().len() as f64,
        "outputs" => graph.outputs().len() as f64,
        "max_in_degree" => largest(Graph::in_degree),
        "max_out_degree" => largest(Graph::out_degree),
        "depth" => graph.depth() as f64,
        "components" => graph.components() as f64,
        "isolated" => graph.isolated().len() as f64,
        "degree_variance" => {
            let degrees = nodes.map(|node| (graph.in_degree(node) + graph.out_degree(node)) as f64);
            let (sum, squares) = degrees.fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
            let count = graph.nodes() as f64;
            squares / count - (sum / count).powi(2)
        }
        "ring_edge_fraction" => {
            let k = setting.k.expect("K");
            let n = graph.nodes();
            let is_ring = |[from, to]: &[usize; 2]| {
                let distance = to - from;
                distance.min(n - distance) <= k / 2
            };
            graph.edges().filter(is_ring).count() as f64 / graph.edge_count() as f64
        }
        other => panic!("no statistic `{other}`"),
    }
}

fn assert_exact(name: &str, expected: f64, graphs: &[Graph], case: &StatisticsCase) {
    let values = |name: &str| {
        graphs
            .iter()
            .map(|graph| statistic(name, graph, &case.setting))
            .collect::<Vec<_>>()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    if let Some(name) = name.strip_suffix("_mean") {
        let values = values(name);
        // What is so rare that none of their samples has it has about the variance of its mean.
        let deviation = match case.stats[name].std {
            0.0 => expected.sqrt(),
            deviation => deviation,
        };
        let allowed = 5.0 * deviation / (SAMPLES as f64).sqrt() + 1e-9;
        let mean = mean(&values);
        assert!(
            (mean - expected).abs() <= allowed,
            "{:?}, {name}: {mean}, not {expected}",
            case.setting
        );
    } else if let Some(name) = name.strip_suffix("_variance") {
        let values = values(name);
        let center = mean(&values);
        let variance = mean(&values.iter().map(|value| (value - center).powi(2)).collect::<Vec<_>>());
        // The deviation of a variance is about √(2/n) of it.
        assert!(
            (variance / expected - 1.0).abs() <= 5.0 * (2.0 / SAMPLES as f64).sqrt(),
            "{name}: {variance}"
        );
    } else {
        assert!(values(name).iter().all(|&value| value == expected), "{name}");
    }
}

/// What a seed gives must never change: a run's graph is that of its seed.
#[test]
fn seeds_have_their_graphs_for_good() {
    let edges = |generator: Generator, seed| -> Vec<[usize; 2]> {
        generator
            .seeded(8, seed, Connectivity::Allow)
            .unwrap()
            .edges()
            .collect()
    };
    let golden: [(Generator, &[[usize; 2]]); 3] = [
        (
            Generator::Er { p: 0.3 },
            &[[0, 2], [0, 4], [1, 3], [1, 5], [2, 4], [3, 4], [3, 7], [4, 5]],
        ),
        (
            Generator::Ba { m: 2 },
            &[
                [0, 2],
                [0, 3],
                [1, 2],
                [1, 5],
                [2, 3],
                [2, 4],
                [3, 4],
                [3, 5],
                [3, 6],
                [3, 7],
                [5, 6],
                [5, 7],
            ],
        ),
        (
            Generator::Ws { k: 4, p: 0.75 },
            &[
                [0, 2],
                [0, 4],
                [1, 2],
                [1, 4],
                [1, 5],
                [1, 6],
                [2, 3],
                [2, 5],
                [2, 6],
                [2, 7],
                [3, 4],
                [3, 6],
                [3, 7],
                [4, 6],
                [4, 7],
                [5, 7],
            ],
        ),
    ];
    for (generator, expected) in golden {
        assert_eq!(edges(generator, 1), expected, "{generator}");
        assert_ne!(edges(generator, 2), expected, "{generator}");
    }
}

#[test]
fn stages_have_graphs_of_their_own() {
    let generator = Generator::Ws { k: 4, p: 0.75 };
    let graph = |stage| {
        generator
            .seeded(32, randwire::graph::stage_seed(5, stage), Connectivity::Allow)
            .unwrap()
    };
    assert_ne!(graph(0), graph(1));
    assert_eq!(graph(1), graph(1));
}

#[test]
fn graphs_that_fall_apart_are_drawn_again_until_there_are_no_tries_left() {
    let sparse = Generator::Er { p: 0.15 };
    let drawn = |seed| sparse.seeded(16, seed, Connectivity::Allow).unwrap();
    let seed = (0..).find(|&seed| !drawn(seed).is_connected()).unwrap();
    let connected = sparse.seeded(16, seed, Connectivity::Require { tries: 200 }).unwrap();
    assert!(connected.is_connected());
    let error = Generator::Er { p: 0.0 }
        .seeded(16, seed, Connectivity::Require { tries: 3 })
        .unwrap_err();
    assert_eq!(error, GraphError::Disconnected { seed, tries: 3 });
    let message = error.to_string();
    assert!(
        message.contains(&seed.to_string()) && message.contains('3'),
        "{message}"
    );
}
