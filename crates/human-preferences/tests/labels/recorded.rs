//! Answers recorded in other projects: small samples here, and the published files where they are.
//!
//! The counts of the published files were taken from them by `cut`, `sort` and `uniq -c`, and stand in their description.

use std::{env, fs, path::PathBuf};

use human_preferences::{
    answer::Answer,
    clip::Observations,
    labels::recorded::{RecordedError, rankings, seaquest, segments},
};

/// Two clips of two steps of two stacked frames of 1×1 pixels. In the first, frames go on; in the second, they do not.
fn pictures() -> Vec<u8> {
    let mut file = vec![0, 0, 8, 5];
    for size in [2_u32, 2, 2, 1, 1] {
        file.extend(size.to_be_bytes());
    }
    file.extend([10, 20, 20, 30, 1, 2, 3, 4]);
    file
}

fn problem<T: std::fmt::Debug>(result: Result<T, RecordedError>) -> String {
    result.expect_err("an error").to_string()
}

#[test]
fn clips_of_pictures_come_with_what_was_said_about_them() {
    let table = "clip_1,clip_2,mu_1,mu_2\n0,1,1.0,0.0\n1,0,0.5,0.5\r\n1,0,0.0,1.0";
    let recorded = seaquest(&pictures(), table.as_bytes()).expect("a recording");
    let answers: Vec<Answer> = recorded.iter().map(|recorded| recorded.answer).collect();
    assert_eq!(answers, [Answer::Left, Answer::Tie, Answer::Right]);
    let frames = vec![10, 20, 30];
    let stacked = Observations::Stacked {
        size: 2,
        stack: 2,
        frames,
    };
    assert_eq!(recorded[0].first.observations, stacked);
    let values = vec![1, 2, 3, 4];
    assert_eq!(recorded[0].second.observations, Observations::Bytes { size: 2, values });
    assert_eq!(recorded[0].first.steps(), 2);
}

#[test]
fn bad_comparisons_of_clips_are_named_by_their_line() {
    let read = |line: &str| {
        let table = format!("clip_1,clip_2,mu_1,mu_2\n0,1,1.0,0.0\n{line}\n");
        problem(seaquest(&pictures(), table.as_bytes()))
    };
    assert_eq!(read("0,2,1.0,0.0"), "line 3: there is no clip 2, only 2");
    assert_eq!(read("0,-1,1.0,0.0"), "line 3: `-1` is not the number that belongs here");
    assert!(read("0,1,0.7,0.3").starts_with("line 3: [0.7, 0.3] is neither"));
    assert!(read("0,1,NaN,NaN").starts_with("line 3: [NaN, NaN] is neither"));
    assert_eq!(read("0,1,1.0"), "line 3: it has 3 columns, and 4 are needed");
    assert_eq!(read(""), "line 3: it has 1 columns, and 4 are needed");
    assert!(read(&"9".repeat(5000)).starts_with("line 3: it is longer than"));
}

#[test]
fn pictures_of_another_shape_are_refused() {
    let mut flat = vec![0, 0, 8, 1];
    flat.extend(3_u32.to_be_bytes());
    flat.extend([1, 2, 3]);
    let table = "clip_1,clip_2,mu_1,mu_2\n";
    assert!(matches!(
        seaquest(&flat, table.as_bytes()),
        Err(RecordedError::Shape { .. })
    ));
    let mut none = vec![0, 0, 8, 5];
    none.extend([0; 20]);
    assert!(matches!(
        seaquest(&none, table.as_bytes()),
        Err(RecordedError::Shape { .. })
    ));
    assert!(matches!(
        seaquest(b"no pictures", table.as_bytes()),
        Err(RecordedError::Pictures(_))
    ));
}

#[test]
fn rankings_say_which_episode_was_better() {
    let table = "A,B,label,scoreA,scoreB\n00100,00050,1,352.0,616.0\n00150,00050,0,-2,616\n";
    let rankings = rankings(table.as_bytes()).expect("rankings");
    assert_eq!(rankings[0].checkpoints, [100, 50]);
    assert_eq!(rankings[0].answer, Answer::Right);
    assert_eq!(rankings[1].answer, Answer::Left);
    assert_eq!(rankings[1].true_returns, [-2.0, 616.0]);
}

