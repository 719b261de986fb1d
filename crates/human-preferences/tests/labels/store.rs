//! The database: what it keeps, what it refuses, and how fast it is.

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use human_preferences::{
    answer::Answer,
    clip::Clip,
    labels::{LEASE, LabelStore, NewPair, StoreError},
};
use rusqlite::Connection;

use crate::support::{ENVIRONMENT, add_pairs, add_segment, answer_of, clip, open, rows};

fn clip_of(data: &[u8]) -> Clip {
    serde_json::from_slice(data).expect("a clip")
}

#[test]
fn a_clip_is_added_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let number = add_segment(&mut store, 5);
    add_segment(&mut store, 6);
    assert_eq!(add_segment(&mut store, 5), number);
}

#[test]
fn pairs_need_clips_that_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pair = NewPair {
        first: add_segment(&mut store, 1),
        second: 77,
        is_swapped: false,
        variance: None,
        model_version: 0,
    };
    assert!(matches!(store.add_pair(&pair, 0), Err(StoreError::Database(_))));
    assert_eq!(store.pairs().expect("a count"), 0);
}

#[test]
fn nobody_is_asked_about_the_same_clips_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let [one, two, three] = [1, 2, 3].map(|index| add_segment(&mut store, index));
    let mut add = |first, second, model_version| {
        let pair = NewPair {
            first,
            second,
            is_swapped: false,
            variance: None,
            model_version,
        };
        store.add_pair(&pair, 0).expect("a database")
    };
    assert_eq!(add(one, two, 1), Some(1));
    assert_eq!(add(one, two, 2), None);
    assert_eq!(add(two, one, 1), None);
    assert_eq!(add(two, three, 1), Some(2));
    assert_eq!(store.pairs().expect("a count"), 2);
}

#[test]
fn swapped_pairs_are_shown_swapped_and_read_in_their_own_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 2);
    for (index, (&pair, is_swapped)) in pairs.iter().zip([false, true]).enumerate() {
        let offer = store.next_pair("ada", &[], 0).expect("a look").expect("a pair");
        assert_eq!(offer.pair, pair);
        let name = |clip_index: u64| {
            let data = serde_json::to_vec(&clip(clip_index)).expect("JSON");
            blake3::hash(&data).to_hex().to_string()
        };
        let (first, second) = (name(2 * index as u64), name(2 * index as u64 + 1));
        let shown = if is_swapped { [second, first] } else { [first, second] };
        assert_eq!([offer.left.digest, offer.right.digest], shown);
        let id = index.to_string();
        store
            .answer(&answer_of(pair, &id, Answer::Left, "ada"), 0)
            .expect("an answer");
    }
    let stored = store.answers_after(0).expect("answers");
    let said: Vec<_> = stored.iter().map(|stored| stored.answer).collect();
    assert_eq!(said, [Answer::Left, Answer::Right]);
    assert_eq!(clip_of(&stored[1].first), clip(2));
    assert_eq!(clip_of(&stored[1].second), clip(3));
    assert_eq!(store.answers_after(stored[0].id).expect("answers"), stored[1..]);
}

#[test]
fn an_answer_sent_twice_counts_once_and_another_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 2);
    let first = answer_of(pairs[0], "one", Answer::Left, "ada");
    let id = store.answer(&first, 0).expect("an answer");
    assert_eq!(store.answer(&first, 9).expect("the same answer"), id);
    let other = store.answer(&answer_of(pairs[0], "two", Answer::Left, "ada"), 0);
    assert!(matches!(other, Err(StoreError::AlreadyAnswered(pair)) if pair == pairs[0]));
    let reused = store.answer(&answer_of(pairs[1], "one", Answer::Left, "ada"), 0);
    assert!(matches!(reused, Err(StoreError::AlreadyAnswered(_))));
    let unknown = store.answer(&answer_of(99, "three", Answer::Left, "ada"), 0);
    assert!(matches!(unknown, Err(StoreError::UnknownPair(99))));
    assert_eq!(rows(folder.path()).len(), 1);
}

#[test]
fn an_answer_that_is_taken_back_is_marked_and_its_pair_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 2);
    for (&pair, name) in pairs.iter().zip(["one", "two"]) {
        store
            .answer(&answer_of(pair, name, Answer::Tie, "ada"), 0)
            .expect("an answer");
    }
    assert_eq!(store.undo("grace", 0).expect("a look"), None);
    assert_eq!(store.undo("ada", 0).expect("a look"), Some(pairs[1]));
    assert_eq!(store.answer_ids().expect("numbers"), [1]);
    assert_eq!(store.next_pair("grace", &[], 1).expect("a look"), None, "it is ada's");
    let offer = store.next_pair("ada", &[], 1).expect("a look").expect("the pair");
    assert_eq!(offer.pair, pairs[1]);
    store
        .answer(&answer_of(pairs[1], "three", Answer::Left, "ada"), 2)
        .expect("another answer");
    let undone: Vec<bool> = rows(folder.path()).into_iter().map(|row| row.3).collect();
    assert_eq!(undone, [false, true, false]);
    assert_eq!(store.answer_ids().expect("numbers"), [1, 3]);
}

