use std::process::{Command, Stdio};

use super::{
    super::emit::{Scheduler, manifest, shared},
    *,
};

/// A value that a shell would misread.
fn awkward() -> String {
    GRID.replace("[\"adam\", \"sgd\"]", "[\"it's; $HOME\", \"a b\"]")
}

fn emitted(fake: &Fake, scheduler: Scheduler) -> String {
    let sweep = shared(fake.sweep(&awkward())).unwrap();
    manifest(&sweep, scheduler, 2, 3).unwrap()
}

/// Runs bash, with the text as its program or to be checked only.
fn bash(text: &str, arguments: &[&str], variable: (&str, &str)) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.sh");
    fs::write(&script, text).unwrap();
    let mut command = Command::new("bash");
    command.args(arguments).arg(script).env(variable.0, variable.1);
    command.stdin(Stdio::null()).status().unwrap().success()
}

/// Whether the fake paper's runs are what a local sweep makes of them.
fn assert_as_local(fake: &Fake) {
    let local = Fake::new();
    local.run(&awkward(), 1);
    assert_eq!(fake.tables(&awkward()), local.tables(&awkward()));
}

#[test]
fn array_jobs_are_scripts_that_run_each_index() {
    for (scheduler, variable) in [(Scheduler::Slurm, "SLURM_ARRAY_TASK_ID"), (Scheduler::Hq, "HQ_TASK_ID")] {
        let fake = Fake::new();
        let text = emitted(&fake, scheduler);
        assert!(bash(&text, &["-n"], (variable, "0")), "{text}");
        for index in 0..8 {
            assert!(bash(&text, &[], (variable, &index.to_string())), "{index}: {text}");
        }
        assert!(!bash(&text, &[], (variable, "8")), "there is no ninth run");
        assert_as_local(&fake);
    }
}

#[test]
fn directives_are_those_of_the_scheduler() {
    let fake = Fake::new();
    let text = emitted(&fake, Scheduler::Slurm);
    for line in [
        "#SBATCH --array=0-7",
        "#SBATCH --cpus-per-task=3",
        "#SBATCH --job-name=grid",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    // Directives end at the first command.
    assert!(text.rfind("#SBATCH").unwrap() < text.find("case").unwrap());
    let text = emitted(&fake, Scheduler::Hq);
    for line in ["#HQ --array=0-7", "#HQ --cpus=3", "#HQ --name=grid"] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}

#[test]
fn lines_run_in_parallel_and_a_second_time_do_nothing() {
    let fake = Fake::new();
    let path = fake.path("lines");
    fs::write(&path, emitted(&fake, Scheduler::Parallel)).unwrap();
    for _ in 0..2 {
        let status = Command::new("xargs")
            .args(["-d", "\n", "-n", "1", "-P", "3", "sh", "-c"])
            .stdin(fs::File::open(&path).unwrap())
            .status()
            .unwrap();
        assert!(status.success());
    }
    assert_eq!(calls_of_copy(&fake).len(), 8);
    assert_as_local(&fake);
    assert_eq!(
        manifest(&fake.sweep(&awkward()), Scheduler::Parallel, 1, 1),
        None,
        "all is done"
    );
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    let fake = Fake::new();
    fake.run(&awkward(), 2);
    fake.unfinish(&awkward());
    let text = emitted(&fake, Scheduler::Slurm);
    assert!(text.contains("#SBATCH --array=0-3\n"), "{text}");
    for index in 0..4 {
        assert!(bash(&text, &[], ("SLURM_ARRAY_TASK_ID", &index.to_string())));
    }
    // Threads of a run are those that it began with.
    assert_eq!(calls_of_copy(&fake), ["seed 0 threads 1 resume yes"; 4]);
    assert_as_local(&fake);
}

#[test]
fn a_kubernetes_job_has_an_index_for_each_run() {
    let fake = Fake::new();
    let text = emitted(&fake, Scheduler::K8s);
    for line in [
        "kind: Job",
        "  name: grid",
        "  completionMode: Indexed",
        "  completions: 8",
        "  parallelism: 2",
        "  backoffLimitPerIndex: 3",
        "              case \"$JOB_COMPLETION_INDEX\" in",
        "              cpu: \"3\"",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    // The script is a block of the YAML; without its indentation it is a program.
    let script = text.lines().filter_map(|line| line.strip_prefix("              "));
    let script: Vec<&str> = script.take_while(|line| *line != "esac").collect();
    assert!(
        bash(&(script.join("\n") + "\nesac\n"), &["-n"], ("A", "")),
        "{script:?}"
    );
}

/// The fake paper writes its calls beside itself, here beside its copy.
fn calls_of_copy(fake: &Fake) -> Vec<String> {
    let calls = fs::read_to_string(fake.path("sweeps/grid/programs/calls")).unwrap();
    calls.lines().map(str::to_owned).collect()
}
