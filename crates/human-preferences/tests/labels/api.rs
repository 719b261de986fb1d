//! The server as a program sees it, a hostile one included.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use human_preferences::{
    answer::Answer,
    frame::animation,
    labels::import,
    server::{LabelServer, RunStatus, ServerError},
};
use serde_json::{Value, json};

use crate::support::{STEPS, add_pairs, open, options, rows, serve, shared};

/// A server with a database of its own.
struct Site {
    server: LabelServer,
    folder: tempfile::TempDir,
    pairs: Vec<i64>,
}

/// What came back.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

impl Site {
    fn new(pairs: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = open(folder.path());
        let pairs = add_pairs(&mut store, pairs);
        Self {
            server: serve(&shared(store), 0),
            folder,
            pairs,
        }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        let token = self.server.token();
        let head = format!("x-session-token: {token}\r\n");
        self.send_as(method, path, &head, body)
    }

    /// With head lines of one's own instead of the token.
    fn send_as(&self, method: &str, path: &str, head: &str, body: &str) -> Reply {
        let address = self.server.address();
        let host = if head.contains("host:") {
            String::new()
        } else {
            format!("host: {address}\r\n")
        };
        let length = body.len();
        raw(
            address,
            &format!(
                "{method} {path} HTTP/1.1\r\n{host}{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            ),
        )
    }

    fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    fn answer(&self, pair: impl std::fmt::Display, id: &str, answer: Answer) -> Reply {
        let body = json!({ "answer": answer, "client_id": id, "labeller": "ada", "latency_ms": 900 });
        self.send("POST", &format!("/api/pairs/{pair}/answer"), &body.to_string())
    }
}

fn raw(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).expect("a connection");
    // A server that refuses early may close before it read all.
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text").to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    Reply {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

#[test]
fn a_pair_is_offered_answered_and_counted() {
    let site = Site::new(2);
    let offer = site.get("/api/next?labeller=ada");
    assert_eq!(offer.status, 200);
    let offer = offer.json();
    assert_eq!(offer["pair"], site.pairs[0]);
    assert_eq!(offer["left"]["layout"]["frames"], STEPS);
    let held = site.get("/api/next?labeller=ada&held=1").json();
    assert_eq!(held["pair"], site.pairs[1]);
    assert_eq!(site.get("/api/next?labeller=ada&held=1,2").status, 204);

    let first = site.answer(1, "one", Answer::Left);
    assert_eq!(first.status, 200);
    let again = site.answer(1, "one", Answer::Left);
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(site.answer(1, "two", Answer::Right).status, 409);
    assert_eq!(
        rows(site.folder.path()),
        [(1, "left".to_owned(), "ada".to_owned(), false)]
    );

    let stats = site.get("/api/stats").json();
    assert_eq!(
        [&stats["answered"], &stats["left"], &stats["waiting"], &stats["planned"]],
        [1, 1, 1, 40]
    );
    assert_eq!(stats["sources"], json!({ "page": 1 }));

    let undone = site.send("POST", "/api/undo", r#"{"labeller":"ada"}"#);
    assert_eq!((undone.status, &undone.json()["pair"]), (200, &json!(1)));
    assert_eq!(site.send("POST", "/api/undo", r#"{"labeller":"ada"}"#).status, 204);
}

#[test]
fn a_page_keeps_its_pairs_from_others() {
    let site = Site::new(3);
    let renew = |labeller: &str, pairs: &[i64]| {
        let body = json!({ "labeller": labeller, "pairs": pairs }).to_string();
        let reply = site.send("POST", "/api/renew", &body);
        (reply.status, reply.json()["pairs"].clone())
    };
    assert_eq!(site.get("/api/next?labeller=ada").json()["pair"], 1);
    let connection = rusqlite::Connection::open(site.folder.path().join("labels.sqlite")).expect("the database");
    let until = || -> i64 {
        let find = "SELECT leased_until FROM pair WHERE id = 1";
        connection.query_row(find, [], |row| row.get(0)).expect("a time")
    };
    let before = until();
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(renew("ada", &[1, 2, 99]), (200, json!([1, 2])));
    assert!(until() > before);
    assert_eq!(renew("grace", &[1, 2]), (200, json!([])));
    assert_eq!(site.get("/api/next?labeller=grace").json()["pair"], 3);
    assert_eq!(site.answer(1, "one", Answer::Left).status, 200);
    assert_eq!(renew("ada", &[1, 2]), (200, json!([2])));
}

#[test]
fn clips_are_served_as_animations_and_as_sheets_of_the_same_pictures() {
    let site = Site::new(1);
    let offer = site.get("/api/next?labeller=ada").json();
    let digest = offer["left"]["digest"].as_str().expect("a digest");
    let film = site.get(&format!("/clip/{digest}"));
    assert!(film.head.contains("content-type: image/png"), "{}", film.head);
    let film = animation::decode(&film.body).expect("an animation");
    assert_eq!(film.frames.len(), STEPS);

    let sheet = site.get(&format!("/clip/{digest}/sheet"));
    let mut reader = png::Decoder::new(std::io::Cursor::new(sheet.body))
        .read_info()
        .expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    let layout = &offer["left"]["layout"];
    let number = |name: &str| layout[name].as_u64().expect("a number") as usize;
    let (columns, width, height) = (number("columns"), number("width"), number("height"));
    for (index, frame) in film.frames.iter().enumerate() {
        let (left, top) = (index % columns * width, index / columns * height);
        for (y, row) in frame.pixels.chunks_exact(3 * width).enumerate() {
            let at = (top + y) * info.line_size + 3 * left;
            assert_eq!(pixels[at..at + 3 * width], *row, "row {y} of picture {index}");
        }
    }
}

#[test]
fn the_export_can_be_imported() {
    let site = Site::new(2);
    site.answer(1, "one", Answer::Left);
    site.answer(2, "two", Answer::CantTell);
    let export = site.get("/export.jsonl");
    assert!(
        export.head.contains("content-type: application/x-ndjson"),
        "{}",
        export.head
    );
    let imported = import(export.body.as_slice()).expect("answers");
    let said: Vec<_> = imported.answers.iter().map(|recorded| recorded.answer).collect();
    assert_eq!(said, [Answer::Left, Answer::CantTell]);
}

#[test]
fn bad_requests_are_refused_and_change_nothing() {
    let site = Site::new(1);
    let answer = |body: &str| site.send("POST", "/api/pairs/1/answer", body).status;
    assert_eq!(answer(r#"{"answer":"both","client_id":"a","labeller":"ada"}"#), 422);
    assert_eq!(answer(r#"{"answer":"left","client_id":"","labeller":"ada"}"#), 422);
    assert_eq!(
        answer(r#"{"answer":"left","client_id":"a","labeller":"a\u0000b"}"#),
        422
    );
    assert_eq!(answer(r#"{"answer":"left","client_id":"a"}"#), 422);
    assert_eq!(
        answer(r#"{"answer":"left","client_id":"a","labeller":"ada","latency_ms":-1}"#),
        422
    );
    assert_eq!(
        answer(r#"{"answer":"left","client_id":"a","labeller":"ada","id":1}"#),
        422
    );
    assert_eq!(answer("no JSON"), 422);
    assert_eq!(answer(""), 422);
    let long = "x".repeat(5000);
    assert_eq!(
        answer(&format!(r#"{{"answer":"left","client_id":"{long}","labeller":"ada"}}"#)),
        413
    );
    assert_eq!(site.send("POST", "/api/undo", &long).status, 413);
    let renew = |body: &str| site.send("POST", "/api/renew", body).status;
    for body in [
        "",
        "no JSON",
        r#"{"labeller":"ada"}"#,
        r#"{"labeller":"","pairs":[1]}"#,
        r#"{"labeller":"ada","pairs":["1"]}"#,
        r#"{"labeller":"ada","pairs":[1],"until":9}"#,
    ] {
        assert_eq!(renew(body), 422, "{body}");
    }
    let held = |pairs: usize| json!({ "labeller": "ada", "pairs": vec![1; pairs] }).to_string();
    assert_eq!([renew(&held(17)), renew(&held(16))], [422, 200]);
    assert_eq!(renew(&held(3000)), 413);
    for pair in [
        "2",
        "0",
        "-1",
        "99999999999999999999",
        "1.0",
        "one",
        "%00",
        "1'--",
        "..%2f1",
    ] {
        assert_eq!(site.answer(pair, "a", Answer::Left).status, 404, "{pair}");
    }
    assert_eq!(site.get("/api/next?labeller=").status, 422);
    assert_eq!(site.get("/api/next?labeller=ada&held=x").status, 422);
    let many = "1,".repeat(200);
    assert_eq!(site.get(&format!("/api/next?labeller=ada&held={many}")).status, 422);
    assert_eq!(site.get("/api/next").status, 400);
    assert_eq!(site.send("DELETE", "/api/stats", "").status, 405);
    assert!(rows(site.folder.path()).is_empty());
}

#[test]
fn hostile_paths_lead_nowhere() {
    let site = Site::new(1);
    let zeros = "0".repeat(64);
    for path in [
        "/clip/../../../../etc/passwd".to_owned(),
        "/clip/..%2f..%2fetc%2fpasswd".to_owned(),
        "/clip/%2e%2e/sheet".to_owned(),
        "/clip/".to_owned(),
        format!("/clip/{zeros}"),
        format!("/clip/{zeros}/sheet"),
        format!("/clip/{}'", &zeros[1..]),
        "/labels.sqlite".to_owned(),
        "//evil.example/".to_owned(),
        "/page.js/../../Cargo.toml".to_owned(),
    ] {
        assert_eq!(site.get(&path).status, 404, "{path}");
    }
}

#[test]
fn nothing_is_said_without_the_token() {
    let site = Site::new(1);
    let token = site.server.token();
    assert_eq!(token.len(), 32, "128 bits in hexadecimal");
    let wrong = format!("{}{}", if token.starts_with('0') { '1' } else { '0' }, &token[1..]);
    let heads = [
        String::new(),
        "x-session-token: \r\n".to_owned(),
        format!("x-session-token: {wrong}\r\n"),
        format!("x-session-token: {token}0\r\n"),
        format!("cookie: token={token}\r\n"),
    ];
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/api/next?labeller=ada"),
        ("POST", "/api/pairs/1/answer"),
        ("POST", "/api/renew"),
        ("POST", "/api/undo"),
        ("GET", "/api/stats"),
        ("GET", "/export.jsonl"),
        ("GET", "/clip/x"),
        ("GET", "/clip/x/sheet"),
    ] {
        for head in &heads {
            let body = r#"{"answer":"left","client_id":"a","labeller":"ada"}"#;
            assert_eq!(
                site.send_as(method, path, head, body).status,
                403,
                "{method} {path} {head}"
            );
        }
    }
    assert!(rows(site.folder.path()).is_empty());
    assert_eq!(site.send_as("GET", &format!("/?token={token}"), "", "").status, 200);
    assert_eq!(site.send_as("GET", &format!("/?token={wrong}"), "", "").status, 403);
}

#[test]
fn only_this_machine_is_a_host() {
    let site = Site::new(1);
    let port = site.server.address().port();
    let token = site.server.token();
    let status = |host: &str| {
        let head = format!("host: {host}\r\nx-session-token: {token}\r\n");
        site.send_as("GET", "/api/stats", &head, "").status
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        assert_eq!(status(&format!("{host}:{port}")), 200, "{host}");
    }
    for host in [
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("0.0.0.0:{port}"),
        "127.0.0.1".to_owned(),
        "127.0.0.1:1".to_owned(),
        String::new(),
    ] {
        assert_eq!(status(&host), 403, "{host}");
    }
    let script = site.send_as("GET", "/page.js", &format!("host: evil.example:{port}\r\n"), "");
    assert_eq!(script.status, 403);
}

#[test]
fn no_other_site_may_read_or_frame_the_page() {
    let site = Site::new(1);
    let token = format!("/?token={}", site.server.token());
    for path in [
        token.as_str(),
        "/page.js",
        "/page.css",
        "/icon.svg",
        "/api/stats",
        "/nowhere",
    ] {
        for method in ["GET", "OPTIONS"] {
            let head = "origin: http://evil.example\r\naccess-control-request-method: POST\r\n";
            let reply = site.send_as(method, path, head, "");
            assert!(!reply.head.contains("access-control"), "{method} {path}");
            for line in [
                "content-security-policy: default-src 'none'; script-src 'self'",
                "frame-ancestors 'none'",
                "x-content-type-options: nosniff",
                "referrer-policy: no-referrer",
                "cache-control: no-store",
            ] {
                assert!(reply.head.contains(line), "{method} {path}: {line}");
            }
        }
    }
    assert_eq!(
        site.send_as("GET", "/api/stats", "origin: http://evil.example\r\n", "")
            .status,
        403
    );
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let site = Site::new(1);
    let page = site.get("/");
    let text =
        [page, site.get("/page.js"), site.get("/page.css")].map(|reply| String::from_utf8(reply.body).expect("text"));
    for text in &text {
        assert!(!text.contains("://") && !text.contains("@import"));
    }
    assert!(!text[0].contains("style=") && !text[0].contains("onclick"));
}

#[test]
fn it_listens_on_this_machine_alone() {
    let site = Site::new(1);
    assert!(site.server.address().ip().is_loopback());
    assert!(site.server.url().starts_with("http://127.0.0.1:"));
    assert!(!format!("{:?}", site.server).contains(site.server.token()));
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let error = LabelServer::start(shared(open(folder.path())), options(port)).expect_err("a refusal");
    assert!(matches!(error, ServerError::Bind { .. }));
    let text = error.to_string();
    assert!(
        text.contains(&format!("127.0.0.1:{port}")) && text.contains("feedback.server.port"),
        "{text}"
    );
}

#[test]
fn a_restart_keeps_the_token_and_databases_have_different_ones() {
    let site = Site::new(1);
    let (url, port) = (site.server.url(), site.server.address().port());
    site.server.shutdown();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "it is gone");
    let server = serve(&shared(open(site.folder.path())), port);
    assert_eq!(server.url(), url);
    assert_ne!(Site::new(0).server.token(), server.token());
}

#[test]
fn whoever_never_ends_a_request_does_not_hold_up_the_end() {
    let site = Site::new(1);
    let mut stream = TcpStream::connect(site.server.address()).expect("a connection");
    stream
        .write_all(b"POST /api/undo HTTP/1.1\r\nhost: x\r\ncontent-le")
        .expect("half a head");
    // Another request shows that the first one was accepted.
    assert_eq!(site.get("/api/stats").status, 200);
    let started = Instant::now();
    site.server.shutdown();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn the_run_says_what_it_waits_for_and_when_it_is_done() {
    let site = Site::new(0);
    let said = || {
        let stats = site.get("/api/stats").json();
        (stats["waiting_for"].clone(), stats["is_finished"].clone())
    };
    assert_eq!(said(), (json!(""), json!(false)));
    site.server.set_status(RunStatus {
        waiting_for: "the agent".to_owned(),
        is_finished: true,
    });
    assert_eq!(said(), (json!("the agent"), json!(true)));
}
