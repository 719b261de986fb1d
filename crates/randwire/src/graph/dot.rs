//! The language of Graphviz, as far as it says which nodes there are and which edges join them; everything else is read
//! over.
//!
//! A reader of our own, since the known ones do not do: layout-rs 0.1.3 refuses groups at the end of an edge and names beyond
//! ASCII, and dot-parser is under the GPL.

use std::collections::BTreeMap;

use super::{Graph, GraphError, MOST_NODES};

/// Deepest nesting of groups, which are read by recursion.
const DEEPEST: usize = 64;
/// More edges than any stage has: `{a b} -> {c d}` is short for all of them.
const MOST_EDGES: usize = 10_000_000;

/// Reads a graph. Where all names are numbers, nodes are in the order of these; otherwise in that in which they appear.
pub(super) fn parse(text: &str) -> Result<Graph, GraphError> {
    // Some editors begin a file with this mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::new(text);
    if let Err(problem) = reader.graph() {
        let line = text[..reader.place].matches('\n').count() + 1;
        let problem = format!("line {line}: {problem}");
        return Err(GraphError::Format { format: "DOT", problem });
    }
    let places = reader.places();
    let edges: Vec<_> = reader.edges.iter().map(|edge| edge.map(|end| places[end])).collect();
    Graph::new(places.len(), &edges)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name without quotes, perhaps a word of the language.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    /// `->` or `--`
    Edge,
    Mark(char),
}

type Read<T> = Result<T, String>;

