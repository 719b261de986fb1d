use std::{path::Path, time::Duration};

use papers_base::cli::BenchArgs;
use serde_json::json;

use super::{
    About, Case, Pairs, Session, Spread,
    case::measure,
    memory,
    peer::{Peer, PeerError, Script},
    session::is_chosen,
    table::{headings, line, widths},
    three_digits,
};

#[test]
fn a_median_does_not_depend_on_the_order() {
    let spread = Spread::of([3.0, 1.0, 10.0]);
    assert_eq!(
        spread,
        Spread {
            median: 3.0,
            min: 1.0,
            max: 10.0
        }
    );
    assert_eq!(Spread::of([4.0, 1.0, 10.0, 2.0]).median, 3.0);
    assert_eq!(
        Spread::of([5.0]),
        Spread {
            median: 5.0,
            min: 5.0,
            max: 5.0
        }
    );
}

#[test]
fn pairs_alternate_after_a_warm_up() {
    let order = std::cell::RefCell::new(String::new());
    let turn = |name: char, number: f64| {
        order.borrow_mut().push(name);
        Ok(number)
    };
    let pairs = Pairs::measure(2, || turn('a', 1.0), || turn('b', 2.0)).unwrap();
    assert_eq!(*order.borrow(), "ababba");
    assert_eq!(pairs.ratio().median, 0.5);
}

#[test]
fn ratios_are_those_of_pairs_and_not_of_medians() {
    // The machine is ten times slower from the second pair on, for both.
    let (mut ours, mut theirs) = ([9.0, 1.0, 20.0, 30.0].into_iter(), [9.0, 2.0, 40.0, 30.0].into_iter());
    let pairs = Pairs::measure(3, || Ok(ours.next().unwrap()), || Ok(theirs.next().unwrap())).unwrap();
    assert_eq!(
        pairs.ratio(),
        Spread {
            median: 0.5,
            min: 0.5,
            max: 1.0
        }
    );
    assert_eq!((pairs.ours().median, pairs.theirs().median), (20.0, 30.0));
}

#[test]
fn a_failure_ends_the_measuring() {
    assert!(Pairs::measure(3, || Ok(1.0), || anyhow::bail!("no")).is_err());
}

#[test]
fn time_is_that_of_a_unit() {
    let mut work = Case::new("sleep", "nap", || {
        Ok(|| {
            std::thread::sleep(Duration::from_millis(2));
            Ok(4)
        })
    })
    .prepare()
    .unwrap();
    let once = measure(&mut work, Duration::ZERO).unwrap();
    assert_eq!(once.units, 4);
    assert!(once.milliseconds >= 0.5, "{once:?}");
    // However often the work is repeated.
    let often = measure(&mut work, Duration::from_millis(9)).unwrap();
    assert!(often.units == 4 && often.milliseconds >= 0.5, "{often:?}");
}

#[test]
fn only_chooses_by_parts_of_names() {
    let only = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
    assert!(is_chosen(&[], "solver/rk4"));
    assert!(is_chosen(&only(&["rk4"]), "solver/rk4"));
    assert!(is_chosen(&only(&["memory", "solver/"]), "solver/rk4"));
    assert!(!is_chosen(&only(&["memory"]), "solver/rk4"));
}

#[test]
fn columns_are_as_wide_as_their_headings() {
    let widths = widths(&["benchmark", "unit", "a long heading"]);
    let cells = ["a", "step", "1.00", "more"];
    let expected = format!("{:<28}  {:<7}  {:<14}  more", "a", "step", "1.00");
    assert_eq!(line(&cells, &widths), expected);
}

#[test]
fn a_pair_is_described_in_cells_and_for_programs() {
    let (mut ours, mut theirs) = ([1.0, 1.0, 3.0].into_iter(), [1.0, 4.0, 4.0].into_iter());
    let pairs = Pairs::measure(2, || Ok(ours.next().unwrap()), || Ok(theirs.next().unwrap())).unwrap();
    let mut result = json!({ "benchmark": "toy" });
    let cells = pairs.describe(&mut result, ["a_ms", "b_ms"], Some(0.4));
    let expected = [
        "2.00 (1.00 - 3.00)",
        "4.00 (4.00 - 4.00)",
        "0.500 (0.250 - 0.750)",
        "<= 0.4, missed",
    ];
    assert_eq!(cells, expected);
    assert_eq!(result["a_ms"]["median"], 2.0);
    assert_eq!(result["ratio"], json!({ "median": 0.5, "min": 0.25, "max": 0.75 }));
    assert_eq!(headings(&["ours", "theirs"]).len(), 3 + cells.len());
    assert_eq!(pairs.describe(&mut result, ["a_ms", "b_ms"], Some(0.5))[3], "<= 0.5");
    assert_eq!(pairs.describe(&mut result, ["a_ms", "b_ms"], None)[3], "");
}

