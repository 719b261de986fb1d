use std::fs;

use super::*;

fn progress(step: u64, loss: f64) -> Event {
    Event::Progress {
        step,
        scalars: vec![("loss".to_owned(), loss), ("kl".to_owned(), 1.0)],
    }
}

fn events(folder: &Path) -> Vec<Event> {
    read(folder).unwrap().into_iter().map(|record| record.event).collect()
}

fn append(folder: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(folder.join(JOURNAL)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn every_kind_of_event_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let written = [
        progress(1, 0.1 + 0.2),
        Event::Evaluation {
            step: 1,
            scalars: vec![("rmse".to_owned(), 1e-300)],
        },
        Event::Checkpoint { step: 1 },
        Event::Resumed { step: u64::MAX },
        Event::Warning {
            message: "a \"line\"\nand another".to_owned(),
        },
        Event::Stopped {
            step: 2,
            reason: "é".to_owned(),
        },
        Event::Finished {
            step: 2,
            seconds: 3.5,
            scalars: Scalars::new(),
        },
    ];
    let mut journal = Journal::create(folder.path()).unwrap();
    for event in &written {
        journal.event(event).unwrap();
    }
    assert_eq!(events(folder.path()), written);
}

#[test]
fn a_line_is_what_the_documentation_shows() {
    let record = Record {
        time: 1.5,
        event: progress(7, 0.25),
    };
    let line = r#"{"time":1.5,"event":"progress","step":7,"scalars":{"loss":0.25,"kl":1.0}}"#;
    assert_eq!(serde_json::to_string(&record).unwrap(), line);
}

#[test]
fn the_order_of_scalars_is_kept() {
    let line = r#"{"time":0,"event":"progress","step":7,"scalars":{"z":1,"a":2,"m":-3}}"#;
    let record: Record = serde_json::from_str(line).unwrap();
    let Event::Progress { scalars, .. } = record.event else {
        panic!("not progress");
    };
    let expected = [("z", 1.0), ("a", 2.0), ("m", -3.0)];
    assert_eq!(scalars, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn numbers_that_are_not_finite_survive() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        journal.event(&progress(1, value)).unwrap();
    }
    let values: Vec<f64> = events(folder.path())
        .iter()
        .map(|event| match event {
            Event::Progress { scalars, .. } => scalars[0].1,
            _ => 0.0,
        })
        .collect();
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn a_torn_last_line_is_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    for torn in ["{\"time\":1", "{\"time\":1.0,\"event\":\"checkpoint\",\"step\":1}"] {
        append(folder.path(), torn.as_bytes());
        assert_eq!(events(folder.path()), [progress(1, 0.5)]);
        let end = whole_lines(&fs::read(folder.path().join(JOURNAL)).unwrap());
        let file = OpenOptions::new()
            .write(true)
            .open(folder.path().join(JOURNAL))
            .unwrap();
        file.set_len(end as u64).unwrap();
    }
}

#[test]
fn damage_before_the_last_line_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    append(folder.path(), b"\xff\xfe\n");
    append(folder.path(), b"{}\n");
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn an_endless_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(JOURNAL), vec![b'a'; 3 << 20]).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn a_resumed_journal_equals_one_that_was_never_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    let position = journal.position().unwrap();
    journal.event(&progress(2, 7.0)).unwrap();
    append(folder.path(), b"{\"torn");
    drop(journal);

    let mut journal = Journal::resume(folder.path(), &position).unwrap();
    journal.event(&progress(2, 0.25)).unwrap();
    assert_eq!(events(folder.path()), [progress(1, 0.5), progress(2, 0.25)]);
    let board = fs::read(folder.path().join(BOARD)).unwrap();
    let values: Vec<_> = tensorboard::tests::decode(&board)
        .into_iter()
        .flat_map(|event| event.values.into_iter().map(move |value| (event.step, value)))
        .collect();
    let expected = [
        (1, ("train/loss".to_owned(), 0.5)),
        (1, ("train/kl".to_owned(), 1.0)),
        (2, ("train/loss".to_owned(), 0.25)),
        (2, ("train/kl".to_owned(), 1.0)),
    ];
    assert_eq!(values, expected);
}

#[test]
fn resuming_at_the_beginning_leaves_only_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    drop(journal);
    Journal::resume(folder.path(), &Position::default()).unwrap();
    assert!(events(folder.path()).is_empty());
    let board = fs::read(folder.path().join(BOARD)).unwrap();
    assert_eq!(tensorboard::tests::decode(&board).len(), 1);
}

#[test]
fn a_journal_that_was_lost_is_begun_again_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    let position = journal.position().unwrap();
    drop(journal);
    fs::remove_file(folder.path().join(JOURNAL)).unwrap();
    Journal::resume(folder.path(), &position).unwrap();
    assert!(matches!(events(folder.path()).as_slice(), [Event::Warning { .. }]));
}

#[test]
fn a_position_survives_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path()).unwrap();
    journal.event(&progress(1, 0.5)).unwrap();
    let position = journal.position().unwrap();
    let saved = serde_json::to_string(&position).unwrap();
    assert_eq!(serde_json::from_str::<Position>(&saved).unwrap(), position);
}
