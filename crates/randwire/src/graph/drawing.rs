//! Graphs as pictures (figures 1 and 2): SVG without any other program, and DOT for Graphviz.

use std::fmt::Write as _;

use papers_core::base::plot::palette;

use super::Graph;
use crate::network::Removal;

/// Pixels from one level, and from one node of a level, to the next.
const STEP: [f64; 2] = [64.0, 30.0];
const MARGIN: f64 = 24.0;
/// Radius of a node without successors, and by how much it grows for each of them.
const RADIUS: [f64; 2] = [5.0, 1.1];
const LARGEST: f64 = 12.0;
/// Width of the line of a closed and of an open gate.
const LINE: [f64; 2] = [0.4, 3.0];

/// What to draw of a graph.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    graph: &'a Graph,
    shares: Option<&'a [Vec<f64>]>,
    removed: Option<Removal>,
}

impl<'a> Drawing<'a> {
    /// A graph: inputs blue, outputs red, nodes that are both purple; the larger, the more successors a node has.
    pub fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            shares: None,
            removed: None,
        }
    }

    /// Lines are the wider, the more open their gates are: for each node the share of each of its inputs, from 0 to 1.
    #[must_use]
    pub fn with_shares(mut self, shares: &'a [Vec<f64>]) -> Self {
        self.shares = Some(shares);
        self
    }

    /// What is removed is dashed.
    #[must_use]
    pub fn without(mut self, removal: Removal) -> Self {
        self.removed = Some(removal);
        self
    }

    /// The picture as one SVG element: levels from left to right.
    pub fn to_svg(&self) -> String {
        let places = places(self.graph);
        let extent = |axis: usize| places.iter().map(|place| place[axis]).fold(0.0, f64::max) + MARGIN + LARGEST;
        let (width, height) = (extent(0), extent(1));
        let mut svg = format!(
            "<svg class=\"graph\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"graph of {} nodes and {} edges\">\n\
             <style>.graph .wire{{fill:none;stroke:#888888}}.graph text{{font:9px sans-serif;fill:#ffffff;text-anchor:middle;\
             dominant-baseline:central}}.graph .gone{{stroke-dasharray:3 3;opacity:.5}}</style>\n",
            self.graph.nodes(),
            self.graph.edge_count()
        );
        for [from, to] in self.graph.edges() {
            self.draw_edge(&mut svg, [from, to], [places[from], places[to]]);
        }
        for (node, &place) in places.iter().enumerate() {
            self.draw_node(&mut svg, node, place);
        }
        svg + "</svg>\n"
    }

    /// The same in the language of Graphviz, which puts the nodes of a level into one column.
    pub fn to_dot(&self) -> String {
        let graph = self.graph;
        let mut text = "digraph {\n  rankdir=LR;\n".to_owned();
        for node in 0..graph.nodes() {
            let color = match (graph.is_input(node), graph.is_output(node)) {
                (true, true) => Some("color=purple"),
                (true, false) => Some("color=blue"),
                (false, true) => Some("color=red"),
                (false, false) => None,
            };
            let dashed = self.lacks_node(node).then_some("style=dashed");
            let _ = writeln!(text, "  {node}{};", attributes(color.into_iter().chain(dashed)));
        }
        for nodes in by_level(&graph.levels()) {
            let nodes: Vec<String> = nodes.iter().map(usize::to_string).collect();
            let _ = writeln!(text, "  {{ rank=same; {} }}", nodes.join("; "));
        }
        for edge in graph.edges() {
            let share = self.share(edge);
            let width = share.map(|share| format!("label=\"{share:.2}\", penwidth={:.2}", width(share)));
            let dashed = self.lacks_edge(edge).then_some("style=dashed");
            let all = attributes(width.as_deref().into_iter().chain(dashed));
            let _ = writeln!(text, "  {} -> {}{all};", edge[0], edge[1]);
        }
        text + "}\n"
    }

    /// How open the gate of an edge is, if that is known.
    fn share(&self, [before, node]: [usize; 2]) -> Option<f64> {
        let shares = self.shares?.get(node)?;
        // They ascend.
        let place = self.graph.predecessors(node).binary_search(&before).ok()?;
        shares.get(place).copied()
    }

    fn lacks_node(&self, node: usize) -> bool {
        self.removed == Some(Removal::Node(node))
    }

    fn lacks_edge(&self, edge: [usize; 2]) -> bool {
        match self.removed {
            Some(Removal::Edge(removed)) => removed == edge,
            Some(Removal::Node(removed)) => edge.contains(&removed),
            None => false,
        }
    }

    fn draw_edge(&self, svg: &mut String, edge: [usize; 2], [from, to]: [[f64; 2]; 2]) {
        let [before, node] = edge;
        let share = self.share(edge);
        let width = share.map_or(1.0, width);
        let class = if self.lacks_edge(edge) { "wire gone" } else { "wire" };
        let middle = (from[0] + to[0]) / 2.0;
        let _ = writeln!(
            svg,
            "<path class=\"{class}\" stroke-width=\"{width:.2}\" d=\"M{:.1} {:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} \
             {:.1}\"><title>{before} → {node}{}</title></path>",
            from[0],
            from[1],
            from[1],
            to[1],
            to[0],
            to[1],
            share.map(|share| format!(": {share:.2}")).unwrap_or_default()
        );
    }

    fn draw_node(&self, svg: &mut String, node: usize, [x, y]: [f64; 2]) {
        let graph = self.graph;
        let (color, role) = match (graph.is_input(node), graph.is_output(node)) {
            (true, true) => (3, "input and output"),
            (true, false) => (0, "input"),
            (false, true) => (1, "output"),
            (false, false) => (6, "node"),
        };
        let radius = (RADIUS[0] + RADIUS[1] * graph.out_degree(node) as f64).min(LARGEST);
        let class = if self.lacks_node(node) { " class=\"gone\"" } else { "" };
        let color = palette(color);
        let _ = writeln!(
            svg,
            "<g{class}><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#{:02x}{:02x}{:02x}\"><title>{role} {node}: \
             {} in, {} out</title></circle><text x=\"{x:.1}\" y=\"{y:.1}\">{node}</text></g>",
            color.0,
            color.1,
            color.2,
            graph.in_degree(node),
            graph.out_degree(node)
        );
    }
}

