//! Random graphs and the directed acyclic graphs that they become (sections 3.2 and 3.3).

mod dot;
mod drawing;
mod draws;
mod error;
pub mod format;
mod generator;

pub use drawing::Drawing;
pub use draws::{Draws, SeededDraws, stage_seed};
pub use error::GraphError;
pub use generator::{Connectivity, Generator};

use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};

/// A directed acyclic graph: every edge goes from a smaller to a larger index, so that the indices are a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EdgeList", into = "EdgeList")]
pub struct Graph {
    /// Predecessors and successors of each node, ascending.
    predecessors: Vec<Vec<usize>>,
    successors: Vec<Vec<usize>>,
}

/// A graph as it is written to files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeList {
    nodes: usize,
    edges: Vec<[usize; 2]>,
}

/// More nodes than any stage has; what asks for more is a mistake or an attack.
pub const MOST_NODES: usize = 100_000;

impl Graph {
    /// The graph of `nodes` nodes with these undirected edges, in any order and direction.
    ///
    /// # Errors
    ///
    /// No nodes, an edge from a node to itself, one that is there twice, or one to a node that is not there.
    pub fn new(nodes: usize, edges: &[[usize; 2]]) -> Result<Self, GraphError> {
        if nodes == 0 {
            return Err(GraphError::NoNodes);
        }
        let mut graph = Self {
            predecessors: vec![Vec::new(); nodes],
            successors: vec![Vec::new(); nodes],
        };
        for &edge in edges {
            let [from, to] = [edge[0].min(edge[1]), edge[0].max(edge[1])];
            if to >= nodes {
                return Err(GraphError::NodeOutOfRange { edge, nodes });
            }
            if from == to {
                return Err(GraphError::SelfLoop { node: from });
            }
            graph.successors[from].push(to);
            graph.predecessors[to].push(from);
        }
        for neighbors in graph.predecessors.iter_mut().chain(&mut graph.successors) {
            neighbors.sort_unstable();
        }
        for (from, successors) in graph.successors.iter().enumerate() {
            if let Some(pair) = successors.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(GraphError::DuplicateEdge { edge: [from, pair[0]] });
            }
        }
        Ok(graph)
    }

    /// Number of nodes; the two virtual ones do not count.
    pub fn nodes(&self) -> usize {
        self.predecessors.len()
    }

    /// All edges, from the smaller to the larger index, in lexicographic order.
    pub fn edges(&self) -> impl Iterator<Item = [usize; 2]> {
        let from = self.successors.iter().enumerate();
        from.flat_map(|(from, successors)| successors.iter().map(move |&to| [from, to]))
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.successors.iter().map(Vec::len).sum()
    }

    /// The nodes that a node takes its inputs from, ascending.
    pub fn predecessors(&self, node: usize) -> &[usize] {
        &self.predecessors[node]
    }

    /// The nodes that take a node's output, ascending.
    pub fn successors(&self, node: usize) -> &[usize] {
        &self.successors[node]
    }

    /// Number of inputs.
    pub fn in_degree(&self, node: usize) -> usize {
        self.predecessors[node].len()
    }

    /// Number of nodes that take the output.
    pub fn out_degree(&self, node: usize) -> usize {
        self.successors[node].len()
    }

    /// Whether the stage's input goes to this node, unchanged.
    pub fn is_input(&self, node: usize) -> bool {
        self.predecessors[node].is_empty()
    }

    /// Whether this node's output is averaged into the stage's.
    pub fn is_output(&self, node: usize) -> bool {
        self.successors[node].is_empty()
    }

    /// Nodes that take the stage's input.
    pub fn inputs(&self) -> Vec<usize> {
        (0..self.nodes()).filter(|&node| self.is_input(node)).collect()
    }

    /// Nodes whose mean is the stage's output.
    pub fn outputs(&self) -> Vec<usize> {
        (0..self.nodes()).filter(|&node| self.is_output(node)).collect()
    }

    /// Nodes without edges: inputs and outputs at once.
    pub fn isolated(&self) -> Vec<usize> {
        (0..self.nodes())
            .filter(|&node| self.is_input(node) && self.is_output(node))
            .collect()
    }

    /// The number of nodes on the longest way to each node, less one: nodes of one level do not depend on each other.
    pub fn levels(&self) -> Vec<usize> {
        let mut levels = vec![0; self.nodes()];
        for node in 0..self.nodes() {
            let before = self.predecessors[node].iter().map(|&before| levels[before] + 1);
            levels[node] = before.max().unwrap_or(0);
        }
        levels
    }

    /// Number of levels.
    pub fn depth(&self) -> usize {
        self.levels().into_iter().max().map_or(0, |last| last + 1)
    }

    /// Edges without which their target still has an input: those that edge drop chooses from (section 4.1).
    pub fn droppable_edges(&self) -> Vec<[usize; 2]> {
        self.edges().filter(|&[_, to]| self.in_degree(to) > 1).collect()
    }

    /// Number of weights of the sums at nodes with several inputs; a single input is not weighted.
    pub fn weights(&self) -> usize {
        self.predecessors
            .iter()
            .map(Vec::len)
            .filter(|&inputs| inputs > 1)
            .sum()
    }

    /// Number of parts that no edge joins.
    pub fn components(&self) -> usize {
        petgraph::algo::connected_components(&self.to_petgraph())
    }

    /// Whether every node can be reached from every other if edges are followed in both directions.
    pub fn is_connected(&self) -> bool {
        self.components() == 1
    }

    /// The same as a graph of `petgraph`, with its algorithms.
    pub fn to_petgraph(&self) -> DiGraph<(), ()> {
        let mut graph = DiGraph::with_capacity(self.nodes(), self.edge_count());
        for _ in 0..self.nodes() {
            graph.add_node(());
        }
        for [from, to] in self.edges() {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
        graph
    }

    /// From a graph of `petgraph`, whose edges may have any direction.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn from_petgraph<N, E, D: petgraph::EdgeType>(graph: &petgraph::Graph<N, E, D>) -> Result<Self, GraphError> {
        let ends = graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge));
        let edges: Vec<_> = ends.map(|(from, to)| [from.index(), to.index()]).collect();
        Self::new(graph.node_count(), &edges)
    }
}

impl TryFrom<EdgeList> for Graph {
    type Error = GraphError;

    fn try_from(list: EdgeList) -> Result<Self, GraphError> {
        // Memory is asked for before the edges are looked at.
        if list.nodes > MOST_NODES {
            return Err(GraphError::Format {
                format: "graph",
                problem: format!(
                    "{} nodes are more than the {MOST_NODES} that a graph can have",
                    list.nodes
                ),
            });
        }
        Self::new(list.nodes, &list.edges)
    }
}

impl From<Graph> for EdgeList {
    fn from(graph: Graph) -> Self {
        Self {
            nodes: graph.nodes(),
            edges: graph.edges().collect(),
        }
    }
}
