//! Every command that works by itself, without a keeper.

use keyfob_demo::{Consent, Endpoint, Fault};
use keyfob_tests::visit;
use url::Url;

use crate::watched_user::{ASKED_FOR, WatchedUser};

/// Commands that print no token, whatever they do.
const QUIET: [&str; 19] = [
    "status",
    "status a",
    "status --json",
    "status --watch",
    "refresh a",
    "tools a",
    "tools a --json",
    "call a echo {\"text\":\"x\"}",
    "call a whoami --json",
    "log",
    "log a",
    "log --json",
    "config",
    "clients",
    "link a cursor --dry-run",
    "link a cursor",
    "unlink a cursor",
    "pause a",
    "resume a",
];

/// What a command may meet at a renewal.
fn troubles() -> [Fault; 4] {
    [Fault::lost_answer(), Fault::html(200), Fault::error(400, "invalid_request"), Fault::none().cut_at(180)]
}

/// F9, E8, V13, V14: renewals, refusals, cut answers, a client's secret, moves of the key and sign-outs included.
#[tokio::test]
async fn no_canary_is_found_in_the_open_after_the_whole_job() {
    let mut user = WatchedUser::new();
    let portal = user.portal().await;
    let file = user.keyfob.path(ASKED_FOR).join("token.json");
    let (url, deliver) = (portal.mcp_url(), format!("token-file:{}:mcp-tokens", file.display()));
    user.must(&["add", "a", &url, "--deliver", &deliver, "--sign-in"]).await;
    for command in QUIET {
        user.must(&command.split(' ').collect::<Vec<_>>()).await;
    }
    for command in ["token a", "token a --format json", "headers a"] {
        user.must(&command.split(' ').collect::<Vec<_>>()).await;
    }
    portal.kill_access_tokens();
    user.must(&["call", "a", "echo", r#"{"text":"x"}"#]).await;
    for fault in troubles() {
        portal.faults().next(Endpoint::Refresh, fault);
        user.run(&["refresh", "a"]).await;
    }
    portal.faults().clear(Endpoint::Refresh);
    portal.set_consent(Consent::Declined);
    assert_eq!(user.run(&["sign-in", "a", "--timeout", "5s"]).await, Some(8));
    portal.set_consent(Consent::Immediate);
    for backend in ["passphrase", "key-file"] {
        user.must(&["store", "move", backend]).await;
        user.must(&["refresh", "a"]).await;
    }
    assert!(
        user.mark.is_in(&std::fs::read_to_string(&file).expect("the token file")),
        "the search can find it"
    );
    user.must(&["sign-out", "a"]).await;
    user.must(&["remove", "a"]).await;
    user.assert_nothing_leaked(&portal, &["token", "headers"], &[]);
}

/// V13, V14, C10: a client's own secret, from standard input to the token endpoint.
#[tokio::test]
async fn a_given_secret_and_a_pasted_code_are_seen_by_nobody() {
    let mut user = WatchedUser::new();
    let portal = user.portal().await;
    let url = portal.mcp_url();
    let secret = user.mark.secret("given-secret");
    for (name, method) in [("by-header", "basic"), ("by-body", "post")] {
        let add =
            ["add", name, &url, "--client-id", "given", "--client-secret-stdin", "--client-auth", method];
        let add = [&add[..], &["--redirect", "127.0.0.1/callback"]].concat();
        assert_eq!(user.run_with_input(&add, &secret).await, Some(0));
        user.must(&["sign-in", name, "--timeout", "20s"]).await;
        user.must(&["refresh", name]).await;
    }
    user.must(&["add", "pasted", &url]).await;
    let mut sign_in = user.keyfob.spawn(["sign-in", "pasted", "--no-browser", "--timeout", "20s"]);
    let address = sign_in.stderr_line("/authorize?").await;
    let address = address.split_whitespace().find(|word| word.starts_with("http")).expect("the address");
    let back = visit(&Url::parse(address).expect("a URL")).await.location.expect("the way back");
    assert!(user.mark.is_in(&back), "the code is in it");
    sign_in.write_line(&back).await;
    user.heard("sign-in pasted", sign_in.ended().await.expect_code(0));
    user.assert_nothing_leaked(&portal, &[], &[]);
}

/// G7, V14: the one command that was named has the token in its environment, and nobody else; which shows that the watch
/// sees it.
#[tokio::test]
async fn a_token_is_in_the_environment_of_the_named_command_alone() {
    let mut user = WatchedUser::new();
    let portal = user.portal().await;
    user.must(&["add", "a", &portal.mcp_url(), "--sign-in"]).await;
    let mut named = user.keyfob.spawn(["exec", "a", "--", "sh", "-c", "echo here; read line; cat"]);
    named.stdout_line("here").await;
    user.processes.has_looked().await;
    named.write_line("on").await;
    named.write_line("cat is here").await;
    named.stdout_line("cat is here").await;
    user.processes.has_looked().await;
    user.heard("exec a", named.ended().await.expect_code(0));
    user.assert_nothing_leaked(
        &portal,
        &[],
        &[("cat", "KEYFOB_ACCESS_TOKEN"), ("sh", "KEYFOB_ACCESS_TOKEN")],
    );
}
