use super::*;

fn edges(text: &str) -> Vec<[usize; 2]> {
    let graph = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    graph.edges().collect()
}

fn problem(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn names_are_numbered_as_they_come() {
    let text = "graph wires { a -- b; subgraph inner { c -- b -- d } }";
    assert_eq!(edges(text), [[0, 1], [1, 2], [1, 3]]);
    assert_eq!(edges("graph { b -- 7; 7 -- a }"), [[0, 1], [1, 2]]);
}

#[test]
fn numbers_for_names_order_the_nodes_and_leave_no_gaps() {
    assert_eq!(edges("digraph { 3 -> 1; 2 -> 3 }"), [[0, 2], [1, 2]]);
    assert_eq!(parse("digraph { 3 -> 1; 2 -> 3 }").unwrap().nodes(), 3);
    assert_eq!(edges("digraph { 99999999999 -> 0; }"), [[0, 1]]);
    assert_eq!(edges("digraph { 2; 0 -> 1 }"), [[0, 1]]);
}

#[test]
fn groups_stand_for_each_of_their_nodes() {
    assert_eq!(edges("digraph { a -> {b c} }"), [[0, 1], [0, 2]]);
    assert_eq!(edges("digraph { {a b b} -> {c; d [x=1]} -> e }").len(), 6);
    assert_eq!(
        edges("digraph { a -> subgraph g { b -> c } }"),
        [[0, 1], [0, 2], [1, 2]]
    );
    assert_eq!(edges("graph { { rank=same; a; b } a -- b }"), [[0, 1]]);
}

#[test]
fn what_says_nothing_about_the_wires_is_read_over() {
    let text = "# made by hand\nstrict DIGRAPH \"my \\\"net\\\"\" {\n  rankdir=LR; node [shape=circle, color=\"#ff0000\"];\n  \
                /* the\n ends */ a:n -> \"b c\":in:s [label=<<b>x</b>>; penwidth=.5] // done\n -1 -> \"a\"\n}\n";
    assert_eq!(edges(text), [[0, 1], [0, 2]]);
}

#[test]
fn a_backslash_belongs_to_what_follows_it() {
    assert_eq!(edges(r#"graph { "a\\" -- b; "a\"" -- b }"#), [[0, 1], [1, 2]]);
    assert_eq!(edges("graph { \"a\\\nb\" -- c; d -- ab }"), [[0, 1], [0, 2]]);
    assert_eq!(edges(r#"graph { "a\n" -- b; "an" -- b }"#), [[0, 1], [1, 2]]);
}

#[test]
fn a_mark_of_byte_order_is_read_over() {
    assert_eq!(edges("\u{feff}graph { a -- b }"), [[0, 1]]);
}

#[test]
fn what_is_no_graph_is_refused_with_its_line() {
    for (text, expected) in [
        ("", "`graph` or `digraph` is expected"),
        ("digraph {\n 0 -> }", "line 2: a name is expected, not `}`"),
        ("digraph { 0 -> ", "does not end"),
        ("digraph { \"0 }", "a quoted name does not end"),
        ("digraph { /* 0 }", "a comment does not end"),
        ("digraph { a [label=<b] }", "in `<` and `>`"),
        ("digraph { 0 } 1", "something follows"),
        ("digraph { 0 + 1 }", "not `+`"),
        ("graph { 0 - 1; 1 - 2 }", "not `-`"),
        ("graph { a-b }", "not `-`"),
        ("graph { \"a\\\\\" -- b\" }", "a quoted name does not end"),
        ("digraph {}", "at least one node"),
        ("digraph { {0 1} -> {1 2} }", "to itself"),
    ] {
        let message = problem(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn what_would_take_the_memory_or_the_stack_is_refused() {
    assert!(problem(&("digraph ".to_owned() + &"{".repeat(100_000))).contains("nested"));
    let group: String = (0..20_000).map(|node| format!("{node} ")).collect();
    assert!(problem(&format!("digraph {{ {{{group}}} -> {{{group}}} }}")).contains("edges"));
    let many: String = (0..=MOST_NODES).map(|node| format!("{node};")).collect();
    assert!(problem(&format!("graph {{ {many} }}")).contains("nodes"));
}
