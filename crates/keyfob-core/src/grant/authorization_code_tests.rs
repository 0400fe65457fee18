//! The redirect's rules, one by one.

use super::*;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::grant::credential_request::tests::client;
use crate::resource::CheckedUrl;
use serde_json::json;

const REDIRECT: &str = "http://127.0.0.1:7171/callback";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn server(iss_promised: bool) -> AuthorizationServer {
    let document = json!({
        "issuer": "https://as.example", "authorization_endpoint": "https://as.example/authorize?tenant=1",
        "token_endpoint": "https://as.example/token", "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": iss_promised,
    });
    AuthorizationServer::check(
        &serde_json::to_vec(&document).unwrap(),
        &CheckedUrl::parse("https://as.example").unwrap(),
    )
    .unwrap()
}

fn begin(iss_promised: bool, scopes: &str) -> (PendingAuthorization, Url) {
    let (server, me) = (server(iss_promised), client(ClientAuthentication::None, None));
    let request = AuthorizationRequest {
        server: &server,
        client: &me,
        redirect_uri: REDIRECT,
        resource: Some("https://a.example/mcp"),
        scopes: &ScopeSet::parse(scopes),
        extra: &[("audience".into(), "x".into())],
    };
    PendingAuthorization::begin(&request, &random(), now()).unwrap()
}

/// No byte twice: two values made of the same bytes would show.
fn random() -> [u8; RANDOM_BYTES] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

