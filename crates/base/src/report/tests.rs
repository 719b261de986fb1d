use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    figure::{Body, Figure, Table},
    journal::{Event, Journal},
    plot::{Chart, Series},
};

const STEPS: u64 = 40;

fn scalars(values: &[(&str, f64)]) -> Scalars {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

/// A run's folder after `last` of its updates; `rate` is its one interesting setting.
fn train(folder: &Path, seed: u64, rate: f64, last: u64) -> Journal {
    fs::create_dir_all(folder).unwrap();
    let config = format!("rate = {rate:?}\n\n[schedule]\nsteps = {STEPS}\n");
    fs::write(folder.join(CONFIG), config).unwrap();
    let record = serde_json::json!({
        "paper": "toy", "experiment": "spirals", "seed": seed, "backend": "flex",
        "git": { "commit": "abc", "dirty": false },
    });
    fs::write(folder.join(PROVENANCE), record.to_string()).unwrap();
    let mut journal = Journal::create(folder).unwrap();
    for step in 1..=last {
        let loss = 1.0 / (step as f64 * rate);
        journal
            .event(&Event::Progress {
                step,
                scalars: scalars(&[("loss", loss)]),
            })
            .unwrap();
        if step % 10 == 0 {
            journal
                .event(&Event::Evaluation {
                    step,
                    scalars: scalars(&[("rmse", loss / 2.0)]),
                })
                .unwrap();
            journal.event(&Event::Checkpoint { step }).unwrap();
        }
    }
    journal
}

/// A run that came to its end with this error.
fn finish(folder: &Path, seed: u64, rate: f64, rmse: f64) {
    let mut journal = train(folder, seed, rate, STEPS);
    let results = scalars(&[("rmse", rmse)]);
    save_figures(folder, &figures()).unwrap();
    let seconds = 100.0 + seed as f64;
    journal
        .event(&Event::Finished {
            step: STEPS,
            seconds,
            scalars: results.clone(),
        })
        .unwrap();
    save_results(folder, &results).unwrap();
    run(folder).unwrap();
}

fn figures() -> Vec<Figure> {
    let chart = Chart {
        title: "Spiral".to_owned(),
        series: vec![Series::line("truth", [(0.0, 0.0), (1.0, 1.0)])],
        ..Chart::default()
    };
    let mut table = Table::new(["model", "error"]);
    table.push(["<ODE>", "0.42"]);
    let figure = |name: &str, body: Body| Figure {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        caption: format!("What {name} shows & how."),
        body,
    };
    vec![
        figure("spiral", Body::Svg(chart.to_svg().unwrap())),
        figure("table-1", Body::Table(table)),
        figure("samples", Body::Png(b"\x89PNG".to_vec())),
        figure("notes", Body::Text("as <it> is".to_owned())),
    ]
}

fn page(folder: &Path) -> String {
    fs::read_to_string(run(folder).unwrap()).unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What a page must not need: scripts, and anything that is not in the file.
fn assert_self_contained(page: &str) {
    for foreign in ["<script", "src=\"http", "<link", "@import", "<iframe", "url("] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
    let addresses = page.matches("http://").count() + page.matches("https://").count();
    // Name spaces of SVG are names that look like addresses.
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn the_page_of_a_finished_run_holds_everything() {
    let folder = folder();
    finish(folder.path(), 3, 0.5, 0.123_456);
    let page = page(folder.path());
    for expected in [
        "<h1>spirals<span class=\"badge good\">finished</span></h1>",
        "<p class=\"paper\">toy</p>",
        "40 updates",
        "1 min 43 s of training",
        "seed 3",
        "<dt>rmse</dt><dd>0.1235</dd>",
        "aria-label=\"loss\"",
        "aria-label=\"rmse\"",
        "aria-label=\"Spiral\"",
        "&#60;ODE&#62;",
        "data:image/png;base64,iVBORw==",
        "<pre>as &#60;it&#62; is</pre>",
        "What table-1 shows &#38; how.",
        "the newest of 4",
        "rate = 0.5",
        "git.commit",
    ] {
        assert!(page.contains(expected), "no {expected}");
    }
    assert_self_contained(&page);
    let places: Vec<usize> = figures()
        .iter()
        .map(|figure| page.find(&format!("id=\"{}\"", figure.name)).unwrap())
        .collect();
    assert!(places.is_sorted(), "figures in the order of the experiment");
}

#[test]
fn an_unfinished_run_shows_its_newest_evaluation() {
    let folder = folder();
    train(folder.path(), 0, 1.0, 25);
    let page = page(folder.path());
    for expected in [
        "unfinished",
        "25 of 40 updates",
        "Newest evaluation, after 20 updates",
        "<dd>0.025</dd>",
    ] {
        assert!(page.contains(expected), "no {expected}");
    }
}

#[test]
fn a_run_that_was_stopped_says_why() {
    let folder = folder();
    let mut journal = train(folder.path(), 0, 1.0, 5);
    let reason = "loss is NaN <after> step 5".to_owned();
    journal.event(&Event::Stopped { step: 5, reason }).unwrap();
    let page = page(folder.path());
    assert!(page.contains("loss is NaN &#60;after&#62; step 5"));
    assert!(page.contains("badge bad"));
}

#[test]
fn a_run_killed_before_its_first_event_has_a_page() {
    let folder = folder();
    fs::write(folder.path().join(CONFIG), "").unwrap();
    assert!(page(folder.path()).contains("0 updates"));
}

#[test]
fn damaged_parts_are_named_on_the_page() {
    let folder = folder();
    finish(folder.path(), 0, 1.0, 0.5);
    fs::write(folder.path().join(RESULTS), "{").unwrap();
    fs::write(folder.path().join("figures/spiral.svg"), [0xff]).unwrap();
    fs::remove_file(folder.path().join("figures/samples.png")).unwrap();
    let page = page(folder.path());
    assert!(page.contains("Warnings") && page.contains("results.json"));
    assert_eq!(page.matches("Cannot be shown.").count(), 2);
}

#[test]
fn a_page_says_why_a_part_could_not_be_read() {
    let folder = folder();
    finish(folder.path(), 0, 1.0, 0.5);
    // A folder can be opened as a file, but not read as one.
    for name in [CONFIG, "figures/samples.png"] {
        let path = folder.path().join(name);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let cause = fs::read(&path).unwrap_err().to_string();
        assert!(page(folder.path()).contains(&cause), "{name}: {cause}");
    }
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let folder = folder();
    let error = run(folder.path()).unwrap_err().to_string();
    assert!(error.contains("not the folder of a run"), "{error}");
}

#[test]
fn an_index_cannot_point_outside_its_folder() {
    let folder = folder();
    finish(folder.path(), 0, 1.0, 0.5);
    fs::write(folder.path().join("secret.txt"), "the secret").unwrap();
    let index = r#"[{"name": "../secret", "title": "t", "caption": "", "kind": "text"}]"#;
    fs::write(folder.path().join("figures/index.json"), index).unwrap();
    let page = page(folder.path());
    assert!(!page.contains("the secret") && page.contains("Cannot be shown."));
}

#[test]
fn figures_of_an_earlier_call_are_gone() {
    let folder = folder();
    save_figures(folder.path(), &figures()).unwrap();
    save_figures(folder.path(), &figures()[1..2]).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.path().join(FIGURES))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["index.json", "table-1.csv", "table-1.table.json"]);
}

#[test]
fn figures_are_read_back_as_they_were() {
    let folder = folder();
    save_figures(folder.path(), &figures()).unwrap();
    assert_eq!(figures::load_figures(folder.path()).unwrap(), figures());
}

#[test]
fn figures_need_names_of_their_own() {
    let folder = folder();
    let named = |name: &str| Figure {
        name: name.to_owned(),
        ..figures().remove(3)
    };
    for names in [
        ["a", "A"],
        ["a", "../b"],
        ["a", ""],
        ["a", ".b"],
        ["a", "b/c"],
        ["a", "é"],
    ] {
        assert!(save_figures(folder.path(), &names.map(named)).is_err(), "{names:?}");
    }
}

#[test]
fn runs_that_differ_only_in_their_seed_are_one_row() {
    let folder = folder();
    let runs = [
        ("slow-seed0", 0, 0.5, 1.0),
        ("slow-seed1", 1, 0.5, 2.0),
        ("fast-seed0", 0, 2.0, 0.25),
    ];
    let mut folders = Vec::new();
    for (name, seed, rate, rmse) in runs {
        finish(&folder.path().join(name), seed, rate, rmse);
        folders.push(folder.path().join(name));
    }
    let out = folder.path().join("all runs.html");
    compare(&folders, &out).unwrap();
    let page = fs::read_to_string(&out).unwrap();
    // The mean of 1 and 2, and the root of (0.25 + 0.25) / 1.
    for expected in [
        "1.500 ± 0.707 (n=2)",
        "0.2500 (n=1)",
        "100.5 ± 0.7 (n=2)",
        "3 runs of 2 configurations",
        ">rate</td>",
        "href=\"slow-seed1/report.html\"",
        "aria-label=\"rmse (evaluation)\"",
        "aria-label=\"loss (training)\"",
    ] {
        assert!(page.contains(expected), "no {expected}");
    }
    assert!(
        !page.contains(">schedule.steps</td>"),
        "settings that are the same are left out"
    );
    assert_self_contained(&page);
}

#[test]
fn unfinished_runs_do_not_move_a_mean() {
    let folder = folder();
    let runs = ["a-seed0", "a-seed1", "b-seed0"].map(|name| folder.path().join(name));
    finish(&runs[0], 0, 1.0, 0.5);
    train(&runs[1], 1, 1.0, 20);
    train(&runs[2], 0, 2.0, 20);
    let out = folder.path().join("comparison.html");
    compare(&runs, &out).unwrap();
    let page = fs::read_to_string(out).unwrap();
    for expected in [
        "a (1 unfinished left out)",
        "0.5000 (n=1)",
        "b (unfinished)",
        "0.01250 (n=1)",
    ] {
        assert!(page.contains(expected), "no {expected}");
    }
}

#[test]
fn one_run_is_drawn_and_several_are_compared() {
    let folder = folder();
    let runs = ["a-seed0", "b-seed0"].map(|name| folder.path().join(name));
    for run in &runs {
        finish(run, 0, 1.0, 0.5);
    }
    assert_eq!(draw(&runs[..1], None).unwrap(), runs[0].join(REPORT));
    assert_eq!(draw(&runs, None).unwrap(), folder.path().join(COMPARISON));
    let out = folder.path().join("elsewhere.html");
    for runs in [&runs[..1], &runs] {
        assert_eq!(draw(runs, Some(&out)).unwrap(), out);
        assert!(out.is_file());
        fs::remove_file(&out).unwrap();
    }
    assert!(draw(&[], None).is_err());
}

#[test]
fn clearing_leaves_the_lock_and_what_is_not_ours() {
    let folder = folder();
    finish(folder.path(), 0, 1.0, 0.5);
    for inner in ["checkpoints/step-1", "weights", ".staging-abc"] {
        fs::create_dir_all(folder.path().join(inner)).unwrap();
    }
    for kept in ["lock", "notes.txt"] {
        fs::write(folder.path().join(kept), "").unwrap();
    }
    clear(folder.path()).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["lock", "notes.txt"]);
    clear(folder.path()).unwrap();
}

#[test]
fn what_killed_writers_left_is_swept() {
    let folder = folder();
    let figures = folder.path().join(FIGURES);
    fs::create_dir_all(&figures).unwrap();
    for path in [
        folder.path().join(".commit-abc"),
        figures.join(".commit-def"),
        figures.join("loss.svg"),
    ] {
        fs::write(path, "").unwrap();
    }
    fs::create_dir(folder.path().join(".staging-abc")).unwrap();
    sweep(folder.path()).unwrap();
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(folder.path()), [FIGURES]);
    assert_eq!(names(&figures), ["loss.svg"]);
}

#[cfg(unix)]
#[test]
fn clearing_does_not_follow_links() {
    let (folder, elsewhere) = (folder(), folder());
    fs::write(elsewhere.path().join("precious"), "").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("checkpoints")).unwrap();
    clear(folder.path()).unwrap();
    assert!(!folder.path().join("checkpoints").exists());
    assert!(elsewhere.path().join("precious").exists());
}
