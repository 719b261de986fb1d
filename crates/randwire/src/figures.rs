//! Tables and drawings of a run.

use burn::tensor::activation::sigmoid;
use papers_core::{
    Result,
    base::figure::{Body, Figure, Table},
};

use crate::{
    config::{ModelKind, RandWireConfig},
    data::Pictures,
    graph::{Drawing, Graph},
    network::{Block, Cost, Stage},
    train::Model,
};

/// What the network costs, stage by stage.
pub(crate) fn cost(config: &RandWireConfig, graphs: &[Option<Graph>], pictures: &Pictures) -> Figure {
    let [colors, height, width] = pictures.shape();
    let (classes, size) = (pictures.classes(), [height, width]);
    let body = match config.model {
        ModelKind::ResNet => residual_table(config.resnet.cost(colors, classes, size)),
        ModelKind::RandWire => cost_table(&config.network.cost(graphs, colors, classes, size), graphs),
    };
    Figure {
        name: "cost".to_owned(),
        title: "Weights and multiply-adds".to_owned(),
        caption:
            "Of one picture. Multiply-adds are those of convolutions and of the classifier, as in the paper's tables."
                .to_owned(),
        body: Body::Table(body),
    }
}

fn residual_table([weights, multiply_adds]: [usize; 2]) -> Table {
    let mut table = Table::new(["part", "weights", "multiply-adds"]);
    table.push(["ResNet".to_owned(), weights.to_string(), multiply_adds.to_string()]);
    table
}

/// One row for each wired or dense stage, and the whole network.
pub(crate) fn cost_table(cost: &Cost, graphs: &[Option<Graph>]) -> Table {
    let columns = [
        "part",
        "nodes",
        "edges",
        "inputs",
        "outputs",
        "levels",
        "channels",
        "output",
        "weights",
        "multiply-adds",
        "of weighted sums",
    ];
    let mut table = Table::new(columns);
    for (number, (stage, graph)) in cost.stages.iter().zip(graphs).enumerate() {
        let of_graph = match graph {
            None => vec![String::new(); 4],
            Some(graph) => [
                graph.edge_count(),
                graph.inputs().len(),
                graph.outputs().len(),
                graph.depth(),
            ]
            .map(|count| count.to_string())
            .to_vec(),
        };
        let nodes = if stage.nodes == 0 {
            "dense".to_owned()
        } else {
            stage.nodes.to_string()
        };
        let rest = [
            stage.channels[1].to_string(),
            format!("{}×{}", stage.output[0], stage.output[1]),
            (stage.convolutions + stage.norms + stage.gates).to_string(),
            stage.multiply_adds.to_string(),
            stage.gate_multiply_adds.to_string(),
        ];
        let row = [format!("stage {number}"), nodes]
            .into_iter()
            .chain(of_graph)
            .chain(rest);
        table.push(row);
    }
    let blank = std::iter::repeat_n(String::new(), 7);
    let totals = [cost.parameters(), cost.multiply_adds, cost.gate_multiply_adds];
    let totals = totals.map(|total| total.to_string());
    table.push(["network".to_owned()].into_iter().chain(blank).chain(totals));
    table
}

/// The wires of each stage, as wide as their gates are open.
pub(crate) fn wires(model: &Model) -> Result<Vec<Figure>> {
    let Some(network) = model.wired() else {
        return Ok(Vec::new());
    };
    let mut figures = Vec::new();
    for (number, block) in network.backbone.stages.iter().enumerate() {
        let Block::Wired(stage) = block else { continue };
        let shares = shares(stage)?;
        figures.push(Figure {
            name: format!("wires-{number}"),
            title: format!("Wires of stage {number}"),
            caption: "Inputs blue, outputs red; a node is the larger, the more nodes take its output, and a wire the wider, the \
                      more open its gate is."
                .to_owned(),
            body: Body::Svg(Drawing::new(&stage.graph).with_shares(&shares).to_svg()),
        });
    }
    Ok(figures)
}

/// How open the gate of each node's inputs is; a single input has none, and counts in full.
pub(crate) fn shares(stage: &Stage) -> Result<Vec<Vec<f64>>> {
    let of_node = |node: &crate::network::Node| match &node.gates {
        Some(gates) => Ok(sigmoid(gates.val().inner()).try_into_vec_as::<f64>()?),
        None => Ok(vec![1.0]),
    };
    stage.nodes.iter().map(of_node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::Generator,
        network::{NetworkConfig, Operation},
    };

    #[test]
    fn a_table_has_a_row_for_each_stage_and_one_for_all() {
        let config = NetworkConfig::small(4, Generator::Chain);
        let graphs = config.graphs(0).unwrap();
        let table = cost_table(&config.cost(&graphs, 3, 10, [32, 32]), &graphs);
        assert_eq!(table.rows.len(), 5);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }

    #[test]
    fn closed_and_half_open_gates() {
        let graph = Graph::new(3, &[[0, 2], [1, 2]]).unwrap();
        let stage = Stage::new(
            graph,
            [1, 1],
            Operation::Separable,
            0.0,
            &papers_core::testing::device(),
        );
        assert_eq!(shares(&stage).unwrap(), [vec![1.0], vec![1.0], vec![0.5, 0.5]]);
    }
}
