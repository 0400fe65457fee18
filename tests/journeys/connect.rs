//! `keyfob connect`: the bridge as a client starts it, over standard input and output.

use keyfob_demo::oddities::Service;
use keyfob_demo::{Endpoint, Portal, PortalOptions, ScopedTool};
use keyfob_tests::{Keyfob, Running, portal, portal_with};
use serde_json::{Value, json};

async fn ask(bridge: &mut Running, id: u64, method: &str, params: Value) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    bridge.write_line(&message.to_string()).await;
    let answer = bridge.stdout_line(&format!("\"id\":{id}")).await;
    serde_json::from_str(&answer).expect("one JSON-RPC message a line")
}

pub(crate) async fn initialize(bridge: &mut Running) {
    let client = json!({ "name": "journey", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let answer = ask(bridge, 1, "initialize", params).await;
    assert!(answer["result"]["serverInfo"].is_object(), "{answer}");
    bridge.write_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
}

pub(crate) async fn call(bridge: &mut Running, id: u64, tool: &str) -> Value {
    ask(bridge, id, "tools/call", json!({ "name": tool, "arguments": {} })).await
}

/// G9: nothing but messages on standard output, and the end of input is the end.
#[tokio::test]
async fn a_client_lists_and_calls_tools_and_its_end_is_the_bridges_end() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = keyfob.spawn(["connect", "a"]);
    initialize(&mut bridge).await;
    let listed = ask(&mut bridge, 2, "tools/list", json!({})).await;
    let names: Vec<_> =
        listed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
    assert!(names.contains(&json!("whoami")), "{names:?}");
    let told = call(&mut bridge, 3, "whoami").await;
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().contains("ada@example.com"), "{told}");
    let ended = bridge.ended().await.expect_code(0);
    assert!(ended.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ended.stdout);
    assert!(!ended.stderr.contains("demo-access-"));
}

#[tokio::test]
async fn a_url_makes_a_profile_on_the_way_signs_in_and_keeps_it() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let mut bridge = keyfob.spawn(["connect", &portal.mcp_url()]);
    initialize(&mut bridge).await;
    bridge.ended().await.expect_code(0);
    let profiles = keyfob.run(["status", "--json"]).await.json()["profiles"].clone();
    assert_eq!((&profiles[0]["url"], &profiles[0]["state"]), (&json!(portal.mcp_url()), &json!("active")));
    let mut again = keyfob.spawn(["connect", &portal.mcp_url()]);
    initialize(&mut again).await;
    again.ended().await.expect_code(0);
    assert_eq!(portal.record().seen().sign_ins, 1, "the kept profile is used");
}

#[tokio::test]
async fn two_profiles_with_one_url_must_be_told_apart() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.must(["add", "one", &portal.mcp_url()]).await;
    keyfob.must(["add", "two", &portal.mcp_url()]).await;
    keyfob.run(["connect", &portal.mcp_url()]).await.expect_code(2).says("one, two");
}

/// F8, fault 21: a token that died early costs one renewal, and the client sees nothing of it.
#[tokio::test]
async fn a_token_that_dies_early_is_renewed_once_under_the_clients_feet() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = keyfob.spawn(["connect", "a"]);
    initialize(&mut bridge).await;
    portal.kill_access_tokens();
    let told = call(&mut bridge, 2, "whoami").await;
    assert!(told["result"].is_object(), "{told}");
    bridge.ended().await.expect_code(0);
    let seen = portal.record().seen();
    assert_eq!((seen.refreshes.renewed, seen.tool_calls.len()), (1, 1));
}

/// The journal says which program uses a token through the bridge: once for each token, however often it is used.
#[tokio::test]
async fn the_bridge_tells_who_takes_tokens_once_for_each() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = keyfob.spawn(["connect", "a"]);
    initialize(&mut bridge).await;
    for id in 2..12 {
        assert!(call(&mut bridge, id, "whoami").await["result"].is_object());
    }
    keyfob.must(["refresh", "a"]).await;
    for id in 12..22 {
        assert!(call(&mut bridge, id, "whoami").await["result"].is_object());
    }
    bridge.ended().await.expect_code(0);
    let log = keyfob.run(["log", "a", "--json"]).await.expect_code(0).stdout;
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<_> = entries.filter(|entry| entry["event"] == "handed-out").collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    for entry in told {
        assert_eq!(entry["detail"], "through the bridge");
        assert_eq!(entry["program"]["pid"], std::process::id());
    }
}