#[test]
fn each_change_of_pairs_and_answers_is_told_from_a_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let mut elsewhere = open(folder.path());
    let mut seen = store.changes().expect("a state");
    let mut has_changed = |store: &LabelStore| {
        let now = store.changes().expect("a state");
        std::mem::replace(&mut seen, now) != now
    };
    let pairs = add_pairs(&mut store, 2);
    assert!(has_changed(&store));
    store.next_pair("ada", &[], 0).expect("a look");
    store.stats(0).expect("counts");
    assert!(!has_changed(&store), "who has a pair changes nothing");
    for (is_elsewhere, pair, id) in [(false, pairs[0], "one"), (true, pairs[1], "two")] {
        let answer = answer_of(pair, id, Answer::Left, "ada");
        for is_new in [true, false] {
            let by = if is_elsewhere { &mut elsewhere } else { &mut store };
            by.answer(&answer, 0).expect("an answer");
            assert_eq!(has_changed(&store), is_new);
        }
    }
    store.undo("ada", 0).expect("a look");
    assert!(has_changed(&store));
    elsewhere.undo("ada", 0).expect("a look");
    assert!(has_changed(&store));
    elsewhere.undo("ada", 0).expect("a look");
    assert!(!has_changed(&store), "there was nothing left to take back");
}

#[test]
fn counts_go_by_answer_and_by_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 6);
    let said = [
        Answer::Left,
        Answer::Right,
        Answer::Right,
        Answer::Tie,
        Answer::CantTell,
    ];
    for (index, (&pair, said)) in pairs.iter().zip(said).enumerate() {
        let id = index.to_string();
        let mut answer = answer_of(pair, &id, said, "ada");
        if index == 0 {
            answer.source = "script";
        }
        // One every 10 s, the first of them 70 minutes before the others.
        let time = if index == 0 { -4_200_000 } else { 10_000 * index as i64 };
        store.answer(&answer, time).expect("an answer");
    }
    let stats = store.stats(40_000).expect("counts");
    assert_eq!([stats.left, stats.right, stats.tie, stats.cant_tell], [1, 2, 1, 1]);
    assert_eq!([stats.answered, stats.waiting, stats.last_hour], [5, 1, 4]);
    assert_eq!(
        stats.sources.into_iter().collect::<Vec<_>>(),
        [("page".to_owned(), 4), ("script".to_owned(), 1)]
    );
    // Three answers followed another one within 30 s.
    assert!((stats.hourly_rate - 360.0).abs() < 1e-9, "{}", stats.hourly_rate);
}

#[test]
fn two_labellers_never_get_the_same_pair_within_a_lease() {
    let folder = tempfile::tempdir().expect("a folder");
    add_pairs(&mut open(folder.path()), 60);
    let ask = |labeller: &'static str| {
        let folder = folder.path();
        move || {
            let mut store = open(folder);
            let mut held = Vec::new();
            for _ in 0..30 {
                let offer = store.next_pair(labeller, &held, 5).expect("a look").expect("a pair");
                held.push(offer.pair);
            }
            held
        }
    };
    let (ada, grace) = std::thread::scope(|scope| {
        let (ada, grace) = (scope.spawn(ask("ada")), scope.spawn(ask("grace")));
        (ada.join().expect("pairs"), grace.join().expect("pairs"))
    });
    let both: HashSet<i64> = ada.iter().chain(&grace).copied().collect();
    assert_eq!(both.len(), 60);

    let mut store = open(folder.path());
    assert_eq!(store.next_pair("linus", &[], 4 + LEASE).expect("a look"), None);
    assert!(store.next_pair("linus", &[], 5 + LEASE).expect("a look").is_some());
    let again = store.next_pair("ada", &[], 6).expect("a look").expect("a pair");
    assert!(ada.contains(&again.pair), "what is hers is offered to her again");
}

#[test]
fn who_still_looks_at_pairs_keeps_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 3);
    let next = |store: &mut LabelStore, labeller, now| {
        let offer = store.next_pair(labeller, &[], now).expect("a look");
        offer.map(|offer| offer.pair)
    };
    assert_eq!(next(&mut store, "ada", 0), Some(pairs[0]));
    assert_eq!(next(&mut store, "grace", 0), Some(pairs[1]));
    // Hers, somebody else's, nobody's, and none.
    let renewed = store.renew("ada", &[pairs[0], pairs[1], pairs[2], 99], LEASE - 1);
    assert_eq!(renewed.expect("a look"), [pairs[0], pairs[2]]);
    assert_eq!(next(&mut store, "linus", LEASE), Some(pairs[1]));
    let answer = answer_of(pairs[1], "one", Answer::Left, "linus");
    store.answer(&answer, LEASE).expect("an answer");
    assert_eq!(next(&mut store, "linus", 2 * LEASE - 2), None);
    assert_eq!(next(&mut store, "linus", 2 * LEASE - 1), Some(pairs[0]));
    // A lapsed one is hers again unless somebody else took it, and an answered one never is.
    let renewed = store.renew("ada", &pairs, 2 * LEASE);
    assert_eq!(renewed.expect("a look"), [pairs[2]]);
}

