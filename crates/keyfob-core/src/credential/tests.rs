//! How answers change a credential, and that it survives being written and read.

use super::*;
use crate::client_registration::RegistrationOrigin;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::failure::SignInNeeded;
use crate::grant::credential_request::tests::client;
use crate::refresh_schedule::due_in;
use crate::token_set::tests::{answer, at};

fn url() -> CheckedUrl {
    CheckedUrl::parse("https://a.example/mcp").unwrap()
}

fn signed_in() -> Credential {
    signed_in_for(120)
}

/// A sign-in at second 0 whose access token lives for so many seconds.
pub(crate) fn signed_in_for(lifetime: i64) -> Credential {
    let endpoint = |path: &str| CheckedUrl::parse(&format!("https://as.example/{path}")).unwrap();
    let new = NewSignIn {
        registration: client(ClientAuthentication::ClientSecretBasic, Some("client-secret")),
        url: url(),
        resource: "https://a.example/mcp".into(),
        endpoints: Endpoints { token: endpoint("token"), revocation: Some(endpoint("revoke")) },
        answer: answer("a1", Some("r1"), lifetime),
        requested: ScopeSet::parse("read"),
        account: Some("ada@example.com".into()),
        machine: false,
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

/// F3: what an older keyfob wrote says nothing of an assumed end, and opens.
#[test]
#[expect(clippy::disallowed_methods, reason = "an older record is made of a new one")]
fn an_assumed_end_survives_and_a_record_that_does_not_know_of_any_opens() {
    let mut credential = signed_in();
    credential.sign_in.as_mut().unwrap().tokens.end_assumed = true;
    let text = credential.to_plaintext();
    assert_eq!(Credential::from_plaintext(&text).as_ref(), Ok(&credential));
    let older = text.expose_secret().replace(r#""end_assumed":true,"#, "");
    assert!(!older.contains("end_assumed"));
    credential.sign_in.as_mut().unwrap().tokens.end_assumed = false;
    assert_eq!(Credential::from_plaintext(&SecretText::new(older)), Ok(credential));
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
    let mut now = 120;
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
fn a_client_that_is_gone_is_told_at_once_tried_three_times_more_and_keeps_tokens_and_registration() {
    for (origin, why) in [
        (RegistrationOrigin::Dynamic, SignInNeeded::RegistrationGone(String::new())),
        (RegistrationOrigin::PreRegistered, SignInNeeded::ClientRefused(String::new())),
    ] {
        let gone = Refusal::InvalidClient { description: String::new() };
        let mut credential = signed_in();
        credential.registration.as_mut().unwrap().origin = origin;
        let mut now = 5;
        for pause in [30, 120, 600] {
            credential = credential.refused(&gone, &at(now), 0.0);
            let sign_in = credential.sign_in.as_ref().unwrap();
            assert_eq!((sign_in.needs_sign_in(), &sign_in.dead), (Some(&why), &None));
            assert_eq!(due_in(sign_in, TimeDelta::zero(), &at(now), 0.0), Some(TimeDelta::seconds(pause)));
            now += pause;
        }
        let ended = credential.refused(&gone, &at(now), 0.0);
        assert!(ended.registration.is_some() && refresh_token(&ended).is_some());
        assert_eq!(ended.sign_in.unwrap().dead, Some(why));
    }
}

/// trust rule 7
#[test]
fn hurried_tries_do_not_ask_a_sign_in_to_death() {
    let refusal = Refusal::Other { error: "invalid_request".into(), description: String::new() };
    let mut credential = signed_in();
    for second in 130..150 {
        credential = credential.refused(&refusal, &at(second), 0.0);
    }
    let waiting = credential.sign_in.unwrap().waiting.unwrap();
    assert_eq!(waiting.equal_refusals, 1);
}

fn silent(status: u16) -> Refusal {
    Refusal::Temporary { cause: Temporary::ServerTrouble(status.to_string()), retry_at: None }
}

/// trust rule 6
#[test]
fn half_an_hour_of_useless_answers_past_the_end_is_shown_and_tried_hourly_and_a_success_ends_it() {
    let long = |credential: &Credential| credential.sign_in.as_ref().unwrap().needs_sign_in().cloned();
    let mut credential = signed_in();
    let mut now = 60;
    let mut answers = 0;
    while long(&credential).is_none() {
        credential = credential.refused(&silent(503), &at(now), 0.0);
        let left = due_in(credential.sign_in.as_ref().unwrap(), TimeDelta::zero(), &at(now), 0.0).unwrap();
        now += left.num_seconds();
        answers += 1;
    }
    assert_eq!(answers, 13, "1 s doubling to 10 min, from a minute before the end to 30 min past it");
    let told = long(&credential);
    assert!(matches!(told, Some(SignInNeeded::LongSilence(30..=40))), "{told:?}");
    let sign_in = credential.sign_in.as_ref().unwrap();
    assert_eq!(sign_in.dead, None);
    assert_eq!(sign_in.waiting.as_ref().unwrap().until, at(now));
    let later = credential.refused(&silent(502), &at(now), 0.0);
    assert_eq!(long(&later), told, "one piece of news, told once");
    assert_eq!(
        due_in(later.sign_in.as_ref().unwrap(), TimeDelta::zero(), &at(now), 0.0),
        Some(TimeDelta::hours(1))
    );
    assert_eq!(long(&later.renewed(answer("a2", Some("r2"), 120), &at(now + 3_600))), None);
}

/// trust rule 6: a machine that slept, or had no network, has not been refused for half an hour.
#[test]
fn six_useless_answers_after_a_long_sleep_are_no_long_silence_and_offline_begins_the_count_anew() {
    let mut credential = signed_in();
    for (n, second) in (28_800..28_860).step_by(10).enumerate() {
        credential = credential.refused(&silent(503), &at(second), 0.0);
        let waiting = credential.sign_in.as_ref().unwrap().waiting.as_ref().unwrap();
        assert_eq!(waiting.silence.as_ref().unwrap().answers, u32::try_from(n).unwrap() + 1);
    }
    assert_eq!(credential.sign_in.as_ref().unwrap().needs_sign_in(), None);
    let offline = credential.unanswered(Temporary::Offline("x".into()), false, &at(30_000), 0.0);
    let again = offline.refused(&silent(503), &at(32_000), 0.0);
    assert_eq!(
        again.sign_in.as_ref().unwrap().waiting.as_ref().unwrap().silence.as_ref().unwrap().answers,
        1
    );
}

/// trust rule 6
#[test]
fn a_network_that_comes_back_begins_the_backoff_anew() {
    let offline =
        |c: Credential, second| c.unanswered(Temporary::Offline("x".into()), false, &at(second), 0.0);
    let left =
        |c: &Credential, second| due_in(c.sign_in.as_ref().unwrap(), TimeDelta::zero(), &at(second), 0.0);
    let long = (0..12).fold(signed_in(), |c, _| offline(c, 100));
    assert_eq!(left(&long, 100), Some(TimeDelta::minutes(10)));
    assert_eq!(left(&offline(long.with_backoff_reset(), 200), 200), Some(TimeDelta::seconds(1)));
}

/// trust rule 8, fault 19
#[test]
fn a_refusal_before_the_end_is_tried_again_at_half_the_time_left_and_never_faster_than_every_30_seconds() {
    let refusal = Refusal::Other { error: "too_early".into(), description: String::new() };
    let mut credential = signed_in().renewed(answer("a2", Some("r2"), 3_600), &at(0));
    let (mut now, mut waits) = (3_240, Vec::new());
    while now < 3_600 {
        credential = credential.refused(&refusal, &at(now), 0.0);
        let left = due_in(credential.sign_in.as_ref().unwrap(), TimeDelta::zero(), &at(now), 0.0).unwrap();
        waits.push(left.num_seconds());
        now += left.num_seconds();
    }
    assert_eq!(waits, [180, 90, 45, 30, 30]);
    assert_eq!(credential.sign_in.unwrap().waiting.unwrap().equal_refusals, 0);
}

/// trust rule 8, fault 19: half of what is left of a week is days, and days it is.
#[test]
fn a_week_long_token_refused_early_waits_for_half_of_what_is_left() {
    let refusal = Refusal::Other { error: "too_early".into(), description: String::new() };
    let week = 7 * 86_400;
    let refused = signed_in_for(week).refused(&refusal, &at(0), 0.0);
    let left = due_in(refused.sign_in.as_ref().unwrap(), TimeDelta::zero(), &at(0), 0.0);
    assert_eq!(left, Some(TimeDelta::seconds(week / 2)));
}

/// trust rule 8, fault 19
#[test]
fn the_same_token_again_keeps_its_end_and_is_asked_for_at_half_the_time_left() {
    let mut credential = signed_in().renewed(answer("a2", Some("r2"), 3_600), &at(0));
    let (mut now, mut waits) = (3_240, Vec::new());
    while now < 3_600 {
        credential = credential.renewed(answer("a2", None, 3_600), &at(now));
        let sign_in = credential.sign_in.as_ref().unwrap();
        assert_eq!(sign_in.tokens.remaining(&at(now)), Some(TimeDelta::seconds(3_600 - now)));
        let left = due_in(sign_in, TimeDelta::zero(), &at(now), 0.0).unwrap();
        waits.push(left.num_seconds());
        now += left.num_seconds();
    }
    assert_eq!(waits, [180, 90, 45, 30, 30]);
    // Past its old end only the server's word is left.
    let extended = credential.renewed(answer("a2", None, 3_600), &at(now)).sign_in.unwrap();
    assert!(extended.tokens.is_valid_for(TimeDelta::minutes(59), &at(now)));
    assert_eq!(Credential::from_plaintext(&credential.to_plaintext()), Ok(credential));
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
    let removed = out.removed(false);
    assert!(removed.registration.is_none() && removed.revocations == out.revocations);
    let removed = out.removed(true);
    assert!(removed.revocations[0].private_network);
    assert_eq!(Credential::from_plaintext(&removed.to_plaintext()), Ok(removed));
}