#[test]
fn compared_segments_say_which_was_better_or_that_they_are_equal() {
    let table = "env,query,start_1,start_2,label\nCan_mh,0,41059,18438,-1\nCan_mh,1,4734,35345,0\nhopper,2,1,2,1\n";
    let compared = segments(table.as_bytes()).expect("comparisons");
    let answers: Vec<Answer> = compared.iter().map(|compared| compared.answer).collect();
    assert_eq!(answers, [Answer::Tie, Answer::Left, Answer::Right]);
    assert_eq!(
        (compared[0].environment.as_str(), compared[0].starts),
        ("Can_mh", [41059, 18438])
    );
}

#[test]
fn bad_tables_are_named_by_their_line() {
    let ranked = |line: &str| problem(rankings(format!("A,B,label,scoreA,scoreB\n{line}\n").as_bytes()));
    assert_eq!(ranked("1,2,2,3,4"), "line 2: `2` is no label");
    assert_eq!(ranked("1,2,,3,4"), "line 2: `` is no label");
    assert_eq!(ranked("1,2,1,inf,4"), "line 2: `inf` is not finite");
    let compared = |line: &str| {
        problem(segments(
            format!("env,query,start_1,start_2,label\n{line}\n").as_bytes(),
        ))
    };
    assert_eq!(compared(",1,2,3,0"), "line 2: it names no environment");
    assert_eq!(compared("a,1,2,3,5"), "line 2: `5` is no label");
    assert_eq!(
        problem(segments(b"".as_slice())),
        "line 1: the header `env,query,start_1,start_2,label` is needed"
    );
    assert_eq!(
        problem(segments(b"env,query,start_1,start_2,label\n\xff\n".as_slice())),
        "line 2: it is not UTF-8"
    );
}

/// A folder of the published files; without one there is nothing to test.
fn published(name: &str) -> Option<PathBuf> {
    let root = env::var_os("BURN_PAPERS_DATA").map(PathBuf::from);
    let folder = root.map(|root| root.join("human-preferences").join(name));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: BURN_PAPERS_DATA holds no human-preferences/{name}");
    }
    found
}

fn count<T>(items: &[T], of: impl Fn(&T) -> Answer) -> [usize; 3] {
    [Answer::Left, Answer::Right, Answer::Tie].map(|answer| items.iter().filter(|item| of(item) == answer).count())
}

#[test]
fn the_published_clips_of_seaquest_are_read() {
    let Some(folder) = published("seaquest") else { return };
    let pictures = fs::read(folder.join("seaquest-clips-idx5-ubyte.gz")).expect("the pictures");
    let table = fs::File::open(folder.join("preferences.csv")).expect("the table");
    let recorded = seaquest(&pictures, table).expect("a recording");
    assert_eq!(recorded.len(), 123);
    assert_eq!(count(&recorded, |recorded| recorded.answer), [43, 56, 24]);
    assert!(
        recorded
            .iter()
            .flat_map(|recorded| [&recorded.first, &recorded.second])
            .all(|clip| clip.steps() == 25 && clip.observations.size() == 4 * 84 * 84)
    );
}

#[test]
fn the_published_rankings_agree_with_true_returns_that_differ_in_57_to_88_percent() {
    let Some(folder) = published("trex-atari-rankings") else {
        return;
    };
    let mut total = 0;
    for game in [
        "beamrider",
        "breakout",
        "enduro",
        "hero",
        "pong",
        "qbert",
        "seaquest",
        "spaceinvaders",
    ] {
        let table = fs::File::open(folder.join(format!("{game}_human_rankings.csv"))).expect("the table");
        let rankings = rankings(table).expect("rankings");
        let differ: Vec<_> = rankings
            .iter()
            .filter(|ranking| ranking.true_returns[0] != ranking.true_returns[1])
            .collect();
        let agrees = differ.iter().filter(|ranking| {
            let [first, second] = ranking.true_returns;
            (ranking.answer == Answer::Right) == (second > first)
        });
        let share = agrees.count() as f64 / differ.len() as f64;
        assert!((0.57..0.885).contains(&share), "{game}: {share}");
        total += rankings.len();
    }
    assert_eq!(total, 456);
}

#[test]
fn the_published_comparisons_of_segments_are_read() {
    let Some(folder) = published("preference-transformer-labels") else {
        return;
    };
    let table = fs::File::open(folder.join("labels.csv")).expect("the table");
    let compared = segments(table).expect("comparisons");
    assert_eq!(count(&compared, |compared| compared.answer), [2232, 2422, 2746]);
    let can = compared.iter().filter(|compared| compared.environment == "Can_mh");
    assert_eq!(can.count(), 500);
}
