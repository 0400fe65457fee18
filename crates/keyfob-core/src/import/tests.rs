//! Stores of other programs, in the shapes they were seen in.

use serde_json::json;

use super::*;
use crate::profile::TokenFileFormat;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_200_000, 0).unwrap()
}

/// Everything that was read, secrets and all, to be compared.
fn told(found: &ForeignSignIn) -> Value {
    let client = found.client.as_ref();
    json!({
        "server": found.server, "url": found.url, "issuer": found.issuer, "endpoint": found.token_endpoint,
        "client": client.map(|client| &client.client_id),
        "secret": client.and_then(|client| client.client_secret.as_ref().map(ClientSecret::expose_secret)),
        "access": found.access_token.expose_secret(),
        "refresh": found.refresh_token.as_ref().map(RefreshToken::expose_secret),
        "end": found.expires_at.map(|at| at.timestamp()),
        "scopes": found.scopes.as_ref().and_then(ScopeSet::to_wire),
    })
}

fn only(found: Result<Vec<ForeignSignIn>, String>) -> Value {
    let found = found.unwrap();
    assert_eq!(found.len(), 1);
    told(&found[0])
}

fn expected(changes: &Value) -> Value {
    let mut whole = json!({
        "server": "portal", "url": "https://mcp.example/mcp", "issuer": null, "endpoint": null, "client": "c1",
        "secret": null, "access": "at", "refresh": "rt", "end": 1_763_203_600, "scopes": "read write",
    });
    for (name, value) in changes.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

#[test]
fn claude_codes_file_is_read_and_its_own_account_is_not() {
    let file = json!({
        "claudeAiOauth": {"accessToken": "own", "refreshToken": "own"},
        "mcpOAuth": {
            "portal|0123456789abcdef": {
                "serverName": "portal", "serverUrl": "https://mcp.example/mcp", "clientId": "c1",
                "accessToken": "at", "refreshToken": "rt", "expiresAt": 1_763_203_600_000_i64, "scope": "read write",
                "discoveryState": {"authorizationServerUrl": "https://as.example"},
            },
            "begun|0": {"serverName": "begun", "serverUrl": "https://b.example", "accessToken": "", "expiresAt": 0},
        },
        "mcpOAuthClientConfig": {"portal|0123456789abcdef": {"clientSecret": "s1"}},
    });
    let read = only(claude_code(file.to_string().as_bytes()));
    assert_eq!(read, expected(&json!({"issuer": "https://as.example", "secret": "s1"})));
    assert_eq!(claude_code(b"{}").unwrap().len(), 0);
    assert!(claude_code(b"[]").is_err());
}

#[test]
fn codexes_file_is_read_and_so_is_what_it_puts_into_a_keyring() {
    let flat = json!({"portal|0": {
        "server_name": "portal", "server_url": "https://mcp.example/mcp", "client_id": "c1", "access_token": "at",
        "refresh_token": "rt", "expires_at": 1_763_203_600_000_i64, "scopes": ["read", "write"],
    }});
    let nested = json!({"portal|0": {
        "server_name": "portal", "url": "https://mcp.example/mcp", "client_id": "c1",
        "token_response": {"access_token": "at", "token_type": "bearer", "refresh_token": "rt", "scope": "read write"},
        "expires_at": 1_763_203_600_000_i64,
    }});
    for file in [flat, nested] {
        assert_eq!(only(codex(file.to_string().as_bytes())), expected(&json!({})));
    }
}

#[test]
fn opencodes_file_is_read_with_its_client_and_ends_in_seconds() {
    let file = json!({"portal": {
        "tokens": {"accessToken": "at", "refreshToken": "rt", "expiresAt": 1_763_203_600.25, "scope": "read write"},
        "clientInfo": {"clientId": "c1", "clientSecret": "s1"}, "serverUrl": "https://mcp.example/mcp",
    }, "begun": {"codeVerifier": "v", "serverUrl": "https://b.example"}});
    assert_eq!(only(opencode(file.to_string().as_bytes())), expected(&json!({"secret": "s1"})));
}

#[test]
fn geminis_list_is_read_with_its_token_endpoint() {
    let file = json!([{
        "serverName": "portal", "mcpServerUrl": "https://mcp.example/mcp", "clientId": "c1",
        "token": {"accessToken": "at", "refreshToken": "rt", "expiresAt": 1_763_203_600_000_i64, "tokenType": "Bearer",
                  "scope": "read write"},
        "tokenUrl": "https://as.example/token", "updatedAt": 1,
    }]);
    let read = only(gemini(file.to_string().as_bytes()));
    assert_eq!(read, expected(&json!({"endpoint": "https://as.example/token"})));
    assert!(gemini(b"{}").is_err());
}

#[test]
fn mcp_remotes_pair_is_read_and_named_by_the_digest_of_the_address() {
    let token_file = json!({
        "access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt", "scope": "read write",
        "expires_at": 1_763_203_600_000_i64, "requested_scope": "read",
    });
    let client_file = json!({
        "client_id": "c1", "redirect_uris": ["http://127.0.0.1:3335/oauth/callback"], "issuer": "https://as.example",
        "client_secret": "s1", "token_endpoint_auth_method": "client_secret_post",
    });
    let (token_file, client_file) = (token_file.to_string(), client_file.to_string());
    let read = mcp_remote_sign_in(
        token_file.as_bytes(),
        Some(client_file.as_bytes()),
        Some("https://mcp.example/mcp"),
    );
    let read = read.unwrap().unwrap();
    let wanted = json!({"server": null, "issuer": "https://as.example", "secret": "s1"});
    assert_eq!(told(&read), expected(&wanted));
    assert_eq!(read.client.unwrap().authentication, Some(ClientAuthentication::ClientSecretPost));
    assert_eq!(mcp_remote_file_name("https://mcp.example/mcp"), "15b9982bbc0f6c97e59b3c224d8cad5a");
    let alone = mcp_remote_sign_in(token_file.as_bytes(), None, None).unwrap().unwrap();
    assert!(!alone.renews(), "without its client a refresh token is of no use");
}

fn from_text(text: &str, hints: TextHints<'_>) -> Result<Value, String> {
    read_text(Source::TokenFile, text.as_bytes(), hints, now()).map(|found| told(&found))
}

#[test]
fn every_shape_that_keyfob_writes_is_read_back() {
    // One line for each format: a new one is a new case here.
    let formats = |format: &TokenFileFormat| match format {
        TokenFileFormat::Keyfob => {
            json!({"access_token": "at", "token_type": "Bearer", "scope": "read write",
            "expires_at": "2025-11-15T10:46:40Z", "resource": "https://mcp.example/mcp", "refresh_token": "rt"})
        }
        TokenFileFormat::McpTokens { .. } => json!({"access_token": "at", "refresh_token": "rt",
            "expires_at": "2025-11-15T11:46:40", "created_at": "2025-11-15T10:46:40"}),
        TokenFileFormat::Credentials => {
            json!({"access_token": "at", "refresh_token": "", "expires_at": 1_763_203_600_000_i64})
        }
        TokenFileFormat::Bare | TokenFileFormat::Env { .. } | TokenFileFormat::Template { .. } => Value::Null,
    };
    let hints = TextHints { local_offset: 3_600, ..TextHints::default() };
    let read = |format: &TokenFileFormat| from_text(&formats(format).to_string(), hints).unwrap();
    let unnamed = json!({"server": null, "client": null});
    assert_eq!(read(&TokenFileFormat::Keyfob), expected(&unnamed));
    let file = read(&TokenFileFormat::McpTokens { utc: false });
    assert_eq!(file["end"], 1_763_203_600, "local time by this machine's offset");
    assert_eq!((&file["refresh"], &file["url"]), (&json!("rt"), &Value::Null));
    let file = read(&TokenFileFormat::Credentials);
    assert_eq!((&file["end"], &file["refresh"]), (&json!(1_763_203_600), &Value::Null));
    let bare = from_text("at\n", hints).unwrap();
    assert_eq!((&bare["access"], &bare["end"]), (&json!("at"), &Value::Null));
    let env = "# mine\nOTHER=1\nexport APP_JWT_TOKEN='at'\n";
    assert_eq!(from_text(env, hints).unwrap()["access"], "at");
    let template =
        json!({"tokens": {"access_token": "at", "refresh_token": "rt", "expires_at": 1_763_203_600}});
    assert_eq!(from_text(&template.to_string(), hints).unwrap()["end"], 1_763_203_600);
}

#[test]
fn what_is_pasted_may_be_json_of_any_spelling_or_two_lines() {
    let none = TextHints::default();
    let token_answer =
        r#"{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt"}"#;
    assert_eq!(from_text(token_answer, none).unwrap()["end"], 1_763_203_600);
    let inspector = json!({"tokens": {"access_token": "at", "refresh_token": "rt"}, "serverUrl": "https://mcp.example/mcp",
        "clientInformation": {"client_id": "c1"}});
    let read = from_text(&inspector.to_string(), none).unwrap();
    assert_eq!((&read["client"], &read["url"]), (&json!("c1"), &json!("https://mcp.example/mcp")));
    let lines = from_text("at\nrt\n", none).unwrap();
    assert_eq!((&lines["access"], &lines["refresh"]), (&json!("at"), &json!("rt")));
    assert_eq!(
        from_text("A_TOKEN=x\nB_TOKEN=y", TextHints { key: Some("B_TOKEN"), ..none }).unwrap()["access"],
        "y"
    );
}

#[test]
fn what_is_no_token_is_refused_without_being_quoted() {
    let none = TextHints::default();
    for (text, words) in [
        ("", "neither JSON"),
        ("{", "not JSON"),
        ("[1]x y", "no token"),
        (r#"{"access_token":"a\r\nb"}"#, "no `access_token`"),
        ("hello world canary", "no token"),
        ("A_TOKEN=canary\nB_TOKEN=canary", "A_TOKEN, B_TOKEN"),
    ] {
        let why = from_text(text, none).unwrap_err();
        assert!(why.contains(words) && !why.contains("canary"), "{text}: {why}");
    }
}

#[test]
fn a_token_of_unknown_age_is_renewed_first_where_it_can_be() {
    let mut found = read_text(Source::Pasted, b"at\nrt", TextHints::default(), now()).unwrap();
    assert_eq!(found.answer(None, now()).lifetime, ASSUMED_LIFETIME);
    assert_eq!(found.answer(None, now()).refresh_token, None, "nobody knows whose it is");
    found.client = Some(ForeignClient { client_id: "c1".into(), client_secret: None, authentication: None });
    let answer = found.answer(None, now());
    assert_eq!((answer.lifetime, answer.refresh_token.is_some()), (TimeDelta::zero(), true));
    let end = now() + TimeDelta::seconds(30);
    assert_eq!(found.answer(Some(end), now()).lifetime, TimeDelta::seconds(30));
    found.expires_at = Some(now() - TimeDelta::seconds(30));
    assert_eq!(found.answer(Some(end), now()).lifetime, TimeDelta::zero());
}
