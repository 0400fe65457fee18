//! A user with a home of their own, a browser, and the keyfob binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::portal::{node, part};

/// A user of the command line.
pub(crate) struct User {
    home: TempDir,
    browser: String,
    /// What the browser is told beside the address.
    told: Vec<(&'static str, PathBuf)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn keyfob() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/keyfob");
    std::env::var_os("KEYFOB_BIN").map_or_else(usual, PathBuf::from)
}

impl User {
    /// With the stand-in that follows redirects and presses the one button.
    pub(crate) fn new() -> Self {
        Self::with_browser("follow-redirects.mjs", vec![])
    }

    /// With a headless Chromium; it leaves a picture of the last page and then what stands there.
    pub(crate) fn with_chromium(picture: PathBuf, text: PathBuf) -> Self {
        Self::with_browser("chromium-sign-in.mjs", vec![("SCREENSHOT", picture), ("PAGE_TEXT", text)])
    }

    fn with_browser(script: &str, told: Vec<(&'static str, PathBuf)>) -> Self {
        let browser = format!("'{}' '{}'", node().display(), part(script).display());
        Self { home: TempDir::new().expect("a home"), browser, told }
    }

    /// A path in this user's home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs keyfob; nothing of the machine's own keyfob is seen by it.
    pub(crate) fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Ended {
        let output = Command::new(keyfob())
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("KEYFOB_HOME", self.path("keyfob"))
            .env("KEYFOB_STORE", "key-file")
            .env("BROWSER", &self.browser)
            .envs(self.told.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", keyfob().display()));
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs keyfob, which must do what it is told; gives its output without the last line end.
    pub(crate) fn must<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        ended.stdout.trim_end().to_owned()
    }

    /// Makes a profile and signs in at once.
    pub(crate) fn sign_in_to(&self, name: &str, mcp_url: &str) {
        self.must(["add", name, mcp_url, "--sign-in", "--timeout", "60s"]);
    }

    /// What `status` tells of a profile.
    pub(crate) fn status(&self, name: &str) -> Value {
        let all: Value = serde_json::from_str(&self.must(["status", name, "--json"])).expect("JSON");
        all["profiles"][0].clone()
    }

    /// What the MCP server says about whoever asks.
    pub(crate) fn whoami(&self, name: &str) -> Value {
        serde_json::from_str(&self.must(["call", name, "whoami"])).expect("JSON")
    }
}