struct Reader<'a> {
    text: &'a str,
    /// Bytes that were read.
    place: usize,
    /// What comes next, if it was looked at already.
    peeked: Option<Token>,
    /// Number of each name, in the order in which they were met.
    names: BTreeMap<String, usize>,
    edges: Vec<[usize; 2]>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            place: 0,
            peeked: None,
            names: BTreeMap::new(),
            edges: Vec::new(),
        }
    }

    fn graph(&mut self) -> Read<()> {
        self.skips_word("strict")?;
        if !self.skips_word("digraph")? && !self.skips_word("graph")? {
            return Err("`graph` or `digraph` is expected".to_owned());
        }
        if self.peek()? != Some(&Token::Mark('{')) {
            self.name()?;
        }
        self.expect('{')?;
        self.statements(1)?;
        match self.next()? {
            None => Ok(()),
            Some(_) => Err("something follows the graph".to_owned()),
        }
    }

    /// Statements to the end of a group; the nodes in it.
    fn statements(&mut self, depth: usize) -> Read<Vec<usize>> {
        let mut nodes = Vec::new();
        while !self.skips('}')? {
            if self.skips(';')? || self.skips_attributes_of_all()? {
                continue;
            }
            if self.opens_group()? {
                nodes.extend(self.edges_from(None, depth)?);
                continue;
            }
            let name = self.name()?;
            if self.skips('=')? {
                self.name()?;
                continue;
            }
            nodes.extend(self.edges_from(Some(name), depth)?);
        }
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    }

    /// A node, or else a group, and the edges that go on from there; the nodes in it.
    fn edges_from(&mut self, name: Option<String>, depth: usize) -> Read<Vec<usize>> {
        let mut from = match name {
            Some(name) => vec![self.node(name)?],
            None => self.group(depth)?,
        };
        let mut nodes = from.clone();
        while self.peek()? == Some(&Token::Edge) {
            self.next()?;
            let to = match self.opens_group()? {
                true => self.group(depth)?,
                false => {
                    let name = self.name()?;
                    vec![self.node(name)?]
                }
            };
            if self.edges.len() + from.len() * to.len() > MOST_EDGES {
                return Err(format!("there are more than {MOST_EDGES} edges"));
            }
            let pairs = from.iter().flat_map(|&from| to.iter().map(move |&to| [from, to]));
            self.edges.extend(pairs);
            nodes.extend(&to);
            from = to;
        }
        while self.skips_attributes()? {}
        Ok(nodes)
    }

    fn opens_group(&mut self) -> Read<bool> {
        let next = self.peek()?;
        Ok(next == Some(&Token::Mark('{')) || is_word(next, "subgraph"))
    }

    fn group(&mut self, depth: usize) -> Read<Vec<usize>> {
        if depth == DEEPEST {
            return Err(format!("groups are nested more than {DEEPEST} times"));
        }
        if self.skips_word("subgraph")? && self.peek()? != Some(&Token::Mark('{')) {
            self.name()?;
        }
        self.expect('{')?;
        self.statements(depth + 1)
    }

    /// The number of a node, whose ports do not matter.
    fn node(&mut self, name: String) -> Read<usize> {
        while self.skips(':')? {
            self.name()?;
        }
        let next = self.names.len();
        let number = *self.names.entry(name).or_insert(next);
        if self.names.len() > MOST_NODES {
            return Err(format!("there are more than {MOST_NODES} nodes"));
        }
        Ok(number)
    }

    /// `node [color=red]` and the like.
    fn skips_attributes_of_all(&mut self) -> Read<bool> {
        for word in ["graph", "node", "edge"] {
            if self.skips_word(word)? {
                while self.skips_attributes()? {}
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn skips_attributes(&mut self) -> Read<bool> {
        if !self.skips('[')? {
            return Ok(false);
        }
        while !self.skips(']')? {
            self.name()?;
            if self.skips('=')? {
                self.name()?;
            }
            while self.skips(',')? || self.skips(';')? {}
        }
        Ok(true)
    }

    /// The index of each node, by its number.
    fn places(&self) -> Vec<usize> {
        let numbers: Option<Vec<(u64, usize)>> = self
            .names
            .iter()
            .map(|(name, &number)| Some((name.parse().ok()?, number)))
            .collect();
        let mut places: Vec<usize> = (0..self.names.len()).collect();
        if let Some(mut numbers) = numbers {
            numbers.sort_unstable();
            for (place, (_, number)) in numbers.into_iter().enumerate() {
                places[number] = place;
            }
        }
        places
    }
}

fn is_word(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
}

/// Tokens.
impl Reader<'_> {
    fn peek(&mut self) -> Read<Option<&Token>> {
        if self.peeked.is_none() {
            self.peeked = self.token()?;
        }
        Ok(self.peeked.as_ref())
    }

    fn next(&mut self) -> Read<Option<Token>> {
        self.peek()?;
        Ok(self.peeked.take())
    }

    fn skips(&mut self, mark: char) -> Read<bool> {
        let is_next = self.peek()? == Some(&Token::Mark(mark));
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    fn skips_word(&mut self, word: &str) -> Read<bool> {
        let is_next = is_word(self.peek()?, word);
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    fn expect(&mut self, mark: char) -> Read<()> {
        match self.skips(mark)? {
            true => Ok(()),
            false => Err(format!("`{mark}` is expected")),
        }
    }

    fn name(&mut self) -> Read<String> {
        match self.next()? {
            Some(Token::Word(name) | Token::Quoted(name)) => Ok(name),
            Some(Token::Edge) => Err("a name is expected, not an edge".to_owned()),
            Some(Token::Mark(mark)) => Err(format!("a name is expected, not `{mark}`")),
            None => Err("the graph does not end".to_owned()),
        }
    }

    fn token(&mut self) -> Read<Option<Token>> {
        self.skip_blanks()?;
        let rest = &self.text[self.place..];
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        if rest.starts_with("->") || rest.starts_with("--") {
            self.place += 2;
            return Ok(Some(Token::Edge));
        }
        let is_number = begins_number(rest);
        self.place += first.len_utf8();
        match first {
            '"' => self.quoted().map(Some),
            '<' => self.marked_up().map(Some),
            _ if is_number || is_of_name(first) => {
                let rest = &self.text[self.place..];
                let length = rest.find(|next| !is_of_name(next)).unwrap_or(rest.len());
                self.place += length;
                let start = self.place - length - first.len_utf8();
                Ok(Some(Token::Word(self.text[start..self.place].to_owned())))
            }
            _ => Ok(Some(Token::Mark(first))),
        }
    }

    /// Blanks and comments.
    fn skip_blanks(&mut self) -> Read<()> {
        loop {
            let rest = &self.text[self.place..];
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            self.place += blank;
            let comment = match rest {
                _ if rest.starts_with("//") || rest.starts_with('#') => rest.find('\n').or(Some(rest.len())),
                _ if rest.starts_with("/*") => rest[2..].find("*/").map(|end| end + 4),
                _ => return Ok(()),
            };
            self.place += comment.ok_or("a comment does not end")?;
        }
    }

    fn quoted(&mut self) -> Read<Token> {
        let mut name = String::new();
        let mut rest = self.text[self.place..].char_indices();
        while let Some((place, next)) = rest.next() {
            match next {
                '"' => {
                    self.place += place + 1;
                    return Ok(Token::Quoted(name));
                }
                // With what it stands before, so that the second of two escapes nothing.
                '\\' => match rest.next() {
                    Some((_, '"')) => name.push('"'),
                    // The name goes on in the next line.
                    Some((_, '\n')) => {}
                    Some((_, after)) => name.extend(['\\', after]),
                    None => {}
                },
                _ => name.push(next),
            }
        }
        Err("a quoted name does not end".to_owned())
    }

    /// A name that is written as HTML.
    fn marked_up(&mut self) -> Read<Token> {
        let mut depth = 1;
        for (place, next) in self.text[self.place..].char_indices() {
            match next {
                '<' => depth += 1,
                '>' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let name = self.text[self.place..self.place + place].to_owned();
                self.place += place + 1;
                return Ok(Token::Quoted(name));
            }
        }
        Err("a name in `<` and `>` does not end".to_owned())
    }
}

/// A minus is the sign of a number or nothing: in `a - b` it is neither a name nor an edge, but most likely a mistake.
fn begins_number(rest: &str) -> bool {
    let after = rest.strip_prefix('-').and_then(|rest| rest.chars().next());
    after.is_some_and(|next| next.is_ascii_digit() || next == '.')
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' || !letter.is_ascii()
}

#[cfg(test)]
mod tests;
