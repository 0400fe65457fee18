//! The doctor at portals that behave and at such as do not: it names the broken step and no other, and changes nothing.

use http::Method;
use keyfob_demo::oddities::{
    AuthorizationServers, Challenge, IssInRedirect, IssuerForm, MetadataForm, Oddities, Override, Pkce,
    RegistrationAnswer, ResourceClaim, ResourceMetadataPlace, RevocationSupport, Service,
};
use keyfob_demo::{Endpoint, Fault, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, portal, portal_with};
use serde_json::Value;

/// The steps that are not as they should be, as `id verdict`.
fn troubles(diagnosis: &Value) -> Vec<String> {
    let steps = diagnosis["steps"].as_array().expect("steps").iter();
    let told = steps.filter(|step| !["pass", "skip"].contains(&step["verdict"].as_str().expect("a verdict")));
    told.map(|step| {
        format!("{} {}", step["id"].as_str().expect("an id"), step["verdict"].as_str().unwrap_or(""))
    })
    .collect()
}

fn step<'a>(diagnosis: &'a Value, id: &str) -> &'a Value {
    let steps = diagnosis["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["id"] == id).expect("the step")
}

async fn examined(url: &str) -> Output {
    Keyfob::new().run(["doctor", url, "--json"]).await
}

/// Only metadata was fetched, and MCP's first message sent without a token.
fn assert_unchanged(portal: &Portal) {
    let seen = portal.record().seen();
    for request in &seen.requests {
        let harmless = request.method == Method::GET
            || (request.endpoint == Endpoint::Mcp && request.header("authorization").is_none());
        assert!(harmless, "{request:?}");
    }
    // One message, and one look for a stream where messages are not taken.
    assert!(seen.count(Endpoint::Mcp) <= 2 && !seen.requests.is_empty());
    assert_eq!((seen.registrations.len(), seen.consents, seen.sign_ins), (0, 0, 0));
}

#[tokio::test]
async fn a_good_portal_passes_every_step_and_nothing_there_is_changed() {
    let portal = portal().await;
    let output = examined(&portal.mcp_url()).await.expect_code(0);
    let diagnosis = output.json();
    assert_eq!((diagnosis["verdict"].as_str(), troubles(&diagnosis)), (Some("pass"), vec![]));
    assert_eq!(diagnosis["target"], portal.mcp_url());
    for step in diagnosis["steps"].as_array().expect("steps") {
        let mut members: Vec<_> = step.as_object().expect("an object").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["advice", "finding", "id", "received", "sent", "spec", "title", "verdict"]);
        assert!(step["advice"].get("user").is_some() && step["advice"].get("server").is_some());
    }
    assert_eq!(step(&diagnosis, "pkce")["spec"].as_str().map(|spec| spec.contains("RFC 7636")), Some(true));
    assert!(
        step(&diagnosis, "registration")["sent"][0]
            .as_str()
            .is_some_and(|sent| sent.contains("\"application_type\": \"native\""))
    );
    assert_eq!(step(&diagnosis, "challenge")["sent"].as_array().map(Vec::len), Some(1));
    assert_unchanged(&portal);
}

struct Case {
    change: fn(&mut Oddities),
    troubles: &'static [&'static str],
    code: i32,
    /// Part of the advice for the owner, at the first trouble.
    advice: &'static str,
}

fn case(
    change: fn(&mut Oddities),
    troubles: &'static [&'static str],
    code: i32,
    advice: &'static str,
) -> Case {
    Case { change, troubles, code, advice }
}

fn discovery_cases() -> Vec<Case> {
    let served = "oauth-protected-resource/mcp";
    vec![
        case(|o| o.mcp.challenge = Challenge::Metadata, &[], 0, ""),
        case(
            |o| o.mcp.challenge = Challenge::Bare,
            &["challenge warn"],
            0,
            "WWW-Authenticate: Bearer resource_metadata=",
        ),
        case(
            |o| o.mcp.challenge = Challenge::Absent,
            &["challenge warn"],
            0,
            "WWW-Authenticate: Bearer resource_metadata=",
        ),
        case(|o| o.mcp.service = Service::OpenMcp, &["challenge fail"], 7, "answer 401"),
        case(|o| o.mcp.service = Service::Nothing, &["challenge fail"], 7, "at this very path"),
        case(
            |o| o.discovery.resource_metadata = ResourceMetadataPlace::Nowhere,
            &["resource-metadata fail"],
            7,
            served,
        ),
        case(
            |o| o.discovery.resource_metadata = ResourceMetadataPlace::Root,
            &["resource-metadata warn"],
            0,
            "resource_metadata",
        ),
        case(|o| o.discovery.resource = ResourceClaim::Origin, &["resource-match warn"], 0, "\"resource\": "),
        case(
            |o| o.discovery.resource = ResourceClaim::Other("https://evil.example".into()),
            &["resource-match fail"],
            7,
            "\"resource\": ",
        ),
        case(
            |o| o.discovery.authorization_servers = AuthorizationServers::Empty,
            &["authorization-servers fail"],
            7,
            "authorization_servers",
        ),
        case(
            |o| o.discovery.metadata = MetadataForm::Nowhere,
            &["server-metadata fail"],
            7,
            "/.well-known/oauth-authorization-server",
        ),
        case(|o| o.discovery.issuer = IssuerForm::OriginWithSlash, &[], 0, ""),
    ]
}

/// The authorization server's document says this instead.
fn says(oddities: &mut Oddities, member: Override) {
    oddities.discovery.authorization_server_overrides = vec![member];
}

