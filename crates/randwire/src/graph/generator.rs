//! Random graph models (section 3.3), and two without chance to compare them with.

use std::fmt;

use petgraph::graph::{NodeIndex, UnGraph};
use serde::{Deserialize, Serialize};

use super::{Draws, Graph, GraphError, SeededDraws, error::MOST_DRAWN, stage_seed};

/// A model of graphs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "generator", rename_all = "lowercase", deny_unknown_fields)]
pub enum Generator {
    /// Erdős and Rényi 1960: each pair of nodes is joined with probability `p`.
    Er {
        /// P, from 0 to 1.
        p: f64,
    },
    /// Barabási and Albert 1999: `m` nodes without edges; each further node is joined to `m` others, with probabilities
    /// in proportion to their degrees.
    Ba {
        /// M, from 1 to N - 1.
        m: usize,
    },
    /// Watts and Strogatz 1998: a ring in which each node is joined to its `k` nearest, and the far end of each edge is
    /// moved with probability `p`.
    Ws {
        /// K, even, from 2 to N - 1.
        k: usize,
        /// P, from 0 to 1.
        p: f64,
    },
    /// Each node is joined to the next: a plain feed-forward stage.
    Chain,
    /// Every pair is joined.
    Complete,
}

/// What to do with graphs that fall apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Connectivity {
    /// Take them: each part has its inputs and outputs. So does the paper.
    #[default]
    Allow,
    /// Draw again, with seeds that follow from the first one.
    Require {
        /// Graphs to draw at most.
        tries: usize,
    },
}

impl Generator {
    /// Whether a graph of so many nodes can be drawn.
    ///
    /// # Errors
    ///
    /// The parameter that is out of its range.
    pub fn check(&self, nodes: usize) -> Result<(), GraphError> {
        if nodes == 0 {
            return Err(GraphError::NoNodes);
        }
        if nodes > MOST_DRAWN {
            return Err(GraphError::TooMany { nodes });
        }
        let is_probability = |p: f64| (0.0..=1.0).contains(&p);
        match *self {
            Self::Er { p: value } if !is_probability(value) => Err(GraphError::Probability { generator: "ER", value }),
            Self::Ba { m } if m == 0 || m >= nodes => Err(GraphError::Attachments { m, nodes }),
            Self::Ws { k, .. } if k == 0 || k % 2 == 1 || k >= nodes => Err(GraphError::Neighbors { k, nodes }),
            Self::Ws { p: value, .. } if !is_probability(value) => {
                Err(GraphError::Probability { generator: "WS", value })
            }
            _ => Ok(()),
        }
    }

    /// A graph of `nodes` nodes.
    ///
    /// # Errors
    ///
    /// As [`Self::check`].
    pub fn draw(&self, nodes: usize, draws: &mut impl Draws) -> Result<Graph, GraphError> {
        self.check(nodes)?;
        let graph = match *self {
            Self::Er { p } => erdos_renyi(nodes, p, draws),
            Self::Ba { m } => barabasi_albert(nodes, m, draws),
            Self::Ws { k, p } => watts_strogatz(nodes, k, p, draws),
            Self::Chain => UnGraph::from_edges((1..nodes as u32).map(|node| (node - 1, node))),
            Self::Complete => erdos_renyi(nodes, 1.0, draws),
        };
        // `petgraph` knows a node by its edges alone.
        let edges: Vec<_> = graph
            .edge_indices()
            .filter_map(|edge| graph.edge_endpoints(edge))
            .collect();
        let edges: Vec<_> = edges.iter().map(|(from, to)| [from.index(), to.index()]).collect();
        Graph::new(nodes, &edges)
    }

    /// The graph of `nodes` nodes that follows from a seed.
    ///
    /// # Errors
    ///
    /// As [`Self::check`]; no connected graph in as many tries as are allowed.
    pub fn seeded(&self, nodes: usize, seed: u64, connectivity: Connectivity) -> Result<Graph, GraphError> {
        let tries = match connectivity {
            Connectivity::Allow => return self.draw(nodes, &mut SeededDraws::new(seed)),
            Connectivity::Require { tries } => tries,
        };
        for attempt in 0..tries {
            let own = if attempt == 0 { seed } else { stage_seed(seed, attempt) };
            let graph = self.draw(nodes, &mut SeededDraws::new(own))?;
            if graph.is_connected() {
                return Ok(graph);
            }
        }
        Err(GraphError::Disconnected { seed, tries })
    }