#[test]
fn a_name_that_nothing_has_is_refused_with_those_there_are() {
    let arguments = BenchArgs {
        vs_pytorch: false,
        python: None,
        threads: None,
        repeat: 1,
        only: vec!["rk5".to_owned()],
        noise: false,
        memory: false,
        json: true,
    };
    let about = About {
        name: "toy",
        version: "0",
        script: Script {
            text: "",
            packages: &[],
        },
    };
    let mut session = Session::start(&arguments, about).unwrap();
    let never = Case::new("rk4", "run", || -> anyhow::Result<fn() -> anyhow::Result<usize>> {
        panic!("a case that is not chosen is not built")
    });
    session.time(vec![never]).unwrap();
    let message = session.finish(&["rk4".to_owned()]).unwrap_err().to_string();
    assert!(
        message.contains("`rk5`") && message.contains("there are: rk4"),
        "{message}"
    );
}

#[test]
fn numbers_have_three_digits() {
    for (number, text) in [
        (0.05123, "0.0512"),
        (0.5, "0.500"),
        (1.0, "1.00"),
        (12.345, "12.3"),
        (123.45, "123"),
        (12_345.0, "12345"),
        (0.0, "0"),
    ] {
        assert_eq!(three_digits(number), text);
    }
}

#[test]
fn memory_is_read_from_the_line_of_its_name() {
    let status = "Name:\ttoy\nVmHWM:\t    2020 kB\nVmRSS:\t       8 kB\nVmRSSx: 1\n";
    assert_eq!(memory::parse(status, "VmHWM"), Some(2020 * 1024));
    assert_eq!(memory::parse(status, "VmRSS"), Some(8 * 1024));
    assert_eq!(memory::parse(status, "VmPeak"), None);
    assert_eq!(memory::parse("VmHWM:\tmany kB", "VmHWM"), None);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_touched_shows_in_the_peak() {
    const SIZE: usize = 64 << 20;
    let growth = memory::Growth::start().unwrap();
    let block = std::hint::black_box(vec![1u8; SIZE]);
    drop(block);
    let peak = growth.peak().unwrap();
    // Other tests of this process come and go.
    assert!(peak as usize > SIZE / 2, "{peak}");
}

/// Runs a script with a Python that has its standard library, or not at all where there is none.
fn start(text: &'static str, patience: Duration) -> Option<Result<Peer, PeerError>> {
    let script = Script {
        text,
        packages: &["torch", "torchdiffeq"],
    };
    match Peer::start_patiently(Path::new("python3"), script, 3, patience) {
        Err(PeerError::NoPython { .. }) => None,
        started => Some(started),
    }
}

const PATIENT: Duration = Duration::from_secs(60);

#[test]
fn a_peer_answers_by_name() {
    let text = r#"
import json, sys
print(json.dumps({"ready": "fake with " + sys.argv[1]}), flush=True)
for line in sys.stdin:
    name, seconds = line.split()
    if name == "good":
        print(json.dumps({"milliseconds": 1e3 * float(seconds), "units": 5}), flush=True)
    elif name == "none":
        print(json.dumps({"milliseconds": 1.0, "units": 0}), flush=True)
    elif name == "alone":
        print(json.dumps({"skipped": "nobody else does this"}), flush=True)
    elif name == "prose":
        print("hello", flush=True)
    else:
        print(json.dumps({"error": "no such case"}), flush=True)
"#;
    let Some(peer) = start(text, PATIENT) else { return };
    let mut peer = peer.unwrap();
    assert_eq!(peer.about(), "fake with 3");
    let measured = peer.measure("good", Duration::from_millis(250)).unwrap();
    assert_eq!((measured.milliseconds, measured.units), (250.0, 5));
    for (case, problem) in [
        ("bad", "bad: no such case"),
        ("none", "of nothing"),
        ("prose", "`hello`"),
        ("alone", "no counterpart of alone: nobody else does this"),
    ] {
        let error = peer.measure(case, Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    // Still in step.
    assert!(peer.measure("good", Duration::from_secs(1)).is_ok());
}

#[test]
fn a_missing_package_is_named_with_the_command_that_brings_it() {
    let Some(started) = start("import a_package_that_nobody_has", PATIENT) else {
        return;
    };
    let message = started.unwrap_err().to_string();
    assert!(message.contains("`a_package_that_nobody_has`"), "{message}");
    assert!(
        message.contains("python3 -m pip install torch torchdiffeq"),
        "{message}"
    );
}

#[test]
fn a_script_that_ends_leaves_its_last_words() {
    let Some(started) = start("raise SystemExit('so tired')", PATIENT) else {
        return;
    };
    let message = started.unwrap_err().to_string();
    assert!(message.contains("so tired"), "{message}");
}

#[test]
fn a_script_that_hangs_is_ended() {
    let Some(started) = start("import time; time.sleep(600)", Duration::from_millis(300)) else {
        return;
    };
    assert!(matches!(started, Err(PeerError::Silent { .. })), "{started:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_dropped_peer_is_gone() {
    let text = r#"
import json, os, time
print(json.dumps({"ready": str(os.getpid())}), flush=True)
time.sleep(600)
"#;
    let Some(peer) = start(text, PATIENT) else { return };
    let peer = peer.unwrap();
    let process = format!("/proc/{}", peer.about());
    assert!(Path::new(&process).exists());
    drop(peer);
    assert!(!Path::new(&process).exists());
}

#[test]
fn a_missing_python_is_named() {
    let script = Script {
        text: "",
        packages: &[],
    };
    let error = Peer::start(Path::new("no/such/python"), script, 1).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, PeerError::NoPython { .. }));
    assert!(
        message.contains("no/such/python") && message.contains("--python"),
        "{message}"
    );
}
