//! Updates of a registration: what is sent, and what is believed of the answer.

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::client_registration::RegistrationOrigin;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::secret::RegistrationAccessToken;

const REDIRECT: &str = "http://127.0.0.1:7/callback";

fn registered() -> Registration {
    let metadata = json!({
        "client_name": "keyfob (a)", "redirect_uris": [REDIRECT], "application_type": "native", "scope": "read",
        "token_endpoint_auth_method": "client_secret_basic", "software_id": "given by the server",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let management = Management {
        uri: "https://as.example/register/me".into(),
        token: RegistrationAccessToken::new("first".into()),
        metadata: metadata.as_object().unwrap().clone(),
    };
    Registration {
        client_secret: Some(ClientSecret::new("secret".into())),
        authentication: ClientAuthentication::ClientSecretBasic,
        redirect_uri: Some(REDIRECT.into()),
        scopes: Some(ScopeSet::parse("read")),
        secret_expires_at: DateTime::from_timestamp(1_000, 0),
        management: Some(management),
        ..Registration::public("https://as.example", "me", RegistrationOrigin::Dynamic)
    }
}

fn wanted(redirect: &str, scope: &str) -> Value {
    dynamic::metadata(ClientAuthentication::None, Some(redirect), &ScopeSet::parse(scope), "keyfob (a)")
}

fn read(body: &Value, sent: &Value) -> Registration {
    read_answer(200, body.to_string().as_bytes(), &registered(), sent).unwrap()
}

/// RFC 7592 §2.2: all of the metadata goes with the change, the client id unchanged, and nothing that only the server gives.
#[test]
fn an_update_sends_all_that_the_server_has_with_the_change_on_top() {
    let body = request(&registered(), &wanted("http://127.0.0.1:8/callback", "write"));
    assert_eq!(body["client_id"], "me");
    assert_eq!(body["redirect_uris"], json!(["http://127.0.0.1:8/callback"]));
    assert_eq!(body["scope"], "read write", "a sign-in that asks for less gives nothing up");
    assert_eq!(body["software_id"], "given by the server");
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic", "not how it proves itself");
    for member in ["client_secret", "client_secret_expires_at", "registration_access_token"] {
        assert_eq!(body.get(member), None, "{member}");
    }
    let same = unchanged(&registered(), "another name");
    let mut held = held(&registered());
    held.extend([("client_id".into(), "me".into()), ("response_types".into(), json!(["code"]))]);
    assert_eq!(same, Value::Object(held));
}

/// Records of older versions know no metadata: what was asked for then is asked for again.
#[test]
fn a_record_without_metadata_asks_for_what_it_was_registered_with() {
    let mut old = registered();
    old.management.as_mut().unwrap().metadata.clear();
    let body = unchanged(&old, "keyfob (a)");
    assert_eq!((&body["redirect_uris"], &body["scope"]), (&json!([REDIRECT]), &json!("read")));
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(request(&old, &wanted(REDIRECT, "read")), body);
}

/// C8, C9: a new secret, its end and a new registration token take the old ones' place; what is left out stays.
#[test]
fn what_the_answer_gives_is_new_and_the_rest_stays() {
    let sent = request(&registered(), &wanted(REDIRECT, "write"));
    let terse = read(&json!({ "client_id": "me" }), &sent);
    assert_eq!(terse.client_secret, registered().client_secret);
    assert_eq!(terse.secret_expires_at, registered().secret_expires_at);
    assert_eq!(terse.authentication, ClientAuthentication::ClientSecretBasic);
    assert_eq!(terse.scopes, Some(ScopeSet::parse("read write")));
    let management = terse.management.unwrap();
    assert_eq!(management.token, RegistrationAccessToken::new("first".into()));
    assert_eq!(management.metadata["software_id"], "given by the server");
    assert!(!management.metadata.contains_key("client_id"));

    let new = read(
        &json!({
            "client_id": "me", "client_secret": "next", "client_secret_expires_at": 2_000,
            "registration_access_token": "second", "registration_client_uri": "https://as.example/register/2",
        }),
        &sent,
    );
    assert_eq!(new.client_secret, Some(ClientSecret::new("next".into())));
    assert_eq!(new.secret_expires_at, DateTime::from_timestamp(2_000, 0));
    let management = new.management.unwrap();
    assert_eq!(management.token, RegistrationAccessToken::new("second".into()));
    assert_eq!(management.uri, "https://as.example/register/2");
    assert!(!management.metadata.contains_key("client_secret"));

    let endless = read(&json!({ "client_id": "me", "client_secret": "next" }), &sent);
    assert_eq!(endless.secret_expires_at, None, "the end was the old secret's");
    let same = read(&json!({ "client_id": "me", "client_secret": "secret" }), &sent);
    assert_eq!(same.secret_expires_at, registered().secret_expires_at);
}

/// C7: what the server has changed counts, so that a redirect that is gone is not used; another client's answer is no answer.
#[test]
fn a_server_that_changes_what_was_asked_for_is_believed_and_another_client_is_not() {
    let sent = request(&registered(), &wanted("http://127.0.0.1:8/callback", "write"));
    let other = json!({ "client_id": "me", "redirect_uris": [REDIRECT], "scope": "read" });
    let changed = read(&other, &sent);
    assert!(!changed.serves(Some("http://127.0.0.1:8/callback"), &ScopeSet::default()));
    assert!(changed.serves(Some(REDIRECT), &ScopeSet::parse("read")));
    assert!(!changed.serves(Some(REDIRECT), &ScopeSet::parse("write")));

    for (status, body) in [
        (200, r#"{"client_id":"you","client_secret":"theirs"}"#),
        (200, r#"{"client_secret":"nobodys"}"#),
        (200, "<html>"),
        (401, r#"{"error":"invalid_token"}"#),
        (405, ""),
        (503, ""),
    ] {
        assert!(read_answer(status, body.as_bytes(), &registered(), &sent).is_err(), "{status} {body}");
    }
}
