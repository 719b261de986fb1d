//! Answers as lines of JSON.

use human_preferences::{
    answer::Answer,
    labels::{StoreError, import},
};

use crate::support::{ENVIRONMENT, add_pairs, answer_of, clip, open};

/// Three answers about two pairs' clips, one of them taken back.
fn exported() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let pairs = add_pairs(&mut store, 2);
    let said = [(pairs[0], "one", Answer::Left), (pairs[1], "two", Answer::Left)];
    for (pair, id, answer) in said {
        store.answer(&answer_of(pair, id, answer, "ada"), 5).expect("an answer");
    }
    store.undo("ada", 6).expect("taken back");
    store
        .answer(&answer_of(pairs[1], "three", Answer::Right, "ada"), 7)
        .expect("an answer");
    let mut lines = Vec::new();
    store.export(&mut lines).expect("lines");
    String::from_utf8(lines).expect("text")
}

fn problem(text: &str) -> String {
    match import(text.as_bytes()) {
        Err(error @ StoreError::Import { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_exported_comes_back() {
    let imported = import(exported().as_bytes()).expect("answers");
    assert_eq!(imported.environment.as_deref(), Some(ENVIRONMENT));
    let said: Vec<_> = imported.answers.iter().map(|recorded| recorded.answer).collect();
    // The second pair was shown swapped: what was right of it is its first clip.
    assert_eq!(said, [Answer::Left, Answer::Left]);
    assert_eq!(*imported.answers[1].first, clip(2));
    assert_eq!(*imported.answers[1].second, clip(3));
}

#[test]
fn each_clip_is_written_once_before_the_first_answer_about_it() {
    let text = exported();
    let kinds: Vec<String> = text
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            value["kind"].as_str().expect("a kind").to_owned()
        })
        .collect();
    assert_eq!(kinds, ["segment", "segment", "answer", "segment", "segment", "answer"]);
}

#[test]
fn an_empty_file_holds_nothing() {
    let imported = import(b"".as_slice()).expect("nothing");
    assert!(imported.environment.is_none() && imported.answers.is_empty());
}

#[test]
fn hostile_lines_are_named_by_their_number() {
    let text = exported();
    let lines: Vec<&str> = text.lines().collect();
    let [segment, other, answer] = [lines[0], lines[1], lines[2]];

    assert!(problem("nothing\n").starts_with("line 1: "));
    assert!(
        problem(&format!("{segment}\n\n")).starts_with("line 2: "),
        "an empty line"
    );
    assert!(problem(&format!("{segment}\n{answer}\n")).contains("line 2: no line before holds the clip"));
    assert!(
        problem(&segment[..segment.len() / 2]).starts_with("line 1: "),
        "a cut line"
    );
    let another = other.replacen(ENVIRONMENT, "pong", 1);
    assert!(problem(&format!("{segment}\n{another}\n")).contains("`pong` among clips of `moving-dot`"));
    let changed = segment.replacen("\"start\":3", "\"start\":4", 1);
    assert!(problem(&changed).contains("digest"));
    let extra = answer.replacen("{", "{\"surplus\":1,", 1);
    assert!(problem(&format!("{segment}\n{other}\n{extra}\n")).contains("line 3: unknown field `surplus`"));
    let wrong = answer.replacen("\"left\"", "\"both\"", 1);
    assert!(problem(&format!("{segment}\n{other}\n{wrong}\n")).contains("line 3: unknown variant `both`"));
    assert!(problem("{\"kind\":\"drop\"}").contains("unknown variant `drop`"));
    assert!(problem(&"[".repeat(100_000)).starts_with("line 1: "), "deep nesting");
}

#[test]
fn clips_that_cannot_be_learned_from_are_refused() {
    // A size of zero, sizes that do not divide, sizes whose product overflows, and a number that is none ("AADAfw==" is
    // the bytes of NaN).
    let hostile = [
        r#"{"floats":{"size":0,"values":""}}"#,
        r#"{"floats":{"size":3,"values":"AACAPw=="}}"#,
        r#"{"floats":{"size":1,"values":"AADAfw=="}}"#,
        r#"{"stacked":{"size":18446744073709551615,"stack":1,"frames":""}}"#,
        r#"{"stacked":{"size":4,"stack":0,"frames":"AAAA"}}"#,
    ];
    for observations in hostile {
        let clip = format!(
            r#"{{"episode":0,"start":0,"observations":{observations},"actions":{{"discrete":{{"actions":1,"chosen":"AAAAAA=="}}}}}}"#
        );
        let digest = blake3::hash(clip.as_bytes()).to_hex();
        let line = format!(r#"{{"kind":"segment","digest":"{digest}","environment":"x","clip":{clip}}}"#);
        assert!(problem(&line).starts_with("line 1: "), "{observations}");
    }
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b' ');
            Ok(buffer.len())
        }
    }
    let error = import(std::io::BufReader::new(Endless))
        .expect_err("a refusal")
        .to_string();
    assert!(error.starts_with("line 1: is longer than"), "{error}");
}
