use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use papers_base::lock::RunLock;

use super::*;

#[test]
fn what_is_finished_is_not_run_again() {
    let fake = Fake::new();
    assert!(fake.run(GRID, 3).failures.is_empty());
    assert_eq!(fake.calls().len(), 8);
    let tables = fake.tables(GRID);
    fake.run(GRID, 3);
    assert_eq!(fake.calls().len(), 8);
    // Another plan of the same points, and one more.
    fake.run(&GRID.replace("[0.1, 0.2]", "[0.2, 0.3, 0.1]"), 3);
    assert_eq!(fake.calls().len(), 12);
    assert_eq!(fake.tables(GRID), tables);
}

#[test]
fn killed_workers_give_the_table_of_a_serial_sweep() {
    let serial = Fake::new();
    serial.run(GRID, 1);
    let killed = Fake::new().with("die");
    // A run that is killed again and again is given up at some time; the same command goes on.
    for round in 0.. {
        assert!(round < 100, "no end");
        let outcome = killed.run(GRID, 3);
        for failure in &outcome.failures {
            assert!(failure.reason.starts_with("killed by signal 9, 3 times"), "{failure:?}");
        }
        if outcome.failures.is_empty() {
            break;
        }
    }
    let calls = killed.calls();
    assert!(calls.len() > 8, "nothing was killed");
    assert!(calls.iter().any(|call| call.ends_with("resume yes")), "nothing went on");
    assert_eq!(killed.tables(GRID), serial.tables(GRID));
}

/// Results say that a run was finished once; only a journal with its end says what came out.
#[test]
fn what_has_results_beside_a_torn_journal_is_run_again_alone() {
    let fake = Fake::new();
    fake.run(GRID, 3);
    let (sweep, tables) = (fake.sweep(GRID), fake.tables(GRID));
    let [gone, torn, empty] = [0, 3, 5].map(|run| &sweep.runs[run].folder);
    fs::remove_file(gone.join("journal.jsonl")).unwrap();
    let journal = fs::read(torn.join("journal.jsonl")).unwrap();
    fs::write(torn.join("journal.jsonl"), &journal[..journal.len() / 2]).unwrap();
    fs::write(empty.join("journal.jsonl"), "").unwrap();
    fs::remove_dir_all(empty.join("checkpoints")).unwrap();
    for folder in [gone, torn, empty] {
        assert!(folder.join("results.json").is_file() && !is_finished(folder));
    }
    fs::remove_file(fake.path("calls")).unwrap();
    assert!(fake.run(GRID, 3).failures.is_empty());
    let mut calls = fake.calls();
    calls.sort();
    let expected = [
        "seed 0 threads 1 resume yes",
        "seed 1 threads 1 resume ",
        "seed 1 threads 1 resume yes",
    ];
    assert_eq!(calls, expected);
    assert!(sweep.runs.iter().all(|run| is_finished(&run.folder)));
    assert_eq!(fake.tables(GRID), tables);
}

#[test]
fn a_run_that_another_process_is_at_is_waited_for() {
    let fake = Fake::new();
    let sweep = fake.sweep(GRID);
    let folder = &sweep.runs[3].folder;
    fs::create_dir_all(folder).unwrap();
    let lock = RunLock::acquire(folder).unwrap();
    let outcome = thread::scope(|scope| {
        let pool = scope.spawn(|| fake.run(GRID, 3));
        let others = || sweep.runs.iter().filter(|run| is_finished(&run.folder)).count();
        while others() < 7 {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!is_finished(folder));
        drop(lock);
        pool.join().unwrap()
    });
    assert!(outcome.failures.is_empty());
    assert!(is_finished(folder));
    assert_eq!(fake.calls().len(), 8);
}

#[test]
fn what_another_process_finishes_is_not_run_again() {
    let fake = Fake::new().with("slow");
    let sweep = fake.sweep(GRID);
    let run = &sweep.runs[0];
    fs::create_dir_all(&run.folder).unwrap();
    let arguments = sweep.arguments(run, false).to_args();
    let mut other = std::process::Command::new(&sweep.program);
    let mut other = other
        .arg("train")
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .spawn()
        .unwrap();
    while fake.calls().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(fake.path("slow")).unwrap();
    assert!(fake.run(GRID, 2).failures.is_empty());
    assert!(other.wait().unwrap().success());
    assert_eq!(fake.calls().len(), 8);
}

#[test]
fn a_run_that_fails_is_recorded_and_the_others_go_on() {
    let fake = Fake::new().with("broken");
    let sweep = fake.sweep(GRID);
    let outcome = fake.run(GRID, 2);
    assert_eq!(outcome.failures.len(), 4);
    for failure in &outcome.failures {
        assert_eq!(failure.reason, "diverged (exit code 4)");
        assert_eq!(failure.lines, ["one", "two", "error: it left the finite numbers"]);
        let record = fs::read_to_string(failure.run.folder.join(super::super::FAILURE)).unwrap();
        assert!(record.starts_with("diverged (exit code 4)\none\n"), "{record}");
    }
    assert_eq!(sweep.runs.iter().filter(|run| is_finished(&run.folder)).count(), 4);
    assert!(fake.tables(GRID).0.contains("(n=1)"));

    fs::remove_file(fake.path("broken")).unwrap();
    assert!(fake.run(GRID, 2).failures.is_empty());
    for run in &sweep.runs {
        assert!(is_finished(&run.folder));
        assert!(!run.folder.join(super::super::FAILURE).exists());
    }
}

