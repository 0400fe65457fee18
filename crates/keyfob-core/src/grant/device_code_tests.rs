//! The rules of a device's codes and polls, one by one.

use super::*;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::grant::credential_request::tests::client;
use crate::token_set::tests::at;
use proptest::prelude::*;
use serde_json::json;

fn now() -> DateTime<Utc> {
    at(0).wall
}

fn read(change: impl FnOnce(&mut Value)) -> Result<DeviceAuthorization, Failure> {
    let mut body = json!({"device_code": "secret", "user_code": "BQST-RTQB", "expires_in": 600, "interval": 7,
        "verification_uri": "https://as.example/device",
        "verification_uri_complete": "https://as.example/device?user_code=BQST-RTQB"});
    change(&mut body);
    let body = body.to_string();
    DeviceAuthorization::read(
        &HttpAnswer { status: 200, retry_after: None, body: body.as_bytes() },
        false,
        now(),
    )
}

fn poll(status: u16, body: &str) -> Polled {
    read_poll(&HttpAnswer { status, retry_after: Some("30"), body: body.as_bytes() }, false, now())
}

fn seconds_of(next: Next) -> (bool, i64) {
    match next {
        Next::PollIn(pause) => (true, pause.num_seconds()),
        Next::OverIn(left) => (false, left.num_seconds()),
    }
}

/// H4, H5: code and both addresses are there, the site is named, and the device code is in nothing that can be shown.
#[test]
fn a_person_gets_the_code_both_addresses_and_the_site() {
    let authorization = read(|_| {}).unwrap();
    let prompt = &authorization.prompt;
    assert_eq!((prompt.user_code.as_str(), prompt.site()), ("BQST-RTQB", "as.example"));
    assert_eq!(prompt.page.as_str(), "https://as.example/device");
    assert_eq!(prompt.best_page().as_str(), "https://as.example/device?user_code=BQST-RTQB");
    assert!(!format!("{authorization:?}").contains("secret"));
    let plain = read(|body| drop(body.as_object_mut().unwrap().remove("verification_uri_complete"))).unwrap();
    assert_eq!(plain.prompt.best_page().as_str(), "https://as.example/device");
}

/// H5
#[test]
fn nobody_is_sent_to_an_address_that_is_not_https_or_to_another_site() {
    for lie in [
        "http://as.example/d",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "x-app://d",
        "https://u:p@as.example/",
        "d",
    ] {
        let failure = read(|body| body["verification_uri"] = json!(lie)).unwrap_err();
        assert!(
            matches!(failure, Failure::AuthorizationServerMisbehaved(Misbehaviour::UnusableEndpoint { .. })),
            "{lie}"
        );
    }
    for lie in
        ["https://evil.example/device?user_code=BQST-RTQB", "javascript:alert(1)", "https://as.example:444/"]
    {
        let prompt = read(|body| body["verification_uri_complete"] = json!(lie)).unwrap().prompt;
        assert_eq!(prompt.complete, None, "{lie}");
    }
}

/// H5: what a terminal would obey is gone before anybody sees it.
#[test]
fn control_characters_are_stripped_from_the_user_code() {
    let prompt = read(|body| body["user_code"] = json!("AB\u{1b}[2J\u{202e}-CD\r\n")).unwrap().prompt;
    assert_eq!(prompt.user_code, "AB[2J-CD");
}