fn state_of(url: &Url) -> String {
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

fn arrival(query: &str) -> RedirectArrival {
    RedirectArrival {
        method: "GET".into(),
        host: "127.0.0.1:7171".into(),
        path: "/callback".into(),
        query: query.into(),
    }
}

/// The outcome of one query in which `STATE` stands for the right state.
fn receive(iss_promised: bool, query: &str) -> Received {
    let (pending, url) = begin(iss_promised, "read");
    pending.receive(&arrival(&query.replace("STATE", &state_of(&url))), now())
}

/// D1, D2, D3
#[test]
fn the_authorization_url_carries_pkce_state_and_resource() {
    let (_, url) = begin(true, "read");
    let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    assert!(url.as_str().starts_with("https://as.example/authorize?tenant=1&"));
    assert_eq!(value("response_type").as_deref(), Some("code"));
    assert_eq!(value("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(value("code_challenge").unwrap().len(), 43);
    assert!(value("state").unwrap().len() >= 22);
    assert_eq!(value("resource").as_deref(), Some("https://a.example/mcp"));
    assert_eq!(value("redirect_uri").as_deref(), Some(REDIRECT));
    assert_eq!(
        (value("scope").as_deref(), value("prompt"), value("audience").as_deref()),
        (Some("read"), None, Some("x"))
    );
}

/// oddity 8
#[test]
fn offline_access_asks_for_consent_too() {
    let (_, url) = begin(true, "read offline_access");
    assert!(url.query_pairs().any(|(n, v)| n == "prompt" && v == "consent"));
}

/// F1
#[test]
fn the_code_goes_to_the_recorded_token_endpoint_with_verifier_and_redirect() {
    let Received::Code(request) = receive(true, "code=c%2F1&state=STATE&iss=https%3A%2F%2Fas.example") else {
        panic!("no code")
    };
    assert_eq!(request.endpoint.as_str(), "https://as.example/token");
    let body = request.body.expose_secret();
    assert!(body.starts_with("grant_type=authorization_code&code=c%2F1&redirect_uri=http%3A%2F%2F127.0.0.1%3A7171%2Fcallback&code_verifier="));
    assert!(body.ends_with("&resource=https%3A%2F%2Fa.example%2Fmcp&client_id=me"));
}

/// D1, D2: what everybody sees in the browser's address says nothing of the verifier, which is all 32 bytes of its own.
#[test]
fn verifier_and_state_share_no_random_byte() {
    let (pending, url) = begin(false, "read");
    let state = state_of(&url);
    let verifier = pending.verifier.expose_secret().to_owned();
    assert_eq!(URL_SAFE_NO_PAD.decode(&verifier).unwrap(), random()[..32]);
    assert_eq!(URL_SAFE_NO_PAD.decode(&state).unwrap(), random()[32..]);
    assert!(!url.as_str().contains(&verifier));
}

/// E5, V7
#[test]
fn strangers_are_ignored_and_the_true_redirect_still_works() {
    let (mut pending, url) = begin(false, "read");
    let right = state_of(&url);
    for n in 0..10_000 {
        let query = ["code=x", "error=access_denied", "", "state=", "code=x&state=wrong", "%00%ff"][n % 6];
        let Received::Ignored { pending: still, status } = pending.receive(&arrival(query), now()) else {
            panic!("a stranger was heard: {query}")
        };
        assert_eq!(status, 400);
        pending = *still;
    }
    assert!(matches!(pending.receive(&arrival(&format!("code=c&state={right}")), now()), Received::Code(_)));
}

/// E6, E9
#[test]
fn only_a_get_at_the_recorded_host_and_path_counts() {
    for (change, expected) in [
        (RedirectArrival { method: "POST".into(), ..arrival("") }, 405),
        (RedirectArrival { path: "/other".into(), ..arrival("") }, 404),
        (RedirectArrival { path: "/callback/".into(), ..arrival("") }, 404),
        (RedirectArrival { host: "evil.example".into(), ..arrival("") }, 400),
        (RedirectArrival { host: "localhost:7171".into(), ..arrival("") }, 400),
        (RedirectArrival { host: "127.0.0.1".into(), ..arrival("") }, 400),
        (RedirectArrival { host: "127.0.0.1:7171.evil.example".into(), ..arrival("") }, 400),
        (RedirectArrival { host: "evil.127.0.0.1:7171".into(), ..arrival("") }, 400),
    ] {
        let (pending, url) = begin(false, "read");
        let change = RedirectArrival { query: format!("code=c&state={}", state_of(&url)), ..change };
        assert!(
            matches!(pending.receive(&change, now()), Received::Ignored { status, .. } if status == expected),
            "{change:?}"
        );
    }
}

/// D2
#[test]
fn a_state_older_than_ten_minutes_is_dead() {
    let (pending, url) = begin(false, "read");
    let late = now() + STATE_LIFETIME + TimeDelta::seconds(1);
    assert!(matches!(
        pending.receive(&arrival(&format!("code=c&state={}", state_of(&url))), late),
        Received::Ignored { status: 400, .. }
    ));
}

/// E7
#[test]
fn repeated_parameters_are_rejected() {
    assert!(matches!(receive(false, "code=a&code=b&state=STATE"), Received::Failed(_)));
    assert!(matches!(
        receive(false, "code=a&state=STATE&state=STATE"),
        Received::Ignored { status: 400, .. }
    ));
    assert!(matches!(
        receive(false, "code=a&state=STATE&iss=https%3A%2F%2Fas.example&iss=x"),
        Received::Failed(_)
    ));
}

/// E1
#[test]
fn a_promised_iss_must_be_there() {
    assert!(matches!(
        receive(true, "code=a&state=STATE"),
        Received::Failed(Failure::AuthorizationServerMisbehaved(Misbehaviour::IssMissing))
    ));
    assert!(matches!(receive(false, "code=a&state=STATE"), Received::Code(_)));
}

/// E2, E3
#[test]
fn iss_must_match_byte_for_byte_promised_or_not() {
    for iss in [
        "https://AS.example",
        "https://as.example/",
        "https://as.example:443",
        "https%253A//as.example",
        "evil",
        "",
    ] {
        for promised in [true, false] {
            let outcome = receive(promised, &format!("code=a&state=STATE&iss={iss}"));
            assert!(
                matches!(
                    outcome,
                    Received::Failed(Failure::AuthorizationServerMisbehaved(Misbehaviour::IssMismatch))
                ),
                "{iss}"
            );
        }
    }
}

/// E4
#[test]
fn an_error_from_another_issuer_is_not_shown() {
    let Received::Failed(failure) =
        receive(true, "error=canary&error_description=canary&state=STATE&iss=evil")
    else {
        panic!("accepted")
    };
    assert!(!format!("{failure:?} {failure}").contains("canary"));
}

#[test]
fn a_refusal_at_the_server_is_a_refusal_here() {
    assert!(matches!(
        receive(false, "error=access_denied&error_description=no&state=STATE"),
        Received::Failed(Failure::UserDeclined(words)) if words == "no"
    ));
}