#[test]
fn names_that_are_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pair = add_pairs(&mut store, 1)[0];
    for name in ["", "  ", "a\nb", "\u{7}", &"x".repeat(65)] {
        assert!(matches!(store.next_pair(name, &[], 0), Err(StoreError::Name { .. })));
        assert!(matches!(store.undo(name, 0), Err(StoreError::Name { .. })));
        assert!(matches!(store.renew(name, &[], 0), Err(StoreError::Name { .. })));
        let answer = store.answer(&answer_of(pair, name, Answer::Left, "ada"), 0);
        assert!(matches!(answer, Err(StoreError::Name { field: "client_id", .. })));
    }
    let hostile = "'; DROP TABLE answer; --";
    store
        .answer(&answer_of(pair, hostile, Answer::Left, hostile), 0)
        .expect("a name like others");
    assert_eq!(rows(folder.path())[0].2, hostile);
}

#[test]
fn what_is_no_database_of_this_environment_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("labels.sqlite");
    let refused = |environment: &str| {
        let before = fs::read(&path).expect("the file");
        let error = LabelStore::open(&path, environment).expect_err("a refusal").to_string();
        assert_eq!(fs::read(&path).expect("the file"), before, "{error}");
        assert!(error.contains("labels.sqlite"), "{error}");
        error
    };

    drop(open(folder.path()));
    let error = refused("pong");
    assert!(error.contains("`moving-dot`") && error.contains("`pong`"), "{error}");

    let connection = Connection::open(&path).expect("the database");
    connection.pragma_update(None, "user_version", 2).expect("a version");
    drop(connection);
    assert!(refused(ENVIRONMENT).contains("version 2"));

    fs::remove_file(&path).expect("removed");
    let connection = Connection::open(&path).expect("a database");
    connection
        .execute_batch("CREATE TABLE recipe (name TEXT)")
        .expect("a table");
    drop(connection);
    assert!(refused(ENVIRONMENT).contains("another program"));

    fs::write(
        &path,
        "A letter, which is much longer than SQLite's header. ".repeat(40),
    )
    .expect("written");
    assert!(refused(ENVIRONMENT).contains("no SQLite database"));
}

#[test]
fn a_database_that_another_process_holds_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let path = folder.path().join("labels.sqlite");
    let other = Connection::open(&path).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("held");
    let error = LabelStore::open(&path, ENVIRONMENT).expect_err("a refusal");
    assert!(matches!(&error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("labels.sqlite"), "{error}");
    other.execute_batch("ROLLBACK").expect("released");
    LabelStore::open(&path, ENVIRONMENT).expect("a database");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_answers() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    add_pairs(&mut store, 1);
    for file in fs::read_dir(folder.path()).expect("the folder") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("its rights").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.path().display());
    }
}

#[test]
fn with_ten_thousand_answers_the_next_pair_comes_within_50_ms() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pair = add_pairs(&mut store, 1)[0];
    let connection = Connection::open(folder.path().join("labels.sqlite")).expect("the database");
    connection
        .execute_batch(
            "BEGIN;
             WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10020)
             INSERT INTO pair (id, first, second, swapped, model_version, created) SELECT i, 1, 2, 0, 0, 0 FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO answer (pair, client_id, answer, labeller, latency_ms, source, created)
             SELECT i, 'id-' || i, 'left', 'ada', 0, 'page', i FROM n;
             COMMIT;",
        )
        .expect("many answers");
    assert_eq!(pair, 1);
    let (mut looks, mut counts) = (Vec::new(), Vec::new());
    for expected in 10_001..10_020 {
        let started = Instant::now();
        let offer = store.next_pair("ada", &[], 20_000).expect("a look").expect("a pair");
        looks.push(started.elapsed());
        assert_eq!(offer.pair, expected);
        let id = format!("new-{expected}");
        store
            .answer(&answer_of(expected, &id, Answer::Right, "ada"), 20_000)
            .expect("an answer");
        let started = Instant::now();
        assert_eq!(store.stats(20_000).expect("counts").answered, expected as u64);
        counts.push(started.elapsed());
    }
    for times in [looks, counts] {
        assert!(median(times.clone()) < Duration::from_millis(50), "{times:?}");
    }
}

/// Unlike the longest time, it does not tell what else the machine was doing.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
