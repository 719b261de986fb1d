//! The page in a browser without a window; skipped, with a reason, where there is none.

use std::{thread, time::Duration};

use human_preferences::server::{LabelServer, RunStatus, SharedStore, now};
use serde_json::{Value, json};

use crate::{
    support::{add_pairs, open, rows, serve, shared},
    webdriver::Browser,
};

const LEFT: &str = "\u{e012}";
const UP: &str = "\u{e013}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

/// The page takes no answer in the first 250 ms of a pair.
const LOOK: Duration = Duration::from_millis(320);

/// A page that shows a pair of a database of its own.
struct Page {
    browser: Browser,
    store: SharedStore,
    server: Option<LabelServer>,
    folder: tempfile::TempDir,
    port: u16,
}

impl Page {
    /// None, with a printed reason, where there is no browser.
    fn open(pairs: usize) -> Option<Self> {
        let browser = match Browser::start() {
            Ok(browser) => browser,
            Err(reason) => {
                eprintln!("skipped: {reason}");
                return None;
            }
        };
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = open(folder.path());
        add_pairs(&mut store, pairs);
        let store = shared(store);
        let server = serve(&store, 0);
        // The name is there before the page, which keeps it under this key.
        browser.open(&format!("http://{}/icon.svg", server.address()));
        browser.run("localStorage.setItem('labeller', 'ada')");
        browser.open(&server.url());
        let page = Self {
            browser,
            store,
            port: server.address().port(),
            server: Some(server),
            folder,
        };
        page.browser.wait_for("typeof state !== 'undefined'");
        Some(page)
    }

    fn set_name(&self, name: &str) {
        self.browser.run(&format!(
            "const field = document.getElementById('labeller'); field.value = {}; \
             field.dispatchEvent(new Event('change'));",
            json!(name)
        ));
    }

    fn wait_for_pair(&self) {
        self.browser.wait_for("state.shown && state.ready.length > 0");
        thread::sleep(LOOK);
    }

    fn shown(&self) -> i64 {
        self.browser.run("return state.shown.pair").as_i64().expect("a pair")
    }

    fn press(&self, key: &str) {
        self.browser.press(&[key]);
    }

    /// Waits until everything that was answered is acknowledged.
    fn wait_until_sent(&self) {
        self.browser.wait_for("unsent().length === 0 && !state.sending");
    }
}

#[test]
fn both_clips_move() {
    let Some(page) = Page::open(4) else { return };
    page.wait_for_pair();
    let halves = || {
        let picture = page.browser.run(
            "return ['left', 'right'].map((side) => document.getElementById(side).querySelector('canvas').toDataURL())",
        );
        let Value::Array(halves) = picture else {
            panic!("two pictures")
        };
        halves
    };
    let (before, picture) = (halves(), page.browser.picture());
    thread::sleep(Duration::from_millis(400));
    let after = halves();
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
    assert_ne!(after[0], after[1]);
    assert_ne!(picture, page.browser.picture());
}

#[test]
fn each_key_writes_its_answer() {
    let Some(page) = Page::open(5) else { return };
    let mut expected = Vec::new();
    for (key, answer) in [(LEFT, "left"), (RIGHT, "right"), (UP, "tie"), (DOWN, "cant_tell")] {
        page.wait_for_pair();
        expected.push((page.shown(), answer.to_owned(), "ada".to_owned(), false));
        page.press(key);
        page.wait_until_sent();
    }
    assert_eq!(rows(page.folder.path()), expected);
}

#[test]
fn a_double_press_answers_once() {
    let Some(page) = Page::open(4) else { return };
    page.wait_for_pair();
    page.browser.press(&[LEFT, LEFT]);
    thread::sleep(LOOK);
    page.wait_until_sent();
    assert_eq!(rows(page.folder.path()).len(), 1);
    page.browser
        .run("document.getElementById('right').click(); document.getElementById('right').click()");
    page.wait_until_sent();
    assert_eq!(rows(page.folder.path()).len(), 2);
}

