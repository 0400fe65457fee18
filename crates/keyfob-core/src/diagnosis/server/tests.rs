//! The steps of the authorization server's document, each broken by itself.

use super::*;
use crate::diagnosis::Verdict;
use crate::identity::ProfileName;

const CODE: GrantKind = GrantKind::AuthorizationCode;

fn at() -> CheckedUrl {
    CheckedUrl::parse("https://as.example").unwrap()
}

fn document_with(changes: &Value) -> Vec<u8> {
    let mut document = wanted_document(&at());
    document["revocation_endpoint"] = "https://as.example/revoke".into();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document.to_string().into_bytes()
}

/// The verdicts of issuer, endpoints and PKCE.
fn verdicts(changes: &Value) -> [Verdict; 3] {
    let body = document_with(changes);
    [issuer, endpoints, pkce].map(|step| step(&at(), &body, CODE).verdict)
}

/// B2, B4, B5
#[test]
fn each_lie_fails_its_own_step_and_no_other() {
    use Verdict::{Fail, Pass};
    for (changes, expected) in [
        (json!({}), [Pass, Pass, Pass]),
        (json!({"issuer": "https://as.example/"}), [Fail, Pass, Pass]),
        (json!({"token_endpoint": "http://as.example/token"}), [Pass, Fail, Pass]),
        (json!({"token_endpoint": null}), [Pass, Fail, Pass]),
        (json!({"revocation_endpoint": "javascript:1"}), [Pass, Fail, Pass]),
        (json!({"code_challenge_methods_supported": ["plain"]}), [Pass, Pass, Fail]),
        (json!({"code_challenge_methods_supported": null, "issuer": "x"}), [Fail, Pass, Fail]),
    ] {
        assert_eq!(verdicts(&changes), expected, "{changes}");
        let holds = AuthorizationServer::check(&document_with(&changes), &at()).is_ok();
        assert_eq!(holds, expected == [Pass, Pass, Pass], "a sign-in agrees: {changes}");
    }
}

#[test]
fn the_first_failure_told_is_the_one_a_sign_in_ends_with() {
    let body = document_with(&json!({"issuer": "x", "code_challenge_methods_supported": []}));
    let first =
        [issuer, endpoints, pkce].map(|step| step(&at(), &body, CODE).failure).into_iter().flatten().next();
    assert_eq!(first, AuthorizationServer::check(&body, &at()).err());
}

/// B1
#[test]
fn the_document_that_holds_is_looked_at_wherever_it_lies() {
    let tried = |changes: &Value, address: &str| Tried {
        address: address.into(),
        fetched: Fetched::Document(document_with(changes)),
    };
    let lie = tried(&json!({"issuer": "x"}), "https://as.example/.well-known/oauth-authorization-server");
    let good = tried(&json!({}), "https://as.example/.well-known/openid-configuration");
    assert_eq!(document(&[lie.clone(), good], &at(), CODE), Some(document_with(&json!({})).as_slice()));
    assert_eq!(
        document(std::slice::from_ref(&lie), &at(), CODE),
        Some(document_with(&json!({"issuer": "x"})).as_slice())
    );
    assert_eq!(metadata(&at(), &[lie], CODE).verdict, Verdict::Pass);
    let none = metadata(&at(), &[], CODE);
    assert_eq!(none.verdict, Verdict::Fail);
    assert!(
        none.advice.server.unwrap().contains("https://as.example/.well-known/oauth-authorization-server")
    );
    assert_eq!(form("https://as.example/t/.well-known/openid-configuration"), "OpenID metadata (appended)");
}

/// C1
#[test]
fn registration_is_tried_dry_by_the_sign_ins_own_choice() {
    let server = |changes: &Value| AuthorizationServer::check(&document_with(changes), &at()).unwrap();
    let mut profile = Profile::new(
        ProfileName::parse("doctor").unwrap(),
        CheckedUrl::parse("https://a.example/mcp").unwrap(),
    );
    let offered = registration(&profile, Given::Nothing, &server(&json!({})), About::Any);
    assert_eq!(offered.verdict, Verdict::Pass);
    assert!(offered.evidence[0].sent.contains("POST https://as.example/register"));
    let none = server(&json!({"registration_endpoint": null}));
    let refused = registration(&profile, Given::Nothing, &none, About::Any);
    assert_eq!(refused.failure, Some(Incompatibility::NoRegistration.into()));
    assert!(refused.advice.user.unwrap().contains("--client-id"));
    let documents =
        server(&json!({"registration_endpoint": null, "client_id_metadata_document_supported": true}));
    assert!(
        registration(&profile, Given::Nothing, &documents, About::Any)
            .advice
            .user
            .unwrap()
            .contains("--client-metadata-url")
    );
    profile.client.client_id = Some("me".into());
    assert_eq!(registration(&profile, Given::Nothing, &none, About::Any).verdict, Verdict::Pass);
}

#[test]
fn a_server_without_revocation_is_warned_of() {
    let server = |changes: &Value| AuthorizationServer::check(&document_with(changes), &at()).unwrap();
    assert_eq!(revocation(&server(&json!({}))).verdict, Verdict::Pass);
    let lacking = revocation(&server(&json!({"revocation_endpoint": null})));
    assert!(
        lacking.verdict == Verdict::Warn && lacking.advice.server.unwrap().contains("revocation_endpoint")
    );
}
