//! The steps behind the sign-in, at records as a store holds them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::credential::tests::signed_in_for;
use crate::diagnosis::Verdict;
use crate::identity::ProfileName;
use crate::secret::AccessToken;
use crate::token_set::tests::at;

const WORK: About<'static> = About::Profile("work");

fn held() -> Credential {
    signed_in_for(3_600)
}

fn profile(sign_in: &SignIn) -> Profile {
    Profile::new(ProfileName::parse("a").unwrap(), sign_in.url.clone())
}

fn with_token(token: String) -> SignIn {
    let mut sign_in = held().sign_in.unwrap();
    sign_in.tokens.access_token = AccessToken::new(token);
    sign_in
}

fn jwt(claims: &serde_json::Value) -> SignIn {
    with_token(format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims.to_string())))
}

#[test]
fn a_token_is_told_by_its_life_and_never_by_itself() {
    let sign_in = with_token("canary".into());
    let told = token(&sign_in, &profile(&sign_in), WORK, &at(0));
    assert!(told.verdict == Verdict::Pass && told.words.contains("of 1h"), "{}", told.words);
    assert!(!format!("{told:?}").contains("canary"));
    let late = token(&sign_in, &profile(&sign_in), WORK, &at(4_000));
    assert!(late.verdict == Verdict::Pass && late.words.contains("run out"));
    let mut dead = sign_in;
    dead.dead = Some(SignInNeeded::NoRefreshToken);
    let ended = token(&dead, &profile(&dead), WORK, &at(4_000));
    assert_eq!((ended.verdict, ended.advice.user.as_deref()), (Verdict::Fail, Some("keyfob sign-in work")));
    assert_eq!(token(&dead, &profile(&dead), WORK, &at(0)).verdict, Verdict::Warn);
}

/// F3: what keyfob goes by for itself is not told as the server's word.
#[test]
fn an_assumed_end_is_told_as_one_and_the_server_is_advised_to_say_it() {
    let mut sign_in = with_token("canary".into());
    sign_in.tokens.end_assumed = true;
    let told = token(&sign_in, &profile(&sign_in), WORK, &at(0));
    assert_eq!(told.verdict, Verdict::Warn);
    assert!(told.words.contains("whose end nobody says") && !told.words.contains("left"), "{}", told.words);
    assert!(told.advice.server.unwrap().contains("expires_in"));
}

#[test]
fn the_audience_of_a_jwt_must_be_the_resource() {
    let held = held().sign_in.unwrap();
    let (url, resource) = (held.url.clone(), held.resource.clone());
    let verdict = |claims: serde_json::Value| audience(&jwt(&claims), &url).verdict;
    assert_eq!(verdict(serde_json::json!({ "aud": resource })), Verdict::Pass);
    assert_eq!(verdict(serde_json::json!({ "aud": ["x", resource] })), Verdict::Pass);
    assert_eq!(verdict(serde_json::json!({ "aud": "https://else.example" })), Verdict::Warn);
    assert_eq!(verdict(serde_json::json!({ "sub": "ada" })), Verdict::Warn);
    assert_eq!(audience(&with_token("opaque".into()), &url).verdict, Verdict::Skip);
}

/// F5
#[test]
fn a_sign_in_that_cannot_be_renewed_is_told() {
    let credential = held();
    let mut sign_in = credential.sign_in.clone().unwrap();
    assert_eq!(refresh_held(&credential, &sign_in, WORK).verdict, Verdict::Pass);
    sign_in.dead = Some(SignInNeeded::Ended { error: "invalid_grant".into(), description: String::new() });
    assert_eq!(refresh_held(&credential, &sign_in, WORK).verdict, Verdict::Fail);
    sign_in.tokens.refresh_token = None;
    assert_eq!(refresh_held(&credential, &sign_in, WORK).verdict, Verdict::Warn);
}

#[test]
fn mcps_own_word_decides() {
    assert_eq!(mcp(Ok("5 tools".into())).verdict, Verdict::Pass);
    let refused = mcp(Err(Misbehaviour::Mcp("no".into()).into()));
    assert!(refused.verdict == Verdict::Fail && refused.advice.server.unwrap().contains("initialize"));
    assert_eq!(without_token("x").len(), 5);
}
