//! What the documents say, and each of the lies they can tell.

use keyfob_demo::oddities::{
    AuthorizationServers, ClientIdDocuments, Discovery, IssuerForm, MetadataForm, Override, Pkce,
    ResourceClaim, ResourceMetadataPlace,
};
use keyfob_demo::{Oddities, Portal, PortalOptions};
use serde_json::{Value, json};

use crate::visitor::*;

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const SERVER: &str = "/.well-known/oauth-authorization-server";

async fn portal() -> Portal {
    Portal::start(PortalOptions::default()).await.unwrap()
}

async fn telling(discovery: Discovery, path: &str) -> Value {
    let oddities = Oddities { discovery, ..Oddities::default() };
    let portal = Portal::start(PortalOptions { oddities, ..PortalOptions::default() }).await.unwrap();
    get(&portal, path).json()
}

#[tokio::test]
async fn an_exemplary_portal_tells_the_truth() {
    let portal = portal().await;
    let resource = get(&portal, RESOURCE).json();
    assert_eq!(resource["resource"], portal.mcp_url());
    assert_eq!(resource["authorization_servers"], json!([portal.issuer()]));
    let server = get(&portal, SERVER).json();
    assert_eq!(server["issuer"], portal.issuer());
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_eq!(get(&portal, "/.well-known/openid-configuration").status(), 404);
}

/// A4: a `resource` that is not this server's; A5: the bare origin.
#[tokio::test]
async fn the_resource_is_a_bare_origin_or_a_lie() {
    let origin =
        telling(Discovery { resource: ResourceClaim::Origin, ..Discovery::default() }, RESOURCE).await;
    assert_eq!(origin["resource"].as_str().unwrap().matches('/').count(), 2);
    let other = ResourceClaim::Other("https://other.example/mcp".into());
    let lie = telling(Discovery { resource: other, ..Discovery::default() }, RESOURCE).await;
    assert_eq!(lie["resource"], "https://other.example/mcp");
}

/// A6 and A7.
#[tokio::test]
async fn authorization_servers_are_empty_absent_or_others() {
    let list =
        |servers| telling(Discovery { authorization_servers: servers, ..Discovery::default() }, RESOURCE);
    assert_eq!(list(AuthorizationServers::Empty).await["authorization_servers"], json!([]));
    assert!(list(AuthorizationServers::Absent).await.get("authorization_servers").is_none());
    let others = vec!["https://a.example".to_owned(), "https://b.example".to_owned()];
    assert_eq!(
        list(AuthorizationServers::Others(others.clone())).await["authorization_servers"],
        json!(others)
    );
}

/// B2 and oddity 14: the issuer with its slash, with a path, and a wrong one.
#[tokio::test]
async fn the_issuer_has_a_slash_or_a_path_or_is_wrong() {
    let slash =
        telling(Discovery { issuer: IssuerForm::OriginWithSlash, ..Discovery::default() }, SERVER).await;
    assert!(slash["issuer"].as_str().unwrap().ends_with('/'));
    let path = IssuerForm::WithPath("/tenant".into());
    let at = format!("{SERVER}/tenant");
    let tenant = telling(Discovery { issuer: path, ..Discovery::default() }, &at).await;
    assert!(tenant["issuer"].as_str().unwrap().ends_with("/tenant"));
    let wrong = vec![Override::with("issuer", "https://mallory.example")];
    let lie =
        telling(Discovery { authorization_server_overrides: wrong, ..Discovery::default() }, SERVER).await;
    assert_eq!(lie["issuer"], "https://mallory.example");
}

/// B4 and D9: endpoints on foreign hosts and with hostile schemes, or none.
#[tokio::test]
async fn endpoints_are_hostile_foreign_or_missing() {
    for url in
        ["javascript:alert(1)", "file:///etc/passwd", "evil-app:open", "http://foreign.example/authorize"]
    {
        let overrides =
            vec![Override::with("authorization_endpoint", url), Override::without("token_endpoint")];
        let lie = Discovery { authorization_server_overrides: overrides, ..Discovery::default() };
        let document = telling(lie, SERVER).await;
        assert_eq!(document["authorization_endpoint"], url);
        assert!(document.get("token_endpoint").is_none());
    }
}

