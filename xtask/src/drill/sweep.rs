//! `sweep`: a sweep whose workers and whose own process are killed gives the table of one that nothing was done to.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use super::{
    Ground,
    chance::Chance,
    ledger::Findings,
    program::{Ended, LONGEST, Program, Running, finish},
};

/// The sweep's name, which is that of its folder.
const NAME: &str = "drill";

/// Seeds and points of the plan: as many runs as their product.
const RUNS: u32 = 8;

/// What a sweep is judged by.
const TABLES: [&str; 2] = ["table.md", "table.csv"];

/// A kill of this part of all is one of the sweep itself.
const OF_THE_SWEEP: f64 = 0.4;

/// Kills `n` times, at random moments, a random run of a sweep or the sweep itself, and starts it again until it is done.
pub(super) fn run(ground: &Ground) -> anyhow::Result<Findings> {
    if !Path::new("/proc/self/cwd").exists() {
        return Ok(Findings::skipped("runs that a sweep left behind are found in /proc"));
    }
    let program = ground.program()?;
    let serial = Place::new(ground, program, "serial")?;
    let ended = finish(serial.sweep(1)?, &ground.log(), LONGEST)?;
    ensure!(
        ended.status.success(),
        "an undisturbed sweep failed: {}",
        ended.in_words()
    );
    let tables = serial.tables()?;
    let each = ended.took / RUNS;

    let mut findings = Findings::new();
    findings.fact("runs of a sweep", RUNS);
    let mut chance = Chance::new(ground.seed);
    let (mut kills, mut number) = (0, 0);
    while kills < ground.n || number == 0 {
        let place = Place::new(ground, program, &format!("killed-{number}"))?;
        let most = ground.n - kills;
        kills += place.to_the_end(ground, (most, each), &mut chance, &mut findings)?;
        number += 1;
        findings.count("sweeps compared");
        findings.check(place.tables()? == tables, || {
            format!("the tables of sweep {number}, which was killed, are others")
        });
        fs::remove_dir_all(&place.folder)?;
    }
    ground.say(&format!("{kills} kills, {number} sweeps came to their end"));
    Ok(findings)
}

/// A folder with a plan, in which it is carried out.
struct Place {
    folder: PathBuf,
    /// The paper's program, as its processes name it.
    program: PathBuf,
}

impl Place {
    fn new(ground: &Ground, program: &Program, name: &str) -> anyhow::Result<Self> {
        let folder = ground.folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("plan.toml"), plan(program, ground.seed))?;
        // Processes are recognized by their folder, which the kernel tells without links.
        let folder = folder.canonicalize()?;
        let program = program.path.clone();
        Ok(Self { folder, program })
    }

    /// The command that carries the plan out, or goes on with it.
    fn sweep(&self, jobs: usize) -> anyhow::Result<Command> {
        let programs = self.program.parent().context("the program has no folder")?;
        let mut command = Command::new(env::current_exe().context("the place of this program")?);
        command
            .args(["sweep", "plan.toml", "--threads", "1", "--jobs", &jobs.to_string()])
            .arg("--programs")
            .arg(programs)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    /// Kills at most so many times, about once in the time that `each` run takes, and starts the sweep again until it is
    /// done; returns the number of kills.
    fn to_the_end(
        &self,
        ground: &Ground,
        (most, each): (u32, Duration),
        chance: &mut Chance,
        findings: &mut Findings,
    ) -> anyhow::Result<u32> {
        let mut kills = 0;
        loop {
            let mut sweep = Running::start(self.sweep(2)?, &ground.log())?;
            while kills < most {
                if let Some(ended) = sweep.wait(each.mul_f64(2.0 * chance.fraction()))? {
                    if self.is_done(&ended)? {
                        return Ok(kills);
                    }
                    sweep = Running::start(self.sweep(2)?, &ground.log())?;
                    continue;
                }
                if chance.fraction() < OF_THE_SWEEP {
                    sweep.kill()?;
                    findings.count("kills of the sweep");
                    kills += 1;
                    sweep = Running::start(self.sweep(2)?, &ground.log())?;
                } else if self.kill_a_run(chance)? {
                    findings.count("kills of a run");
                    kills += 1;
                }
            }
            let ended = sweep.wait(LONGEST)?.context("a sweep came to no end")?;
            if self.is_done(&ended)? {
                return Ok(kills);
            }
        }
    }

    /// Whether the sweep is done. A run that was killed too often is given up for the time being, which is no failure.
    fn is_done(&self, ended: &Ended) -> anyhow::Result<bool> {
        let is_given_up = ended.code() == Some(1) && ended.errors.contains("times without getting further");
        ensure!(
            ended.status.success() || is_given_up,
            "a killed sweep failed: {}",
            ended.in_words()
        );
        Ok(ended.status.success())
    }

    /// Kills a random run that is going on here; whether there was one.
    fn kill_a_run(&self, chance: &mut Chance) -> anyhow::Result<bool> {
        let runs: Vec<String> = fs::read_dir("/proc")?
            .flatten()
            .filter(|entry| self.is_run(&entry.path()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        let Some(run) = chance.one_of(&runs) else {
            return Ok(false);
        };
        let mut kill = Command::new("sh");
        kill.args(["-c", &format!("kill -9 {run}")]).stderr(Stdio::null());
        // A run that ended in this moment was not killed.
        Ok(kill.status().context("starting sh")?.success())
    }

    /// Whether this process, a folder of `/proc`, trains here.
    fn is_run(&self, process: &Path) -> bool {
        let is_here = fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == self.folder);
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        let mut words = words.split(|&byte| byte == 0);
        let is_program = words.next() == Some(self.program.as_os_str().as_encoded_bytes());
        is_here && is_program && words.next() == Some(b"train")
    }

    fn tables(&self) -> anyhow::Result<Vec<String>> {
        let folder = self.folder.join("runs/sweeps").join(NAME);
        let read = |name: &&str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
        };
        TABLES.iter().map(read).collect()
    }
}

/// Four points, made from two settings that every paper has, and two seeds.
fn plan(program: &Program, seed: u64) -> String {
    let mut plan = format!(
        "name = '{NAME}'\npaper = '{}'\nseeds = [{seed}, {}]\n",
        program.paper,
        seed + 1
    );
    if let Some(experiment) = &program.experiment {
        plan += &format!("experiments = ['{experiment}']\n");
    }
    plan += "[axes]\n\"schedule.steps\" = [12, 20]\n\"schedule.checkpoint_every\" = [3, 5]\n[sets]\n";
    let settings = program.settings.iter().filter_map(|setting| setting.split_once('='));
    for (key, value) in settings {
        plan += &format!("\"{key}\" = {value}\n");
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_that_of_the_programs_short_run() {
        let program = Program {
            paper: "toy".to_owned(),
            path: "/toy".into(),
            version: "0.1.0".to_owned(),
            experiment: Some("digits".to_owned()),
            settings: vec!["schedule.steps=60".to_owned(), "width=2".to_owned()],
        };
        let plan: toml::Table = plan(&program, 7).parse().unwrap();
        assert_eq!(plan["seeds"].to_string(), "[7, 8]");
        assert_eq!(plan["experiments"].to_string(), "[\"digits\"]");
        assert_eq!(plan["sets"]["width"].as_integer(), Some(2));
        assert_eq!(plan["axes"].as_table().unwrap().len(), 2);
    }
}
