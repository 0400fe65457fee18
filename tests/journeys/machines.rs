//! Clients without a user: a secret, no browser, and a token that is asked for anew before it ends.

use keyfob_demo::{Endpoint, Fault, GivenClient, Portal, PortalOptions};
use keyfob_tests::Keyfob;
use serde_json::{Value, json};

/// Holds what must be form-encoded in a Basic header.
const SECRET: &str = "s:e/c+r et";

async fn portal() -> Portal {
    let machine = GivenClient {
        client_id: "machine".into(),
        client_secret: Some(SECRET.into()),
        redirect_uris: Vec::new(),
    };
    let keyed = GivenClient { client_id: "keyed".into(), client_secret: None, redirect_uris: Vec::new() };
    let options = PortalOptions {
        scopes: vec!["read".into(), "write".into()],
        clients: vec![machine, keyed],
        ..PortalOptions::default()
    };
    Portal::start(options).await.unwrap()
}

fn add<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let usual = ["add", "robot", url, "--grant", "client-credentials", "--client-id", "machine"];
    usual.iter().chain(more).copied().collect()
}

async fn signed_in_at(portal: &Portal, more: &[&str]) -> Keyfob {
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    let mut arguments = add(&url, &["--client-secret-stdin"]);
    arguments.extend(more);
    keyfob.run_with_input(arguments, &format!("{SECRET}\n")).await.expect_code(0);
    keyfob
}

/// H6: the given client proves itself at the token endpoint, nothing is registered and no browser is needed; a renewal is
/// the same request again.
#[tokio::test]
async fn a_machine_signs_in_by_itself_and_asks_again_for_each_next_token() {
    let portal = portal().await;
    let keyfob =
        signed_in_at(&portal, &["--scope", "write", "--audience", "api"]).await.with("BROWSER", "/bin/false");
    let status = keyfob.status("robot").await;
    assert_eq!((&status["state"], &status["scopes"]), (&json!("active"), &json!(["write"])));
    // Nobody has to be asked or reminded when a machine's sign-in ends.
    assert_eq!(
        (&status["sign_in"]["known"], &status["sign_in"]["asked"]),
        (&json!("unknown"), &json!(false))
    );
    assert_eq!((&status["hint"], &status["problem"]), (&Value::Null, &Value::Null));

    let first = keyfob.must(["token", "robot"]).await;
    assert_eq!(keyfob.must(["token", "robot"]).await, first, "the token is kept, not asked for each time");
    keyfob.must(["refresh", "robot"]).await;
    let second = keyfob.must(["token", "robot"]).await;
    assert_ne!(first, second);
    assert!(keyfob.must(["tools", "robot"]).await.contains("whoami"));

    let seen = portal.record().seen();
    assert_eq!(
        (seen.count(Endpoint::Token), seen.count(Endpoint::Refresh), seen.registrations.len()),
        (2, 0, 0)
    );
    for request in seen.at(Endpoint::Token) {
        let sent = |name| request.parameter(name);
        assert_eq!(
            (sent("grant_type"), sent("scope"), sent("audience"), sent("resource"), sent("client_secret")),
            (Some("client_credentials"), Some("write"), Some("api"), Some(&*portal.mcp_url()), None)
        );
        assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    }
    let settings = std::fs::read_to_string(keyfob.profiles_toml()).unwrap();
    assert!(settings.contains("grant = \"client-credentials\"") && !settings.contains(SECRET), "{settings}");
}

/// The secret comes from a file as well, and goes into the body where the user says so.
#[tokio::test]
async fn a_secret_comes_from_a_file_and_goes_where_the_method_says() {
    let portal = portal().await;
    let keyfob = Keyfob::new();
    let file = keyfob.path("secret.txt");
    std::fs::write(&file, format!("{SECRET}\r\n")).unwrap();
    let (url, file) = (portal.mcp_url(), file.to_str().unwrap().to_owned());
    keyfob.must(add(&url, &["--client-secret-file", &file, "--client-auth", "post"])).await;
    std::fs::remove_file(&file).unwrap();
    keyfob.must(["refresh", "robot"]).await;
    let seen = portal.record().seen();
    let last = seen.last(Endpoint::Token).unwrap();
    assert_eq!((last.parameter("client_secret"), last.header("authorization")), (Some(SECRET), None));
}