/// Of a line, by how open its gate is.
fn width(share: f64) -> f64 {
    LINE[0] + (LINE[1] - LINE[0]) * share
}

/// In brackets, if there are some.
fn attributes<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    match all.is_empty() {
        true => String::new(),
        false => format!(" [{}]", all.join(", ")),
    }
}

/// The nodes of each level, ascending.
fn by_level(levels: &[usize]) -> Vec<Vec<usize>> {
    let depth = levels.iter().max().map_or(0, |last| last + 1);
    let mut nodes = vec![Vec::new(); depth];
    for (node, &level) in levels.iter().enumerate() {
        nodes[level].push(node);
    }
    nodes
}

/// Where each node stands: in the column of its level, ordered by where its inputs stand.
fn places(graph: &Graph) -> Vec<[f64; 2]> {
    let levels = graph.levels();
    let mut rows = vec![0.0; graph.nodes()];
    let columns = by_level(&levels);
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1);
    for mut nodes in columns {
        let height = |node: &usize| {
            let inputs = graph.predecessors(*node);
            inputs.iter().map(|&input| rows[input]).sum::<f64>() / inputs.len().max(1) as f64
        };
        nodes.sort_by(|one, other| height(one).total_cmp(&height(other)));
        let start = (tallest - nodes.len()) as f64 / 2.0;
        for (row, node) in nodes.into_iter().enumerate() {
            rows[node] = start + row as f64;
        }
    }
    let place = |(level, row): (&usize, f64)| [MARGIN + STEP[0] * *level as f64, MARGIN + STEP[1] * row];
    levels.iter().zip(rows).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_drawn_and_removed_ones_are_dashed() {
        let graph = Graph::new(4, &[[0, 1], [0, 2], [1, 2]]).unwrap();
        let shares = [vec![], vec![1.0], vec![0.0, 1.0], vec![]];
        let svg = Drawing::new(&graph)
            .with_shares(&shares)
            .without(Removal::Edge([0, 2]))
            .to_svg();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert_eq!(svg.matches("<path").count(), 3);
        assert_eq!(svg.matches("class=\"wire gone\"").count(), 1);
        assert!(
            svg.contains("stroke-width=\"0.40\"") && svg.contains("input and output 3"),
            "{svg}"
        );
        let svg = Drawing::new(&graph).without(Removal::Node(0)).to_svg();
        assert_eq!(
            (
                svg.matches("wire gone").count(),
                svg.matches("<g class=\"gone\"").count()
            ),
            (2, 1)
        );
    }

    #[test]
    fn dot_tells_levels_weights_and_what_is_removed() {
        let graph = Graph::new(3, &[[0, 2], [1, 2]]).unwrap();
        let shares = [vec![1.0], vec![1.0], vec![0.5, 0.25]];
        let dot = Drawing::new(&graph)
            .with_shares(&shares)
            .without(Removal::Node(1))
            .to_dot();
        let expected = "digraph {\n  rankdir=LR;\n  0 [color=blue];\n  1 [color=blue, style=dashed];\n  2 [color=red];\n  \
                        { rank=same; 0; 1 }\n  { rank=same; 2 }\n  0 -> 2 [label=\"0.50\", penwidth=1.70];\n  \
                        1 -> 2 [label=\"0.25\", penwidth=1.05, style=dashed];\n}\n";
        assert_eq!(dot, expected);
    }

    /// A chain has as many levels as nodes: what looks at all nodes for each of them is not done with it for minutes.
    #[test]
    fn a_long_chain_is_drawn() {
        let edges: Vec<_> = (1..crate::graph::MOST_NODES).map(|node| [node - 1, node]).collect();
        let graph = Graph::new(crate::graph::MOST_NODES, &edges).unwrap();
        let drawing = Drawing::new(&graph);
        assert_eq!(drawing.to_dot().matches("rank=same").count(), graph.nodes());
        assert_eq!(drawing.to_svg().matches("<circle").count(), graph.nodes());
    }

    #[test]
    fn nodes_stand_apart() {
        let graph = Graph::new(5, &[[0, 3], [1, 3], [2, 4]]).unwrap();
        let mut places = places(&graph);
        places.sort_by(|one, other| one.partial_cmp(other).unwrap());
        places.dedup();
        assert_eq!(places.len(), 5);
    }
}
