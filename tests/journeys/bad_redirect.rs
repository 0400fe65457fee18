//! The redirect back, forged, doubled or never coming: only the right one ends the wait, and nobody else can.

use keyfob_demo::oddities::IssInRedirect;
use keyfob_demo::{Consent, Endpoint, Fault, GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Running, portal, visit};
use url::Url;

/// A sign-in that waits for a person: the address it printed, and the redirect that a browser would be led to.
struct Waiting {
    keyfob: Keyfob,
    running: Running,
    redirect: Url,
}

async fn waiting(portal: &Portal) -> Waiting {
    let keyfob = Keyfob::new();
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    let mut running = keyfob.spawn(["sign-in", "a", "--no-browser", "--timeout", "20s"]);
    let printed = running.stderr_line("/authorize?").await;
    let answer = visit(&printed.trim().parse().unwrap()).await;
    let redirect = answer.location.expect("a redirect").parse().unwrap();
    Waiting { keyfob, running, redirect }
}

fn with_parameter(url: &Url, name: &str, value: &str) -> Url {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut changed = url.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs.iter().filter(|(key, _)| key != name))
        .append_pair(name, value);
    changed
}

fn with_repeated(url: &Url, name: &str) -> Url {
    let mut changed = url.clone();
    let value = url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    changed.query_pairs_mut().append_pair(name, &value);
    changed
}

/// E5, E6, E9: strangers get an error page; the sign-in waits on, and the true redirect still ends it.
#[tokio::test]
async fn a_forged_redirect_changes_nothing_and_the_true_one_still_counts() {
    let portal = portal().await;
    let Waiting { keyfob, running, redirect } = waiting(&portal).await;
    let mut elsewhere = redirect.clone();
    elsewhere.set_path("/other");
    let mut bare = redirect.clone();
    bare.set_query(None);
    let forged =
        [with_parameter(&redirect, "state", "guessed"), with_repeated(&redirect, "state"), elsewhere, bare];
    for url in &forged {
        let status = visit(url).await.status;
        assert!((400..500).contains(&status), "{status} for {url}");
        assert_eq!(portal.record().count(Endpoint::Token), 0);
    }
    assert_eq!(visit(&redirect).await.status, 200);
    running.ended().await.expect_code(0);
    assert_eq!(keyfob.status("a").await["state"], "active");
    assert_eq!(portal.record().count(Endpoint::Token), 1);
}

/// E7: with the right state, but doubtful: the sign-in ends and no code is sent anywhere.
#[tokio::test]
async fn a_redirect_with_a_repeated_parameter_costs_no_code() {
    for name in ["code", "iss"] {
        let portal = portal().await;
        let Waiting { keyfob, running, redirect } = waiting(&portal).await;
        visit(&with_repeated(&redirect, name)).await;
        running.ended().await.expect_code(7).says("twice");
        assert_eq!(portal.record().count(Endpoint::Token), 0);
        assert_eq!(keyfob.status("a").await["state"], "signed-out");
    }
}

/// E8, E10: the landing page names no code, loads nothing and is kept nowhere.
#[tokio::test]
async fn the_landing_page_keeps_the_code_to_itself() {
    let portal = portal().await;
    let Waiting { running, redirect, .. } = waiting(&portal).await;
    let page = visit(&redirect).await;
    let head = page.head.to_ascii_lowercase();
    for header in [
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
    ] {
        assert!(head.contains(header), "no `{header}` in {head}");
    }
    assert!(page.location.is_none());
    let code = redirect.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    assert!(!page.body.contains(&code) && !page.head.contains(&code));
    let ended = running.ended().await.expect_code(0);
    assert!(!ended.stderr.contains(&code));
}

/// A machine without a browser: the redirect is pasted.
#[tokio::test]
async fn the_redirect_can_be_pasted_on_standard_input() {
    let portal = portal().await;
    let Waiting { keyfob, mut running, redirect } = waiting(&portal).await;
    running.write_line("what is this").await;
    running.stderr_line("that is not the address: it is no address; still waiting").await;
    running.write_line(with_parameter(&redirect, "state", "guessed").as_str()).await;
    running.stderr_line("this sign-in waits for another one; still waiting").await;
    // As an address line shows it.
    running.write_line(redirect.as_str().trim_start_matches("http://")).await;
    running.ended().await.expect_code(0);
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// E1, E2, E3: the issuer in the redirect is the one asked, to the byte; else no code is sent anywhere.
#[tokio::test]
async fn a_redirect_of_another_issuer_costs_no_code() {
    let portal = portal().await;
    let origin = portal.origin().to_owned();
    let lies = [
        IssInRedirect::Absent,
        IssInRedirect::Wrong("https://evil.example".into()),
        IssInRedirect::Wrong(format!("{origin}/")),
        IssInRedirect::Wrong(origin.replace("http", "HTTP")),
        IssInRedirect::WrongUnadvertised("https://evil.example".into()),
    ];
    let keyfob = Keyfob::new();
    keyfob.must(["add", "a", &portal.mcp_url()]).await;
    for lie in lies {
        portal.change(|o| o.sign_in.iss = lie.clone());
        let output = keyfob.run(["sign-in", "a", "--timeout", "3s"]).await;
        assert!(matches!(output.code, Some(7 | 8)), "{lie:?}: {output:?}");
        assert_eq!(portal.record().count(Endpoint::Token), 0, "{lie:?}");
    }
    portal.change(|o| o.sign_in.iss = IssInRedirect::Sent);
    keyfob.must(["sign-in", "a"]).await;
}

/// Fault 45: a browser that was closed, and a person who said no.
#[tokio::test]
async fn a_sign_in_given_up_or_declined_leaves_the_old_one_working() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let before = keyfob.must(["token", "a"]).await;
    keyfob
        .run(["sign-in", "a", "--no-browser", "--timeout", "1s"])
        .await
        .expect_code(8)
        .says("hint: keyfob sign-in a");
    portal.set_consent(Consent::Declined);
    keyfob.run(["sign-in", "a", "--timeout", "10s"]).await.expect_code(8);
    assert_eq!(keyfob.must(["token", "a"]).await, before);
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(keyfob.status("a").await["state"], "active");
}