/// H6: a machine is given its client and its proof; what is missing is said before anything is looked up.
#[tokio::test]
async fn a_machine_without_id_or_proof_is_a_usage_error() {
    let portal = portal().await;
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    let nameless = ["add", "robot", &url, "--grant", "client-credentials"];
    keyfob.run(nameless).await.expect_code(2).says("needs --client-id");
    keyfob.run(add(&url, &[])).await.expect_code(2).says("--client-secret-stdin");
    keyfob
        .run(add(&url, &["--client-secret-file", "/nowhere/at-all"]))
        .await
        .expect_code(2)
        .says("/nowhere/at-all");
    keyfob.run(add(&url, &["--client-secret-stdin"])).await.expect_code(2).says("on standard input");
    assert_eq!(portal.record().seen().connections, 0);
    keyfob.run(["status", "robot"]).await.expect_code(3);
}

/// A wrong secret is the operator's matter: 7, with the server's words, at once.
#[tokio::test]
async fn a_wrong_secret_is_said_at_once_and_no_sign_in_is_made() {
    let portal = portal().await;
    let keyfob = Keyfob::new();
    let url = portal.mcp_url();
    let ended = keyfob.run_with_input(add(&url, &["--client-secret-stdin"]), "wrong\n").await;
    ended
        .expect_code(7)
        .says("refuses this client")
        .says("hint: check the client's id and its secret or key");
    assert_eq!(keyfob.status("robot").await["state"], "signed-out");
    keyfob.run(["token", "robot"]).await.expect_code(4).says("hint: keyfob sign-in robot");
}

/// trust rule 7, C13: a client that is refused later needs somebody at once, its record and its valid token stay, and it
/// comes back by itself where the server does.
#[tokio::test]
async fn a_client_refused_at_a_renewal_needs_its_operator_and_keeps_its_record() {
    let portal = portal().await;
    let keyfob = signed_in_at(&portal, &[]).await;
    let token = keyfob.must(["token", "robot"]).await;
    portal.faults().next(Endpoint::Token, Fault::error(401, "invalid_client"));
    keyfob
        .run(["refresh", "robot"])
        .await
        .expect_code(7)
        .says("hint: check the client's id and its secret or key");
    let status = keyfob.status("robot").await;
    assert_eq!(status["state"], "needs-sign-in");
    assert!(status["problem"].as_str().unwrap().contains("refuses this client id"), "{status:#}");
    assert_eq!(keyfob.must(["token", "robot"]).await, token);
    keyfob.must(["refresh", "robot"]).await;
    assert_eq!(keyfob.status("robot").await["state"], "active");
}

/// An `invalid_grant` ends no machine's sign-in: nothing was spent that could be dead.
#[tokio::test]
async fn an_invalid_grant_ends_no_machines_sign_in() {
    let portal = portal().await;
    let keyfob = signed_in_at(&portal, &[]).await;
    portal.faults().next(Endpoint::Token, Fault::error(400, "invalid_grant"));
    keyfob.run(["refresh", "robot"]).await.expect_code(7).says("invalid_grant");
    assert_eq!(keyfob.status("robot").await["state"], "retrying");
    keyfob.must(["refresh", "robot"]).await;
}

/// trust rule 6: a time that the server names is kept, by a person's refresh as well.
#[tokio::test]
async fn a_machine_waits_as_long_as_the_server_says() {
    let portal = portal().await;
    let keyfob = signed_in_at(&portal, &[]).await;
    let busy = Fault::error(429, "temporarily_unavailable").header("retry-after", "600");
    portal.faults().next(Endpoint::Token, busy);
    keyfob.run(["refresh", "robot"]).await.expect_code(5).says("asks to wait until");
    let before = portal.record().count(Endpoint::Token);
    keyfob.run(["refresh", "robot"]).await.expect_code(5).says("asks to wait until");
    assert_eq!(portal.record().count(Endpoint::Token), before, "it was asked all the same");
    assert_eq!(keyfob.status("robot").await["state"], "retrying");
}

/// A refresh token that a server adds for a machine is not kept: it would be one more secret, and its end none of the
/// machine's (RFC 6749 §4.4.3).
#[tokio::test]
async fn a_refresh_token_given_to_a_machine_is_not_used() {
    let portal = portal().await;
    let answer = json!({"access_token": "t1", "token_type": "Bearer", "expires_in": 300,
        "refresh_token": "odd", "refresh_expires_in": 60});
    portal.faults().next(Endpoint::Token, Fault::json(200, &answer));
    let keyfob = signed_in_at(&portal, &[]).await;
    assert_eq!(keyfob.status("robot").await["sign_in"]["known"], "unknown");
    keyfob.must(["refresh", "robot"]).await;
    let seen = portal.record().seen();
    assert_eq!((seen.count(Endpoint::Token), seen.count(Endpoint::Refresh)), (2, 0));
}

