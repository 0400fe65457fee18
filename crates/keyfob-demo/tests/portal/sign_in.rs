//! Registration, consent, code and first tokens.

use keyfob_demo::oddities::{
    ForeignResource, IssInRedirect, LoopbackPort, MissingScope, Override, RefreshTokens, RegistrationAnswer,
    RegistrationLife, RegistrationUpdate, SecondSignIn,
};
use keyfob_demo::{Consent, Endpoint, Oddities, Portal, PortalOptions};
use serde_json::{Value, json};
use std::time::Duration;

use crate::visitor::*;

async fn portal() -> Portal {
    Portal::start(PortalOptions::default()).await.unwrap()
}

async fn odd(change: impl FnOnce(&mut Oddities)) -> Portal {
    let mut oddities = Oddities::default();
    change(&mut oddities);
    Portal::start(PortalOptions { oddities, ..PortalOptions::default() }).await.unwrap()
}

#[tokio::test]
async fn a_whole_sign_in_ends_with_a_token_that_the_mcp_endpoint_takes() {
    let portal = portal().await;
    let client = register(&portal);
    let back = get(&portal, &authorization(&portal, &client, &[]));
    assert_eq!(back.status(), 302);
    assert_eq!(back.returned("state").as_deref(), Some("the-state"));
    assert_eq!(back.returned("iss"), Some(portal.issuer()));
    let tokens = redeem(&portal, &client, &back.returned("code").unwrap(), VERIFIER).json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 120);
    assert_eq!(tokens["scope"], "read");
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(mcp_status(&portal, &tokens["access_token"]), 200);
    assert_eq!(mcp_status(&portal, &json!("demo-access-other")), 401);
    let seen = portal.record().seen();
    assert_eq!((seen.consents, seen.sign_ins, seen.registrations.len()), (1, 1, 1));
    assert_eq!(
        seen.last(Endpoint::Authorize).unwrap().parameter("resource"),
        Some(portal.mcp_url().as_str())
    );
}

