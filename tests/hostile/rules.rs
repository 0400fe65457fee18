//! One rule of the checklist each, at the journeys' own door: what is sent where, and what is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::journeys::remove::remove;
use keyfob_agent::journeys::sign_out::sign_out;
use keyfob_agent::ports::{AddressGuard, TransportFailure};
use keyfob_core::failure::{About, SignInNeeded};
use keyfob_core::profile::{Profile, ResourceParameter};
use serde_json::{Value, json};
use url::Url;

use crate::machine::Machine;
use crate::network::{How, Reply, Sent};
use crate::site::{
    ISSUER, MANAGE, MCP, REGISTER, RESOURCE_METADATA, REVOKE, SERVER_METADATA, Site, TOKEN, agreed,
    parameter, profile, profile_for, resource_metadata, server_metadata, sign_in_once,
};

fn start(site: &Arc<Site>) -> Machine {
    Machine::with(Arc::clone(site) as Arc<dyn crate::network::Servers>, vec![profile()])
}

async fn signed_in(site: &Arc<Site>) -> Machine {
    let machine = start(site);
    sign_in_once(&machine, &profile()).await.expect("a sign-in");
    machine
}

fn fresh() -> HandOutRequest {
    HandOutRequest { fresh: true, ..HandOutRequest::default() }
}

/// Hosts that anything was sent to.
fn hosts(machine: &Machine) -> BTreeSet<String> {
    machine.network.sent().iter().map(|sent| sent.url.host_str().unwrap_or_default().to_owned()).collect()
}

/// B6, A8: each hop of a metadata redirect must be https or loopback and keeps the guard of the address; the fourth hop is not
/// made; and resource metadata does not leave its origin.
#[tokio::test(start_paused = true)]
async fn each_hop_of_a_metadata_redirect_is_checked_and_the_fourth_is_not_made() {
    let hop = |n: u32| format!("https://login.example/hop/{n}");
    for (hops, reached) in [(3, true), (4, false)] {
        let site = Site::new();
        site.set(SERVER_METADATA, Reply::redirect(302, &hop(1)));
        for n in 1..hops {
            site.set(&hop(n), Reply::redirect([301, 302, 303, 307, 308][n as usize], &hop(n + 1)));
        }
        site.set(&hop(hops), Reply::json(&server_metadata()));
        let machine = start(&site);
        assert_eq!(sign_in_once(&machine, &profile()).await.is_ok(), reached, "{hops} hops");
        assert_eq!(machine.network.sent_to(&hop(4)).len(), 0, "the fourth hop");
        assert!(machine.network.sent().iter().all(|sent| sent.guard == AddressGuard::PublicOnly));
    }
    for target in [
        "http://login.example/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://u:p@login.example/x",
        "//",
        "",
    ] {
        let site = Site::new();
        site.set(SERVER_METADATA, Reply::redirect(302, target));
        let machine = start(&site);
        sign_in_once(&machine, &profile()).await.unwrap_err();
        let gone = machine
            .network
            .sent()
            .into_iter()
            .filter(|sent| sent.url.scheme() != "https" || !sent.url.username().is_empty());
        assert_eq!(gone.count(), 0, "{target}");
    }
    let site = Site::new();
    site.set(RESOURCE_METADATA, Reply::redirect(302, "https://elsewhere.example/x"));
    let machine = start(&site);
    sign_in_once(&machine, &profile()).await.unwrap_err();
    assert!(!hosts(&machine).contains("elsewhere.example"));
}

/// B9: no word of the MCP server moves the token endpoint; the issuer's own metadata does, at the next sign-in.
#[tokio::test(start_paused = true)]
async fn a_token_endpoint_moves_by_the_issuers_own_metadata_alone() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let moved = "https://login.example/v2/token";
    let mut lie = resource_metadata();
    for name in ["token_endpoint", "revocation_endpoint", "issuer"] {
        lie[name] = "https://evil.example/token".into();
    }
    site.set(RESOURCE_METADATA, Reply::json(&lie));
    hand_out(&machine.ports, &profile(), &fresh()).await.unwrap();
    sign_in_once(&machine, &profile()).await.unwrap();
    assert!(!hosts(&machine).contains("evil.example"));

    let mut metadata = server_metadata();
    metadata["token_endpoint"] = moved.into();
    site.set(SERVER_METADATA, Reply::json(&metadata));
    site.set(moved, Reply::json(&site.tokens()));
    machine.network.forget();
    hand_out(&machine.ports, &profile(), &fresh()).await.unwrap();
    assert_eq!((machine.network.sent_to(TOKEN).len(), machine.network.sent_to(moved).len()), (1, 0));
    sign_in_once(&machine, &profile()).await.unwrap();
    machine.network.forget();
    hand_out(&machine.ports, &profile(), &fresh()).await.unwrap();
    assert_eq!((machine.network.sent_to(TOKEN).len(), machine.network.sent_to(moved).len()), (0, 1));
}

