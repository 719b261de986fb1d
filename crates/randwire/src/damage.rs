//! What happens to a trained network if a node or an edge is taken out (section 4.1, figure 5).

use burn::module::Module;
use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table},
        journal::Scalars,
        metrics::{mean, median, spearman_correlation},
        plot::{Chart, Series, Style, grid},
    },
    nn::Statistics,
    random::Streams,
};
use rand::seq::SliceRandom;

use crate::{
    config::DamageConfig,
    data::Pictures,
    evaluate::ranks,
    network::{Damage, Mode, RandWire, Removal},
};

/// A removed part, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// The part.
    pub damage: Damage,
    /// Nodes that take the output of a removed node, or inputs of the node that a removed edge leads to.
    pub degree: usize,
    /// Whether a removed node is one of those whose mean is the stage's output: it has no successors, and yet its output
    /// is used.
    pub is_output: bool,
    /// By how much the share of rightly classified pictures fell.
    pub drop: f64,
}

/// Removals from one network, one at a time, without training.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Test pictures that all networks were scored on.
    pub pictures: usize,
    /// Share of them that the whole network classifies rightly.
    pub accuracy: f64,
    /// Removed nodes.
    pub nodes: Vec<Loss>,
    /// Removed edges.
    pub edges: Vec<Loss>,
}

impl Study {
    /// Removes each node and each edge, or as many as the configuration asks for.
    ///
    /// # Errors
    ///
    /// What the device reports.
    pub fn of(network: &RandWire, pictures: &Pictures, config: &DamageConfig, streams: &Streams) -> Result<Self> {
        let device = network.devices().first().cloned().expect("a network has weights");
        let accuracy = |damage: Option<Damage>| {
            let mode = Mode {
                statistics: Statistics::Running,
                damage,
            };
            let ranks = ranks(
                pictures,
                config.pictures,
                |images| network.forward(images, mode, 0.0),
                &device,
            )?;
            let right = ranks.iter().filter(|&&rank| rank == 0).count();
            Ok::<_, papers_core::Error>(right as f64 / ranks.len().max(1) as f64)
        };
        let whole = accuracy(None)?;
        let losses = |parts: Vec<Loss>, name: &str| {
            let chosen = chosen(parts, config.parts, streams, name).into_iter();
            let measured = chosen.map(|part| {
                let drop = whole - accuracy(Some(part.damage))?;
                Ok(Loss { drop, ..part })
            });
            measured.collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            pictures: config.pictures.min(pictures.test_len()),
            accuracy: whole,
            nodes: losses(nodes(network), "damaged nodes")?,
            edges: losses(edges(network), "damaged edges")?,
        })
    }

    /// Rank correlations with the degrees, and mean drops: what a table has of it. Of nodes, outputs are left out of the
    /// correlation; those of no use are left out of the scalars.
    pub fn correlations(&self) -> Scalars {
        let inner: Vec<Loss> = self.nodes.iter().copied().filter(|loss| !loss.is_output).collect();
        let mut scalars = Vec::new();
        let all = [("node", &inner), ("edge", &self.edges)];
        for (name, losses) in all {
            if let Some(correlation) = correlation(losses) {
                scalars.push((format!("damage_{name}_spearman"), correlation));
            }
            if !losses.is_empty() {
                let drops: Vec<f64> = losses.iter().map(|loss| loss.drop).collect();
                scalars.push((format!("damage_{name}_drop"), mean(&drops)));
                scalars.push((format!("damage_{name}_median"), median(&drops)));
            }
        }
        scalars
    }

    /// Box plots by degree, and all removals as a table.
    ///
    /// # Errors
    ///
    /// A plot that cannot be drawn.
    pub fn figures(&self) -> Result<Vec<Figure>> {
        let points = |losses: &[Loss], wanted: fn(&Loss) -> bool| -> Vec<(f64, f64)> {
            let wanted = losses.iter().filter(|loss| wanted(loss));
            wanted.map(|loss| (loss.degree as f64, 100.0 * loss.drop)).collect()
        };
        let chart = |title: &str, x_label: &str, series| Chart {
            title: title.to_owned(),
            x_label: x_label.to_owned(),
            y_label: "accuracy lost, points".to_owned(),
            series,
            ..Chart::default()
        };
        let nodes = vec![
            Series::new("inner nodes", points(&self.nodes, |loss| !loss.is_output), Style::Boxes),
            Series::new("outputs", points(&self.nodes, |loss| loss.is_output), Style::Points),
        ];
        let edges = vec![Series::new("", points(&self.edges, |_| true), Style::Boxes)];
        let charts = [
            chart("A node removed", "out-degree of the node", nodes),
            chart("An edge removed", "in-degree of its target", edges),
        ];
        let plot = Figure {
            name: "damage".to_owned(),
            title: "What a removed part costs".to_owned(),
            caption: format!(
                "Each part alone, without training, {} test pictures, of which the whole network classifies {:.1} % rightly. \
                 Rank correlation with the degree: nodes {}, edges {}. Outputs have no successors, and yet their mean is the \
                 stage's output: they stand apart.",
                self.pictures,
                100.0 * self.accuracy,
                written(correlation(
                    &self
                        .nodes
                        .iter()
                        .copied()
                        .filter(|loss| !loss.is_output)
                        .collect::<Vec<_>>()
                )),
                written(correlation(&self.edges)),
            ),
            body: Body::Svg(grid(&charts, 2)?),
        };
        Ok(vec![plot, self.table()])
    }

    /// All removals, the worst first.
    pub fn table(&self) -> Figure {
        let mut losses: Vec<Loss> = self.nodes.iter().chain(&self.edges).copied().collect();
        losses.sort_by(|one, other| other.drop.total_cmp(&one.drop));
        let mut table = Table::new(["stage", "part", "degree", "accuracy lost, points"]);
        for loss in losses {
            let part = match loss.damage.removal {
                Removal::Node(node) if loss.is_output => format!("output {node}"),
                Removal::Node(node) => format!("node {node}"),
                Removal::Edge([from, to]) => format!("edge {from} → {to}"),
            };
            let cells = [
                loss.damage.stage.to_string(),
                part,
                loss.degree.to_string(),
                format!("{:.2}", 100.0 * loss.drop),
            ];
            table.push(cells);
        }
        Figure {
            name: "removals".to_owned(),
            title: "All removals".to_owned(),
            caption:
                "The worst first. The degree of a node is that of its outputs, of an edge that of its target's inputs."
                    .to_owned(),
            body: Body::Table(table),
        }
    }
}