#[tokio::test]
async fn the_account_is_told_in_the_identity_token_and_at_userinfo() {
    use base64::Engine as _;
    let portal = portal().await;
    let client = register(&portal);
    let tokens = sign_in(&portal, &client, &[("scope", "read openid")]);
    let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["email"], "ada@example.com");
    assert_eq!(claims["aud"], client.as_str());
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let info = read(send(&portal, "GET /userinfo", &[("authorization", &bearer)], ""));
    assert_eq!(info.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_code_up() {
    let portal = portal().await;
    let client = register(&portal);
    let code = get(&portal, &authorization(&portal, &client, &[])).returned("code").unwrap();
    let wrong = redeem(&portal, &client, &code, "another-verifier-of-more-than-forty-three-characters");
    assert_eq!((wrong.status(), wrong.json()["error"].clone()), (400, json!("invalid_grant")));
    assert_eq!(redeem(&portal, &client, &code, VERIFIER).status(), 400);
}

#[tokio::test]
async fn a_code_used_twice_ends_its_grant() {
    let portal = portal().await;
    let client = register(&portal);
    let code = get(&portal, &authorization(&portal, &client, &[])).returned("code").unwrap();
    let tokens = redeem(&portal, &client, &code, VERIFIER).json();
    assert_eq!(redeem(&portal, &client, &code, VERIFIER).status(), 400);
    assert_eq!(mcp_status(&portal, &tokens["access_token"]), 401);
}

#[tokio::test]
async fn a_request_without_s256_goes_back_with_an_error() {
    let portal = portal().await;
    let client = register(&portal);
    let plain = get(&portal, &authorization(&portal, &client, &[("code_challenge_method", "plain")]));
    assert_eq!(plain.returned("error").as_deref(), Some("invalid_request"));
    let none = get(&portal, &authorization(&portal, &client, &[("code_challenge", "")]));
    assert_eq!(none.returned("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn a_foreign_resource_is_an_invalid_target_unless_the_portal_looks_away() {
    let portal = portal().await;
    let client = register(&portal);
    let foreign = authorization(&portal, &client, &[("resource", "https://other.example/mcp")]);
    assert_eq!(get(&portal, &foreign).returned("error").as_deref(), Some("invalid_target"));
    portal.change(|odd| odd.sign_in.foreign_resource = ForeignResource::Ignored);
    assert!(get(&portal, &foreign).returned("code").is_some());
    portal.change(|odd| odd.sign_in.foreign_resource = ForeignResource::AnyRefused);
    let own = get(&portal, &authorization(&portal, &client, &[]));
    assert_eq!(own.returned("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn an_unknown_redirect_address_gets_a_page_and_no_redirect() {
    let portal = portal().await;
    let client = register(&portal);
    let strange = authorization(&portal, &client, &[("redirect_uri", "https://evil.example/")]);
    let answer = get(&portal, &strange);
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.header("location"), None);
}

/// Oddity 11: the redirect port as each kind of server sees it.
#[tokio::test]
async fn another_loopback_port_is_taken_refused_or_redirected_to() {
    let portal = portal().await;
    let client = register(&portal);
    let other = authorization(&portal, &client, &[("redirect_uri", "http://127.0.0.1:4712/callback")]);
    assert!(get(&portal, &other).returned("code").is_some());
    portal.change(|odd| odd.sign_in.loopback_port = LoopbackPort::Exact);
    assert_eq!(get(&portal, &other).status(), 400);
    portal.change(|odd| odd.sign_in.loopback_port = LoopbackPort::ExactButRedirected);
    let back = get(&portal, &other);
    assert_eq!(back.location().port(), Some(4712));
    assert_eq!(back.returned("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn iss_is_sent_left_out_or_wrong() {
    let portal = portal().await;
    let client = register(&portal);
    let iss = |iss| {
        portal.change(|odd| odd.sign_in.iss = iss);
        get(&portal, &authorization(&portal, &client, &[])).returned("iss")
    };
    assert_eq!(iss(IssInRedirect::Absent), None);
    assert_eq!(iss(IssInRedirect::SentUnadvertised), Some(portal.issuer()));
    assert_eq!(
        iss(IssInRedirect::Wrong("https://mallory.example".into())).unwrap(),
        "https://mallory.example"
    );
}

#[tokio::test]
async fn a_declined_consent_comes_back_as_an_error() {
    let portal = Portal::start(PortalOptions { consent: Consent::Declined, ..PortalOptions::default() })
        .await
        .unwrap();
    let client = register(&portal);
    let back = get(&portal, &authorization(&portal, &client, &[]));
    assert_eq!(back.returned("error").as_deref(), Some("access_denied"));
    assert_eq!(back.returned("iss"), Some(portal.issuer()));
    portal.set_consent(Consent::Immediate);
    assert!(get(&portal, &authorization(&portal, &client, &[])).returned("code").is_some());
}

/// Oddity 4: the first sign-in ends at the second consent; another client of the same account does not.
#[tokio::test]
async fn a_second_consent_of_the_same_client_ends_the_first_sign_in() {
    let portal = odd(|odd| odd.sign_in.second_sign_in = SecondSignIn::EndsFirstAtConsent).await;
    let (client, other) = (register(&portal), register(&portal));
    let first = sign_in(&portal, &client, &[]);
    let others = sign_in(&portal, &other, &[]);
    assert_eq!(mcp_status(&portal, &first["access_token"]), 200);
    get(&portal, &authorization(&portal, &client, &[]));
    assert_eq!(mcp_status(&portal, &first["access_token"]), 401);
    assert_eq!(refresh(&portal, &client, &first["refresh_token"]).status(), 400);
    assert_eq!(mcp_status(&portal, &others["access_token"]), 200);
}

/// Oddity 8: no refresh token without `offline_access`, and the granted scope never lists it.
#[tokio::test]
async fn a_refresh_token_may_take_offline_access() {
    let portal = odd(|odd| odd.token.refresh_tokens = RefreshTokens::OfflineAccess).await;
    let client = register(&portal);
    assert!(sign_in(&portal, &client, &[("scope", "read")])["refresh_token"].is_null());
    let offline = sign_in(&portal, &client, &[("scope", "read offline_access")]);
    assert!(offline["refresh_token"].is_string());
    assert_eq!(offline["scope"], "read");
    portal.change(|odd| odd.token.refresh_tokens = RefreshTokens::OfflineAccessWithConsent);
    assert!(sign_in(&portal, &client, &[("scope", "read offline_access")])["refresh_token"].is_null());
    let prompted = sign_in(&portal, &client, &[("scope", "read offline_access"), ("prompt", "consent")]);
    assert!(prompted["refresh_token"].is_string());
}

/// Oddity 9.
#[tokio::test]
async fn a_request_without_scope_is_granted_all_nothing_or_refused() {
    let portal = portal().await;
    let client = register(&portal);
    assert_eq!(sign_in(&portal, &client, &[])["scope"], "read");
    portal.change(|odd| odd.sign_in.missing_scope = MissingScope::Empty);
    assert_eq!(sign_in(&portal, &client, &[])["scope"], "");
    portal.change(|odd| odd.sign_in.missing_scope = MissingScope::AccessDenied);
    let back = get(&portal, &authorization(&portal, &client, &[]));
    assert_eq!(back.returned("error").as_deref(), Some("access_denied"));
}

/// Oddity 10: 200 instead of 201, no refresh grant unless asked for.
#[tokio::test]
async fn registrations_are_answered_as_the_oddities_say() {
    let portal = portal().await;
    let bare = post_json(&portal, "/register", &json!({ "redirect_uris": [REDIRECT] }));
    assert_eq!(bare.status(), 201);
    assert_eq!(bare.json()["grant_types"], json!(["authorization_code"]));
    assert_eq!(bare.json()["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(bare.json()["client_secret_expires_at"], 0);
    let answered = |answer| {
        portal.change(|odd| odd.sign_in.registration = answer);
        post_json(&portal, "/register", &json!({ "redirect_uris": [REDIRECT] }))
    };
    assert_eq!(answered(RegistrationAnswer::Ok).status(), 200);
    let other = answered(RegistrationAnswer::OtherRedirects(vec!["https://other.example/".into()]));
    assert_eq!(other.json()["redirect_uris"], json!(["https://other.example/"]));
    assert!(answered(RegistrationAnswer::Terse).json()["grant_types"].is_null());
    assert_eq!(answered(RegistrationAnswer::NoEndpoint).status(), 404);
    portal.change(|odd| {
        odd.sign_in.registration = RegistrationAnswer::Created;
        odd.sign_in.registration_overrides = vec![Override::without("client_secret_expires_at")];
    });
    let bare = post_json(&portal, "/register", &json!({ "redirect_uris": [REDIRECT] })).json();
    assert!(bare["client_secret"].is_string() && bare.get("client_secret_expires_at").is_none());
    let refused = post_json(&self::portal().await, "/register", &json!({ "redirect_uris": ["evil:x"] }));
    assert_eq!(refused.json()["error"], "invalid_redirect_uri");
}

/// Oddity 12 and fault 46: a registration that ended is `invalid_client` at the token endpoint and a page at authorize.
#[tokio::test]
async fn a_registration_that_ended_is_an_invalid_client() {
    let life = RegistrationLife::Untold(Duration::from_hours(1));
    let portal = odd(|odd| odd.sign_in.registration_life = life).await;
    let client = register(&portal);
    let tokens = sign_in(&portal, &client, &[]);
    portal.clock().advance(Duration::from_hours(1));
    let refused = refresh(&portal, &client, &tokens["refresh_token"]);
    assert_eq!((refused.status(), refused.json()["error"].clone()), (401, json!("invalid_client")));
    assert_eq!(get(&portal, &authorization(&portal, &client, &[])).status(), 400);
}

/// C12: the registration's own address deletes it, with its own token alone (RFC 7592).
#[tokio::test]
async fn a_registration_is_deleted_with_its_own_token_alone() {
    let portal = portal().await;
    let answer = post_json(&portal, "/register", &json!({ "redirect_uris": [REDIRECT] })).json();
    let path = answer["registration_client_uri"].as_str().unwrap().replace(portal.origin(), "");
    let wrong = read(send(&portal, &format!("DELETE {path}"), &[("authorization", "Bearer x")], ""));
    assert_eq!(wrong.status(), 401);
    let bearer = format!("Bearer {}", answer["registration_access_token"].as_str().unwrap());
    let right = read(send(&portal, &format!("DELETE {path}"), &[("authorization", &bearer)], ""));
    assert_eq!(right.status(), 204);
    assert_eq!(portal.record().seen().deleted_registrations, [answer["client_id"].as_str().unwrap()]);
}

/// C9: an update puts new metadata in the place of the old under the same id, takes nothing that the server alone decides, and may
/// give a new secret and a new token of its own; the old token is dead then (RFC 7592).
#[tokio::test]
async fn a_registration_is_updated_in_place_and_may_get_new_secrets() {
    let portal = odd(|odd| odd.sign_in.registration_update = RegistrationUpdate::Renewed).await;
    let metadata = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_post" });
    let answer = post_json(&portal, "/register", &metadata).json();
    let path = answer["registration_client_uri"].as_str().unwrap().replace(portal.origin(), "");
    let put = |token: &Value, body: Value| {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        read(send(&portal, &format!("PUT {path}"), &headers, &body.to_string()))
    };
    let mut next = metadata.clone();
    next["scope"] = json!("write");
    let token = &answer["registration_access_token"];
    assert_eq!(put(token, next.clone()).status(), 400, "no client_id");
    next["client_id"] = answer["client_id"].clone();
    let mut forbidden = next.clone();
    forbidden["registration_access_token"] = token.clone();
    assert_eq!(put(token, forbidden).status(), 400);
    let updated = put(token, next.clone());
    assert_eq!((updated.status(), &updated.json()["client_id"]), (200, &answer["client_id"]));
    assert_ne!(updated.json()["client_secret"], answer["client_secret"]);
    assert_eq!(put(token, next.clone()).status(), 401, "the old token is dead");
    assert_eq!(portal.record().seen().updated_registrations[0].metadata["scope"], "write");
    portal.change(|odd| odd.sign_in.registration_update = RegistrationUpdate::Unsupported);
    assert_eq!(put(&updated.json()["registration_access_token"], next).status(), 405);
}
