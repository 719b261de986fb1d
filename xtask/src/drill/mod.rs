//! `cargo xtask drill`: what breaks runs elsewhere is done to them here, and what is left is looked at.

mod board;
mod chance;
mod commit;
mod compare;
mod corruption;
mod determinism;
mod distance;
mod faults;
mod fetch;
mod full_disk;
mod kill;
mod ledger;
mod memory;
mod moment;
mod parsers;
mod program;
mod signals;
mod surroundings;
mod sweep;
mod undisturbed;
mod writers;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    time::Instant,
};

use anyhow::Context as _;
use papers_base::cli::exit;

use self::{
    ledger::{About, Findings, Verdict},
    program::Program,
    undisturbed::Undisturbed,
};
use crate::{
    cli::{self, DrillName},
    compile,
    papers::{self, Paper, UnknownName},
    workspace::Workspace,
};

pub(crate) use fetch::toy as fetch_toy;

/// Where `--record` writes, below the workspace's root.
const LEDGER: &str = "docs/drills.jsonl";

/// One drill.
struct Drill {
    name: DrillName,
    /// How often what it does is done in continuous integration.
    small: u32,
    /// How often it is done for the ledger.
    full: u32,
    needs: Needs,
    run: fn(&Ground) -> anyhow::Result<Findings>,
}

/// Which programs a drill needs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    None,
    /// The one whose runs are quickest.
    One,
    /// Those of all papers.
    All,
}

impl Needs {
    /// Those of the programs, the quickest first, that are needed.
    fn of(self, programs: &[Program]) -> &[Program] {
        match self {
            Self::None => &[],
            Self::One => programs.get(..1).unwrap_or_default(),
            Self::All => programs,
        }
    }
}

/// The drills, in the order of `all`: quick ones first.
const DRILLS: &[Drill] = &[
    drill(DrillName::Parsers, [10_000, 200_000], Needs::None, parsers::run),
    drill(DrillName::Fetch, [16, 100_000], Needs::None, fetch::run),
    drill(DrillName::Writers, [2, 30], Needs::One, writers::run),
    drill(DrillName::Surroundings, [1, 10], Needs::One, surroundings::run),
    drill(DrillName::Memory, [1500, 5000], Needs::One, memory::run),
    drill(DrillName::FullDisk, [4, 24], Needs::One, full_disk::run),
    drill(DrillName::Corruption, [60, 2000], Needs::One, corruption::run),
    drill(DrillName::Sweep, [8, 100], Needs::One, sweep::run),
    drill(DrillName::Commit, [16, 100_000], Needs::One, commit::run),
    drill(DrillName::Determinism, [1, 12], Needs::All, determinism::run),
    drill(DrillName::Signals, [6, 60], Needs::All, signals::run),
    drill(DrillName::Kill, [12, 150], Needs::All, kill::run),
];

const fn drill(
    name: DrillName,
    [small, full]: [u32; 2],
    needs: Needs,
    run: fn(&Ground) -> anyhow::Result<Findings>,
) -> Drill {
    Drill {
        name,
        small,
        full,
        needs,
        run,
    }
}

/// Where a drill takes place.
#[derive(Clone)]
struct Ground {
    /// The quickest program first.
    programs: Vec<Program>,
    n: u32,
    seed: u64,
    /// Folder for the drill's runs, empty at first.
    folder: PathBuf,
    undisturbed: Rc<RefCell<BTreeMap<String, Rc<Undisturbed>>>>,
}

impl Ground {
    /// The quickest program.
    fn program(&self) -> anyhow::Result<&Program> {
        self.programs.first().context("no paper has a program")
    }

    /// The file that programs write their errors to.
    fn log(&self) -> PathBuf {
        self.folder.join("errors.log")
    }

    /// The runs of a program that nothing was done to; trained once for all drills.
    ///
    /// # Errors
    ///
    /// Programs that fail, or whose two undisturbed runs differ.
    fn undisturbed(&self, program: &Program) -> anyhow::Result<Rc<Undisturbed>> {
        let key = format!("{}:{}:{:?}", program.paper, self.seed, program.settings);
        if let Some(known) = self.undisturbed.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let trained = Rc::new(Undisturbed::train(program, self.seed)?);
        self.undisturbed.borrow_mut().insert(key, Rc::clone(&trained));
        Ok(trained)
    }

    /// The same ground for the quickest program with other settings.
    fn with(&self, settings: &[(&str, u64)]) -> anyhow::Result<Self> {
        let mut program = self.program()?.clone();
        for (key, value) in settings {
            program = program.with(key, *value);
        }
        Ok(Self {
            programs: vec![program],
            ..self.clone()
        })
    }

    /// Tells how far the drill is.
    fn say(&self, text: &str) {
        say(text);
    }
}

/// A line for people; if standard error is closed, there is nobody left to tell.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

