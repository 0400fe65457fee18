//! A real authorization server with an MCP endpoint behind it, as a process that ends with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::waiting::comes_true;

/// Bundling a worker and starting it takes seconds on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// A portal ends by itself when its standard input closes.
const ENDED_WITHIN: Duration = Duration::from_secs(5);

/// A running portal.
pub(crate) struct Portal {
    /// The MCP endpoint.
    pub(crate) mcp_url: String,
    record_url: String,
    stdin: Option<ChildStdin>,
    child: Child,
}

/// One request the portal saw. It holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Event {
    pub(crate) endpoint: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) grant_type: Option<String>,
    #[serde(default)]
    pub(crate) revocation: bool,
}

#[derive(Deserialize)]
struct Ready {
    mcp_url: String,
    record_url: String,
}

/// Where the parts lie that are not Rust.
pub(crate) fn part(name: &str) -> PathBuf {
    let parts = std::env::var_os("KEYFOB_PARTS").map(PathBuf::from);
    parts.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("parts")).join(name)
}

/// The Node that came with the parts.
pub(crate) fn node() -> PathBuf {
    std::env::var_os("KEYFOB_NODE").map_or_else(|| part("node_modules/.bin/node"), PathBuf::from)
}

impl Portal {
    /// Cloudflare's OAuth library in workerd.
    pub(crate) fn cloudflare(parameters: &[&str]) -> Self {
        Self::start("cloudflare-portal.mjs", parameters)
    }

    /// The certified oidc-provider.
    pub(crate) fn oidc_provider(parameters: &[&str]) -> Self {
        Self::start("oidc-provider-portal.mjs", parameters)
    }

    /// Better Auth: device endpoints that take JSON only, and sessions for tokens.
    pub(crate) fn better_auth(parameters: &[&str]) -> Self {
        Self::start("better-auth-portal.mjs", parameters)
    }

    /// Better Auth's plugin for MCP servers: the code flow.
    pub(crate) fn better_auth_mcp(parameters: &[&str]) -> Self {
        Self::start("better-auth-mcp-portal.mjs", parameters)
    }

    /// The statuses of all requests of an endpoint so far, in order.
    pub(crate) fn statuses_at(&self, endpoint: &str) -> Vec<u16> {
        let events = self.events().into_iter().filter(|event| event.endpoint == endpoint);
        events.map(|event| event.status).collect()
    }

    fn start(script: &str, parameters: &[&str]) -> Self {
        let mut command = Command::new(node());
        command.arg(part(script)).args(parameters).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{script} did not start with {}: {error}; scripts/test.sh real installs it",
                node().display()
            )
        });
        let stdout = child.stdout.take().expect("piped");
        let stdin = child.stdin.take();
        // From here on `Drop` ends the child, whatever happens.
        let mut portal = Self { mcp_url: String::new(), record_url: String::new(), stdin, child };
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            sender.send(read.map(|_| line))
        });
        let line =
            line.recv_timeout(READY_WITHIN).unwrap_or_else(|_| panic!("{script} was not ready in time"));
        let ready: Ready = serde_json::from_str(&line.expect("its output can be read"))
            .unwrap_or_else(|error| panic!("{script} ended before it was ready ({error})"));
        portal.mcp_url = ready.mcp_url;
        portal.record_url = ready.record_url;
        portal
    }

    /// What it saw so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        let script = "process.stdout.write(await (await fetch(process.argv[1])).text())";
        let fetched = Command::new(node())
            .args(["--input-type=module", "--eval", script, &self.record_url])
            .output()
            .expect("Node runs");
        let mut record: Value = serde_json::from_slice(&fetched.stdout).expect("the record is JSON");
        serde_json::from_value(record["events"].take()).expect("a list of events")
    }

    /// The statuses of all renewals so far, in order.
    pub(crate) fn renewals(&self) -> Vec<u16> {
        let events = self.events().into_iter();
        let renewals = events.filter(|event| event.grant_type.as_deref() == Some("refresh_token"));
        renewals.map(|event| event.status).collect()
    }

    /// The statuses of all revocations so far, in order.
    pub(crate) fn revocations(&self) -> Vec<u16> {
        self.events().into_iter().filter(|event| event.revocation).map(|event| event.status).collect()
    }

    /// The statuses of all MCP requests so far, in order.
    pub(crate) fn mcp_requests(&self) -> Vec<u16> {
        self.statuses_at("/mcp")
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if comes_true(ENDED_WITHIN, || !matches!(self.child.try_wait(), Ok(None))) {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
