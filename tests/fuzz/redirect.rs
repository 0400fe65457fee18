//! The redirect back: anybody on this machine can knock at the listener, and only the browser that was sent away may end the wait.

use std::cell::RefCell;

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::client_registration::Registration;
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::grant::authorization_code::{
    AuthorizationRequest, PendingAuthorization, RANDOM_BYTES, Received, RedirectArrival,
};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use serde_json::json;

use crate::mutations::survives;

const ISSUER: &str = "https://login.example";
const REDIRECT: &str = "http://127.0.0.1:7171/callback";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A sign-in that waits, and its `state`.
fn waiting() -> (PendingAuthorization, String) {
    let document = json!({"issuer": ISSUER, "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token", "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true});
    let issuer = CheckedUrl::parse(ISSUER).unwrap();
    let server = AuthorizationServer::check(document.to_string().as_bytes(), &issuer).unwrap();
    let client = Registration { client_id: "me".into(), ..Registration::unknown(ISSUER) };
    let request = AuthorizationRequest {
        server: &server,
        client: &client,
        redirect_uri: REDIRECT,
        resource: None,
        scopes: &ScopeSet::default(),
        extra: &[],
    };
    let (pending, url) = PendingAuthorization::begin(&request, &[7; RANDOM_BYTES], now()).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    (pending, state)
}

/// Method, host, path and query, a line each.
fn arrival(document: &[u8], state: &str) -> RedirectArrival {
    let text = String::from_utf8_lossy(document).replace("STATE", state);
    let mut lines = text.splitn(4, '\n').map(str::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    RedirectArrival { method: next(), host: next(), path: next(), query: next() }
}

/// E5, E6, E7, E9, V7: tens of thousands of forged redirects; none is taken, none ends the wait, and the true one still does. With the
/// right `state` only the right place counts.
#[test]
fn no_forged_redirect_ends_the_wait_and_the_true_one_still_does() {
    let front = "GET\n127.0.0.1:7171\n/callback\n";
    let iss = "&iss=https%3A%2F%2Flogin.example";
    let examples = [
        format!("{front}code=c&state=STATE{iss}"),
        format!("{front}error=access_denied&error_description=no&state=STATE{iss}"),
        format!("{front}state=STATE&state=STATE&code=a&code=b{iss}{iss}"),
        format!("POST\nlocalhost:7171\n/callback/\ncode=c&state=STATE{iss}"),
    ];
    let (pending, right) = waiting();
    let held = RefCell::new(Some(pending));
    let wrong = right.chars().rev().collect::<String>();
    let tried = survives(examples.map(String::into_bytes).to_vec(), |document| {
        let pending = held.take().expect("the wait goes on");
        let Received::Ignored { pending, status } = pending.receive(&arrival(document, &wrong), now()) else {
            panic!("a stranger was heard")
        };
        assert!((400..500).contains(&status), "{status}");
        held.replace(Some(*pending));
        let arrived = arrival(document, &right);
        if let Received::Code(_) = waiting().0.receive(&arrived, now()) {
            let place = (&*arrived.method, &*arrived.host, &*arrived.path);
            assert_eq!(place, ("GET", "127.0.0.1:7171", "/callback"));
            assert!(arrived.query.contains(&right), "{}", arrived.query);
        }
    });
    assert!(
        tried >= 10_000 || std::env::var_os("KEYFOB_FUZZ_SECONDS").is_some(),
        "{tried} in the time given"
    );
    let pending = held.take().expect("the wait goes on");
    let last = arrival(format!("{front}code=c&state=STATE{iss}").as_bytes(), &right);
    assert!(matches!(pending.receive(&last, now()), Received::Code(_)));
}