#[test]
fn thirty_pairs_a_minute_are_possible_and_the_next_one_is_there_at_once() {
    let Some(page) = Page::open(12) else { return };
    page.wait_for_pair();
    let started = std::time::Instant::now();
    for _ in 0..10 {
        let before = page.shown();
        page.press(RIGHT);
        assert_ne!(page.browser.run("return state.shown?.pair ?? null"), json!(before));
        assert_ne!(page.browser.run("return state.shown?.pair ?? null"), Value::Null);
        thread::sleep(LOOK);
    }
    page.wait_until_sent();
    assert_eq!(rows(page.folder.path()).len(), 10);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn an_answer_can_be_taken_back_and_given_anew() {
    let Some(page) = Page::open(4) else { return };
    page.wait_for_pair();
    let first = page.shown();
    page.press(LEFT);
    page.wait_until_sent();
    page.press("z");
    page.browser.wait_for(&format!("state.shown?.pair === {first}"));
    thread::sleep(LOOK);
    page.press(RIGHT);
    page.wait_until_sent();
    let row = |answer: &str, undone| (first, answer.to_owned(), "ada".to_owned(), undone);
    assert_eq!(rows(page.folder.path()), [row("left", true), row("right", false)]);
}

#[test]
fn answers_wait_in_the_browser_while_the_server_is_gone() {
    let Some(mut page) = Page::open(6) else { return };
    page.wait_for_pair();
    page.browser.wait_for("state.ready.length === 3");
    page.server.take().expect("a server").shutdown();
    for key in [LEFT, RIGHT] {
        page.press(key);
        thread::sleep(LOOK);
    }
    page.browser.wait_for("!document.getElementById('banner').hidden");
    let kept = page.browser.run("return unsent().map(({ body }) => body.answer)");
    assert_eq!(kept, json!(["left", "right"]));
    assert!(rows(page.folder.path()).is_empty());

    page.server = Some(serve(&page.store, page.port));
    page.wait_until_sent();
    page.browser.wait_for("document.getElementById('banner').hidden");
    let answers: Vec<String> = rows(page.folder.path()).into_iter().map(|row| row.1).collect();
    assert_eq!(answers, ["left", "right"]);
}

#[test]
fn answers_survive_a_reload_of_the_page() {
    let Some(mut page) = Page::open(4) else { return };
    page.wait_for_pair();
    let url = page.server.as_ref().expect("a server").url();
    page.server.take().expect("a server").shutdown();
    page.press(UP);
    page.browser
        .wait_for("unsent().length === 1 && state.trouble === 'offline'");
    page.browser.open("about:blank");
    page.server = Some(serve(&page.store, page.port));
    page.browser.open(&url);
    page.browser.wait_for("typeof state !== 'undefined'");
    page.wait_until_sent();
    let rows = rows(page.folder.path());
    assert_eq!((rows.len(), rows[0].1.as_str(), rows[0].2.as_str()), (1, "tie", "ada"));
}

#[test]
fn an_answer_is_kept_where_another_run_answers() {
    let Some(mut page) = Page::open(4) else { return };
    page.wait_for_pair();
    page.server.take().expect("a server").shutdown();
    let other = tempfile::tempdir().expect("a folder");
    let mut store = open(other.path());
    add_pairs(&mut store, 4);
    let server = serve(&shared(store), page.port);
    page.press(LEFT);
    page.browser.wait_for("state.trouble === 'refused'");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(page.browser.run("return unsent().length"), json!(1));
    assert!(rows(other.path()).is_empty());
    server.shutdown();
    page.server = Some(serve(&page.store, page.port));
    page.wait_until_sent();
    assert_eq!(rows(page.folder.path()).len(), 1);
}

#[test]
fn two_labellers_get_different_pairs() {
    let Some(page) = Page::open(20) else { return };
    page.wait_for_pair();
    page.browser.wait_for("state.ready.length === 3");
    let pairs = "return [state.shown, ...state.ready].map(({ pair }) => pair)";
    let of_ada = page.browser.run(pairs);
    page.set_name("grace");
    page.press(LEFT);
    page.browser.wait_for("state.ready.length === 3");
    let of_grace = page.browser.run(pairs);
    for pair in of_grace.as_array().expect("pairs") {
        assert!(!of_ada.as_array().expect("pairs").contains(pair), "{of_ada} {of_grace}");
    }
}

#[test]
fn a_page_keeps_its_pairs_for_as_long_as_somebody_is_there() {
    let Some(page) = Page::open(6) else { return };
    page.wait_for_pair();
    page.browser.wait_for("state.ready.length === 3");
    let connection = rusqlite::Connection::open(page.folder.path().join("labels.sqlite")).expect("the database");
    let soon = now() + 5_000;
    connection
        .execute("UPDATE pair SET leased_until = ?1 WHERE leased_by = 'ada'", [soon])
        .expect("leases that end soon");
    let kept = || -> i64 {
        let count = "SELECT count(*) FROM pair WHERE leased_by = 'ada' AND leased_until > ?1";
        connection.query_row(count, [soon], |row| row.get(0)).expect("a count")
    };
    // Two looks of the page.
    let looks = Duration::from_millis(1500);
    page.browser
        .run("active = -2 * IDLE; renewed = -2 * RENEW; state.ready.forEach(close); state.ready = []");
    thread::sleep(looks);
    assert_eq!(kept(), 0);
    assert_eq!(page.browser.run("return state.ready.length"), json!(0));

    page.press("x");
    page.browser.wait_for("state.ready.length === 3");
    page.browser.run("renewed = -2 * RENEW");
    thread::sleep(looks);
    assert_eq!(kept(), 4);
    assert_eq!(
        page.browser
            .run("return [state.shown, ...state.ready].every(({ leased }) => leased === renewed)"),
        json!(true)
    );
}

#[test]
fn the_page_works_with_the_keyboard_alone() {
    const TAB: &str = "\u{e004}";
    const ENTER: &str = "\u{e007}";
    let Some(page) = Page::open(4) else { return };
    page.wait_for_pair();
    let mut visited = Vec::new();
    for _ in 0..8 {
        page.press(TAB);
        let focused = page.browser.run(
            "const one = document.activeElement; \
             return [one.id || one.localName, getComputedStyle(one).outlineStyle !== 'none']",
        );
        assert_eq!(focused[1], json!(true), "the focus is seen on {focused}");
        visited.push(focused[0].as_str().expect("a name").to_owned());
    }
    for wanted in ["left", "right", "tie", "cant_tell", "undo", "restart", "labeller"] {
        assert!(
            visited.iter().any(|visited| visited == wanted),
            "{wanted} in {visited:?}"
        );
    }
    page.browser
        .run("document.getElementById('tie').focus({ focusVisible: true })");
    page.press(ENTER);
    page.wait_until_sent();
    assert_eq!(rows(page.folder.path())[0].1, "tie");
    let names = page.browser.run(
        "return [...document.querySelectorAll('button, input')].filter((one) => \
         !(one.innerText.trim() || document.querySelector(`label[for=${one.id}]`)))",
    );
    assert_eq!(names, json!([]), "everything has a name");
}

#[test]
fn buttons_wait_for_the_clips() {
    let Some(page) = Page::open(0) else { return };
    page.browser.wait_for("!document.body.classList.contains('loading')");
    let disabled = page
        .browser
        .run("return answers.map((button) => button.disabled && button.offsetParent === null)");
    assert_eq!(disabled, json!([true, true, true, true]));
    page.press(LEFT);
    add_pairs(&mut open(page.folder.path()), 1);
    page.browser.wait_for("state.shown");
    assert_eq!(
        page.browser.run("return answers.map((button) => button.disabled)"),
        json!([false, false, false, false])
    );
    assert!(rows(page.folder.path()).is_empty());
}

#[test]
fn the_page_says_that_it_waits_and_that_it_is_done() {
    let Some(page) = Page::open(0) else { return };
    let server = page.server.as_ref().expect("a server");
    let shows = |text: &str| {
        let waiting = "document.getElementById('waiting')";
        page.browser.wait_for(&format!(
            "!{waiting}.hidden && {waiting}.innerText.includes({})",
            json!(text)
        ));
    };
    server.set_status(RunStatus {
        waiting_for: "The agent is acting.".to_owned(),
        is_finished: false,
    });
    shows("The agent is acting.");
    server.set_status(RunStatus {
        waiting_for: String::new(),
        is_finished: true,
    });
    shows("thank you");
}

#[test]
fn who_wants_little_motion_sees_the_clips_once() {
    let Some(page) = Page::open(2) else { return };
    let reduced = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    page.browser.developer("Emulation.setEmulatedMedia", &reduced);
    page.wait_for_pair();
    page.browser.run("restart()");
    // Twelve pictures at 15 a second take 0.8 s, and 1.27 s with the hold.
    page.browser.wait_for("drawn === 11");
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(page.browser.run("return drawn"), json!(11));
    page.press(" ");
    page.browser.wait_for("drawn < 11");
}

#[test]
fn the_page_fits_narrow_and_wide_windows() {
    let Some(page) = Page::open(2) else { return };
    page.wait_for_pair();
    for (width, height, is_stacked) in [(360, 740, true), (1280, 800, false)] {
        for is_dark in [false, true] {
            page.browser.look(width, height, is_dark);
            thread::sleep(Duration::from_millis(100));
            let measured = page.browser.run(
                "const [left, right] = ['left', 'right'].map((id) => document.getElementById(id).getBoundingClientRect()); \
                 return { wide: document.documentElement.scrollWidth, high: document.documentElement.scrollHeight, \
                          stacked: right.top >= left.bottom, side: Math.min(left.height, left.width), \
                          color: getComputedStyle(document.body).backgroundColor }",
            );
            assert_eq!(measured["wide"], width, "{measured}");
            assert_eq!(measured["high"], height, "{measured}");
            assert_eq!(measured["stacked"], is_stacked, "{measured}");
            assert!(measured["side"].as_f64() > Some(120.0), "{measured}");
            let color = if is_dark {
                "rgb(20, 23, 28)"
            } else {
                "rgb(244, 245, 248)"
            };
            assert_eq!(measured["color"], color, "{measured}");
        }
    }
}
