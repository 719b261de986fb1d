//! Fetching from a small HTTP server on the loopback interface.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use papers_base::catalogue::{
    CatalogueError, Dataset, DatasetFile, DatasetFolder, Digest, FetchEvent, FetchOptions, FileState, Origin, fetch,
};

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Behavior {
    /// Sends the file, from the byte that is asked for.
    Good,
    /// Sends the whole file whatever is asked for.
    IgnoresRanges,
    /// Promises the file, sends this many bytes of it, and hangs up; good from the second request on.
    CutOnce(usize),
    /// Promises the file, sends one byte, and hangs up, always.
    CutAlways,
    /// Sends other bytes of the same number.
    Wrong,
    /// Sends without saying how much, and too much.
    Oversized,
    /// Offers a page of another size.
    OtherSize,
    /// Answers with this status.
    Status(u16),
}

const CONTENT_BYTES: usize = 200_000;

fn content() -> Vec<u8> {
    (0..CONTENT_BYTES).map(|index| (index * 7 % 251) as u8).collect()
}

/// A server with its requests' `Range` headers, in order; empty where there was none.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ranges);
        thread::spawn(move || {
            for connection in listener.incoming() {
                serve(connection.unwrap(), behavior, &seen);
            }
        });
        Self { url, ranges }
    }

    fn ranges(&self) -> Vec<String> {
        self.ranges.lock().unwrap().clone()
    }
}

fn serve(connection: TcpStream, behavior: Behavior, seen: &Mutex<Vec<String>>) {
    let mut range = String::new();
    for line in BufReader::new(&connection).lines() {
        let line = line.unwrap_or_default().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("range: ") {
            range = value.to_owned();
        }
    }
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(range.clone());
        seen.len()
    };
    let start = range
        .strip_prefix("bytes=")
        .and_then(|range| range.strip_suffix('-'))
        .map_or(0, |start| start.parse().unwrap());
    let whole = content();
    let from = |start: usize| {
        let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
        let length = whole.len() - start;
        let last = whole.len() - 1;
        let total = whole.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Range: bytes {start}-{last}/{total}\r\nConnection: close\r\n\r\n"
        )
    };
    let (head, body) = match behavior {
        Behavior::CutOnce(bytes) if number == 1 => (from(0), whole[..bytes].to_vec()),
        Behavior::Good | Behavior::CutOnce(_) => (from(start), whole[start..].to_vec()),
        Behavior::IgnoresRanges => (from(0), whole),
        Behavior::CutAlways => (from(start), whole[start..=start].to_vec()),
        Behavior::Wrong => (from(start), vec![0; whole.len() - start]),
        Behavior::Oversized => (
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(),
            [whole.as_slice(), &[0; 100_000]].concat(),
        ),
        Behavior::OtherSize => (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n".to_owned(),
            b"login".to_vec(),
        ),
        Behavior::Status(status) => (
            format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            Vec::new(),
        ),
    };
    // A client that had enough may be gone.
    let _ = (&connection)
        .write_all(head.as_bytes())
        .and_then(|()| (&connection).write_all(&body));
}

struct Case {
    cache: tempfile::TempDir,
    dataset: Dataset,
}

