//! A signed-in user with a keeper, and the real clients on the path.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use keyfob_demo::{Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, Running};
use tokio::process::Command;

use crate::way_out::WayOut;

/// No client's own list command takes longer, five of them at once on two processors.
const DEADLINE: Duration = Duration::from_mins(2);

/// All of it, of one client under test.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) keyfob: Keyfob,
    pub(crate) portal: Portal,
    client: &'static str,
    way_out: WayOut,
    _keeper: Running,
}

impl Desk {
    /// A user who is signed in as `work` at an exemplary portal.
    pub(crate) async fn of(client: &'static str) -> Self {
        let portal = Portal::start(PortalOptions::default()).await.unwrap();
        let way_out = WayOut::closed().await;
        let mut keyfob = Keyfob::new().with("LANG", "C.UTF-8");
        keyfob = with_path(keyfob);
        for (name, value) in way_out.environment() {
            keyfob = keyfob.with(name, value);
        }
        for (name, value) in SILENCE {
            keyfob = keyfob.with(name, value);
        }
        keyfob.sign_in_to("work", &portal.mcp_url()).await;
        let mut keeper = keyfob.spawn(["agent"]);
        keeper.stderr_line("ready").await;
        std::fs::create_dir(keyfob.path("project")).expect("a folder to work in");
        Self { keyfob, portal, client, way_out, _keeper: keeper }
    }

    /// A command of a client, in an empty project.
    pub(crate) fn program<I: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = I>,
    ) -> Command {
        let mut command = self.keyfob.program(Path::new(program));
        command.args(arguments).current_dir(self.keyfob.path("project"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command of a client to its end.
    pub(crate) async fn run<I: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = I>,
    ) -> Output {
        let mut command = self.program(program, arguments);
        let child = command.spawn().expect("the client starts");
        let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("not ended after {DEADLINE:?}: {command:?}"));
        let output = output.expect("its output");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a line as this user's shell would.
    pub(crate) async fn shell(&self, line: &str) -> Output {
        self.run("sh", ["-c", line]).await
    }

    /// The profile's address at the proxy, as any client without a file of its own would be given it.
    pub(crate) async fn proxy_url(&self) -> String {
        self.keyfob.must(["link", "work", "cursor", "--via", "proxy"]).await;
        let text = std::fs::read_to_string(self.keyfob.path(".cursor/mcp.json")).expect("Cursor's file");
        let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        file["mcpServers"]["keyfob-work"]["url"].as_str().expect("an address").to_owned()
    }

    /// The server ends the access token; keyfob knows it only where it sees the refusals (the proxy, the bridge), and renews
    /// here where a client alone sees them.
    pub(crate) async fn token_ends(&self, via: &str) {
        self.portal.kill_access_tokens();
        if via == "helper" {
            self.keyfob.must(["refresh", "work"]).await;
        }
    }

    /// How many renewals the portal has seen; none of them may have spent a token twice.
    pub(crate) fn renewals(&self) -> u64 {
        let refreshes = self.portal.record().seen().refreshes;
        assert_eq!((refreshes.reused, refreshes.refused), (0, 0));
        refreshes.renewed
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.way_out.say(self.client);
    }
}

/// What keeps the clients from looking for news, models and updates.
const SILENCE: [(&str, &str); 14] = [
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_TELEMETRY", "1"),
    ("GEMINI_CLI_TRUST_WORKSPACE", "true"),
    ("GEMINI_TELEMETRY_ENABLED", "false"),
    ("NO_COLOR", "1"),
    ("NO_UPDATE_NOTIFIER", "1"),
    ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
    ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
    ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
    ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
    ("OPENCODE_DISABLE_SHARE", "1"),
    ("DO_NOT_TRACK", "1"),
];

/// This folder's packages.
pub(crate) fn packages() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/real_clients"))
}

/// The clients first, then Node 22 before the machine's own.
fn with_path(keyfob: Keyfob) -> Keyfob {
    let bin = keyfob.path("bin");
    std::fs::create_dir(&bin).expect("a folder for programs");
    for (name, package) in [
        ("claude", "@anthropic-ai/claude-code-linux-x64/claude"),
        ("codex", ".bin/codex"),
        ("gemini", ".bin/gemini"),
        ("mcp-inspector", ".bin/mcp-inspector"),
        ("mcp-remote", ".bin/mcp-remote"),
        ("opencode", "opencode-linux-x64/bin/opencode"),
    ] {
        let installed = packages().join("node_modules").join(package);
        assert!(installed.exists(), "{} is missing: scripts/test.sh clients", installed.display());
        std::os::unix::fs::symlink(installed, bin.join(name)).expect("a link");
    }
    let built = std::fs::canonicalize(keyfob.command(["status"]).as_std().get_program()).expect("keyfob");
    std::os::unix::fs::symlink(built, bin.join("keyfob")).expect("a link");
    let node = std::env::var("KEYFOB_NODE").expect("KEYFOB_NODE, which scripts/test.sh sets");
    let node = Path::new(&node).parent().expect("a folder");
    let rest = std::env::var("PATH").expect("PATH");
    let path = format!("{}:{}:{rest}", bin.display(), node.display());
    keyfob.with("PATH", path)
}
