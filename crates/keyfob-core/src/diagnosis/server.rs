//! The steps of the authorization server's own document: where it lies, who it is, its endpoints, PKCE, and the ways to
//! become a client and to sign out.

use serde_json::{Value, json};

use super::evidence::Exchange;
use super::{Finding, Step};
use crate::client_registration::{Given, RegistrationChoice, choose, dynamic};
use crate::discovery::authorization_server::{AuthorizationServer, well_known_urls};
use crate::discovery::search::{self, Fetched, Tried};
use crate::discovery::string;
use crate::failure::{About, Failure, Incompatibility, Misbehaviour};
use crate::grant::GrantKind;
use crate::profile::Profile;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;

/// The document that decides: the first that holds, else the first that is a JSON object.
pub fn document<'a>(tried: &'a [Tried], issuer: &CheckedUrl, grant: GrantKind) -> Option<&'a [u8]> {
    let bodies = || {
        tried.iter().filter_map(|one| match &one.fetched {
            Fetched::Document(body) => Some(body.as_slice()),
            Fetched::NotFound(_) => None,
        })
    };
    let holds = bodies().find(|body| AuthorizationServer::check_for(body, issuer, grant).is_ok());
    holds.or_else(|| bodies().find(|body| crate::discovery::parse_object(body).is_ok()))
}

/// Whether there is a document, and where.
pub fn metadata(issuer: &CheckedUrl, tried: &[Tried], grant: GrantKind) -> Finding {
    let step = Step::ServerMetadata;
    let address = well_known_urls(issuer).into_iter().next().unwrap_or_default();
    if document(tried, issuer, grant).is_none() {
        let told = search::server(tried, issuer, grant).into_result().err();
        let failure = told.unwrap_or_else(|| {
            Incompatibility::NoServerMetadata { issuer: issuer.to_string(), tried: String::new() }.into()
        });
        return Finding::fail(step, failure)
            .for_user("nobody can sign in there: tell whoever runs the authorization server")
            .for_server(format!("serve at {address}, as application/json: {}", wanted_document(issuer)));
    }
    let found: Vec<_> = tried.iter().filter(|one| matches!(one.fetched, Fetched::Document(_))).collect();
    let places: Vec<_> = found.iter().map(|one| form(&one.address)).collect();
    Finding::pass(step, format!("found as {}", places.join(" and ")))
}

/// The well-known form an address has, in words.
fn form(address: &str) -> &'static str {
    match address.split_once("/.well-known/") {
        Some((_, rest)) if rest.starts_with("oauth-authorization-server") => "OAuth metadata",
        Some((origin, "openid-configuration")) if origin.matches('/').count() > 2 => {
            "OpenID metadata (appended)"
        }
        _ => "OpenID metadata",
    }
}

/// Who the document says it is.
pub fn issuer(issuer: &CheckedUrl, body: &[u8], grant: GrantKind) -> Finding {
    let is_lie = |p: &Failure| {
        matches!(p, Failure::AuthorizationServerMisbehaved(Misbehaviour::IssuerMismatch { .. }))
    };
    match AuthorizationServer::problems(body, issuer, grant).into_iter().find(is_lie) {
        None => Finding::pass(Step::Issuer, "the document names the very issuer it was asked for"),
        Some(failure) => Finding::fail(Step::Issuer, failure)
            .for_user("tell whoever runs the server; until then no client that checks will sign in")
            .for_server(format!(
                "let `issuer` in the document and `authorization_servers` in the resource metadata be the same text, slash and all: `\"issuer\": \"{issuer}\"`"
            )),
    }
}

/// Where the endpoints lie.
pub fn endpoints(issuer: &CheckedUrl, body: &[u8], grant: GrantKind) -> Finding {
    let (unusable, missing): (Vec<_>, Vec<_>) = AuthorizationServer::problems(body, issuer, grant)
        .into_iter()
        .filter(|problem| unusable_endpoint(problem).is_some() || is_missing(problem))
        .partition(|problem| unusable_endpoint(problem).is_some());
    let Some(first) = unusable.first().or(missing.first()).cloned() else {
        return Finding::pass(Step::Endpoints, endpoints_told(issuer, body));
    };
    let names: Vec<_> = unusable.iter().filter_map(unusable_endpoint).collect();
    let finding = Finding::fail(Step::Endpoints, first)
        .for_user("nothing is sent there; tell whoever runs the authorization server");
    if names.is_empty() {
        return finding.for_server("add `authorization_endpoint` and `token_endpoint`, for devices `device_authorization_endpoint`, all https");
    }
    finding.for_server(format!(
        "let {} be an absolute https URL, without user name and fragment",
        names.join(", ")
    ))
}

fn unusable_endpoint(problem: &Failure) -> Option<String> {
    match problem {
        Failure::AuthorizationServerMisbehaved(Misbehaviour::UnusableEndpoint { name, .. }) => {
            Some(format!("`{name}`"))
        }
        _ => None,
    }
}

fn is_missing(problem: &Failure) -> bool {
    matches!(
        problem,
        Failure::AuthorizationServerMisbehaved(Misbehaviour::Document(..))
            | Failure::AuthorizationServerIncompatible(Incompatibility::NoGrant(_))
    )
}

