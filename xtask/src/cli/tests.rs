use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Task, clap::Error> {
    Xtask::try_parse_from(line.split_whitespace().skip(1)).map(|xtask| xtask.task)
}

#[test]
fn the_definition_has_no_contradictions() {
    Xtask::command().debug_assert();
}

#[test]
fn every_example_of_the_help_parses() {
    let mut examples = Vec::new();
    for command in std::iter::once(&Xtask::command()).chain(Xtask::command().get_subcommands()) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        examples.extend(help.lines().filter_map(|line| {
            let start = line.find("cargo xtask ")?;
            // Comments stand after three spaces, shell syntax around `<(...)` and `>`.
            let example = line[start..].split("   ").next()?.split([')', '>']).next()?;
            Some(example.to_owned())
        }));
    }
    assert!(examples.len() > 15, "{examples:?}");
    for example in examples {
        if let Err(error) = parse(&example) {
            panic!("{example}: {error}");
        }
    }
}

#[test]
fn what_follows_two_dashes_goes_to_the_paper() {
    let Task::Run(run) = parse("cargo xtask run toy --backend wgpu -- graph --dot").unwrap() else {
        panic!("another task");
    };
    assert_eq!(run.rest, ["graph", "--dot"]);
    assert_eq!(run.backend.as_deref(), Some("wgpu"));
}
