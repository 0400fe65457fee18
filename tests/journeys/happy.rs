//! The main job, command by command, against an exemplary portal.

use keyfob_demo::{Endpoint, Portal};
use keyfob_tests::{Keyfob, all_files, mode, portal, sealed_files};
use serde_json::{Value, json};

/// A user who is signed in to one portal, with a token file.
async fn signed_in() -> (Keyfob, Portal, std::path::PathBuf) {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let file = keyfob.path("tokens.json");
    let deliver = format!("token-file:{}:mcp-tokens", file.display());
    keyfob.must(["add", "readonly", &portal.mcp_url(), "--deliver", &deliver, "--sign-in"]).await;
    (keyfob, portal, file)
}

fn read_json(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("JSON")
}

/// F9: the file that other programs read holds the access token alone, and is the user's alone.
#[tokio::test]
async fn a_sign_in_writes_a_private_token_file_without_the_refresh_token() {
    let (keyfob, portal, file) = signed_in().await;
    assert_eq!(mode(&file), 0o600);
    let tokens = read_json(&file);
    let keys: Vec<_> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "created_at", "expires_at", "refresh_token"]);
    assert_eq!(tokens["refresh_token"], "");
    assert_eq!(tokens["access_token"], *keyfob.must(["token", "readonly"]).await);
    for time in ["created_at", "expires_at"] {
        let text = tokens[time].as_str().unwrap();
        assert!(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").is_ok(), "{text}");
    }
    for sealed in sealed_files(&keyfob.home()) {
        assert_eq!(mode(&sealed), 0o600);
    }
    let seen = portal.record().seen();
    assert_eq!((seen.registrations.len(), seen.consents, seen.sign_ins), (1, 1, 1));
}

/// D1, D2, D3, D13, C4: what the browser and the token endpoint are given.
#[tokio::test]
async fn a_sign_in_sends_pkce_state_and_resource_and_registers_as_native() {
    let (_keyfob, portal, _) = signed_in().await;
    let seen = portal.record().seen();
    let request = seen.last(Endpoint::Authorize).unwrap();
    let given = |name: &str| request.parameter(name).unwrap_or_default().to_owned();
    assert_eq!((given("code_challenge_method"), given("code_challenge").len()), ("S256".into(), 43));
    assert!(given("state").len() >= 22, "128 bits in base64url");
    assert_eq!(given("resource"), portal.mcp_url());
    assert!(given("redirect_uri").starts_with("http://127.0.0.1:"));
    let exchange = seen.last(Endpoint::Token).unwrap();
    assert_eq!(exchange.parameter("resource"), Some(portal.mcp_url().as_str()));
    assert!((43..=128).contains(&exchange.parameter("code_verifier").unwrap().len()));
    let metadata = &seen.registrations[0].metadata;
    assert_eq!(metadata["application_type"], "native");
    assert_eq!(metadata["grant_types"], json!(["authorization_code", "refresh_token"]));
}