/// Fault 45: a server that fails at any step of the new sign-in.
#[tokio::test]
async fn a_sign_in_that_the_server_fails_leaves_the_old_one_working() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let before = keyfob.must(["token", "a"]).await;

    for (endpoint, fault) in [
        (Endpoint::ProtectedResource, Fault::html(200)),
        (Endpoint::AuthorizationServerMetadata, Fault::answer(200, "application/json", "{\"issuer\":7}")),
        (Endpoint::Token, Fault::empty(500)),
        (Endpoint::Token, Fault::html(200)),
        (Endpoint::Token, Fault::error(400, "invalid_grant")),
        (Endpoint::Token, Fault::error(401, "invalid_client")),
        (Endpoint::Token, Fault::lost_answer()),
    ] {
        portal.faults().from_then_on(endpoint, fault);
        let failed = keyfob.run(["sign-in", "a", "--timeout", "10s"]).await;
        assert!(matches!(failed.code, Some(4..=8)), "{endpoint:?}: {failed:?}");
        portal.faults().clear(endpoint);
        assert_eq!(keyfob.must(["token", "a"]).await, before, "{endpoint:?}");
        assert_eq!(keyfob.status("a").await["state"], "active", "{endpoint:?}");
    }
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(portal.record().seen().registrations.len(), 1);
}

/// D13: a client whose redirect is pinned cannot move to another port.
#[tokio::test]
async fn a_pinned_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let given = GivenClient {
        client_id: "given".into(),
        client_secret: None,
        redirect_uris: vec![format!("http://127.0.0.1:{port}/callback")],
    };
    let portal =
        Portal::start(PortalOptions { clients: vec![given], ..PortalOptions::default() }).await.unwrap();
    let keyfob = Keyfob::new();
    let redirect = format!("127.0.0.1:{port}/callback");
    keyfob.must(["add", "a", &portal.mcp_url(), "--client-id", "given", "--redirect", &redirect]).await;
    keyfob.run(["sign-in", "a", "--timeout", "5s"]).await.expect_code(5).says(&port.to_string());
    drop(taken);
    keyfob.must(["sign-in", "a", "--timeout", "5s"]).await;
    assert!(portal.record().seen().registrations.is_empty());
}

/// Each loopback host, any port or a pinned one, any path: the redirect is registered and sent as it was asked for, and the browser
/// finds its way back.
#[tokio::test]
async fn every_loopback_host_port_and_path_leads_back() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (redirect, begins) in [
        ("localhost".to_owned(), "http://localhost:".to_owned()),
        ("[::1]".into(), "http://[::1]:".into()),
        ("127.0.0.1/own/path".into(), "http://127.0.0.1:".into()),
        (format!("localhost:{free}/own/path"), format!("http://localhost:{free}/own/path")),
        (format!("[::1]:{free}"), format!("http://[::1]:{free}/callback")),
    ] {
        let (keyfob, portal) = (Keyfob::new(), portal().await);
        keyfob.must(["add", "a", &portal.mcp_url(), "--redirect", &redirect]).await;
        keyfob.must(["sign-in", "a", "--timeout", "20s"]).await;
        let seen = portal.record().seen();
        let registered = seen.registrations[0].metadata["redirect_uris"][0].as_str().unwrap().to_owned();
        assert!(registered.starts_with(&begins), "{redirect}: {registered}");
        assert_eq!(registered.contains("/own/path"), redirect.contains("/own/path"), "{registered}");
        for endpoint in [Endpoint::Authorize, Endpoint::Token] {
            let sent = seen.at(endpoint).next().unwrap().parameter("redirect_uri").map(str::to_owned);
            assert_eq!(sent.as_deref(), Some(&*registered), "{redirect}");
        }
    }
}