/// C1b, F1: the redirect URI of the browser and of the code's exchange is the one registered, on literal loopback.
#[tokio::test(start_paused = true)]
async fn the_redirect_uri_is_the_one_registered_everywhere() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let registered: Value = serde_json::from_str(&machine.network.sent_to(REGISTER)[0].body).unwrap();
    let uri = registered["redirect_uris"][0].as_str().unwrap().to_owned();
    let page = machine.browser.opened.lock().unwrap()[0].clone();
    assert_eq!(parameter(&page, "redirect_uri").as_ref(), Some(&uri));
    assert_eq!(machine.network.sent_to(TOKEN)[0].parameter("redirect_uri").as_ref(), Some(&uri));
    assert_eq!(Url::parse(&uri).unwrap().host_str(), Some("127.0.0.1"));
    // The second sign-in binds the registered port again and registers nothing.
    sign_in_once(&machine, &profile()).await.unwrap();
    let pages = machine.browser.opened.lock().unwrap().clone();
    assert_eq!(parameter(&pages[1], "redirect_uri"), Some(uri));
    assert_eq!(machine.network.sent_to(REGISTER).len(), 1);
}

/// C9: a new registration's secret and management token are durable together; no record mixes them with older ones.
#[tokio::test(start_paused = true)]
async fn a_new_registration_replaces_secret_and_management_token_in_one_write() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    // The server forgets the client: the next sign-in registers anew.
    let forgotten = json!({ "error": "invalid_client" });
    site.set(TOKEN, Reply::bytes(401, forgotten.to_string().into_bytes()));
    hand_out(&machine.ports, &profile(), &fresh()).await.ok();
    site.restore(TOKEN);
    sign_in_once(&machine, &profile()).await.unwrap();
    assert_eq!(machine.network.sent_to(REGISTER).len(), 2);
    let written = machine.store.written.lock().unwrap().clone();
    let trios: BTreeSet<_> = written
        .iter()
        .filter_map(|record| record.registration.as_ref())
        .map(|r| (r.client_id.clone(), exposed(r)))
        .collect();
    assert_eq!(trios.len(), 2, "one secret and one management token for each client id: {trios:?}");
    let last = written.last().unwrap();
    let of_tokens = machine.network.sent_to(TOKEN).last().unwrap().authorization.clone();
    assert!(last.sign_in.as_ref().unwrap().dead.is_none() && of_tokens.is_some());
}

#[expect(clippy::disallowed_methods, reason = "a test compares which secrets stand together")]
fn exposed(registration: &keyfob_core::client_registration::Registration) -> (String, String) {
    let secret = registration.client_secret.as_ref().map(|s| s.expose_secret().to_owned());
    let management = registration.management.as_ref().map(|m| m.token.expose_secret().to_owned());
    (secret.unwrap_or_default(), management.unwrap_or_default())
}

/// D4, D3: `resource` is absolute, lower case in scheme and host, without fragment, as specific as published, and the same
/// everywhere it is sent.
#[tokio::test(start_paused = true)]
async fn the_resource_is_sent_in_its_canonical_form_everywhere() {
    for (published, sent) in [
        (MCP, MCP),
        ("https://portal.example", "https://portal.example"),
        ("HTTPS://Portal.Example/mcp", MCP),
        ("https://portal.example/Team/", ""),
        ("https://portal.example/mcp#part", ""),
        ("/mcp", ""),
        ("portal.example/mcp", ""),
    ] {
        let site = Site::new();
        let mut metadata = resource_metadata();
        metadata["resource"] = published.into();
        site.set(RESOURCE_METADATA, Reply::json(&metadata));
        let machine = start(&site);
        let outcome = sign_in_once(&machine, &profile()).await;
        let opened = machine.browser.opened.lock().unwrap().clone();
        if sent.is_empty() {
            assert!(outcome.is_err() && opened.is_empty(), "{published}");
            continue;
        }
        outcome.unwrap();
        hand_out(&machine.ports, &profile(), &fresh()).await.unwrap();
        assert_eq!(parameter(&opened[0], "resource").as_deref(), Some(sent), "{published}");
        let tokens = machine.network.sent_to(TOKEN);
        assert_eq!(tokens.len(), 2);
        assert!(tokens.iter().all(|t| t.parameter("resource").as_deref() == Some(sent)), "{published}");
    }
}