/// B5.
#[tokio::test]
async fn pkce_is_unstated_or_without_s256() {
    let unstated = telling(Discovery { pkce: Pkce::Unstated, ..Discovery::default() }, SERVER).await;
    assert!(unstated.get("code_challenge_methods_supported").is_none());
    let plain = telling(Discovery { pkce: Pkce::PlainOnly, ..Discovery::default() }, SERVER).await;
    assert_eq!(plain["code_challenge_methods_supported"], json!(["plain"]));
}

/// B1: each well-known form alone.
#[tokio::test]
async fn each_form_of_the_metadata_answers_alone() {
    let portal = portal().await;
    portal.change(|odd| odd.discovery.issuer = IssuerForm::WithPath("/tenant".into()));
    let forms = [
        format!("{SERVER}/tenant"),
        "/.well-known/openid-configuration/tenant".into(),
        "/tenant/.well-known/openid-configuration".into(),
    ];
    let answered = |form| {
        portal.change(|odd| odd.discovery.metadata = form);
        forms.clone().map(|path| get(&portal, &path).status())
    };
    assert_eq!(answered(MetadataForm::OAuth), [200, 404, 404]);
    assert_eq!(answered(MetadataForm::OpenIdInserted), [404, 200, 404]);
    assert_eq!(answered(MetadataForm::OpenIdAppended), [404, 404, 200]);
    assert_eq!(answered(MetadataForm::OAuthAndOpenId), [200, 200, 200]);
    assert_eq!(answered(MetadataForm::Nowhere), [404, 404, 404]);
}

/// A2.
#[tokio::test]
async fn the_resource_metadata_is_at_the_path_or_the_root_alone() {
    let portal = portal().await;
    let answered = |place| {
        portal.change(|odd| odd.discovery.resource_metadata = place);
        [RESOURCE, "/.well-known/oauth-protected-resource"].map(|path| get(&portal, path).status())
    };
    assert_eq!(answered(ResourceMetadataPlace::PathAndRoot), [200, 200]);
    assert_eq!(answered(ResourceMetadataPlace::Path), [200, 404]);
    assert_eq!(answered(ResourceMetadataPlace::Root), [404, 200]);
    assert_eq!(answered(ResourceMetadataPlace::Nowhere), [404, 404]);
}

/// C1: a client whose id is its document's URL.
#[tokio::test]
async fn a_document_url_is_a_client_where_the_portal_takes_it() {
    let portal = portal().await;
    let url = "https://app.example/client.json";
    assert_eq!(get(&portal, &authorization(&portal, url, &[])).status(), 400);
    portal.change(|odd| odd.sign_in.client_id_documents = ClientIdDocuments::Supported);
    assert_eq!(get(&portal, SERVER).json()["client_id_metadata_document_supported"], true);
    let tokens = sign_in(&portal, url, &[]);
    assert_eq!(refresh(&portal, url, &tokens["refresh_token"]).status(), 200);
    portal.change(|odd| odd.sign_in.client_id_documents = ClientIdDocuments::AdvertisedOnly);
    assert_eq!(get(&portal, &authorization(&portal, url, &[])).status(), 400);
}

/// The sets of knobs named after real servers can all be signed in to, where they give refresh tokens they renew.
#[tokio::test]
async fn every_seen_server_can_be_signed_in_to() {
    let seen = [
        (Oddities::cloudflare(), true),
        (Oddities::oidc_provider(), true),
        (Oddities::better_auth(), true),
        (Oddities::fastmcp(), true),
        (Oddities::glewlwyd(), true),
        (Oddities::typescript_sdk(), false),
    ];
    for (oddities, renews) in seen {
        let portal = Portal::start(PortalOptions { oddities, ..PortalOptions::default() }).await.unwrap();
        let client = register(&portal);
        let more = [("scope", "read offline_access"), ("prompt", "consent")];
        let tokens = sign_in(&portal, &client, &more);
        assert_eq!(mcp_status(&portal, &tokens["access_token"]), 200);
        assert_eq!(tokens["refresh_token"].is_string(), renews);
        if renews {
            assert_eq!(refresh(&portal, &client, &tokens["refresh_token"]).status(), 200);
        }
    }
}
