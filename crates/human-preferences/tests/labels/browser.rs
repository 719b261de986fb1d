//! The page in a browser without a window; skipped, with a reason, where there is none.

use std::{fs, path::Path, thread, time::Duration};

use human_preferences::server::{LabelServer, RunStatus, SharedStore};
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
        browser.open(&server.url());
        let page = Self {
            browser,
            store,
            port: server.address().port(),
            server: Some(server),
            folder,
        };
        page.browser.wait_for("typeof state !== 'undefined'");
        page.set_name("ada");
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
