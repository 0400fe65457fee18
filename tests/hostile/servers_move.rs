//! A portal that sends its callers elsewhere: with a 401 that names new metadata, with a redirect, with cookies.

use std::sync::Arc;

use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_core::failure::{Failure, Misbehaviour, SignInNeeded};
use keyfob_core::profile::{Profile, RedirectChoice};
use keyfob_proxy::mcp_client::McpClient;
use keyfob_proxy::token_source::{KeptTokens, TokenSource};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use crate::machine::Machine;
use crate::network::{Reply, Servers};
use crate::site::{
    MCP, REGISTER, RESOURCE_METADATA, SERVER_METADATA, Site, TOKEN, agreed, challenge, parameter, profile,
    resource_metadata, server_metadata, sign_in_once,
};

const NEW_METADATA: &str = "https://portal.example/new-metadata";
const NEW_ISSUER: &str = "https://new.example";

async fn signed_in(site: &Arc<Site>) -> Machine {
    let machine = Machine::with(Arc::clone(site) as Arc<dyn Servers>, vec![profile()]);
    sign_in_once(&machine, &profile()).await.expect("a sign-in");
    machine.network.forget();
    machine
}

/// One MCP request, with or without a person at hand.
async fn ask(machine: &Machine, person: bool) -> Result<(), Failure> {
    let (progress, _heard) = mpsc::unbounded_channel();
    let tokens: Arc<dyn TokenSource> = Arc::new(if person {
        KeptTokens::interactive(machine.ports.clone(), profile(), progress)
    } else {
        KeptTokens::new(machine.ports.clone(), profile())
    });
    McpClient::connect(Arc::clone(&machine.ports.http), &profile(), tokens).await.map(|_| ())
}

/// The portal refuses every token of the old issuer and names metadata of a new one.
fn move_to_new_issuer(site: &Arc<Site>, resource: &Value, server: &Value) {
    let welcome = Reply::json(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    // Twice a token of the old issuer; then twice the look-up without one; then the new token.
    let refused = challenge(NEW_METADATA);
    site.script(MCP, [refused.clone(), refused.clone(), refused.clone(), refused, welcome]);
    site.set(NEW_METADATA, Reply::json(resource));
    site.set("https://new.example/.well-known/oauth-authorization-server", Reply::json(server));
    site.set("https://new.example/register", Reply::json(&json!({ "client_id": "new-client" })));
    site.set("https://new.example/token", Reply::json(&site.tokens()));
    site.redirect_browser(|page| vec![agreed(page, "canary-new-code", NEW_ISSUER)]);
}

fn new_metadata() -> (Value, Value) {
    let (mut resource, mut server) = (resource_metadata(), server_metadata());
    resource["authorization_servers"] = json!([NEW_ISSUER]);
    server["issuer"] = NEW_ISSUER.into();
    for (name, path) in [("authorization", "authorize"), ("token", "token"), ("registration", "register")] {
        server[format!("{name}_endpoint")] = format!("{NEW_ISSUER}/{path}").into();
    }
    (resource, server)
}

/// A10, B8: a 401 after the renewal names new metadata: it is looked up from the start; where all of it holds, the user signs
/// in there as a client of its own, and nothing of the old sign-in goes along.
#[tokio::test(start_paused = true)]
async fn a_portal_that_moves_to_another_issuer_gets_a_sign_in_there_and_nothing_old() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let (resource, server) = new_metadata();
    move_to_new_issuer(&site, &resource, &server);
    ask(&machine, true).await.unwrap();
    let there: Vec<_> = machine
        .network
        .sent()
        .into_iter()
        .filter(|sent| sent.url.host_str() == Some("new.example"))
        .collect();
    let places: Vec<_> = there.iter().map(|sent| sent.url.path().to_owned()).collect();
    assert!(places.contains(&"/register".to_owned()) && places.contains(&"/token".to_owned()), "{places:?}");
    for sent in there {
        let whole = sent.whole();
        let old =
            ["canary-refresh-", "canary-secret-", "canary-client-", "canary-registration-", "canary-code-"];
        // Only the last of these servers' codes is theirs.
        assert!(!old.iter().any(|word| whole.contains(word)), "{whole}");
    }
    let last = machine.network.sent_to(MCP).last().unwrap().clone();
    assert!(last.authorization.is_some());
}

/// A10: without a person nothing is registered and nothing opened; the failure says that a sign-in is needed.
#[tokio::test(start_paused = true)]
async fn a_portal_that_moves_while_nobody_is_there_asks_for_a_sign_in() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let (resource, server) = new_metadata();
    move_to_new_issuer(&site, &resource, &server);
    assert_eq!(ask(&machine, false).await.unwrap_err(), SignInNeeded::Moved.into());
    assert_eq!(machine.network.sent_to("https://new.example/register").len(), 0);
    assert_eq!(machine.browser.opened.lock().unwrap().len(), 1, "only the first sign-in's page");
    assert_eq!(machine.record(&profile()).unwrap().registration.unwrap().issuer, "https://login.example");
}

/// A10, A4, B2: new metadata that lies is the end: no request goes where it points.
#[tokio::test(start_paused = true)]
async fn new_metadata_that_lies_leads_nowhere() {
    for lie in ["resource", "issuer"] {
        let site = Site::new();
        let machine = signed_in(&site).await;
        let (mut resource, mut server) = new_metadata();
        if lie == "resource" {
            resource["resource"] = "https://elsewhere.example/mcp".into();
        } else {
            server["issuer"] = "https://elsewhere.example".into();
        }
        move_to_new_issuer(&site, &resource, &server);
        let failure = ask(&machine, true).await.unwrap_err();
        assert!(matches!(
            failure,
            Failure::AuthorizationServerMisbehaved(
                Misbehaviour::ResourceMismatch { .. } | Misbehaviour::IssuerMismatch { .. }
            )
        ));
        for place in ["https://new.example/register", "https://new.example/token"] {
            assert_eq!(machine.network.sent_to(place).len(), 0, "{lie}: {place}");
        }
        assert_eq!(machine.browser.opened.lock().unwrap().len(), 1, "{lie}");
    }
}

