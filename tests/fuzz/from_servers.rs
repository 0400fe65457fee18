//! What servers and browsers send: challenges, both kinds of metadata, token answers, redirects; and the stores of other programs.

use chrono::{DateTime, Utc};
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::discovery::challenge::bearer_challenge;
use keyfob_core::discovery::protected_resource::ProtectedResource;
use keyfob_core::grant::token_endpoint::{self, HttpAnswer, TokenAnswer};
use keyfob_core::import::{Source, TextHints, claude_code, codex, gemini, opencode, read_text};
use keyfob_core::resource::CheckedUrl;
use serde_json::json;

use crate::mutations::survives;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
}

fn url(text: &str) -> CheckedUrl {
    CheckedUrl::parse(text).unwrap()
}

fn bytes(examples: &[&str]) -> Vec<Vec<u8>> {
    examples.iter().map(|example| example.as_bytes().to_vec()).collect()
}

/// A3, fault 49: a line of a header each; whatever it is, there is a challenge or none.
#[test]
fn no_challenge_makes_keyfob_panic() {
    let examples = bytes(&[
        "Bearer resource_metadata=\"https://a.example/.well-known/oauth-protected-resource/mcp\", scope=\"read write\"",
        "Basic realm=\"x, y\\\" z\", Bearer error=\"insufficient_scope\", scope=\"a b\", error_description=\"é\"",
        "Negotiate YWJj==, Bearer\nDPoP algs=\"ES256\"\nbearer realm = \"q\"",
    ]);
    let tried = survives(examples, |document| {
        let text = String::from_utf8_lossy(document);
        let found = bearer_challenge(text.lines());
        // What is not in the header cannot come out of it.
        if let Some(address) = found.and_then(|challenge| challenge.resource_metadata) {
            assert!(address.len() <= text.len());
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}

/// A4, A6, fault 49: what passes speaks for the server asked, and names an authorization server.
#[test]
fn no_resource_metadata_makes_keyfob_panic_or_speaks_for_another() {
    let asked = url("https://portal.example/mcp");
    let document = json!({"resource": "https://portal.example/mcp", "authorization_servers": ["https://login.example"],
        "scopes_supported": ["read"], "resource_name": "Portal", "bearer_methods_supported": ["header"]});
    let other = json!({"resource": "https://portal.example/mcp/", "authorization_servers": ["https://a.example/x", 7, "http://b"]});
    let tried = survives(bytes(&[&document.to_string(), &other.to_string()]), |document| {
        let problems = ProtectedResource::problems(document, &asked);
        match ProtectedResource::check(document, &asked) {
            Ok(found) => {
                assert!(problems.is_empty());
                assert!(found.resource().starts_with("https://portal.example"), "{}", found.resource());
                assert!(found.choose_issuer(None).is_ok());
            }
            Err(failure) => assert_eq!(problems.first(), Some(&failure)),
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}

/// B2, B3, B4, B5, fault 49: what passes names the issuer asked, byte for byte, and sends nothing over plain http.
#[test]
fn no_server_metadata_makes_keyfob_panic_or_names_another_issuer() {
    let issuer = url("https://login.example");
    let document = json!({"issuer": "https://login.example", "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token", "registration_endpoint": "https://login.example/register",
        "revocation_endpoint": "https://login.example/revoke", "code_challenge_methods_supported": ["plain", "S256"],
        "scopes_supported": ["read", "offline_access"], "token_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true, "client_id_metadata_document_supported": true});
    let tried = survives(bytes(&[&document.to_string()]), |document| {
        if let Ok(server) = AuthorizationServer::check(document, &issuer) {
            assert_eq!(server.issuer().as_str(), "https://login.example");
            let endpoints =
                [Some(server.token_endpoint()), server.revocation_endpoint(), server.registration_endpoint()];
            for endpoint in endpoints.into_iter().flatten() {
                assert!(endpoint.url().scheme() == "https" || endpoint.is_local(), "{endpoint}");
            }
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}

fn is_usable(answer: &TokenAnswer) {
    assert!(!answer.access_token.is_empty());
    assert!(answer.lifetime >= chrono::TimeDelta::zero() && answer.lifetime <= chrono::TimeDelta::days(366));
    assert!(now().checked_add_signed(answer.lifetime).is_some());
}

/// F2, F3, G6, fault 49: an answer is usable, or refused; no lifetime overflows, and no token could break a header.
#[test]
fn no_token_answer_makes_keyfob_panic() {
    let answer = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt",
        "scope": "read write", "refresh_token_expires_in": "60", "id_token": "e30.eyJzdWIiOiIxIn0."});
    let error = json!({"error": "invalid_grant", "error_description": "it\u{202e} is\u{1b}[2J gone"});
    let tried = survives(bytes(&[&answer.to_string(), &error.to_string(), "<html>"]), |document| {
        for status in [200, 400, 429, 503] {
            let retry_after = std::str::from_utf8(&document[..document.len().min(20)]).ok();
            match token_endpoint::read(&HttpAnswer { status, retry_after, body: document }, now()) {
                Ok(answer) => is_usable(&answer),
                Err(refusal) => {
                    let shown = refusal.into_sign_in_failure(false).to_string();
                    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
                }
            }
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}

/// Stores of other programs are no friends either: what is read could stand in a header, and its end is a date.
#[test]
fn no_store_of_another_program_makes_keyfob_panic() {
    let entry = json!({"serverName": "p", "serverUrl": "https://a.example/mcp", "clientId": "c", "accessToken": "at",
        "refreshToken": "rt", "expiresAt": 1_763_203_600_000_i64, "scope": "read"});
    let claude = json!({"mcpOAuth": {"p|0": entry}, "mcpOAuthClientConfig": {"p|0": {"clientSecret": "s"}}});
    let codex_file = json!({"p|0": {"server_name": "p", "server_url": "u", "client_id": "c", "access_token": "at",
        "expires_at": 1_763_203_600_000_i64, "scopes": ["read"]}});
    let opencode_file =
        json!({"p": {"tokens": {"accessToken": "at", "expiresAt": 1_763_203_600.5}, "serverUrl": "u"}});
    let list = json!([{"serverName": "p", "token": {"accessToken": "at", "expiresAt": -1}, "tokenUrl": "u"}]);
    let tokens = json!({"access_token": "at", "expires_in": 9_223_372_036_854_775_807_i64, "created_at": "2025-11-02T12:00:00"});
    let examples = [&claude, &codex_file, &opencode_file, &list, &tokens].map(ToString::to_string);
    let examples: Vec<Vec<u8>> =
        examples.into_iter().map(String::into_bytes).chain(bytes(&["A_TOKEN='x'\nB=1\n"])).collect();
    let tried = survives(examples, |document| {
        let hints = TextHints { key: None, local_offset: 3_600 };
        let alone = read_text(Source::Pasted, document, hints, now()).ok();
        let stores = [claude_code(document), codex(document), opencode(document), gemini(document)];
        for found in stores.into_iter().flatten().flatten().chain(alone) {
            assert!(found.answer(found.jwt_expiry(), now()).lifetime >= chrono::TimeDelta::zero());
            assert!(found.answer(None, now()).access_token == found.access_token);
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}