impl Case {
    fn new(servers: &[&Server]) -> Self {
        Self {
            cache: tempfile::tempdir().unwrap(),
            dataset: Dataset {
                name: "toy".to_owned(),
                title: "Toy".to_owned(),
                summary: String::new(),
                license: "none".to_owned(),
                citation: "nobody".to_owned(),
                homepage: "http://example.org".to_owned(),
                also_in: Vec::new(),
                embedded: false,
                images: None,
                files: vec![DatasetFile {
                    name: "file".to_owned(),
                    urls: servers.iter().map(|server| server.url.clone()).collect(),
                    bytes: Some(CONTENT_BYTES as u64),
                    sha256: Some(Digest::sha256(&content())),
                    md5: None,
                    optional: false,
                }],
                splits: Default::default(),
            },
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cache.path().join("toy").join(name)
    }

    /// Fetches and returns the kinds of the events.
    fn fetch(&self) -> (Result<(), CatalogueError>, Vec<String>) {
        let options = FetchOptions {
            optional: false,
            attempts: 3,
            pause: Duration::ZERO,
            patience: Duration::from_secs(5),
            use_proxy: false,
        };
        let mut events = Vec::new();
        let result = fetch(&self.dataset, self.cache.path(), &options, &mut |event| match event {
            FetchEvent::Terms { dataset } => events.push(format!("terms {}", dataset.license)),
            FetchEvent::Started { resumed_from, .. } => events.push(format!("started {resumed_from}")),
            FetchEvent::Failed { .. } => events.push("failed".to_owned()),
            FetchEvent::Quarantined { .. } => events.push("quarantined".to_owned()),
            FetchEvent::Finished { .. } => events.push("finished".to_owned()),
            FetchEvent::Present { .. } => events.push("present".to_owned()),
            _ => {}
        });
        (result.map(drop), events)
    }

    fn assert_complete(&self) {
        assert_eq!(fs::read(self.path("file")).unwrap(), content());
        assert!(!self.path("file.part").exists());
    }
}

#[test]
fn the_license_is_shown_before_the_first_byte_and_never_again() {
    let case = Case::new(&[&Server::start(Behavior::Good)]);
    let (result, events) = case.fetch();
    result.unwrap();
    assert_eq!(events, ["terms none", "started 0", "finished"]);
    case.assert_complete();
    assert_eq!(case.fetch().1, ["present"]);
}

#[test]
fn a_cut_connection_is_continued_where_it_ended() {
    let server = Server::start(Behavior::CutOnce(70_000));
    let case = Case::new(&[&server]);
    case.fetch().0.unwrap();
    case.assert_complete();
    assert_eq!(server.ranges(), ["", "bytes=70000-"]);
}

#[test]
fn a_part_of_an_earlier_call_is_continued() {
    let server = Server::start(Behavior::Good);
    let case = Case::new(&[&server]);
    fs::create_dir_all(case.path("")).unwrap();
    fs::write(case.path("file.part"), &content()[..1234]).unwrap();
    case.fetch().0.unwrap();
    case.assert_complete();
    assert_eq!(server.ranges(), ["bytes=1234-"]);
}

#[test]
fn a_server_without_ranges_sends_the_whole_file_again() {
    let case = Case::new(&[&Server::start(Behavior::IgnoresRanges)]);
    fs::create_dir_all(case.path("")).unwrap();
    fs::write(case.path("file.part"), &content()[..1234]).unwrap();
    case.fetch().0.unwrap();
    case.assert_complete();
}

#[test]
fn a_rotten_part_is_quarantined_and_fetched_anew() {
    let server = Server::start(Behavior::Good);
    let case = Case::new(&[&server]);
    fs::create_dir_all(case.path("")).unwrap();
    fs::write(case.path("file.part"), [9; 1234]).unwrap();
    let (result, events) = case.fetch();
    result.unwrap();
    case.assert_complete();
    assert_eq!(server.ranges(), ["bytes=1234-", ""]);
    assert_eq!(
        events,
        [
            "terms none",
            "started 1234",
            "quarantined",
            "failed",
            "started 0",
            "finished"
        ]
    );
    assert!(case.path("file.bad-1").exists());
}

#[test]
fn a_file_with_another_digest_is_quarantined_and_the_next_mirror_helps() {
    let case = Case::new(&[&Server::start(Behavior::Wrong), &Server::start(Behavior::Good)]);
    case.fetch().0.unwrap();
    case.assert_complete();
    assert_eq!(fs::read(case.path("file.bad-1")).unwrap(), vec![0; CONTENT_BYTES]);
}

#[test]
fn a_missing_file_sends_to_the_next_mirror_at_once() {
    let missing = Server::start(Behavior::Status(404));
    let case = Case::new(&[&missing, &Server::start(Behavior::Good)]);
    case.fetch().0.unwrap();
    case.assert_complete();
    assert_eq!(missing.ranges().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again() {
    let busy = Server::start(Behavior::Status(503));
    let case = Case::new(&[&busy]);
    assert!(case.fetch().0.is_err());
    assert_eq!(busy.ranges().len(), 3);
}

#[test]
fn no_more_than_the_published_size_is_kept() {
    for behavior in [Behavior::Oversized, Behavior::OtherSize] {
        let case = Case::new(&[&Server::start(behavior)]);
        case.fetch().0.unwrap_err();
        let names: Vec<_> = fs::read_dir(case.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [".lock"]);
    }
}

#[test]
fn what_has_arrived_survives_when_every_mirror_fails() {
    let case = Case::new(&[
        &Server::start(Behavior::CutAlways),
        &Server::start(Behavior::Status(404)),
    ]);
    let error = case.fetch().0.unwrap_err();
    let CatalogueError::AllMirrorsFailed { failures, .. } = &error else {
        panic!("{error}");
    };
    // Three attempts at the first mirror, one at the second.
    assert_eq!(failures.len(), 4);
    assert_eq!(fs::read(case.path("file.part")).unwrap(), &content()[..3]);
    assert!(error.to_string().contains("data import toy"), "{error}");
}

#[test]
fn a_rotten_file_in_the_cache_is_replaced_and_kept() {
    let case = Case::new(&[&Server::start(Behavior::Good)]);
    fs::create_dir_all(case.path("")).unwrap();
    fs::write(case.path("file"), b"rotten").unwrap();
    case.fetch().0.unwrap();
    case.assert_complete();
    assert_eq!(fs::read(case.path("file.bad-1")).unwrap(), b"rotten");
}

#[test]
fn a_folder_that_another_process_fills_is_left_alone() {
    let case = Case::new(&[&Server::start(Behavior::Good)]);
    fs::create_dir_all(case.path("")).unwrap();
    let lock = fs::File::create(case.path(".lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(case.fetch().0, Err(CatalogueError::Busy { .. })));
    drop(lock);
    case.fetch().0.unwrap();
}

#[test]
fn a_file_without_a_published_digest_is_not_fetched() {
    let server = Server::start(Behavior::Good);
    let mut case = Case::new(&[&server]);
    case.dataset.files[0].sha256 = None;
    assert!(matches!(case.fetch().0, Err(CatalogueError::ImportOnly { .. })));
    assert!(server.ranges().is_empty());
}

#[test]
fn an_optional_file_is_fetched_on_request() {
    let mut case = Case::new(&[&Server::start(Behavior::Good), &Server::start(Behavior::Good)]);
    let optional = DatasetFile {
        name: "more".to_owned(),
        optional: true,
        ..case.dataset.files[0].clone()
    };
    case.dataset.files.push(optional);
    case.fetch().0.unwrap();
    case.assert_complete();
    assert!(!case.path("more").exists());
    let folder = DatasetFolder::new(&case.dataset, case.path(""), Origin::Cache);
    assert!(folder.lacking().is_empty());
    let error = folder.open("more").unwrap_err().to_string();
    assert!(error.contains("data fetch toy --optional"), "{error}");

    let options = FetchOptions {
        optional: true,
        use_proxy: false,
        ..FetchOptions::default()
    };
    let folder = fetch(&case.dataset, case.cache.path(), &options, &mut |_| {}).unwrap();
    let mut more = Vec::new();
    folder.open("more").unwrap().read_to_end(&mut more).unwrap();
    assert_eq!(more, content());
}

#[test]
fn a_fetched_set_verifies() {
    let case = Case::new(&[&Server::start(Behavior::Good)]);
    let options = FetchOptions {
        use_proxy: false,
        ..FetchOptions::default()
    };
    let folder = fetch(&case.dataset, case.cache.path(), &options, &mut |_| {}).unwrap();
    assert!(matches!(folder.verify().unwrap()[0].1, FileState::Good { .. }));
}