/// A10, F8: metadata that names the same issuer ends the matter after one renewal: no loop of sign-ins.
#[tokio::test(start_paused = true)]
async fn a_portal_that_refuses_every_token_of_its_own_issuer_gets_one_renewal_and_no_sign_in() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    site.set(MCP, challenge(RESOURCE_METADATA));
    assert!(matches!(
        ask(&machine, true).await.unwrap_err(),
        Failure::AuthorizationServerMisbehaved(Misbehaviour::Mcp(_))
    ));
    assert_eq!(machine.network.sent_to(TOKEN).len(), 1);
    assert_eq!(machine.browser.opened.lock().unwrap().len(), 1);
}

/// G2, G5: a token goes to its own scheme, host, port and path alone: a redirect of the portal is an error, and a cookie it
/// sets is not sent back.
#[tokio::test(start_paused = true)]
async fn a_redirect_of_the_portal_takes_no_token_along_and_its_cookies_are_not_kept() {
    for status in [301, 302, 303, 307, 308] {
        for target in
            ["https://evil.example/mcp", "https://portal.example/other", "http://portal.example/mcp", "/x"]
        {
            let site = Site::new();
            let machine = signed_in(&site).await;
            site.set(MCP, Reply::redirect(status, target).with("set-cookie", "canary-cookie=1; Path=/"));
            assert!(matches!(
                ask(&machine, true).await.unwrap_err(),
                Failure::AuthorizationServerMisbehaved(Misbehaviour::Redirected(_))
            ));
            ask(&machine, true).await.unwrap_err();
            let sent = machine.network.sent();
            assert!(sent.iter().all(|sent| sent.url.as_str() == MCP), "{status} to {target}");
            assert!(sent.iter().all(|sent| !sent.headers.contains_key("cookie")));
        }
    }
}

/// D14: issuers that keyfob registers at have a redirect path each, the same at every later sign-in.
#[tokio::test(start_paused = true)]
async fn each_issuer_has_a_redirect_path_of_its_own() {
    let site = Site::new();
    let machine = signed_in(&site).await;
    let (resource, server) = new_metadata();
    move_to_new_issuer(&site, &resource, &server);
    ask(&machine, true).await.unwrap();
    let pages = machine.browser.opened.lock().unwrap().clone();
    let paths: Vec<String> = pages.iter().map(redirect_path).collect();
    assert!(paths.iter().all(|path| path.starts_with("/callback/") && path.len() > 15), "{paths:?}");
    assert_ne!(paths[0], paths[1]);
    site.restore(MCP);
    site.set(RESOURCE_METADATA, Reply::json(&resource));
    sign_in_once(&machine, &profile()).await.unwrap();
    let again = machine.browser.opened.lock().unwrap().last().unwrap().clone();
    assert_eq!(redirect_path(&again), paths[1]);
}

/// D14, C5: a server that refuses such a path is asked once more with the usual one, and not a third time.
#[tokio::test(start_paused = true)]
async fn a_server_that_takes_only_the_usual_redirect_path_gets_it() {
    let refusal = json!({ "error": "invalid_redirect_uri" }).to_string().into_bytes();
    let site = Site::new();
    site.script(
        REGISTER,
        [
            Reply::bytes(400, refusal.clone()),
            Reply::json(&json!({ "client_id": "c", "redirect_uris": ["http://127.0.0.1:40123/callback"] })),
        ],
    );
    let machine = signed_in(&site).await;
    let page = machine.browser.opened.lock().unwrap()[0].clone();
    assert_eq!(redirect_path(&page), "/callback");
    hand_out(&machine.ports, &profile(), &HandOutRequest::default()).await.unwrap();
    // What was registered is kept: the next sign-in needs no registration.
    sign_in_once(&machine, &profile()).await.unwrap();
    assert_eq!(machine.network.sent_to(REGISTER).len(), 0);

    let site = Site::new();
    site.set(REGISTER, Reply::bytes(400, refusal));
    let machine = Machine::with(Arc::clone(&site) as Arc<dyn Servers>, vec![profile()]);
    sign_in_once(&machine, &profile()).await.unwrap_err();
    assert_eq!(machine.network.sent_to(REGISTER).len(), 2);
}

/// D14: who pins the redirect, or brings a client that others registered, has the path as written.
#[tokio::test(start_paused = true)]
async fn a_pinned_redirect_keeps_its_path() {
    let pinned = Profile { redirect: RedirectChoice::parse("127.0.0.1:7777").unwrap(), ..profile() };
    let mut given = profile();
    given.client.client_id = Some("given".into());
    let mut document = profile();
    document.client.metadata_url = Some("https://client.example/keyfob.json".into());
    for wanted in [pinned, given, document] {
        let site = Site::new();
        let mut metadata = server_metadata();
        metadata["client_id_metadata_document_supported"] = true.into();
        site.set(SERVER_METADATA, Reply::json(&metadata));
        let machine = Machine::with(Arc::clone(&site) as Arc<dyn Servers>, vec![profile()]);
        sign_in_once(&machine, &wanted).await.unwrap();
        let page = machine.browser.opened.lock().unwrap()[0].clone();
        assert_eq!(redirect_path(&page), "/callback");
    }
}

fn redirect_path(page: &Url) -> String {
    Url::parse(&parameter(page, "redirect_uri").unwrap()).unwrap().path().to_owned()
}