/// trust rule 1: many that want a token at once cost one request.
#[tokio::test]
async fn many_askers_cost_a_machine_one_request() {
    let portal = portal().await;
    let keyfob = signed_in_at(&portal, &[]).await;
    let short = json!({"access_token": "short", "token_type": "Bearer", "expires_in": 1});
    portal.faults().next(Endpoint::Token, Fault::json(200, &short));
    keyfob.must(["refresh", "robot"]).await;
    keyfob.token_expires("robot").await;
    let before = portal.record().count(Endpoint::Token);
    let ask = || keyfob.run(["token", "robot"]);
    let tokens = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask());
    let tokens =
        [tokens.0, tokens.1, tokens.2, tokens.3, tokens.4, tokens.5].map(|t| t.expect_code(0).stdout);
    assert!(tokens.iter().all(|token| *token == tokens[0] && !token.contains("short")), "{tokens:?}");
    assert_eq!(portal.record().count(Endpoint::Token), before + 1);
}

/// H7: signed out means forgotten here and revoked there; the client and its secret stay for the next sign-in.
#[tokio::test]
async fn a_machine_signs_out_and_in_again_with_the_sealed_secret() {
    let portal = portal().await;
    let keyfob = signed_in_at(&portal, &[]).await;
    let token = keyfob.must(["token", "robot"]).await;
    keyfob.must(["sign-out", "robot"]).await;
    assert_eq!(portal.record().seen().revoked, [token]);
    keyfob.run(["token", "robot"]).await.expect_code(4);
    keyfob.must(["sign-in", "robot"]).await;
    assert_eq!(keyfob.status("robot").await["state"], "active");
}

/// Made for tests; it opens nothing.
const KEY: &str = include_str!("../../crates/keyfob-platform/src/assertion_signer/test_keys/ec8.pem");

/// H6: a key proves the client, in a new assertion for each send (the portal refuses a second use); the file is not needed
/// afterwards, and the key stands nowhere in the clear.
#[tokio::test]
async fn a_key_signs_a_new_assertion_for_each_send() {
    let portal = portal().await;
    let keyfob = Keyfob::new();
    let file = keyfob.path("key.pem");
    std::fs::write(&file, KEY).unwrap();
    let (url, path) = (portal.mcp_url(), file.to_str().unwrap().to_owned());
    let usual = ["add", "robot", &url, "--grant", "client-credentials", "--client-id", "keyed"];
    keyfob.must(usual.iter().copied().chain(["--private-key", &path])).await;
    std::fs::remove_file(&file).unwrap();
    // Cut before the work is done: the same request again needs another assertion.
    portal.faults().next(Endpoint::Token, Fault::lost_answer());
    keyfob.must(["refresh", "robot"]).await;
    keyfob.must(["sign-out", "robot"]).await;

    let seen = portal.record().seen();
    assert_eq!(seen.revoked.len(), 1);
    let sent: Vec<_> = seen.at(Endpoint::Token).chain(seen.at(Endpoint::Revocation)).collect();
    assert_eq!(sent.len(), 4);
    let mut assertions: Vec<_> =
        sent.iter().filter_map(|request| request.parameter("client_assertion")).collect();
    assertions.sort_unstable();
    assertions.dedup();
    assert_eq!(assertions.len(), 4, "an assertion was used twice");
    assert!(sent.iter().all(|request| request.parameter("client_secret").is_none()));
    let secret = KEY.lines().nth(1).unwrap();
    for file in keyfob_tests::all_files(&keyfob.home()) {
        let bytes = std::fs::read(&file).unwrap();
        let clear = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!clear, "the key stands in {}", file.display());
    }
}

/// What is no usable key, or goes with another method, is said before anything is made.
#[tokio::test]
async fn a_key_that_is_none_is_a_usage_error() {
    let keyfob = Keyfob::new();
    let file = keyfob.path("key.pem");
    std::fs::write(&file, "nothing of the kind").unwrap();
    let path = file.to_str().unwrap();
    let usual = add("http://127.0.0.1:9/mcp", &["--private-key", path]);
    keyfob.run(&usual).await.expect_code(2).says("neither a private key in PEM nor a JWK");
    std::fs::write(&file, KEY).unwrap();
    let basic = usual.iter().copied().chain(["--client-auth", "basic"]);
    keyfob.run(basic).await.expect_code(2).says("--private-key goes with");
    let keyless =
        add("http://127.0.0.1:9/mcp", &["--client-secret-stdin", "--client-auth", "private-key-jwt"]);
    keyfob.run_with_input(keyless, "secret\n").await.expect_code(2).says("needs --private-key");
    keyfob.run(["status", "robot"]).await.expect_code(3);
}
