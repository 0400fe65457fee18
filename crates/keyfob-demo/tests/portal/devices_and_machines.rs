//! The device flow and client credentials.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyfob_demo::oddities::{DeviceBody, DeviceInterval, DevicePolling, Override};
use keyfob_demo::{Clock, GivenClient, Portal, PortalOptions};
use serde_json::{Value, json};

use crate::visitor::*;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn portal() -> Portal {
    let clients = vec![
        GivenClient {
            client_id: "machine".into(),
            client_secret: Some("a:b/c+d e".into()),
            redirect_uris: Vec::new(),
        },
        GivenClient { client_id: "keyed".into(), client_secret: None, redirect_uris: Vec::new() },
    ];
    Portal::start(PortalOptions { clients, clock: Clock::stopped(), ..PortalOptions::default() })
        .await
        .unwrap()
}

fn poll(portal: &Portal, client: &str, device_code: &Value) -> Answer {
    let code = device_code.as_str().unwrap();
    form(portal, "/token", &[("grant_type", DEVICE_GRANT), ("client_id", client), ("device_code", code)])
}

/// H1: pending, slow_down with five more seconds, then the tokens.
#[tokio::test]
async fn a_device_waits_is_slowed_down_and_signs_in_once_allowed() {
    let portal = portal().await;
    let client = register(&portal);
    let device = form(&portal, "/device_authorization", &[("client_id", &client)]).json();
    assert_eq!(device["interval"], 5);
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "authorization_pending");
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "slow_down");
    portal.clock().advance(Duration::from_secs(6));
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "slow_down");
    let page = device["verification_uri_complete"].as_str().unwrap().replace(portal.origin(), "");
    assert!(get(&portal, &page).text().contains("Device connected"));
    portal.clock().advance(Duration::from_secs(15));
    let tokens = poll(&portal, &client, &device["device_code"]).json();
    assert_eq!(mcp_status(&portal, &tokens["access_token"]), 200);
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "invalid_grant");
}

/// H3: declined and expired.
#[tokio::test]
async fn a_device_is_declined_or_runs_out_of_time() {
    let portal = portal().await;
    let client = register(&portal);
    portal.change(|odd| odd.token.device_polling = DevicePolling::Unhurried);
    let start = || form(&portal, "/device_authorization", &[("client_id", &client)]).json();
    let device = start();
    assert!(portal.decline_device(device["user_code"].as_str().unwrap()));
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "access_denied");
    let device = start();
    portal.clock().advance(Duration::from_mins(10));
    assert_eq!(poll(&portal, &client, &device["device_code"]).json()["error"], "expired_token");
    let device = start();
    assert!(portal.allow_device(&device["user_code"].as_str().unwrap().to_lowercase()));
    assert!(!portal.allow_device(device["user_code"].as_str().unwrap()));
    assert_eq!(poll(&portal, &client, &device["device_code"]).status(), 200);
}

#[tokio::test]
async fn a_device_endpoint_may_take_json_alone_and_tell_no_interval() {
    let portal = portal().await;
    let client = register(&portal);
    portal.change(|odd| {
        odd.token.device_body = DeviceBody::JsonOnly;
        odd.token.device_interval = DeviceInterval::Untold;
        odd.token.device_overrides = vec![Override::with("verification_uri", "javascript:alert(1)")];
    });
    assert_eq!(form(&portal, "/device_authorization", &[("client_id", &client)]).status(), 415);
    let device = post_json(&portal, "/device_authorization", &json!({ "client_id": client })).json();
    assert!(device.get("interval").is_none());
    assert_eq!(device["verification_uri"], "javascript:alert(1)");
    let body =
        json!({ "grant_type": DEVICE_GRANT, "client_id": client, "device_code": device["device_code"] });
    assert_eq!(post_json(&portal, "/token", &body).json()["error"], "authorization_pending");
}

/// C11: id and secret are form-encoded before base64; raw they are refused.
#[tokio::test]
async fn a_machine_proves_itself_by_secret_in_the_header_or_the_body() {
    let portal = portal().await;
    let fields = [("grant_type", "client_credentials")];
    let basic = |pair: &str| {
        let value = format!("Basic {}", STANDARD.encode(pair));
        form_with(&portal, "/token", ("authorization", &value), &fields)
    };
    let good = basic("machine:a%3Ab%2Fc%2Bd+e");
    assert_eq!(good.status(), 200);
    assert!(good.json()["refresh_token"].is_null());
    assert_eq!(mcp_status(&portal, &good.json()["access_token"]), 200);
    assert_eq!(basic("machine:a:b/c+d e").status(), 401);
    let body = [fields[0], ("client_id", "machine"), ("client_secret", "a:b/c+d e")];
    assert_eq!(form(&portal, "/token", &body).status(), 200);
}

/// H6: the same assertion again is refused, so is one for another server.
#[tokio::test]
async fn a_machine_proves_itself_by_an_assertion_once() {
    let portal = portal().await;
    let assertion = |audience: &str, id: &str| {
        let end = portal.clock().now() / 1000 + 60;
        let claims = json!({ "iss": "keyed", "sub": "keyed", "aud": audience, "exp": end, "jti": id });
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    let present = |assertion: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        form(&portal, "/token", &fields).status()
    };
    let first = assertion(&portal.issuer(), "1");
    assert_eq!(present(&first), 200);
    assert_eq!(present(&first), 401);
    assert_eq!(present(&assertion("https://other.example", "2")), 401);
    assert_eq!(
        form(&portal, "/token", &[("grant_type", "client_credentials"), ("client_id", "keyed")]).status(),
        400
    );
}
