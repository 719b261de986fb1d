//! What a network costs: weights, and multiply-adds of one picture (section 4, tables 2 and 3).

use super::{NetworkConfig, Operation};
use crate::graph::Graph;

/// No network has more channels in a stage of width 1.
pub(crate) const MOST_CHANNELS: usize = 1 << 16;
/// No stage is wider. A count of the weights of one convolution cannot overflow with these two.
pub(crate) const MOST_WIDTH: usize = 1 << 10;

/// Of a whole network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    /// Weights of convolutions.
    pub convolutions: usize,
    /// Scales and shifts of normalizations.
    pub norms: usize,
    /// Raw weights of sums.
    pub gates: usize,
    /// Weights and biases of the classifier.
    pub classifier: usize,
    /// Multiply-adds of convolutions and of the classifier, which is what the paper's tables count.
    pub multiply_adds: usize,
    /// Multiply-adds of weighted sums.
    pub gate_multiply_adds: usize,
    /// Of each stage.
    pub stages: Vec<StageCost>,
}

/// Of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageCost {
    /// Nodes, 0 if dense.
    pub nodes: usize,
    /// Channels before and in the stage.
    pub channels: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Weights of convolutions.
    pub convolutions: usize,
    /// Scales and shifts of normalizations.
    pub norms: usize,
    /// Raw weights of sums.
    pub gates: usize,
    /// Multiply-adds of convolutions.
    pub multiply_adds: usize,
    /// Multiply-adds of weighted sums.
    pub gate_multiply_adds: usize,
}

/// What would overflow stays at the largest number: fitting tries networks that nobody would build.
fn product(factors: [usize; 3]) -> usize {
    factors.into_iter().fold(1, usize::saturating_mul)
}

fn grow(sum: &mut usize, by: usize) {
    *sum = sum.saturating_add(by);
}

impl Cost {
    /// All weights.
    pub fn parameters(&self) -> usize {
        let others = [self.norms, self.gates, self.classifier];
        others.into_iter().fold(self.convolutions, usize::saturating_add)
    }

    fn add(&mut self, weights: usize, pixels: usize, norms: usize) {
        self.norms += norms;
        grow(&mut self.convolutions, weights);
        grow(&mut self.multiply_adds, weights.saturating_mul(pixels));
    }
}

impl StageCost {
    fn dense(channels: [usize; 2], output: [usize; 2]) -> Self {
        let weights = product([9, channels[0], channels[1]]);
        Self {
            nodes: 0,
            channels,
            output,
            convolutions: weights,
            norms: 2 * channels[1],
            gates: 0,
            multiply_adds: product([weights, output[0], output[1]]),
            gate_multiply_adds: 0,
        }
    }

    fn wired(graph: &Graph, operation: Operation, channels: [usize; 2], output: [usize; 2]) -> Self {
        let [outside, inside] = channels;
        let inputs = graph.inputs().len();
        let weights = |input: usize| {
            operation
                .weights(input, inside)
                .into_iter()
                .fold(0, usize::saturating_add)
        };
        let of_inputs = inputs.saturating_mul(weights(outside));
        let of_others = (graph.nodes() - inputs).saturating_mul(weights(inside));
        let convolutions = of_inputs.saturating_add(of_others);
        let pixels = output[0] * output[1];
        Self {
            nodes: graph.nodes(),
            channels,
            output,
            convolutions,
            norms: 2 * inside * graph.nodes(),
            gates: graph.weights(),
            multiply_adds: convolutions.saturating_mul(pixels),
            gate_multiply_adds: product([graph.weights(), inside, pixels]),
        }
    }
}

impl NetworkConfig {
    /// What the network with these graphs costs for a picture of `size` (height and width) with `colors` channels.
    pub fn cost(&self, graphs: &[Option<Graph>], colors: usize, classes: usize, size: [usize; 2]) -> Cost {
        let widths = self.widths();
        let mut size = size.map(|side| side.div_ceil(self.stem_stride));
        let mut cost = Cost::default();
        cost.add(9 * colors * widths[0], size[0] * size[1], 2 * widths[0]);
        for (graph, widths) in graphs.iter().zip(widths.windows(2)) {
            size = size.map(|side| side.div_ceil(2));
            let channels = [widths[0], widths[1]];
            let stage = match graph {
                None => StageCost::dense(channels, size),
                Some(graph) => StageCost::wired(graph, self.operation, channels, size),
            };
            cost.norms += stage.norms;
            cost.gates += stage.gates;
            grow(&mut cost.convolutions, stage.convolutions);
            grow(&mut cost.multiply_adds, stage.multiply_adds);
            grow(&mut cost.gate_multiply_adds, stage.gate_multiply_adds);
            cost.stages.push(stage);
        }
        cost.add(widths[widths.len() - 1] * self.head, size[0] * size[1], 2 * self.head);
        cost.classifier = (self.head + 1) * classes;
        grow(&mut cost.multiply_adds, self.head * classes);
        cost
    }

    /// The same network with its channels fitted to `multiply_adds`, if that is asked for.
    pub fn fitted(&self, graphs: &[Option<Graph>], colors: usize, classes: usize, size: [usize; 2]) -> Self {
        match self.multiply_adds {
            0 => self.clone(),
            target => self.fit_channels(target, graphs, colors, classes, size),
        }
    }

    /// The same network with the number of channels whose multiply-adds are nearest to `target`.
    pub fn fit_channels(
        &self,
        target: usize,
        graphs: &[Option<Graph>],
        colors: usize,
        classes: usize,
        size: [usize; 2],
    ) -> Self {
        let with = |channels| Self {
            channels,
            ..self.clone()
        };
        let cost = |channels| with(channels).cost(graphs, colors, classes, size).multiply_adds;
        // Costs grow with the channels.
        let mut enough = 2;
        while cost(enough) < target && enough < MOST_CHANNELS {
            enough *= 2;
        }
        let (mut below, mut above) = (enough / 2, enough);
        while above > below + 1 {
            let middle = (below + above) / 2;
            match cost(middle) < target {
                true => below = middle,
                false => above = middle,
            }
        }
        let nearest = [below.max(2), above]
            .into_iter()
            .min_by_key(|&channels| cost(channels).abs_diff(target));
        with(nearest.unwrap_or(above))
    }
}