/// D5, D1: a redirect that is there before the browser's own call has come back is taken: all four are kept before it opens,
/// and each request has four of its own.
#[tokio::test(start_paused = true)]
async fn what_a_redirect_is_held_against_is_kept_before_the_browser_opens() {
    let site = Site::new();
    // This browser delivers the redirect inside the call that opens it.
    let machine = signed_in(&site).await;
    sign_in_once(&machine, &profile()).await.unwrap();
    let pages = machine.browser.opened.lock().unwrap().clone();
    let tokens = machine.network.sent_to(TOKEN);
    assert_eq!((pages.len(), tokens.len()), (2, 2));
    for name in ["state", "code_challenge"] {
        assert_ne!(parameter(&pages[0], name), parameter(&pages[1], name), "{name}");
    }
    let verifiers: BTreeSet<_> = tokens.iter().map(|sent| sent.parameter("code_verifier").unwrap()).collect();
    assert_eq!(verifiers.len(), 2);
    // The state of one request is nothing to another.
    let first = pages[0].clone();
    site.redirect_browser(move |page| {
        let stale = agreed(&first, "canary-stale", ISSUER);
        vec![stale, agreed(page, "canary-true", ISSUER)]
    });
    machine.network.forget();
    sign_in_once(&machine, &profile()).await.unwrap();
    let codes: Vec<_> = machine.network.sent_to(TOKEN).iter().map(|sent| sent.parameter("code")).collect();
    assert_eq!(codes, [Some("canary-true".to_owned())]);
}

/// F11, D3: a refused `resource` is told with the profile's own switch, nothing is tried without it, and with the switch it is
/// left out everywhere.
#[tokio::test(start_paused = true)]
async fn a_refused_resource_is_explained_and_left_out_by_the_profiles_switch_alone() {
    let refusal = json!({ "error": "invalid_target", "error_description": "AADSTS9010010" });
    let site = Site::new();
    site.set(TOKEN, Reply::bytes(400, refusal.to_string().into_bytes()));
    let machine = start(&site);
    let failure = sign_in_once(&machine, &profile()).await.unwrap_err();
    let hint = failure.hint(About::Profile("portal")).unwrap_or_default();
    assert!(
        failure.to_string().contains("invalid_target") && hint.contains("resource = false"),
        "{failure}; {hint}"
    );
    assert_eq!(machine.network.sent_to(TOKEN).len(), 1, "no second try without it");

    site.restore(TOKEN);
    let without = Profile { resource: ResourceParameter::Omitted, ..profile() };
    machine.network.forget();
    sign_in_once(&machine, &without).await.unwrap();
    hand_out(&machine.ports, &without, &fresh()).await.unwrap();
    let tokens = machine.network.sent_to(TOKEN);
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|sent| sent.parameter("resource").is_none()));
    let page = machine.browser.opened.lock().unwrap().last().unwrap().clone();
    assert_eq!(parameter(&page, "resource"), None);
}