#[test]
fn an_answer_without_codes_or_page_is_not_usable() {
    for missing in ["device_code", "user_code", "verification_uri"] {
        for empty in [json!(""), json!(null), json!(5)] {
            assert!(read(|body| body[missing] = empty).is_err(), "{missing}");
        }
    }
    let older = read(|body| {
        body["verification_url"] = body["verification_uri"].take();
    });
    assert!(older.is_ok());
    let refused = |status, body: &str| {
        let answer = HttpAnswer { status, retry_after: None, body: body.as_bytes() };
        DeviceAuthorization::read(&answer, true, now()).unwrap_err()
    };
    assert!(matches!(refused(401, r#"{"error":"invalid_client"}"#), Failure::ClientRejected(_)));
    assert!(refused(503, "<html>").is_temporary());
    assert!(matches!(
        refused(400, r#"{"error":"invalid_scope"}"#),
        Failure::AuthorizationServerMisbehaved(Misbehaviour::Refused { .. })
    ));
}

/// H1: five seconds where the server says nothing of use.
#[test]
fn the_interval_is_the_servers_and_five_seconds_where_it_names_none() {
    assert_eq!(read(|_| {}).unwrap().interval, TimeDelta::seconds(7));
    for odd in [json!(null), json!(0), json!(-3), json!("soon")] {
        let authorization = read(|body| body["interval"] = odd.clone()).unwrap();
        assert_eq!(authorization.interval, TimeDelta::seconds(5), "{odd}");
    }
    let endless = read(|body| body["expires_in"] = json!(u64::MAX)).unwrap();
    assert_eq!(endless.lifetime, ASSUMED_LIFETIME);
}

/// H1: `slow_down` adds five seconds for good; H3: it ends with the codes.
#[test]
fn polls_keep_the_interval_slow_down_lengthens_it_for_good_and_the_end_of_the_codes_ends_them() {
    let authorization = read(|body| body["expires_in"] = json!(60)).unwrap();
    let mut polling = Polling::begin(&authorization, TimeDelta::minutes(5), &at(0));
    assert_eq!(seconds_of(polling.next(&at(0))), (true, 7));
    polling.heard(&Polled::Pending);
    assert_eq!(seconds_of(polling.next(&at(7))), (true, 7));
    polling.heard(&Polled::SlowDown);
    polling.heard(&Polled::Pending);
    assert_eq!(seconds_of(polling.next(&at(14))), (true, 12));
    polling.heard(&Polled::SlowDown);
    assert_eq!(seconds_of(polling.next(&at(26))), (true, 17));
    assert_eq!(seconds_of(polling.next(&at(43))), (false, 17));
    assert_eq!(seconds_of(polling.next(&at(70))), (false, 0));
    let hasty = Polling::begin(&authorization, TimeDelta::seconds(5), &at(0));
    assert_eq!(seconds_of(hasty.next(&at(0))), (false, 5));
}

/// H2
#[test]
fn each_failed_connection_doubles_the_pause_up_to_a_minute_and_a_named_time_is_kept() {
    let authorization = read(|body| body["expires_in"] = json!(3_000)).unwrap();
    let mut polling = Polling::begin(&authorization, TimeDelta::hours(1), &at(0));
    let mut pauses = Vec::new();
    for _ in 0..5 {
        polling.heard(&Polled::Silence { until: None });
        pauses.push(seconds_of(polling.next(&at(0))).1);
    }
    assert_eq!(pauses, [14, 28, 56, 60, 60]);
    polling.heard(&Polled::Silence { until: Some(at(90).wall) });
    assert_eq!(seconds_of(polling.next(&at(0))), (true, 90));
    polling.heard(&Polled::Pending);
    assert_eq!(seconds_of(polling.next(&at(90))), (true, 60));
}

/// H3, oddity 1: two answers mean "go on", trouble means "later", every other error ends it.
#[test]
fn every_answer_to_a_poll_has_its_meaning_whatever_its_status() {
    for status in [400, 401, 403, 429, 200] {
        assert_eq!(poll(status, r#"{"error":"authorization_pending"}"#), Polled::Pending);
        assert_eq!(poll(status, r#"{"error":"slow_down"}"#), Polled::SlowDown);
        assert_eq!(poll(status, r#"{"error":"expired_token"}"#), Polled::Over(Failure::SignInTimedOut));
        assert!(matches!(
            poll(status, r#"{"error":"access_denied"}"#),
            Polled::Over(Failure::UserDeclined(_))
        ));
    }
    for over in ["invalid_grant", "invalid_client", "invalid_request", "unsupported_grant_type", "made_up"] {
        assert!(matches!(poll(400, &format!(r#"{{"error":"{over}"}}"#)), Polled::Over(_)), "{over}");
    }
    let later = Polled::Silence { until: Some(at(30).wall) };
    for (status, body) in
        [(503, ""), (502, "<html>"), (429, "{}"), (200, "<html>"), (500, r#"{"error":"server_error"}"#)]
    {
        assert_eq!(poll(status, body), later, "{status} {body}");
    }
    let Polled::Tokens(tokens) = poll(
        200,
        r#"{"access_token":"t","token_type":"Bearer","expires_in":604800,"scope":"","refresh_token":""}"#,
    ) else {
        panic!("no tokens")
    };
    assert_eq!((tokens.refresh_token, tokens.lifetime), (None, TimeDelta::days(7)));
}

/// D3
#[test]
fn requests_name_the_resource_and_the_polls_carry_the_device_code() {
    let me = client(ClientAuthentication::None, None);
    let endpoint = CheckedUrl::parse("https://as.example/device").unwrap();
    let wanted = DeviceRequest {
        endpoint: &endpoint,
        client: &me,
        resource: Some("https://a.example/mcp"),
        scopes: &ScopeSet::parse("read"),
        extra: &[("audience".into(), "x".into())],
    };
    assert_eq!(
        authorization_request(&wanted, Encoding::Form).body.expose_secret(),
        "scope=read&resource=https%3A%2F%2Fa.example%2Fmcp&audience=x&client_id=me"
    );
    let poll = read(|_| {}).unwrap().poll_request(&endpoint, &me, wanted.resource, Encoding::Json);
    assert_eq!(
        serde_json::from_str::<Value>(poll.body.expose_secret()).unwrap(),
        json!({"grant_type": GRANT_TYPE, "device_code": "secret", "resource": "https://a.example/mcp", "client_id": "me"})
    );
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(status in 100u16..999, body in ".{0,300}") {
        let answer = HttpAnswer { status, retry_after: Some("x"), body: body.as_bytes() };
        let _ = DeviceAuthorization::read(&answer, false, now());
        let _ = read_poll(&answer, false, now());
    }
}
