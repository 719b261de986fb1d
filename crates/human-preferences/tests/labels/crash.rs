//! What was acknowledged is there after the server was killed, whenever that was.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use human_preferences::{answer::Answer, labels::StoreError};
use rusqlite::Connection;
use serde_json::json;

use crate::support::{add_pairs, answer_of, open, serve, shared};

/// Tells the test program that it is the server to be killed, and where the database is.
const FOLDER: &str = "LABELS_OF_THE_SERVER_TO_KILL";
const KILLS: u64 = 100;

/// Does nothing in a usual run of the tests.
#[test]
fn server_to_be_killed() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let server = serve(&shared(open(&folder)), 0);
    let mut out = std::io::stdout();
    writeln!(out, "\n{}", server.url()).expect("a line");
    out.flush().expect("a line");
    // Ends with the program that started it, should that one fail.
    let _ = std::io::stdin().read(&mut [0]);
}

fn start(folder: &Path) -> (Child, String) {
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(["crash::server_to_be_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let url = lines
        .map(|line| line.expect("a line"))
        .find(|line| line.starts_with("http"))
        .expect("an address");
    (child, url)
}

/// Answers pair after pair until the server is gone; returns those that it acknowledged, and the first pair that nobody
/// was asked about.
fn answer_until_it_is_gone(url: &str, mut pair: i64) -> (Vec<i64>, i64) {
    let (base, token) = url.split_once("/?token=").expect("a token");
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .new_agent();
    let mut acknowledged = Vec::new();
    loop {
        let body = json!({ "answer": "left", "client_id": format!("id-{pair}"), "labeller": "ada" });
        let reply = agent
            .post(format!("{base}/api/pairs/{pair}/answer"))
            .header("x-session-token", token)
            .send(body.to_string());
        pair += 1;
        match reply {
            Ok(_) => acknowledged.push(pair - 1),
            Err(ureq::Error::StatusCode(status)) => panic!("pair {}: {status}", pair - 1),
            Err(_) => return (acknowledged, pair),
        }
    }
}

fn check(folder: &Path, acknowledged: &[i64], kill: u64) {
    let connection = Connection::open(folder.join("labels.sqlite")).expect("the database");
    let integrity: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(integrity, "ok", "after kill {kill}");
    let mut find = connection
        .prepare("SELECT count(*) FROM answer WHERE pair = ?1 AND client_id = 'id-' || ?1 AND answer = 'left'")
        .expect("a query");
    for pair in acknowledged {
        let found: i64 = find.query_row([pair], |row| row.get(0)).expect("a count");
        assert_eq!(found, 1, "pair {pair} after kill {kill}");
    }
}

#[test]
fn a_hundred_kills_lose_no_acknowledged_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    add_pairs(&mut open(folder.path()), 1);
    let connection = Connection::open(folder.path().join("labels.sqlite")).expect("the database");
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
             INSERT INTO pair (id, first, second, swapped, model_version, created) SELECT i, 1, 2, 0, 0, 0 FROM n;",
        )
        .expect("many pairs");
    drop(connection);
    let (mut acknowledged, mut next) = (Vec::new(), 1);
    for kill in 0..KILLS {
        let (mut child, url) = start(folder.path());
        // Moments that have nothing to do with the answers' pace: the fractional parts of multiples of the golden ratio.
        let share = (kill as f64 * 0.618_033_988_75).fract();
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_micros(2_000 + (25_000.0 * share) as u64));
            child.kill().expect("killed");
            child.wait().expect("gone");
        });
        let (new, after) = answer_until_it_is_gone(&url, next);
        killer.join().expect("killed");
        acknowledged.extend(&new);
        next = after;
        check(folder.path(), &new, kill);
    }
    check(folder.path(), &acknowledged, KILLS);
    assert!(
        acknowledged.len() > KILLS as usize,
        "only {} answers",
        acknowledged.len()
    );

    // Labelling goes on where it was.
    let mut store = open(folder.path());
    let stats = store.stats(0).expect("counts");
    assert!(stats.answered >= acknowledged.len() as u64);
    let offer = store.next_pair("ada", &[], 0).expect("a look").expect("a pair");
    store
        .answer(&answer_of(offer.pair, "new", Answer::Tie, "ada"), 0)
        .expect("an answer");
    let known = store.answer(&answer_of(acknowledged[0], "other", Answer::Tie, "ada"), 0);
    assert!(matches!(known, Err(StoreError::AlreadyAnswered(_))));
}
