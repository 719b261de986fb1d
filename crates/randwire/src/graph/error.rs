/// Why there is no graph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// No vertices.
    #[error("a graph needs at least one node")]
    NoNodes,
    /// More nodes than a generator draws.
    #[error("{nodes} nodes are more than the {MOST_DRAWN} that a generator joins")]
    TooMany {
        /// Nodes that were asked for.
        nodes: usize,
    },
    /// An edge from a node to itself.
    #[error("the edge {node} - {node} joins a node to itself")]
    SelfLoop {
        /// The node.
        node: usize,
    },
    /// An edge that is there already, in either direction.
    #[error("the edge {} - {} is there twice", edge[0], edge[1])]
    DuplicateEdge {
        /// Its ends.
        edge: [usize; 2],
    },
    /// An edge to a node that is not there.
    #[error("the edge {} - {} names a node that a graph of {nodes} nodes has not; they are counted from 0", edge[0], edge[1])]
    NodeOutOfRange {
        /// Its ends.
        edge: [usize; 2],
        /// Number of nodes.
        nodes: usize,
    },
    /// A probability that is none.
    #[error("{generator}: P must be between 0 and 1, not {value}")]
    Probability {
        /// The family.
        generator: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// More or fewer edges of a new vertex than there are vertices to join it to.
    #[error("BA: M must be from 1 to N - 1; M is {m}, N is {nodes}")]
    Attachments {
        /// M.
        m: usize,
        /// N.
        nodes: usize,
    },
    /// Neighbors that a ring cannot have.
    #[error("WS: K must be even and from 2 to N - 1; K is {k}, N is {nodes}")]
    Neighbors {
        /// K.
        k: usize,
        /// N.
        nodes: usize,
    },
    /// A generator whose graphs fall apart too often.
    #[error(
        "no graph of {tries} with seed {seed} is connected; let more edges be drawn, or allow graphs that fall apart"
    )]
    Disconnected {
        /// Of the first try.
        seed: u64,
        /// Graphs that were drawn.
        tries: usize,
    },
    /// A node that is to be removed and is not there.
    #[error("there is no node {node} in a graph of {nodes} nodes")]
    UnknownNode {
        /// What was asked for.
        node: usize,
        /// Number of nodes.
        nodes: usize,
    },
    /// An edge that is to be removed and is not there.
    #[error("there is no edge {} -> {}", edge[0], edge[1])]
    UnknownEdge {
        /// What was asked for.
        edge: [usize; 2],
    },
    /// A file of a graph that cannot be read at all.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A file of a graph that cannot be understood.
    #[error("{format}: {problem}")]
    Format {
        /// The format that was expected.
        format: &'static str,
        /// What is wrong, and where.
        problem: String,
    },
}

/// Nodes of a drawn graph, at most: of a complete one, every pair is an edge.
pub(super) const MOST_DRAWN: usize = 4096;