#[tokio::test]
async fn status_says_every_member_of_the_contract_and_null_for_what_is_absent() {
    let (keyfob, _portal, _) = signed_in().await;
    let whole = keyfob.run(["status", "--json"]).await.expect_code(0).json();
    assert_eq!(whole["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(whole["agent"], json!({ "running": false, "kind": null, "pid": null }));
    assert_eq!(
        (&whole["store"]["backend"], &whole["store"]["strength"]),
        (&json!("key-file"), &json!("account-only"))
    );
    let profile = whole["profiles"][0].as_object().unwrap();
    let contract = "name url state issuer account scopes access_token sign_in next_refresh_at last_refresh refreshes \
                    failures problem hint";
    for member in contract.split_whitespace() {
        assert!(profile.contains_key(member), "no `{member}`");
    }
    assert_eq!((&profile["name"], &profile["state"]), (&json!("readonly"), &json!("active")));
    assert_eq!((&profile["scopes"], &profile["problem"]), (&json!(["read"]), &Value::Null));
    assert_eq!((&profile["refreshes"], &profile["failures"]), (&json!(0), &json!(0)));
    assert_eq!(
        (&profile["sign_in"]["known"], &profile["sign_in"]["ends_at"]),
        (&json!("unknown"), &Value::Null)
    );
    let at = profile["access_token"]["expires_at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{at}");
    assert!(keyfob.must(["status"]).await.contains("readonly"));
}

/// fault 47: nobody prompts without a terminal, the hint names the command, and the answer stays.
#[tokio::test]
async fn an_unknown_end_is_asked_for_until_it_is_answered() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let answered_by = "keyfob config readonly --lifetime 30d";
    keyfob.run(["add", "readonly", &portal.mcp_url(), "--sign-in"]).await.expect_code(0).says(answered_by);
    let shown = async || keyfob.run(["status", "readonly", "--json"]).await.json()["profiles"][0].clone();
    let before = shown().await;
    assert_eq!(
        (&before["sign_in"]["known"], &before["sign_in"]["ends_at"]),
        (&json!("unknown"), &Value::Null)
    );
    assert!(before["hint"].as_str().unwrap().contains(answered_by));
    keyfob.run(["config", "readonly", "--lifetime", "not-known"]).await.expect_code(0);
    assert_eq!(
        (&shown().await["sign_in"]["known"], &shown().await["hint"]),
        (&json!("unknown"), &Value::Null)
    );
    keyfob.run(["config", "readonly", "--lifetime", "30d"]).await.expect_code(0);
    let after = shown().await;
    let time =
        |member: &str| after["sign_in"][member].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>();
    assert_eq!(time("ends_at").unwrap() - time("since").unwrap(), chrono::TimeDelta::days(30));
    assert_eq!(after["sign_in"]["known"], "configured");
    keyfob
        .run(["config", "readonly", "--lifetime", "soon"])
        .await
        .expect_code(2)
        .says("a time span such as 30d, or not-known");
    keyfob.run(["config", "nobody", "--lifetime", "30d"]).await.expect_code(3);
    keyfob.run(["config", "readonly"]).await.expect_code(2);
}

#[tokio::test]
async fn each_format_of_a_token_is_what_its_reader_wants() {
    let (keyfob, _portal, _) = signed_in().await;
    let token = keyfob.must(["token", "readonly"]).await;
    assert!(token.starts_with("demo-access-"));
    let format = async |name: &str| keyfob.must(["token", "readonly", "--format", name]).await;
    let json = async |name: &str| serde_json::from_str::<Value>(&format(name).await).expect("JSON");
    assert_eq!(format("header").await, format!("Authorization: Bearer {token}"));
    assert_eq!(format("env").await, format!("KEYFOB_ACCESS_TOKEN={token}"));
    let own = json("json").await;
    assert_eq!(
        (&own["access_token"], &own["token_type"], &own["scope"]),
        (&json!(token), &json!("Bearer"), &json!("read"))
    );
    assert_eq!(json("bazel").await["headers"]["Authorization"], json!([format!("Bearer {token}")]));
    let kubernetes = json("exec-credential").await;
    assert_eq!(
        (&kubernetes["kind"], &kubernetes["status"]["token"]),
        (&json!("ExecCredential"), &json!(token))
    );
    assert!(format("git").await.lines().any(|line| line == format!("password={token}")));
    assert_eq!(json("docker").await["Secret"], *token);
    let headers: Value = serde_json::from_str(&keyfob.must(["headers", "readonly"]).await).unwrap();
    assert_eq!(headers, json!({ "Authorization": format!("Bearer {token}") }));
}

#[tokio::test]
async fn exec_gives_the_token_to_the_command_alone_and_ends_with_its_code() {
    let (keyfob, _portal, _) = signed_in().await;
    let token = keyfob.must(["token", "readonly"]).await;
    let print = ["exec", "readonly", "--env", "PORTAL", "--", "sh", "-c", "printf %s \"$PORTAL\"; exit 7"];
    assert_eq!(keyfob.run(print).await.expect_code(7).stdout, token);
    keyfob.run(["exec", "readonly", "--", "/no/such/command"]).await.expect_code(127);
    keyfob.run(["exec", "readonly", "--", "/"]).await.expect_code(126);
    keyfob.run(["exec", "nobody", "--", "true"]).await.expect_code(125);
}

/// F6: rotation, and the file that others read goes along.
#[tokio::test]
async fn a_renewal_rotates_once_and_reaches_the_token_file() {
    let (keyfob, portal, file) = signed_in().await;
    let before = keyfob.must(["token", "readonly"]).await;
    keyfob.must(["refresh", "readonly"]).await;
    let after = keyfob.must(["token", "readonly"]).await;
    assert_ne!(before, after);
    assert_eq!(read_json(&file)["access_token"], *after);
    assert_eq!(mode(&file), 0o600);
    keyfob.must(["refresh", "readonly"]).await;
    let refreshes = portal.record().seen().refreshes;
    assert_eq!((refreshes.renewed, refreshes.repeated, refreshes.reused, refreshes.refused), (2, 0, 0, 0));
    let status = keyfob.status("readonly").await;
    assert_eq!((&status["refreshes"], &status["last_refresh"]["outcome"]), (&json!(2), &json!("renewed")));
}

/// D3, F7: a renewal names the resource and asks for nothing more.
#[tokio::test]
async fn a_renewal_names_the_resource_and_asks_for_no_more_than_was_granted() {
    let (keyfob, portal, _) = signed_in().await;
    keyfob.must(["token", "readonly", "--fresh"]).await;
    let seen = portal.record().seen();
    let request = seen.last(Endpoint::Refresh).unwrap();
    assert_eq!(request.parameter("resource"), Some(portal.mcp_url().as_str()));
    assert!(request.parameter("scope").is_none_or(|scope| scope == "read"));
}

/// G1: the tools of the portal answer, with the token in a header and nowhere else.
#[tokio::test]
async fn tools_are_listed_and_called() {
    let (keyfob, portal, _) = signed_in().await;
    let listed = keyfob.must(["tools", "readonly"]).await;
    assert!(["whoami", "add", "echo"].iter().all(|tool| listed.contains(tool)), "{listed}");
    let tools: Value = serde_json::from_str(&keyfob.must(["tools", "readonly", "--json"]).await).unwrap();
    assert!(
        tools.as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "whoami")),
        "{tools}"
    );
    assert_eq!(keyfob.must(["call", "readonly", "echo", r#"{"text":"ä b"}"#]).await, "ä b");
    let whole: Value =
        serde_json::from_str(&keyfob.must(["call", "readonly", "whoami", "--json"]).await).unwrap();
    assert!(whole["content"][0]["text"].as_str().unwrap().contains("ada@example.com"));
    keyfob.run(["call", "readonly", "echo", "{not json"]).await.expect_code(2);
    let refused = keyfob.run(["call", "readonly", "add", r#"{"a":"x"}"#]).await.expect_code(7);
    assert_eq!(refused.says("the tool itself reports an error").stdout, "a and b must be numbers\n");
    let seen = portal.record().seen();
    assert_eq!(seen.tool_calls.len(), 3);
    assert!(seen.requests.iter().all(|request| request.parameter("access_token").is_none()));
}

/// H7: revoked at the server, gone here.
#[tokio::test]
async fn sign_out_revokes_at_the_server_and_takes_the_token_file_away() {
    let (keyfob, portal, file) = signed_in().await;
    keyfob.must(["sign-out", "readonly"]).await;
    assert!(!file.exists());
    let seen = portal.record().seen();
    assert!(seen.revoked.iter().any(|token| token.contains("-refresh-")), "{} revoked", seen.revoked.len());
    let revocation = seen.at(Endpoint::Revocation).next().unwrap();
    assert_eq!(revocation.parameter("token_type_hint"), Some("refresh_token"));
    assert_eq!(keyfob.status("readonly").await["state"], "signed-out");
    keyfob.run(["token", "readonly"]).await.expect_code(4).says("hint: keyfob sign-in readonly");
    keyfob.must(["logout", "readonly"]).await;
}

/// C12: tokens first, then the registration.
#[tokio::test]
async fn remove_takes_profile_record_and_registration_away() {
    let (keyfob, portal, file) = signed_in().await;
    keyfob.must(["remove", "readonly"]).await;
    assert_eq!(keyfob.run(["status", "--json"]).await.json()["profiles"], json!([]));
    assert!(!file.exists());
    assert!(!std::fs::read_to_string(keyfob.profiles_toml()).unwrap().contains("readonly"));
    let left: Vec<_> =
        all_files(&keyfob.home()).into_iter().filter(|path| path.ends_with("readonly.sealed")).collect();
    assert!(left.is_empty(), "{left:?}");
    let seen = portal.record().seen();
    assert!(!seen.revoked.is_empty());
    let order: Vec<_> = seen.requests.iter().map(|request| request.endpoint).collect();
    let place = |wanted| order.iter().position(|endpoint| *endpoint == wanted);
    if let Some(deleted) = place(Endpoint::RegistrationManagement) {
        assert!(place(Endpoint::Revocation) < Some(deleted));
    }
    keyfob.run(["token", "readonly"]).await.expect_code(3);
}

#[tokio::test]
async fn the_journal_says_what_happened_one_object_a_line() {
    let (keyfob, _portal, _) = signed_in().await;
    keyfob.must(["refresh", "readonly"]).await;
    let text = keyfob.must(["log", "readonly", "--json"]).await;
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let events: Vec<_> = entries.iter().filter_map(|entry| entry["event"].as_str()).collect();
    assert!(events.contains(&"signed-in") && events.contains(&"renewed"), "{events:?}");
    assert!(entries.iter().all(|entry| entry["profile"] == "readonly" && entry["at"].is_string()));
    assert!(!keyfob.must(["log"]).await.is_empty());
}

#[tokio::test]
async fn a_paused_profile_still_hands_out_its_valid_token() {
    let (keyfob, portal, _) = signed_in().await;
    keyfob.must(["pause", "readonly"]).await;
    assert_eq!(keyfob.status("readonly").await["state"], "paused");
    assert!(keyfob.must(["token", "readonly"]).await.starts_with("demo-access-"));
    keyfob.must(["resume", "readonly"]).await;
    assert_eq!(keyfob.status("readonly").await["state"], "active");
    assert_eq!(portal.record().count(Endpoint::Refresh), 0);
}

#[tokio::test]
async fn what_needs_no_portal_answers_on_standard_output() {
    let keyfob = Keyfob::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(keyfob.must(["completions", shell]).await.contains("sign-in"), "{shell}");
    }
    assert!(keyfob.must(["man"]).await.starts_with(".ie"));
    assert!(keyfob.must(["config"]).await.contains(&keyfob.profiles_toml().display().to_string()));
    assert!(keyfob.must(["--version"]).await.contains(env!("CARGO_PKG_VERSION")));
    assert!(all_files(&keyfob.home()).is_empty(), "asking leaves nothing behind");
}

#[tokio::test]
async fn each_command_has_a_manual_page_of_its_own() {
    let (keyfob, pages) = (Keyfob::new(), tempfile::tempdir().unwrap());
    keyfob.must(["man", &pages.path().to_string_lossy()]).await;
    let page = |name: &str| std::fs::read_to_string(pages.path().join(name)).unwrap();
    assert!(page("keyfob.1").contains("keyfob\\-token(1)"));
    assert!(page("keyfob-add.1").contains("client\\-secret\\-stdin"));
    assert!(
        !pages.path().join("keyfob-run-delivery-command.1").exists(),
        "what nobody calls by hand has no page"
    );
}

#[tokio::test]
async fn the_demo_shows_everything_and_leaves_nothing() {
    let keyfob = Keyfob::new();
    let temp = keyfob.path("tmp");
    std::fs::create_dir(&temp).unwrap();
    let keyfob = keyfob.with("TMPDIR", &temp);
    let shown = keyfob.run(["demo"]).await.expect_code(0);
    assert!(shown.stdout.contains("readonly") && shown.stdout.contains("admin"), "{}", shown.stdout);
    assert!(shown.stderr.contains("another token"), "{}", shown.stderr);
    assert!(!shown.stdout.contains("demo-access-"), "tokens are masked");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0, "its folder is gone");
    assert!(!keyfob.home().exists(), "nothing of the user's is touched");
}
