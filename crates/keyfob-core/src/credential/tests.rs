//! How answers change a credential, and that it survives being written and read.

use super::*;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::grant::credential_request::tests::client;
use crate::token_set::tests::{answer, at};

fn url() -> CheckedUrl {
    CheckedUrl::parse("https://a.example/mcp").unwrap()
}

fn signed_in() -> Credential {
    let endpoint = |path: &str| CheckedUrl::parse(&format!("https://as.example/{path}")).unwrap();
    let new = NewSignIn {
        registration: client(ClientAuthentication::ClientSecretBasic, Some("client-secret")),
        url: url(),
        resource: "https://a.example/mcp".into(),
        endpoints: Endpoints { token: endpoint("token"), revocation: Some(endpoint("revoke")) },
        answer: answer("a1", Some("r1"), 120),
        requested: ScopeSet::parse("read"),
        account: Some("ada@example.com".into()),
    };
    Credential::empty("machine").signed_in(new, &at(0))
}

fn refresh_token(credential: &Credential) -> Option<RefreshToken> {
    credential.sign_in.as_ref()?.tokens.refresh_token.clone()
}

#[test]
fn a_credential_survives_writing_and_reading() {
    let mut credential =
        signed_in().with_intent(&at(1)).unanswered(Temporary::Cut("x".into()), true, &at(2), 0.0);
    credential.given_client_secret = Some(ClientSecret::new("given".into()));
    credential.learned_lifetimes.push(TimeDelta::days(30));
    credential.reminded.asked_end = true;
    credential.reminded.snoozed_until = Some(at(9));
    assert_eq!(Credential::from_plaintext(&credential.to_plaintext()), Ok(credential));
}

