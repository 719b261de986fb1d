//! Graphs as text: lists of edges, JSON, DOT.
//!
//! A graph's file is given by whoever runs the program and may be anything: sizes are bounded before memory is asked for.

use std::{fmt::Write as _, fs::File, io::Read as _, path::Path};

use super::{Drawing, Graph, GraphError, MOST_NODES, dot};

/// Longest text of a graph, in bytes.
pub const LONGEST: usize = 16 << 20;

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The number of nodes, the number of edges, and a line `u v` for each edge
    Edges,
    /// `{"nodes": 3, "edges": [[0, 1], [1, 2]]}`
    Json,
    /// The language of Graphviz
    Dot,
}

impl Format {
    /// What a file of this name holds.
    ///
    /// # Errors
    ///
    /// A name without one of the endings `.txt`, `.edges`, `.json`, `.dot`, `.gv`.
    pub fn of(path: &Path) -> Result<Self, GraphError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "txt" | "edges" => Ok(Self::Edges),
            "json" => Ok(Self::Json),
            "dot" | "gv" => Ok(Self::Dot),
            _ => Err(problem(
                "graph",
                format!(
                    "`{}` has none of the endings .txt, .edges, .json, .dot, .gv, which say how a graph is written",
                    path.display()
                ),
            )),
        }
    }

    /// Reads the graph of a file, whose ending says how it is written.
    ///
    /// # Errors
    ///
    /// Another ending, a file that cannot be read or is longer than [`LONGEST`], and as [`Self::parse`].
    pub fn read(path: &Path) -> Result<Graph, GraphError> {
        let format = Self::of(path)?;
        let unreadable = |reason: &dyn std::fmt::Display| GraphError::Unreadable(reason.to_string());
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        // One byte more tells that a file is too long; the rest of it may not fit into memory.
        let mut bytes = Vec::new();
        let read = file.take(LONGEST as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&error))?;
        if bytes.len() > LONGEST {
            return Err(too_long());
        }
        let text = String::from_utf8(bytes).map_err(|error| unreadable(&error.utf8_error()))?;
        format.parse(&text)
    }

    /// Reads a graph.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or with the graph.
    pub fn parse(self, text: &str) -> Result<Graph, GraphError> {
        if text.len() > LONGEST {
            return Err(too_long());
        }
        match self {
            Self::Edges => parse_edges(text),
            Self::Json => serde_json::from_str(text).map_err(|error| problem("JSON", error.to_string())),
            Self::Dot => dot::parse(text),
        }
    }

    /// Writes a graph.
    pub fn write(self, graph: &Graph) -> String {
        match self {
            Self::Edges => write_edges(graph),
            Self::Json => serde_json::to_string(graph).expect("a graph is plain data") + "\n",
            Self::Dot => Drawing::new(graph).to_dot(),
        }
    }
}

fn too_long() -> GraphError {
    problem("graph", format!("there are more than {LONGEST} bytes"))
}

fn problem(format: &'static str, problem: impl Into<String>) -> GraphError {
    GraphError::Format {
        format,
        problem: problem.into(),
    }
}

fn parse_edges(text: &str) -> Result<Graph, GraphError> {
    let wrong = |line: usize, what: &str| problem("edge list", format!("line {}: {what}", line + 1));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let numbers = lines.map(|(line, text)| {
        let numbers: Result<Vec<usize>, _> = text.split_whitespace().map(str::parse).collect();
        numbers
            .map(|numbers| (line, numbers))
            .map_err(|_| wrong(line, "not whole numbers"))
    });
    let mut numbers = numbers.collect::<Result<Vec<_>, _>>()?.into_iter();
    let mut count = |what: &str| match numbers.next() {
        Some((_, count)) if count.len() == 1 => Ok(count[0]),
        Some((line, _)) => Err(wrong(line, &format!("the number of {what} is expected"))),
        None => Err(problem("edge list", format!("the number of {what} is missing"))),
    };
    let (nodes, expected) = (count("nodes")?, count("edges")?);
    if nodes > MOST_NODES {
        return Err(problem(
            "edge list",
            format!("{nodes} nodes are more than {MOST_NODES}"),
        ));
    }
    let edge = |(line, ends): (usize, Vec<usize>)| {
        <[usize; 2]>::try_from(ends).map_err(|_| wrong(line, "two nodes are expected"))
    };
    let edges = numbers.map(edge).collect::<Result<Vec<_>, _>>()?;
    if edges.len() != expected {
        let found = edges.len();
        return Err(problem(
            "edge list",
            format!("{expected} edges are announced, {found} follow"),
        ));
    }
    Graph::new(nodes, &edges)
}

