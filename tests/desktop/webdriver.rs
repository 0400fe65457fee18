//! A minimal WebDriver client (W3C WebDriver): enough to fill a form, press a button and look at the page.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::eventually;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A driver process and one session with the app.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts `tauri-driver` and, through it, the app.
    pub(crate) async fn start(app: &str, home: &std::path::Path, browser: &str) -> Self {
        let (port, native) = (free_port().await, free_port().await);
        let process = Command::new("tauri-driver")
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .env("KEYFOB_HOME", home)
            .env("BROWSER", browser)
            .env("KEYFOB_LOG", "warn")
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("tauri-driver is installed by scripts/setup.sh desktop");
        // It listens before the native driver does, which it started and passes everything on to.
        for (name, port) in [("tauri-driver", port), ("the native driver", native)] {
            eventually(&format!("{name} listens"), async || {
                TcpStream::connect(("127.0.0.1", port)).await.is_ok()
            })
            .await;
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": { "tauri:options": { "application": app, "args": ["--show"] } } } });
        let answer = request(port, "POST", "/session", Some(&wanted)).await;
        let session =
            answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        Self { process, port, session }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        request(self.port, method, &format!("/session/{}{path}", self.session), body).await
    }

    async fn find(&self, css: &str) -> Option<String> {
        let found =
            self.call("POST", "/element", Some(&json!({ "using": "css selector", "value": css }))).await;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    /// Waits for an element.
    pub(crate) async fn wait_for(&self, css: &str) -> String {
        let mut found = None;
        eventually(css, async || {
            found = self.find(css).await;
            found.is_some()
        })
        .await;
        found.unwrap_or_default()
    }

    /// Whether an element is there now.
    pub(crate) async fn has(&self, css: &str) -> bool {
        self.find(css).await.is_some()
    }

    /// Presses an element, as soon as it can be pressed.
    pub(crate) async fn click(&self, css: &str) {
        self.act(css, "click", json!({})).await;
    }

    /// Presses `css` until `then` is there: a page that is still being drawn may miss a press.
    pub(crate) async fn click_until(&self, css: &str, then: &str) {
        eventually(&format!("{then} after {css}"), async || {
            if self.has(then).await {
                return true;
            }
            self.click(css).await;
            tokio::time::timeout(Duration::from_secs(2), self.wait_for(then)).await.is_ok()
        })
        .await;
    }

    /// Types into a field until it holds the text: a field that is still being drawn loses keys.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        eventually(&format!("{text} in {css}"), async || {
            self.act(css, "clear", json!({})).await;
            self.act(css, "value", json!({ "text": text })).await;
            let element = self.wait_for(css).await;
            self.call("GET", &format!("/element/{element}/property/value"), None).await == text
        })
        .await;
    }

    /// An element that is still moving, covered or being drawn refuses; then it is tried again.
    async fn act(&self, css: &str, verb: &str, body: Value) {
        eventually(&format!("{verb} {css}"), async || {
            let Some(element) = self.find(css).await else { return false };
            let answer = self.call("POST", &format!("/element/{element}/{verb}"), Some(&body)).await;
            answer.get("error").is_none()
        })
        .await;
    }

    /// An element's text.
    pub(crate) async fn text(&self, css: &str) -> String {
        let element = self.wait_for(css).await;
        let text = self.call("GET", &format!("/element/{element}/text"), None).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The whole page as the web process holds it.
    pub(crate) async fn source(&self) -> String {
        self.call("GET", "/source", None).await.as_str().unwrap_or_default().to_owned()
    }

    /// Where the page is.
    pub(crate) async fn url(&self) -> String {
        self.call("GET", "/url", None).await.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page; gives what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] }))).await
    }

    /// Runs a script until it returns something; gives that.
    pub(crate) async fn run_until(&self, script: &str) -> Value {
        let mut found = Value::Null;
        eventually(script, async || {
            found = self.run(script).await;
            !found.is_null() && found != false && found.get("error").is_none()
        })
        .await;
        found
    }

    /// Presses keys wherever the keyboard is now; others than letters by their WebDriver code.
    pub(crate) async fn keys(&self, keys: &str) {
        let press =
            |key: char| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }));
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.call("POST", "/actions", Some(&body)).await;
    }

    /// Waits until what the page holds now is on the screen: its fonts are there and two frames were drawn since.
    pub(crate) async fn is_painted(&self) {
        let script = "const [done] = arguments; document.fonts.ready.then( \
                      () => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        let drawn = self.call("POST", "/execute/async", Some(&json!({ "script": script, "args": [] }))).await;
        assert_eq!(drawn, true, "the page draws");
    }

    /// Asks the app one command as the page would: the answer, or what the promise was rejected with under `refused`.
    pub(crate) async fn invoke(&self, command: &str, arguments: Value) -> Value {
        let script = "const [command, given, done] = arguments; \
                      window.__TAURI_INTERNALS__.invoke(command, given).then(\
                      (value) => done({ value: value === undefined ? null : value }), \
                      (error) => done({ refused: error }))";
        let body = json!({ "script": script, "args": [command, arguments] });
        self.call("POST", "/execute/async", Some(&body)).await
    }

    /// Ends the session and the app with it.
    pub(crate) async fn end(self) {
        self.call("DELETE", "", None).await;
    }
}

/// The driver starts a native driver, and that one the app: all are in the driver's process group, and end with it.
impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(pid) = self.process.id() {
            let _ = std::process::Command::new("kill").args(["-TERM", "--", &format!("-{pid}")]).status();
        }
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// One request; gives the answer's `value`. `tauri-driver` hangs up without a word where its own connection to the native
/// driver has gone stale, before it has passed anything on: then the request is made again.
async fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Value {
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut answer = Vec::new();
    for _ in 0..3 {
        answer = tokio::time::timeout(Duration::from_mins(1), exchange(port, &head, &body))
            .await
            .expect("the driver answers")
            .unwrap();
        if !answer.is_empty() {
            break;
        }
    }
    let start = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let mut parsed: Value = serde_json::from_slice(&answer[start..])
        .unwrap_or_else(|error| panic!("{error} in the driver's {:?}", String::from_utf8_lossy(&answer)));
    parsed["value"].take()
}

/// One HTTP exchange on a connection of its own: all that came back.
async fn exchange(port: u16, head: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
