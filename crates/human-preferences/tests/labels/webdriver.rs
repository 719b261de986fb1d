//! As much of the WebDriver protocol as these tests need.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// How long something on the page may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A browser without a window, and the driver that it hangs on.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser, or says why there is none.
    pub(crate) fn start() -> Result<Self, String> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver does not start: {error}"))?;
        let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        let session = port(&mut driver).and_then(|port| session(&agent, port, &profile));
        match session {
            Ok(session) => Ok(Self {
                driver,
                session,
                agent,
                _profile: profile,
            }),
            Err(problem) => {
                let _ = driver.kill();
                let _ = driver.wait();
                Err(problem)
            }
        }
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        post(&self.agent, &format!("{}{path}", self.session), body).expect("an answer of the driver")
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    /// What a script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Presses keys one after the other, without a pause.
    pub(crate) fn press(&self, keys: &[&str]) {
        let event = |kind: &str, key: &str| json!({ "type": kind, "value": key });
        let events: Vec<Value> = keys
            .iter()
            .flat_map(|key| [event("keyDown", key), event("keyUp", key)])
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": events });
        self.command("/actions", &json!({ "actions": [keyboard] }));
    }

    pub(crate) fn picture(&self) -> Vec<u8> {
        let text = post_or_get(&self.agent, &format!("{}/screenshot", self.session), None).expect("a picture");
        STANDARD
            .decode(text.as_str().expect("base64"))
            .expect("base64 of a picture")
    }

    /// Width in pixels, and whether the system is dark.
    pub(crate) fn look(&self, width: u32, height: u32, is_dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.developer("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if is_dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.developer("Emulation.setEmulatedMedia", &media);
    }

    pub(crate) fn developer(&self, command: &str, parameters: &Value) {
        self.command("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Waits until a script's expression is true.
    pub(crate) fn wait_for(&self, expression: &str) {
        let started = Instant::now();
        while self.run(&format!("return Boolean({expression})")) != Value::Bool(true) {
            assert!(started.elapsed() < PATIENCE, "waited in vain for {expression}");
            thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver says it listens on.
fn port(driver: &mut Child) -> Result<u16, String> {
    let output = driver.stdout.take().ok_or("the driver has no output")?;
    let mut lines = BufReader::new(output).lines();
    let port = loop {
        let line = lines.next().ok_or("chromedriver says no port")?;
        let line = line.map_err(|error| error.to_string())?;
        let found = line.split_once("successfully on port ");
        if let Some(port) = found.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) {
            break port;
        }
    };
    // The driver must not block on an output that nobody reads.
    thread::spawn(move || lines.for_each(drop));
    Ok(port)
}

fn session(agent: &ureq::Agent, port: u16, profile: &tempfile::TempDir) -> Result<String, String> {
    let folder = profile.path().join("profile");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let arguments = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        format!("--user-data-dir={}", folder.display()),
    ];
    let wanted = json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments },
    } } });
    let base = format!("http://127.0.0.1:{port}/session");
    let value = post(agent, &base, &wanted)?;
    let id = value["sessionId"].as_str().ok_or("the driver names no session")?;
    Ok(format!("{base}/{id}"))
}

fn post(agent: &ureq::Agent, url: &str, body: &Value) -> Result<Value, String> {
    post_or_get(agent, url, Some(body))
}

fn post_or_get(agent: &ureq::Agent, url: &str, body: Option<&Value>) -> Result<Value, String> {
    let response = match body {
        Some(body) => agent
            .post(url)
            .header("content-type", "application/json")
            .send(body.to_string()),
        None => agent.get(url).call(),
    };
    let mut response = response.map_err(|error| error.to_string())?;
    let mut text = String::new();
    let mut reader = response.body_mut().as_reader();
    reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
    let mut answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let value = answer["value"].take();
    match value.get("error") {
        Some(error) => Err(format!("{error}: {}", value["message"])),
        None => Ok(value),
    }
}