/// D8: 403 `insufficient_scope` leads to a sign-in with the union of scopes, and the call then succeeds.
#[tokio::test]
async fn a_tool_that_takes_more_scope_leads_to_a_step_up() {
    let takes_more = ScopedTool { tool: "add".into(), scope: "write".into() };
    let scopes = vec!["read".to_owned(), "write".to_owned()];
    let portal =
        Portal::start(PortalOptions { scopes, scoped_tools: vec![takes_more], ..PortalOptions::default() })
            .await
            .unwrap();
    let keyfob = Keyfob::new();
    keyfob.must(["add", "a", &portal.mcp_url(), "--scope", "read", "--sign-in"]).await;
    assert_eq!(keyfob.status("a").await["scopes"], json!(["read"]));
    let mut bridge = keyfob.spawn(["connect", "a"]);
    initialize(&mut bridge).await;
    let params = json!({ "name": "add", "arguments": { "a": 2, "b": 3 } });
    let answer = ask(&mut bridge, 2, "tools/call", params).await;
    assert_eq!(answer["result"]["content"][0]["text"], "5", "{answer}");
    bridge.ended().await.expect_code(0);
    let seen = portal.record().seen();
    let asked = seen.last(Endpoint::Authorize).unwrap().parameter("scope").unwrap().to_owned();
    assert!(asked.contains("read") && asked.contains("write"), "{asked}");
    assert_eq!(seen.consents, 2);
}

/// D8: where nobody is at hand the next step is a command that asks for the scopes, and what it asks for is kept.
#[tokio::test]
async fn the_next_step_after_a_refusal_for_want_of_scopes_asks_for_them() {
    let takes_more = ScopedTool { tool: "whoami".into(), scope: "write".into() };
    let scopes = vec!["read".to_owned(), "write".to_owned()];
    let options = PortalOptions { scopes, scoped_tools: vec![takes_more], ..PortalOptions::default() };
    let (keyfob, portal) = (Keyfob::new(), Portal::start(options).await.unwrap());
    keyfob.must(["add", "a", &portal.mcp_url(), "--scope", "read", "--sign-in"]).await;
    let refused = keyfob.run(["call", "a", "whoami"]).await.expect_code(4);
    let (_, next) = refused.stderr.split_once("hint: keyfob ").expect("a next step");
    assert_eq!(next.trim(), "sign-in a --scope write");
    keyfob.must(next.split_whitespace()).await;
    assert_eq!(keyfob.status("a").await["scopes"], json!(["read", "write"]));
    keyfob.must(["call", "a", "whoami"]).await;
}

#[tokio::test]
async fn a_server_without_oauth_is_bridged_as_it_is() {
    let portal = portal_with(|o| o.mcp.service = Service::OpenMcp).await;
    let keyfob = Keyfob::new();
    let mut bridge = keyfob.spawn(["connect", &portal.mcp_url()]);
    initialize(&mut bridge).await;
    assert!(call(&mut bridge, 2, "whoami").await["result"].is_object());
    bridge.ended().await.expect_code(0);
    let seen = portal.record().seen();
    assert!(seen.requests.iter().all(|request| request.header("authorization").is_none()));
}

/// A configuration that named mcp-remote needs no more than keyfob's name in its place.
#[tokio::test]
async fn mcp_remotes_arguments_mean_the_same_here() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let url = portal.mcp_url();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let arguments = [
        "connect",
        &url,
        &free,
        "--host",
        "127.0.0.1",
        "--transport",
        "http-first",
        "--header",
        "X-Tenant: t-${HOME}",
        "--header",
        "Authorization:Bearer s3cr3t",
        "--ignore-tool",
        "who*",
        "--auth-timeout",
        "60",
        "--debug",
        "--silent",
        "--allow-http",
        "--enable-proxy",
        "--static-oauth-client-metadata",
        "{\"scope\":\"read\"}",
    ];
    let mut bridge = keyfob.spawn(arguments);
    initialize(&mut bridge).await;
    let listed = ask(&mut bridge, 2, "tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert!(!tools.is_empty() && tools.iter().all(|tool| tool["name"] != "whoami"), "{tools:?}");
    let refused = call(&mut bridge, 3, "whoami").await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("hidden"), "{refused}");
    bridge.ended().await.expect_code(0).says("--header Authorization is left out");
    let seen = portal.record().seen();
    let home = keyfob.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let sent = seen.last(Endpoint::Mcp).unwrap();
    assert_eq!(
        sent.header("x-tenant").map(|value| value.trim_end_matches('/')),
        Some(format!("t-{home}").as_str())
    );
    let redirect = seen.last(Endpoint::Authorize).unwrap().parameter("redirect_uri").unwrap().to_owned();
    assert_eq!(redirect, format!("http://127.0.0.1:{free}/oauth/callback"));
    let secret = [
        "connect",
        "https://other.example/mcp",
        "--static-oauth-client-info",
        "{\"client_id\":\"c\",\"client_secret\":\"s3cr3t\"}",
    ];
    let refused = keyfob.run(secret).await.expect_code(2).says("@FILE");
    assert!(!refused.stderr.contains("s3cr3t"));
    keyfob.run(["connect", "--help"]).await.expect_code(0);
}