fn written(correlation: Option<f64>) -> String {
    correlation.map_or("undefined".to_owned(), |value| format!("{value:.2}"))
}

/// Spearman's, of degrees and drops.
pub fn correlation(losses: &[Loss]) -> Option<f64> {
    let degrees: Vec<f64> = losses.iter().map(|loss| loss.degree as f64).collect();
    let drops: Vec<f64> = losses.iter().map(|loss| loss.drop).collect();
    spearman_correlation(&degrees, &drops)
}

/// So many of the parts in random order, or all of them.
fn chosen(mut parts: Vec<Loss>, count: usize, streams: &Streams, name: &str) -> Vec<Loss> {
    if count > 0 && count < parts.len() {
        parts.shuffle(&mut streams.at(name, 0, 0));
        parts.truncate(count);
    }
    parts
}

fn nodes(network: &RandWire) -> Vec<Loss> {
    parts(network, |graph| {
        let node = |node: usize| (Removal::Node(node), graph.out_degree(node), graph.is_output(node));
        (0..graph.nodes()).map(node).collect()
    })
}

fn edges(network: &RandWire) -> Vec<Loss> {
    parts(network, |graph| {
        let edge = |edge: [usize; 2]| (Removal::Edge(edge), graph.in_degree(edge[1]), false);
        graph.edges().map(edge).collect()
    })
}

fn parts(network: &RandWire, of: impl Fn(&crate::graph::Graph) -> Vec<(Removal, usize, bool)>) -> Vec<Loss> {
    let stages = network.backbone.stages.iter().enumerate();
    let wired = stages.filter_map(|(stage, block)| Some((stage, block.graph()?)));
    let losses = wired.flat_map(|(stage, graph)| {
        of(graph).into_iter().map(move |(removal, degree, is_output)| Loss {
            damage: Damage { stage, removal },
            degree,
            is_output,
            drop: 0.0,
        })
    });
    losses.collect()
}