#[test]
fn a_program_that_ends_well_without_finishing_the_run_has_failed() {
    let fake = Fake::new();
    let program = PROGRAM.replace("\nfor step in", "\nexit 0\nfor step in");
    fs::write(fake.path("toy"), program).unwrap();
    let outcome = fake.run(GRID, 2);
    assert_eq!(outcome.failures.len(), 8);
    assert!(
        outcome.failures[0]
            .reason
            .starts_with("the program ended well, but not the run")
    );
}

#[test]
fn a_request_to_stop_is_passed_on_and_the_same_sweep_goes_on() {
    let fake = Fake::new().with("slow");
    let sweep = fake.sweep(GRID);
    let flag = Arc::new(false.into());
    let stop = Stop::from(Arc::clone(&flag));
    let share = Share { jobs: 2, threads: 1 };
    let outcome = thread::scope(|scope| {
        let pool = scope.spawn(|| runs_pool::run(&sweep, share, &stop).unwrap());
        while !sweep
            .runs
            .iter()
            .any(|run| matches!(State::of(&run.folder), State::Begun { .. }))
        {
            thread::sleep(Duration::from_millis(10));
        }
        flag.store(true, std::sync::atomic::Ordering::Relaxed);
        pool.join().unwrap()
    });
    assert_eq!((outcome.stops, outcome.failures.len()), (1, 0));
    assert_eq!(fake.calls().len(), 2, "nothing was started after the request");
    assert!(!sweep.runs.iter().any(|run| is_finished(&run.folder)));

    fs::remove_file(fake.path("slow")).unwrap();
    fake.run(GRID, 2);
    let serial = Fake::new();
    serial.run(GRID, 1);
    assert_eq!(fake.tables(GRID), serial.tables(GRID));
}

#[test]
fn a_run_that_goes_on_keeps_its_threads() {
    let fake = Fake::new();
    fake.run(GRID, 2);
    fake.unfinish(GRID);
    let larger = GRID.replace("[0, 1]", "[0, 1, 2]");
    let share = Share { jobs: 2, threads: 5 };
    runs_pool::run(&fake.sweep(&larger), share, &Stop::default()).unwrap();
    let mut calls = fake.calls();
    calls.sort();
    let went_on = ["seed 0 threads 1 resume yes"; 4];
    assert_eq!(calls[..4], went_on);
    assert_eq!(calls[4..], ["seed 2 threads 5 resume "; 4]);
}

#[test]
fn the_table_has_mean_spread_and_number_of_each_point() {
    let fake = Fake::new();
    let sweep = fake.sweep(GRID);
    fake.run(GRID, 4);
    let mut scores: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for run in &sweep.runs {
        let State::Finished(scalars) = State::of(&run.folder) else {
            panic!("{run:?}")
        };
        scores.entry(run.point).or_default().push(scalars[0].1);
    }
    let (markdown, csv) = fake.tables(GRID);
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        rows[0],
        "experiment,rate,kind,score (mean),score (standard deviation),score (n),loss (mean),loss (standard deviation),loss (n)"
    );
    assert_eq!(rows.len(), 5);
    // Of two values: half their sum, and their distance over the root of two.
    let (one, other) = (scores[&1][0], scores[&1][1]);
    let (mean, deviation) = ((one + other) / 2.0, (one - other).abs() / 2_f64.sqrt());
    let cells: Vec<&str> = rows[2].split(',').collect();
    assert_eq!(cells[..4], ["digits", "0.1", "sgd", mean.to_string().as_str()]);
    assert!((cells[4].parse::<f64>().unwrap() - deviation).abs() < 1e-9);
    assert_eq!(cells[5], "2");
    assert_eq!(markdown.lines().count(), 6);
    assert!(markdown.contains("± ") && markdown.contains("(n=2)"), "{markdown}");
}

#[test]
fn only_the_metrics_asked_for_are_columns() {
    let fake = Fake::new();
    fake.run(GRID, 4);
    let asked = GRID.replace("[axes]", "metrics = ['loss']\n[axes]");
    assert!(fake.tables(&asked).1.starts_with("experiment,rate,kind,loss (mean),"));
    let asked = GRID.replace("[axes]", "metrics = ['los']\n[axes]");
    let plan = Plan::parse("plan.toml", &asked).unwrap();
    let error = gather::gather(&plan, &target(&plan), &fake.path("sweeps"))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("no metric `los`; there are: score, loss"),
        "{error}"
    );
}

#[test]
fn gathering_needs_no_program_and_writes_a_page() {
    let fake = Fake::new();
    fake.run(GRID, 4);
    fs::remove_file(fake.path("toy")).unwrap();
    let plan = Plan::parse("plan.toml", GRID).unwrap();
    let gathered = gather::gather(&plan, &target(&plan), &fake.path("sweeps")).unwrap();
    let out = fake.path("tables/here");
    gathered.save(&out).unwrap();
    for name in ["table.md", "table.csv", "comparison.html"] {
        assert!(fs::metadata(out.join(name)).unwrap().len() > 100, "{name}");
    }
}

#[test]
fn nothing_to_gather_is_told() {
    let fake = Fake::new();
    let plan = Plan::parse("plan.toml", GRID).unwrap();
    let error = gather::gather(&plan, &target(&plan), &fake.path("sweeps"))
        .err()
        .unwrap();
    assert!(error.to_string().contains("no run of"), "{error}");
}