/// Endpoints elsewhere than the issuer are allowed, and worth knowing.
fn endpoints_told(issuer: &CheckedUrl, body: &[u8]) -> String {
    let Ok(object) = crate::discovery::parse_object(body) else { return String::new() };
    let elsewhere = |name: &&&str| {
        let origin =
            string(&object, name).and_then(|text| CheckedUrl::parse(&text).ok()).map(|url| url.origin());
        origin.is_some_and(|origin| origin != issuer.origin())
    };
    let names = ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"];
    let elsewhere: Vec<_> = names.iter().filter(elsewhere).copied().collect();
    let scheme = if issuer.is_local() { "http on this machine (local)" } else { "https" };
    match elsewhere.as_slice() {
        [] => format!("{scheme}, on the issuer's own host"),
        names => format!("{scheme}; {} on another host than the issuer", names.join(", ")),
    }
}

/// Whether PKCE with S256 is said to be there.
pub fn pkce(issuer: &CheckedUrl, body: &[u8], grant: GrantKind) -> Finding {
    let lacks = AuthorizationServer::problems(body, issuer, grant)
        .into_iter()
        .find(|problem| *problem == Incompatibility::NoPkce.into());
    match lacks {
        None if grant != GrantKind::AuthorizationCode => {
            Finding::skip(Step::Pkce, "this profile's grant has no redirect to protect")
        }
        None => Finding::pass(Step::Pkce, "S256 is supported"),
        Some(failure) => Finding::fail(Step::Pkce, failure)
            .for_user("MCP clients must refuse such a server; tell whoever runs the authorization server")
            .for_server("support PKCE and say so: `\"code_challenge_methods_supported\": [\"S256\"]`"),
    }
}

/// A redirect URI as a sign-in would send it; the port is any free one where the profile names none.
fn redirect_uri(profile: &Profile, server: &AuthorizationServer) -> String {
    let choice = &profile.redirect;
    let port = choice.port.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    let is_given = profile.client.client_id.is_some() || profile.client.metadata_url.is_some();
    let path = if is_given { choice.path.clone() } else { choice.path_at(server.issuer().as_str()) };
    format!("http://{}:{port}{path}", choice.host.as_str())
}

/// How keyfob would become a client; nothing is registered.
pub fn registration(
    profile: &Profile,
    given: Given,
    server: &AuthorizationServer,
    about: About<'_>,
) -> Finding {
    let step = Step::Registration;
    let ways = ways(server);
    match choose(&profile.client, given, server) {
        Ok(RegistrationChoice::PreRegistered { authentication, .. }) => {
            Finding::pass(step, format!("the client id given, by {}; {ways}", authentication.as_str()))
        }
        Ok(RegistrationChoice::MetadataDocument(url)) => {
            Finding::pass(step, format!("the metadata document {url} is the client id; {ways}"))
        }
        Ok(RegistrationChoice::Dynamic(endpoint)) => {
            let is_device = profile.grant == GrantKind::Device;
            let redirect = (!is_device).then(|| redirect_uri(profile, server));
            let body = dynamic::request(server, redirect.as_deref(), &ScopeSet::default(), "keyfob");
            let mut finding = Finding::pass(step, format!("{ways}; nothing was registered"));
            finding.evidence.push(Exchange {
                sent: format!("would be sent: POST {endpoint}\n{body:#}"),
                received: "(not sent)".into(),
            });
            finding
        }
        Err(failure) => Finding::fail(step, failure)
            .for_user(client_needed(server, about))
            .for_server(
                "offer one: `\"client_id_metadata_document_supported\": true` or `\"registration_endpoint\": \"https://…\"` (RFC 7591)",
            ),
    }
}

fn client_needed(server: &AuthorizationServer, about: About<'_>) -> String {
    let add = format!("keyfob add {} {}", about.name().unwrap_or("NAME"), about.url());
    if server.takes_client_id_metadata_document() {
        return format!("host a client metadata document and: {add} --client-metadata-url URL");
    }
    format!("ask the server's operator for a client id, then: {add} --client-id ID")
}

fn ways(server: &AuthorizationServer) -> String {
    let document = server.takes_client_id_metadata_document().then_some("client id metadata documents");
    let dynamic = server.registration_endpoint().map(|_| "dynamic registration");
    let offered: Vec<_> = [document, dynamic].into_iter().flatten().collect();
    if offered.is_empty() {
        "nothing else is offered".into()
    } else {
        format!("offered: {}", offered.join(", "))
    }
}

/// What the redirect back will have to be.
pub fn redirect(profile: &Profile, server: &AuthorizationServer) -> Finding {
    if profile.grant != GrantKind::AuthorizationCode {
        return Finding::skip(Step::Redirect, "this profile's grant has none");
    }
    let redirect_uri = redirect_uri(profile, server);
    let iss = if server.iss_promised() { "it will name its issuer (`iss`)" } else { "`iss` is not promised" };
    Finding::pass(Step::Redirect, format!("not tried; to {redirect_uri}, and {iss}"))
}

/// Whether tokens can be taken back.
pub fn revocation(server: &AuthorizationServer) -> Finding {
    if server.revocation_endpoint().is_some() {
        return Finding::pass(Step::Revocation, "offered");
    }
    Finding::warn(
        Step::Revocation,
        "not offered: signing out forgets the tokens here, and copies work until they run out",
    )
    .for_server("offer revocation, for public clients too: `\"revocation_endpoint\": \"https://…\"`")
}

fn wanted_document(issuer: &CheckedUrl) -> Value {
    let at = |path: &str| format!("{}/{path}", issuer.as_str().trim_end_matches('/'));
    json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "registration_endpoint": at("register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    })
}

#[cfg(test)]
mod tests;
