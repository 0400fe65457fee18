//! The doctor at servers for devices and for machines, and at such as answer a redirect in another's name: the fault is named at
//! its own step, as everywhere.

use keyfob_demo::oddities::{IssInRedirect, Oddities, Override, Pkce};
use keyfob_demo::{Endpoint, Fault, GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, portal_with};
use serde_json::Value;

/// The steps that are not as they should be, as `id verdict`; that no keeper runs here is no matter of the server's.
fn troubles(diagnosis: &Value) -> Vec<String> {
    let steps = diagnosis["steps"].as_array().unwrap().iter();
    let bad = steps.filter(|step| {
        !["pass", "skip"].contains(&step["verdict"].as_str().unwrap()) && step["id"] != "keeper"
    });
    bad.map(|step| format!("{} {}", step["id"].as_str().unwrap(), step["verdict"].as_str().unwrap()))
        .collect()
}

/// What the owner is told at the first fault.
fn advice(diagnosis: &Value) -> String {
    let steps = diagnosis["steps"].as_array().unwrap().iter();
    let broken = steps.filter(|step| step["verdict"] == "fail").map(|step| &step["advice"]).next();
    broken.map(ToString::to_string).unwrap_or_default()
}

async fn examined(keyfob: &Keyfob, more: &[&str]) -> Value {
    keyfob.run(["doctor", "a", "--json"].iter().chain(more)).await.json()
}

fn without(oddities: &mut Oddities, member: &str) {
    oddities.discovery.authorization_server_overrides = vec![Override::without(member)];
}

async fn device(portal: &Portal) -> Keyfob {
    let keyfob = Keyfob::new();
    keyfob.must(["add", "a", &portal.mcp_url(), "--grant", "device", "--offline"]).await;
    keyfob
}

/// A device needs an endpoint of its own, and neither an authorization endpoint nor PKCE.
#[tokio::test]
async fn a_device_server_is_judged_by_what_devices_need() {
    type Case = (fn(&mut Oddities), &'static [&'static str], &'static str);
    let cases: [Case; 4] = [
        (|_| {}, &[], ""),
        (
            |o| without(o, "device_authorization_endpoint"),
            &["endpoints fail"],
            "device_authorization_endpoint",
        ),
        (|o| without(o, "authorization_endpoint"), &[], ""),
        (|o| o.discovery.pkce = Pkce::Unstated, &[], ""),
    ];
    for (change, expected, said) in cases {
        let portal = portal_with(change).await;
        let keyfob = device(&portal).await;
        let diagnosis = examined(&keyfob, &[]).await;
        assert_eq!(troubles(&diagnosis), expected, "{diagnosis:#}");
        assert!(advice(&diagnosis).contains(said), "{}", advice(&diagnosis));
        assert_eq!(portal.record().seen().registrations.len(), 0);
    }
}

/// A trial of a device's sign-in: the endpoint that fails is named, not the browser.
#[tokio::test]
async fn a_device_endpoint_that_fails_is_named_by_the_trial() {
    let portal = portal_with(|_| {}).await;
    let keyfob = device(&portal).await;
    portal.faults().from_then_on(Endpoint::DeviceAuthorization, Fault::error(400, "unauthorized_client"));
    let diagnosis = examined(&keyfob, &["--sign-in", "--no-browser", "--timeout", "3s"]).await;
    assert_eq!(troubles(&diagnosis), ["token fail"], "{diagnosis:#}");
    assert!(diagnosis.to_string().contains("unauthorized_client"), "{diagnosis:#}");
}

async fn machine(change: impl FnOnce(&mut Oddities), secret: &str) -> (Portal, Keyfob) {
    let client = GivenClient {
        client_id: "machine".into(),
        client_secret: Some("right".into()),
        redirect_uris: Vec::new(),
    };
    let mut options = PortalOptions { clients: vec![client], ..PortalOptions::default() };
    change(&mut options.oddities);
    let (portal, keyfob) = (Portal::start(options).await.unwrap(), Keyfob::new());
    let url = portal.mcp_url();
    let add = [
        "add",
        "a",
        &url,
        "--grant",
        "client-credentials",
        "--client-id",
        "machine",
        "--client-secret-stdin",
        "--offline",
    ];
    keyfob.run_with_input(add, &format!("{secret}\n")).await.expect_code(0);
    (portal, keyfob)
}

/// A machine needs no authorization endpoint, no PKCE and no registration; its trial shows whether its secret is right.
#[tokio::test]
async fn a_machines_server_is_judged_by_what_machines_need() {
    for change in [
        (|_| {}) as fn(&mut Oddities),
        |o| without(o, "authorization_endpoint"),
        |o| o.discovery.pkce = Pkce::Unstated,
    ] {
        let (portal, keyfob) = machine(change, "right").await;
        assert_eq!(troubles(&examined(&keyfob, &[]).await), Vec::<String>::new());
        assert_eq!(portal.record().count(Endpoint::Token), 0, "nothing was asked for");
    }
    let (_portal, keyfob) = machine(|o| without(o, "token_endpoint"), "right").await;
    assert_eq!(troubles(&examined(&keyfob, &[]).await), ["endpoints fail"]);
    let (_portal, keyfob) = machine(|_| {}, "wrong").await;
    let diagnosis = examined(&keyfob, &["--sign-in"]).await;
    assert_eq!(troubles(&diagnosis), ["token fail"], "{diagnosis:#}");
    assert!(diagnosis.to_string().contains("invalid_client"), "{diagnosis:#}");
}

/// E1, E2, E3: a redirect in another issuer's name, or without the name that was promised.
#[tokio::test]
async fn a_redirect_in_anothers_name_is_named_by_the_trial() {
    for lie in [
        IssInRedirect::Wrong("https://evil.example".into()),
        IssInRedirect::WrongUnadvertised("https://evil.example".into()),
        IssInRedirect::Absent,
    ] {
        let portal = portal_with(|o| o.sign_in.iss = lie.clone()).await;
        let keyfob = Keyfob::new();
        keyfob.must(["add", "a", &portal.mcp_url()]).await;
        let diagnosis = examined(&keyfob, &["--sign-in", "--timeout", "5s"]).await;
        assert_eq!(troubles(&diagnosis), ["redirect fail"], "{lie:?}: {diagnosis:#}");
        assert!(advice(&diagnosis).contains("`iss`"), "{}", advice(&diagnosis));
        assert_eq!(portal.record().count(Endpoint::Token), 0, "no code was sent anywhere");
    }
}