pub(crate) fn run(workspace: &Workspace, arguments: &cli::Drill) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Drill> = DRILLS
        .iter()
        .filter(|drill| arguments.name == DrillName::All || drill.name == arguments.name)
        .collect();
    let papers = papers_for(workspace, arguments, &chosen)?;
    let programs = programs(workspace, arguments, &papers)?;
    let undisturbed = Rc::default();
    let about = About::learn();
    let mut is_good = true;
    for drill in chosen {
        let needed = drill.needs.of(&programs);
        let ground = |folder: &Path| Ground {
            programs: needed.to_vec(),
            n: arguments
                .n
                .unwrap_or(if arguments.full { drill.full } else { drill.small }),
            seed: arguments.seed,
            folder: folder.to_owned(),
            undisturbed: Rc::clone(&undisturbed),
        };
        let (line, verdict) = carry_out(drill, &about, &ground)?;
        is_good &= !matches!(verdict, Verdict::Failed(_));
        writeln!(io::stdout(), "{line}")?;
        if arguments.record {
            ledger::record(&workspace.root().join(LEDGER), &line)?;
        }
    }
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FAILED)
    })
}

/// Carries one drill out in a folder of its own; a drill that cannot be finished has failed.
fn carry_out(drill: &Drill, about: &About, ground: &dyn Fn(&Path) -> Ground) -> anyhow::Result<(String, Verdict)> {
    let folder = tempfile::Builder::new()
        .prefix("drill-")
        .tempdir()
        .context("a temporary folder")?;
    let ground = ground(folder.path());
    let name = drill.name.in_words();
    say(&format!("== {name}"));
    let started = Instant::now();
    let findings = (drill.run)(&ground).unwrap_or_else(|error| {
        let mut findings = Findings::new();
        findings.fail(format!("the drill came to no end: {error:#}"));
        findings
    });
    let verdict = findings.verdict();
    if let Verdict::Failed(failures) = &verdict {
        failures
            .iter()
            .take(ledger::MOST_FAILURES)
            .for_each(|failure| say(&format!("   {failure}")));
    }
    let took = started.elapsed();
    say(&format!(
        "== {name}: {}, {:.1} s",
        verdict.in_words(),
        took.as_secs_f64()
    ));
    Ok((ledger::line(&name, about, &ground, took, &findings), verdict))
}

/// The papers whose programs these drills need, the quickest first.
fn papers_for(workspace: &Workspace, arguments: &cli::Drill, drills: &[&Drill]) -> anyhow::Result<Vec<Paper>> {
    let needs = |need: Needs| drills.iter().any(|drill| drill.needs == need);
    let mut papers = papers::discover(workspace)?;
    if !arguments.paper.is_empty() {
        let known = || papers.iter().map(|paper| paper.name.as_str());
        if let Some(name) = arguments
            .paper
            .iter()
            .find(|name| !known().any(|known| known == **name))
        {
            return Err(UnknownName::new("paper", name, known()).into());
        }
        papers.retain(|paper| arguments.paper.contains(&paper.name));
    }
    papers.sort_by_key(|paper| !paper.citation.drill.is_quickest);
    papers.truncate(if needs(Needs::All) {
        papers.len()
    } else {
        usize::from(needs(Needs::One))
    });
    Ok(papers)
}

/// The programs of these papers: built, unless a folder has them.
fn programs(workspace: &Workspace, arguments: &cli::Drill, papers: &[Paper]) -> anyhow::Result<Vec<Program>> {
    let mut programs = Vec::new();
    for paper in papers {
        let path = match &arguments.programs {
            Some(folder) => std::path::absolute(folder.join(&paper.name))?,
            None => compile::build(workspace, paper, paper.feature(None)?)?,
        };
        anyhow::ensure!(path.is_file(), "there is no program {}", path.display());
        programs.push(Program::open(paper, path)?);
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_name_has_one_drill() {
        for name in DrillName::value_variants()
            .iter()
            .filter(|name| **name != DrillName::All)
        {
            assert_eq!(DRILLS.iter().filter(|drill| drill.name == *name).count(), 1, "{name:?}");
        }
    }

    #[test]
    fn a_drill_that_comes_to_no_end_has_failed() {
        let drill = drill(DrillName::Kill, [1, 1], Needs::None, |ground| {
            ground.program()?;
            Ok(Findings::new())
        });
        let ground = |folder: &Path| Ground {
            programs: Vec::new(),
            n: 1,
            seed: 0,
            folder: folder.to_owned(),
            undisturbed: Rc::default(),
        };
        let (line, verdict) = carry_out(&drill, &About::learn(), &ground).unwrap();
        assert!(matches!(verdict, Verdict::Failed(_)));
        assert!(line.contains("no paper has a program"), "{line}");
    }
}