fn server_cases() -> Vec<Case> {
    vec![
        case(
            |o| says(o, Override::with("issuer", "https://evil.example")),
            &["issuer fail"],
            7,
            "\"issuer\": ",
        ),
        case(
            |o| says(o, Override::with("token_endpoint", "http://evil.example/t")),
            &["endpoints fail"],
            7,
            "`token_endpoint`",
        ),
        case(
            |o| says(o, Override::without("authorization_endpoint")),
            &["endpoints fail"],
            7,
            "authorization_endpoint",
        ),
        case(
            |o| o.discovery.pkce = Pkce::PlainOnly,
            &["pkce fail"],
            7,
            "\"code_challenge_methods_supported\": [\"S256\"]",
        ),
        case(|o| o.discovery.pkce = Pkce::Unstated, &["pkce fail"], 7, "S256"),
        case(
            |o| o.sign_in.registration = RegistrationAnswer::NoEndpoint,
            &["registration fail"],
            7,
            "registration_endpoint",
        ),
        case(
            |o| o.token.revocation = RevocationSupport::NoEndpoint,
            &["revocation warn"],
            0,
            "revocation_endpoint",
        ),
        case(|o| o.sign_in.iss = IssInRedirect::AbsentUnadvertised, &[], 0, ""),
    ]
}

/// A1, A2, A4, A6, B1, B2, B4, B5, oddity 14
#[tokio::test]
async fn the_doctor_names_exactly_the_broken_step_and_what_its_owner_must_serve() {
    for Case { change, troubles: expected, code, advice } in
        discovery_cases().into_iter().chain(server_cases())
    {
        let portal = portal_with(change).await;
        let diagnosis = examined(&portal.mcp_url()).await.expect_code(code).json();
        assert_eq!(troubles(&diagnosis), expected, "{diagnosis:#}");
        let verdict = diagnosis["verdict"].as_str().unwrap_or_default();
        assert_eq!(verdict == "fail", code != 0, "{diagnosis:#}");
        if let Some((id, _)) = expected.first().and_then(|first| first.split_once(' ')) {
            let said = step(&diagnosis, id)["advice"]["server"].as_str().unwrap_or_default();
            assert!(said.contains(advice), "{id}: {said}");
        }
        assert_unchanged(&portal);
    }
}

/// Doctor and sign-in never disagree: what the doctor fails cannot be added, and what it passes can.
#[tokio::test]
async fn what_the_doctor_fails_cannot_be_added_and_the_rest_can() {
    for Case { change, code, .. } in discovery_cases().into_iter().chain(server_cases()) {
        let portal = portal_with(change).await;
        let (user, url) = (Keyfob::new(), portal.mcp_url());
        let examined = user.run(["doctor", &url, "--json"]).await.expect_code(code).json();
        let added = user.run(["add", "a", &url]).await;
        assert_eq!(added.code, Some(code), "{examined:#}\n{}", added.stderr);
    }
}

/// A sign-in stops at the first; an owner wants to mend them all.
#[tokio::test]
async fn of_several_faults_each_is_named_at_its_own_step() {
    let portal = portal_with(|o| {
        o.discovery.resource = ResourceClaim::Other("https://evil.example".into());
        o.discovery.pkce = Pkce::PlainOnly;
        o.mcp.challenge = Challenge::Absent;
    })
    .await;
    let diagnosis = examined(&portal.mcp_url()).await.expect_code(7).json();
    assert_eq!(troubles(&diagnosis), ["challenge warn", "resource-match fail", "pkce fail"]);
}

#[tokio::test]
async fn a_server_out_of_reach_is_5_and_one_that_answers_with_a_broken_document_is_told() {
    let gone = {
        let portal = portal().await;
        portal.mcp_url()
    };
    let diagnosis = examined(&gone).await.expect_code(5).json();
    assert_eq!(troubles(&diagnosis), ["reach fail"]);

    let portal = portal().await;
    portal.faults().from_then_on(Endpoint::ProtectedResource, Fault::html(200));
    assert_eq!(
        troubles(&examined(&portal.mcp_url()).await.expect_code(7).json()),
        ["resource-metadata fail"]
    );
    portal.faults().from_then_on(Endpoint::ProtectedResource, Fault::none().cut_at(40));
    let cut = examined(&portal.mcp_url()).await.expect_code(5).json();
    assert_eq!(troubles(&cut), ["resource-metadata fail"]);
}

#[tokio::test]
async fn names_and_addresses_that_are_none_are_told_as_everywhere() {
    let user = Keyfob::new();
    user.run(["doctor", "nobody"]).await.expect_code(3);
    user.run(["doctor", "http://example.com/mcp"]).await.expect_code(2);
}

/// V13, F12: a report is pasted into places where everybody reads it.
#[tokio::test]
async fn the_report_masks_the_keys_of_an_address_and_page_and_report_agree() {
    let portal = Portal::start(PortalOptions::default()).await.expect("a portal");
    let user = Keyfob::new();
    let report = user.path("report.md");
    let url = format!("{}?key=canary-of-mine", portal.mcp_url());
    let output = user.run(["doctor", &url, "--verbose", "--report", &report.display().to_string()]).await;
    let text = std::fs::read_to_string(&report).expect("a report");
    assert!(!text.contains("canary-of-mine") && text.contains("?key=(masked)"), "{text}");
    assert!(!output.stdout.contains("canary-of-mine") && !output.stderr.contains("canary-of-mine"));
    for title in ["Reachability and TLS", "401 and challenge", "Resource metadata"] {
        assert!(text.contains(&format!("## {title}: ")) && output.stdout.contains(title), "{title}");
    }
    assert!(output.stdout.lines().all(|line| !line.contains('\u{1b}')), "no colours where nobody sees them");
}