    /// Whether its graphs depend on the seed.
    pub fn is_random(&self) -> bool {
        match *self {
            Self::Er { p } => p > 0.0 && p < 1.0,
            Self::Ba { .. } => true,
            Self::Ws { p, .. } => p > 0.0,
            Self::Chain | Self::Complete => false,
        }
    }
}

/// As in the paper's tables: `WS(4,0.75)`.
impl fmt::Display for Generator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Er { p } => write!(formatter, "ER({p})"),
            Self::Ba { m } => write!(formatter, "BA({m})"),
            Self::Ws { k, p } => write!(formatter, "WS({k},{p})"),
            Self::Chain => formatter.write_str("chain"),
            Self::Complete => formatter.write_str("complete"),
        }
    }
}

fn empty(nodes: usize) -> UnGraph<(), ()> {
    let mut graph = UnGraph::with_capacity(nodes, 0);
    for _ in 0..nodes {
        graph.add_node(());
    }
    graph
}

fn join(graph: &mut UnGraph<(), ()>, from: usize, to: usize) {
    graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
}

/// One draw for each pair of vertices, in lexicographic order; then the vertices are numbered by a permutation.
fn erdos_renyi(nodes: usize, p: f64, draws: &mut impl Draws) -> UnGraph<(), ()> {
    let mut pairs = Vec::new();
    for first in 0..nodes {
        for second in first + 1..nodes {
            if draws.uniform() < p {
                pairs.push([first, second]);
            }
        }
    }
    let index = draws.permutation(nodes);
    let mut graph = empty(nodes);
    for [first, second] in pairs {
        join(&mut graph, index[first], index[second]);
    }
    graph
}

/// The first `m` vertices have no edges, so that the next one is joined to all of them; the index of a vertex is when it
/// came. Degrees count from before the new vertex.
fn barabasi_albert(nodes: usize, m: usize, draws: &mut impl Draws) -> UnGraph<(), ()> {
    let mut graph = empty(nodes);
    let mut degrees = vec![0; nodes];
    for new in m..nodes {
        let chosen = match new == m {
            true => (0..m).collect(),
            false => distinct(m, || draws.weighted(&degrees[..new])),
        };
        for &old in &chosen {
            join(&mut graph, old, new);
            degrees[old] += 1;
        }
        degrees[new] = m;
    }
    graph
}

/// The first `count` different ones of what is drawn.
fn distinct(count: usize, mut draw: impl FnMut() -> usize) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let candidate = draw();
        if !chosen.contains(&candidate) {
            chosen.push(candidate);
        }
    }
    chosen
}

/// Distances are gone through from the nearest, and for each of them the ring clockwise: each edge of the ring has one
/// turn. An index is a place on the ring.
fn watts_strogatz(nodes: usize, k: usize, p: f64, draws: &mut impl Draws) -> UnGraph<(), ()> {
    let mut graph = empty(nodes);
    for distance in 1..=k / 2 {
        for from in 0..nodes {
            join(&mut graph, from, (from + distance) % nodes);
        }
    }
    for distance in 1..=k / 2 {
        for from in 0..nodes {
            let is_rewired = draws.uniform() < p;
            let [from, to] = [from, (from + distance) % nodes].map(NodeIndex::new);
            // All others are neighbors: there is nowhere to move the edge.
            if !is_rewired || graph.edges(from).count() == nodes - 1 {
                continue;
            }
            let new = loop {
                let candidate = NodeIndex::new(draws.below(nodes));
                if candidate != from && graph.find_edge(from, candidate).is_none() {
                    break candidate;
                }
            };
            let old = graph
                .find_edge(from, to)
                .expect("only its own turn removes an edge of the ring");
            graph.remove_edge(old);
            graph.add_edge(from, new, ());
        }
    }
    graph
}