fn write_edges(graph: &Graph) -> String {
    let mut text = format!("{}\n{}\n", graph.nodes(), graph.edge_count());
    for [from, to] in graph.edges() {
        let _ = writeln!(text, "{from} {to}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Connectivity, Draws as _, Generator, SeededDraws};

    const ALL: [Format; 3] = [Format::Edges, Format::Json, Format::Dot];

    #[test]
    fn every_format_gives_back_what_it_was_given() {
        let graph = Generator::Er { p: 0.1 }.seeded(12, 1, Connectivity::Allow).unwrap();
        assert!(!graph.isolated().is_empty(), "nodes without edges are kept, too");
        for format in ALL {
            assert_eq!(format.parse(&format.write(&graph)).unwrap(), graph, "{format:?}");
        }
    }

    #[test]
    fn what_is_no_graph_is_refused_with_the_reason() {
        for (format, text, expected) in [
            (Format::Edges, "3\n2\n0 1\n", "2 edges are announced, 1 follow"),
            (Format::Edges, "3\n1\n0 x\n", "line 3"),
            (Format::Edges, "3\n1\n0 1 2\n", "line 3: two nodes"),
            (Format::Edges, "", "number of nodes is missing"),
            (Format::Edges, "99999999999\n0\n", "more than 100000"),
            (
                Format::Json,
                "{\"nodes\": 2, \"edges\": [[0, 1]], \"x\": 1}",
                "unknown field `x`",
            ),
            (Format::Json, "{\"nodes\": 99999999999, \"edges\": []}", "more than"),
            (Format::Json, "{\"nodes\": 2, \"edges\": [[1, 1]]}", "to itself"),
            (Format::Dot, "digraph { 0 -> 1; 1 -> 0 }", "twice"),
            (Format::Dot, "digraph { 0 -> ", "DOT: line 1"),
        ] {
            let message = format.parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    /// Whatever a file holds, reading it ends with a graph or an error.
    #[test]
    fn mutated_files_do_no_harm() {
        const ROUNDS: usize = 6000;
        let mut draws = SeededDraws::new(7);
        let graph = Generator::Ws { k: 4, p: 0.5 }
            .seeded(9, 1, Connectivity::Allow)
            .unwrap();
        for format in ALL {
            let original = format.write(&graph).into_bytes();
            for _ in 0..ROUNDS {
                let mut bytes = original.clone();
                for _ in 0..=draws.below(4) {
                    let place = draws.below(bytes.len());
                    match draws.below(5) {
                        0 => bytes[place] = draws.below(256) as u8,
                        1 => bytes.truncate(place.max(1)),
                        2 => bytes.insert(place, b"{}[]\"-> 9\\,"[draws.below(11)]),
                        3 => drop(bytes.remove(place)),
                        _ => bytes.extend_from_within(place..),
                    }
                    if bytes.is_empty() {
                        bytes.push(b' ');
                    }
                }
                if let Ok(read) = format.parse(&String::from_utf8_lossy(&bytes)) {
                    assert_eq!(format.parse(&format.write(&read)).as_ref(), Ok(&read));
                }
            }
        }
    }

    #[test]
    fn a_file_is_read_no_further_than_a_graph_can_be_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.dot");
        // It has a length, and takes no room.
        let file = File::create(&path).unwrap();
        file.set_len(1 << 32).unwrap();
        let message = Format::read(&path).unwrap_err().to_string();
        assert!(message.contains("more than 16777216 bytes"), "{message}");
        std::fs::write(&path, b"graph { \xff }").unwrap();
        let message = Format::read(&path).unwrap_err().to_string();
        assert!(message.contains("cannot be read: invalid utf-8"), "{message}");
    }

    #[test]
    fn endings_say_what_a_file_holds() {
        assert_eq!(Format::of(Path::new("a/b.GV")), Ok(Format::Dot));
        assert!(Format::of(Path::new("b.png")).is_err());
    }
}
