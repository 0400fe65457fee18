//! No secret leaves its places: the whole main job with everything traced, and then a search for every token, code and
//! secret the portal ever made.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a test fails with words")]

use std::path::{Path, PathBuf};

use keyfob_demo::{Consent, Endpoint, Fault, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, all_files};

/// Every token, code and secret of the portal begins with it.
const CANARY: &str = "canary-7f3a9c";

/// Everything keyfob said, and on which command it was said.
#[derive(Default)]
struct Said(Vec<(String, Output)>);

impl Said {
    async fn run(&mut self, keyfob: &Keyfob, arguments: &[&str]) {
        self.0.push((arguments.join(" "), keyfob.run(arguments).await));
    }

    fn assert_quiet(&self, token_is_data: &[&str]) {
        for (command, output) in &self.0 {
            assert!(!output.stderr.contains(CANARY), "on standard error of `{command}`");
            let is_data = token_is_data.iter().any(|wanted| command.starts_with(wanted));
            assert_eq!(output.stdout.contains(CANARY), is_data, "standard output of `{command}`");
        }
    }
}

async fn marked_portal() -> Portal {
    let options = PortalOptions { token_mark: CANARY.to_owned(), ..PortalOptions::default() };
    Portal::start(options).await.expect("a portal")
}

/// Files that hold the canary, the one that must aside.
fn holders(folder: &Path, allowed: &Path) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).expect("a file");
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    };
    all_files(folder).into_iter().filter(|path| path != allowed && holds(path)).collect()
}

/// What other accounts of the machine could see of a process: its arguments; and what this account could: its environment.
fn process_shows(pid: u32) -> bool {
    let shows = |what: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{what}")).expect("a running process");
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    };
    shows("cmdline") || shows("environ")
}

/// F9, E8: renewals, refusals, forged answers and sign-outs included, with `KEYFOB_LOG=trace`.
#[tokio::test]
async fn no_canary_is_found_in_the_open_after_the_whole_job() {
    let portal = marked_portal().await;
    let keyfob = Keyfob::new().with("KEYFOB_LOG", "trace");
    let file = keyfob.path("token.json");
    let (url, deliver) = (portal.mcp_url(), format!("token-file:{}:mcp-tokens", file.display()));
    let mut said = Said::default();
    said.run(&keyfob, &["add", "a", &url, "--deliver", &deliver, "--sign-in"]).await;
    for command in [
        "status",
        "status --json",
        "token a",
        "headers a",
        "refresh a",
        "tools a",
        "call a echo {\"text\":\"x\"}",
        "log --json",
    ] {
        said.run(&keyfob, &command.split(' ').collect::<Vec<_>>()).await;
    }
    said.run(&keyfob, &["exec", "a", "--", "true"]).await;
    portal.kill_access_tokens();
    said.run(&keyfob, &["call", "a", "echo", r#"{"text":"x"}"#]).await;
    for fault in [
        Fault::lost_answer(),
        Fault::html(200),
        Fault::error(400, "invalid_request"),
        Fault::none().cut_at(180),
    ] {
        portal.faults().next(Endpoint::Refresh, fault);
        said.run(&keyfob, &["refresh", "a"]).await;
    }
    portal.set_consent(Consent::Declined);
    said.run(&keyfob, &["sign-in", "a", "--timeout", "5s"]).await;
    portal.faults().clear(Endpoint::Refresh);
    assert!(
        std::fs::read_to_string(&file).expect("the token file").contains(CANARY),
        "the search can find it"
    );
    assert_eq!(holders(&keyfob.path(""), &file), Vec::<PathBuf>::new());
    let trace = said.0.iter().map(|(_, output)| output.stderr.len()).sum::<usize>();
    assert!(trace > 10_000, "the trace was on: {trace} bytes");

    said.run(&keyfob, &["sign-out", "a"]).await;
    said.run(&keyfob, &["remove", "a"]).await;
    assert_eq!(holders(&keyfob.path(""), Path::new("")), Vec::<PathBuf>::new());
    said.assert_quiet(&["token", "headers"]);
}

/// The keeper and the bridge: neither their words nor what the system shows of their processes.
#[tokio::test]
async fn no_canary_is_found_around_the_keeper_and_the_bridge() {
    let portal = marked_portal().await;
    let keyfob = Keyfob::new().with("KEYFOB_LOG", "trace");
    let mut said = Said::default();
    said.run(&keyfob, &["add", "a", &portal.mcp_url(), "--sign-in"]).await;
    let mut keeper = keyfob.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    let mut bridge = keyfob.spawn(["connect", "a"]);
    let params =
        r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"leak","version":"1"}}"#;
    bridge
        .write_line(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#))
        .await;
    bridge.stdout_line("\"id\":1").await;
    said.run(&keyfob, &["token", "a", "--fresh"]).await;
    said.run(&keyfob, &["status", "--json"]).await;
    assert!(!process_shows(keeper.pid()) && !process_shows(bridge.pid()));
    assert_eq!(holders(&keyfob.path(""), Path::new("")), Vec::<PathBuf>::new());
    keeper.terminate();
    for ended in [bridge.ended().await, keeper.ended().await] {
        assert!(!ended.stderr.contains(CANARY) && !ended.stdout.contains(CANARY), "the canary was said");
    }
    said.assert_quiet(&["token"]);
}