/// fault 37
#[test]
fn a_newer_schema_is_refused() {
    let newer = SecretText::new(r#"{"schema":2,"anything":true}"#.into());
    assert_eq!(Credential::from_plaintext(&newer), Err(UnreadableCredential::Newer(2)));
}

#[test]
fn members_of_other_versions_survive_a_rewrite() {
    let text =
        SecretText::new(r#"{"schema":1,"generation":3,"machine_id":"m","from_the_future":{"a":1}}"#.into());
    let credential = Credential::from_plaintext(&text).unwrap();
    assert!(credential.to_plaintext().expose_secret().contains(r#""from_the_future":{"a":1}"#));
}

#[test]
fn a_malformed_record_is_named_without_its_text() {
    let error = Credential::from_plaintext(&SecretText::new(r#"{"schema":1,"canary":}"#.into())).unwrap_err();
    assert!(!error.to_string().contains("canary"));
}

/// trust rules 4 and 7: never delete a credential because a renewal failed.
#[test]
fn a_rejected_refresh_keeps_the_record_and_says_the_sign_in_has_ended() {
    let refused = signed_in().with_intent(&at(60)).refused(
        &Refusal::InvalidGrant { description: "gone".into() },
        &at(61),
        0.0,
    );
    let sign_in = refused.sign_in.as_ref().unwrap();
    assert_eq!(refresh_token(&refused), Some(RefreshToken::new("r1".into())));
    assert_eq!(
        sign_in.dead,
        Some(SignInNeeded::Ended { error: "invalid_grant".into(), description: "gone".into() })
    );
    assert_eq!(sign_in.intent, None);
    assert_eq!(refused.history.last_refresh.unwrap().outcome, RefreshOutcome::Rejected);
}

/// fault 47
#[test]
fn an_end_seen_teaches_a_lifetime_and_a_lost_answer_or_client_teaches_none() {
    let gone = Refusal::InvalidGrant { description: String::new() };
    let lived = signed_in().renewed(answer("a2", Some("r2"), 120), &at(3_600));
    assert_eq!(lived.refused(&gone, &at(3_660), 0.0).learned_lifetimes, [TimeDelta::hours(1)]);
    let lost = lived.unanswered(Temporary::Cut("x".into()), true, &at(3_650), 0.0);
    assert_eq!(lost.refused(&gone, &at(3_660), 0.0).learned_lifetimes, []);
    let client = Refusal::InvalidClient { description: String::new() };
    assert_eq!(lived.refused(&client, &at(3_660), 0.0).learned_lifetimes, []);
}

/// trust rule 2
#[test]
fn an_intent_stays_open_only_where_no_answer_came() {
    let open = |c: &Credential| c.sign_in.as_ref().unwrap().intent.is_some();
    let spent = signed_in().with_intent(&at(60));
    assert_eq!(
        spent.sign_in.as_ref().unwrap().intent.as_ref().unwrap().token,
        RefreshToken::new("r1".into()).fingerprint()
    );
    assert!(open(&spent.unanswered(Temporary::Cut("x".into()), true, &at(61), 0.0)));
    assert!(!open(&spent.unanswered(Temporary::Offline("x".into()), false, &at(61), 0.0)));
    assert!(!open(&spent.renewed(answer("a2", Some("r2"), 120), &at(61))));
}

/// trust rule 7
#[test]
fn other_refusals_end_a_sign_in_only_after_three_equal_ones_with_pauses() {
    let refusal = |error: &str| Refusal::Other { error: error.into(), description: String::new() };
    let mut credential = signed_in();
    let mut now = 0;
    for pause in [30, 120, 600] {
        credential = credential.refused(&refusal("invalid_request"), &at(now), 0.0);
        let waiting = credential.sign_in.as_ref().unwrap().waiting.clone().unwrap();
        assert_eq!((waiting.until.wall - at(now).wall).num_seconds(), pause);
        now += pause;
    }
    assert_eq!(credential.sign_in.as_ref().unwrap().dead, None);
    let ended = credential.refused(&refusal("invalid_request"), &at(now), 0.0);
    assert!(
        matches!(ended.sign_in.unwrap().dead, Some(SignInNeeded::Ended { error, .. }) if error == "invalid_request")
    );
    let other = credential.refused(&refusal("invalid_target"), &at(now), 0.0);
    assert_eq!(other.sign_in.unwrap().waiting.unwrap().equal_refusals, 1);
}

/// fault 13
#[test]
fn the_servers_own_wait_is_kept() {
    let until = at(0).wall + TimeDelta::seconds(500);
    let refusal = Refusal::Temporary { cause: Temporary::RetryAfter { until }, retry_at: Some(until) };
    let waiting = signed_in().refused(&refusal, &at(0), 0.0).sign_in.unwrap().waiting.unwrap();
    assert_eq!((waiting.until.wall, waiting.server_named), (until, true));
}

/// C13
#[test]
fn a_client_that_is_gone_keeps_tokens_and_registration() {
    let refused = signed_in().refused(&Refusal::InvalidClient { description: String::new() }, &at(5), 0.0);
    assert!(refused.registration.is_some() && refresh_token(&refused).is_some());
    assert_eq!(refused.sign_in.unwrap().dead, Some(SignInNeeded::RegistrationGone(String::new())));
}

/// V10, B8, C6
#[test]
fn a_profile_pointed_elsewhere_has_no_sign_in_and_no_client_there() {
    let credential = signed_in();
    assert!(credential.sign_in_for(&url()).is_some());
    assert!(credential.sign_in_for(&CheckedUrl::parse("https://b.example/mcp").unwrap()).is_none());
    assert!(credential.registration_at("https://as.example", at(0).wall).is_some());
    assert!(credential.registration_at("https://as.example/", at(0).wall).is_none());
}

#[test]
fn a_sign_out_forgets_the_tokens_and_keeps_the_client() {
    let out = signed_in().signed_out();
    assert!(out.sign_in.is_none() && out.registration.is_some());
    assert_eq!(out.revocations[0].refresh_token, Some(RefreshToken::new("r1".into())));
    assert_eq!(Credential::from_plaintext(&out.to_plaintext()), Ok(out.clone()));
    let removed = out.removed();
    assert!(removed.registration.is_none() && removed.revocations == out.revocations);
}
