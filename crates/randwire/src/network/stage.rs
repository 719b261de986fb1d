use std::collections::BTreeMap;

use burn::{module::Module, prelude::*, tensor::DType};
use papers_core::nn::Statistics;

use super::{Node, Operation, Transform};
use crate::graph::{Graph, GraphError};

/// A part of a stage that is left out for a while. The stored graph stays what it is, and what is left is not weighted
/// anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removal {
    /// A node with all its edges. A node before it does not become an output.
    Node(usize),
    /// An edge, from the smaller to the larger index.
    Edge([usize; 2]),
}

impl Removal {
    /// Whether a graph has the part.
    ///
    /// # Errors
    ///
    /// An unknown node or edge.
    pub fn check(self, graph: &Graph) -> Result<(), GraphError> {
        match self {
            Self::Node(node) if node >= graph.nodes() => Err(GraphError::UnknownNode {
                node,
                nodes: graph.nodes(),
            }),
            Self::Edge(edge @ [from, to]) if from >= graph.nodes() || !graph.successors(from).contains(&to) => {
                Err(GraphError::UnknownEdge { edge })
            }
            _ => Ok(()),
        }
    }
}

/// A stage wired by a graph: the input goes unchanged to all nodes without predecessors, which halve the picture, and the
/// output is the unweighted mean of all nodes without successors (section 3.2).
#[derive(Module, Debug)]
pub struct Stage {
    /// In the order of their indices, which is a schedule.
    pub nodes: Vec<Node>,
    /// The wires.
    #[module(skip)]
    pub graph: Graph,
}

impl Stage {
    /// A stage from `channels[0]` to `channels[1]` channels with random weights; raw weights of sums are `gate` at first.
    pub fn new(graph: Graph, channels: [usize; 2], operation: Operation, gate: f64, device: &Device) -> Self {
        let [outside, inside] = channels;
        let node = |node: usize| {
            let (channels, stride) = match graph.is_input(node) {
                true => ([outside, inside], 2),
                false => ([inside, inside], 1),
            };
            let transform = Transform::new(operation, channels, stride, device);
            Node::new(transform, graph.in_degree(node), gate, device)
        };
        Self {
            nodes: (0..graph.nodes()).map(node).collect(),
            graph,
        }
    }

    /// Applies the stage with the channels last.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels in]`
    /// - output: `[batch, height / 2, width / 2, channels out]`, rounded up
    pub fn forward(&self, input: Tensor<4>, statistics: Statistics, removed: Option<Removal>) -> Tensor<4> {
        let mut flow = Flow::new(self, &input, statistics, removed);
        for node in 0..self.graph.nodes() {
            flow.pass(node, &input);
        }
        flow.mean()
    }

    /// Numbers of an output of this input.
    fn output(&self, input: &Tensor<4>) -> [usize; 4] {
        let [batch, height, width, _] = input.dims();
        let [channels, ..] = self.nodes[0].transform.mix.weight.lazy_shape().dims::<4>();
        [batch, height.div_ceil(2), width.div_ceil(2), channels]
    }
}

/// Outputs of nodes on their way; each is let go of when the last node that needs it has it.
struct Flow<'a> {
    stage: &'a Stage,
    statistics: Statistics,
    removed: Option<Removal>,
    /// Of a node, and how many nodes still wait for it.
    waiting: BTreeMap<usize, (Tensor<4>, usize)>,
    ends: Vec<Tensor<4>>,
    /// What a node gets that has lost all of its inputs, and a stage without outputs gives.
    nothing: [usize; 4],
    device: Device,
    precision: DType,
}

impl<'a> Flow<'a> {
    fn new(stage: &'a Stage, input: &Tensor<4>, statistics: Statistics, removed: Option<Removal>) -> Self {
        Self {
            stage,
            statistics,
            removed,
            waiting: BTreeMap::new(),
            ends: Vec::new(),
            nothing: stage.output(input),
            device: input.device(),
            precision: input.dtype(),
        }
    }

    fn pass(&mut self, node: usize, input: &Tensor<4>) {
        let stage = self.stage;
        let sum = match stage.graph.is_input(node) {
            true => input.clone(),
            false => self.aggregate(node),
        };
        if self.removed == Some(Removal::Node(node)) {
            return;
        }
        let output = stage.nodes[node].transform(sum, self.statistics);
        match stage.graph.out_degree(node) {
            0 => self.ends.push(output),
            count => {
                self.waiting.insert(node, (output, count));
            }
        }
    }

    fn aggregate(&mut self, node: usize) -> Tensor<4> {
        let mut inputs = Vec::new();
        let mut places = Vec::new();
        for (place, &before) in self.stage.graph.predecessors(node).iter().enumerate() {
            // A removed node has no output.
            let Some(output) = self.take(before) else { continue };
            if self.removed != Some(Removal::Edge([before, node])) {
                inputs.push(output);
                places.push(place);
            }
        }
        match inputs.is_empty() {
            true => Tensor::zeros(self.nothing, (&self.device, self.precision)),
            false => self.stage.nodes[node].aggregate(&inputs, &places),
        }
    }

    fn take(&mut self, node: usize) -> Option<Tensor<4>> {
        let (output, count) = self.waiting.get_mut(&node)?;
        *count -= 1;
        if *count > 0 {
            return Some(output.clone());
        }
        self.waiting.remove(&node).map(|(output, _)| output)
    }

    fn mean(self) -> Tensor<4> {
        let count = self.ends.len();
        match self.ends.into_iter().reduce(|sum, end| sum + end) {
            Some(sum) if count > 1 => sum * (1.0 / count as f64),
            Some(sum) => sum,
            None => Tensor::zeros(self.nothing, (&self.device, self.precision)),
        }
    }
}