/// V10, B8, G2: a profile that points elsewhere (another host, port or path) is signed out there, and nothing of the old
/// sign-in is sent to the new place, not even after the sign-in there.
#[tokio::test(start_paused = true)]
async fn nothing_old_is_sent_where_a_profile_points_now() {
    for elsewhere in
        ["https://other.example/mcp", "https://portal.example:8443/mcp", "https://portal.example/other"]
    {
        let site = Site::new();
        let machine = signed_in(&site).await;
        let old: Vec<String> = canaries(&machine);
        let moved = profile_for(elsewhere);
        let refused = hand_out(&machine.ports, &moved, &HandOutRequest::default()).await.unwrap_err();
        assert_eq!(refused, SignInNeeded::Moved.into(), "{elsewhere}");
        let host = moved.url.origin();
        let issuer = format!("{host}/issuer");
        let mut resource = resource_metadata();
        resource["resource"] = elsewhere.into();
        resource["authorization_servers"] = json!([issuer]);
        let path = moved.url.url().path();
        site.set(&format!("{host}/.well-known/oauth-protected-resource{path}"), Reply::json(&resource));
        let mut server = server_metadata();
        server["issuer"] = issuer.clone().into();
        for name in
            ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"]
        {
            server[name] = format!("{issuer}/{name}").into();
        }
        site.set(&format!("{host}/.well-known/oauth-authorization-server/issuer"), Reply::json(&server));
        site.set(&format!("{issuer}/registration_endpoint"), Reply::json(&json!({ "client_id": "new" })));
        site.set(&format!("{issuer}/token_endpoint"), Reply::json(&site.tokens()));
        let answered = issuer.clone();
        site.redirect_browser(move |page| vec![agreed(page, "canary-new-code", &answered)]);
        machine.network.forget();
        sign_in_once(&machine, &moved).await.unwrap();
        hand_out(&machine.ports, &moved, &fresh()).await.unwrap();
        for sent in machine.network.sent() {
            assert!(!old.iter().any(|secret| sent.whole().contains(secret)), "{elsewhere}: {}", sent.whole());
        }
    }
}

/// Every secret that went over this network so far.
fn canaries(machine: &Machine) -> Vec<String> {
    let record = machine.record(&profile()).expect("a record");
    let (secret, management) = exposed(record.registration.as_ref().expect("a registration"));
    let tokens = record.sign_in.expect("a sign-in").tokens;
    let shown = |text: String| text;
    #[expect(clippy::disallowed_methods, reason = "a test looks for these very texts")]
    let tokens = [
        tokens.access_token.expose_secret().to_owned(),
        tokens.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()).unwrap_or_default(),
    ];
    [shown(secret), shown(management)].into_iter().chain(tokens).filter(|text| !text.is_empty()).collect()
}

/// V11, F10: five statuses at four endpoints that take credentials: what they point to sees nothing.
#[tokio::test(start_paused = true)]
async fn no_redirect_of_a_credential_endpoint_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        for endpoint in [TOKEN, "refresh", REVOKE, REGISTER, MANAGE] {
            let site = Site::new();
            let away = Reply::redirect(status, "https://evil.example/take");
            let early = matches!(endpoint, TOKEN | REGISTER);
            if early {
                site.set(endpoint, away.clone());
            }
            let machine = start(&site);
            let outcome = sign_in_once(&machine, &profile()).await;
            assert_eq!(outcome.is_err(), early, "{status} at {endpoint}");
            match endpoint {
                "refresh" => {
                    site.set(TOKEN, away);
                    hand_out(&machine.ports, &profile(), &fresh()).await.unwrap_err();
                }
                REVOKE => {
                    site.set(REVOKE, away);
                    sign_out(&machine.ports, &profile()).await.unwrap();
                }
                MANAGE => {
                    site.set(MANAGE, away);
                    remove(&machine.ports, &profile()).await.unwrap();
                }
                // Nothing was exchanged or registered: the failed sign-in says it all.
                _ => assert_eq!(machine.record(&profile()).and_then(|record| record.sign_in), None),
            }
            assert!(!hosts(&machine).contains("evil.example"), "{status} at {endpoint}");
        }
    }
}

/// The recorder can fail: it sees what is sent, where, and by which power.
#[tokio::test(start_paused = true)]
async fn the_recorder_sees_tokens_where_they_belong() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let handed_out = hand_out(&machine.ports, &profile(), &fresh()).await.unwrap();
    assert_eq!(handed_out.warning, None);
    let sent: Vec<Sent> = machine.network.sent_to(TOKEN);
    assert!(sent.iter().all(|sent| sent.how == How::Credentials));
    assert!(sent[0].body.contains("canary-code") && sent[1].body.contains("canary-refresh"));
    site.set(TOKEN, Reply::Fails(TransportFailure::NotSent("away".into())));
    hand_out(&machine.ports, &profile(), &fresh()).await.unwrap_err();
}
