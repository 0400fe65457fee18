//! Finding out what a server wants: unauthenticated probe, challenge, resource metadata, authorization server metadata.

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::diagnosis::reaching::Unauthenticated;
use keyfob_core::discovery::authorization_server::{self, AuthorizationServer};
use keyfob_core::discovery::challenge::{BearerChallenge, bearer_challenge};
use keyfob_core::discovery::protected_resource::{self, ProtectedResource};
use keyfob_core::discovery::search::{self, Tried};
use keyfob_core::failure::{Failure, Incompatibility, Temporary};
use keyfob_core::grant::GrantKind;
use keyfob_core::profile::Profile;
use keyfob_core::resource::{CheckedUrl, ResourceMatch};
use url::{Position, Url};

use super::fetch_document::{Redirects, fetch_document};
use super::look_up_time::{Timed, in_time};
use super::{guard_of, transport_failure};
use crate::ports::{AddressGuard, HttpClient, HttpRequest, Ports};

/// A server, examined. What exists has passed all checks of A and B.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What the 401 said.
    pub challenge: Option<BearerChallenge>,
    /// RFC 9728 metadata.
    pub resource: ProtectedResource,
    /// RFC 8414 or OpenID metadata.
    pub server: AuthorizationServer,
}

/// MCP's own first message: a server that wants a sign-in answers it with 401.
const PROBE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"#,
    r#""clientInfo":{"name":"keyfob","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}"#
);

/// Walks from the profile's URL to a checked authorization server, within a minute. Nothing is registered, nothing is signed in.
pub async fn examine(ports: &Ports, profile: &Profile) -> Result<Examined, Failure> {
    let http = Timed::new(ports);
    in_time(&*ports.clock, look_up(&http, profile)).await.unwrap_or_else(|| Err(http.too_long()))
}

async fn look_up(http: &dyn HttpClient, profile: &Profile) -> Result<Examined, Failure> {
    let guard = guard_of(profile);
    let probed = probe(http, &profile.url, guard).await?;
    let challenge = probed.challenge.clone();
    let resource = find_resource(http, &profile.url, challenge.as_ref(), guard).await.map_err(|failure| {
        // Without any trace of OAuth, the status says more than "no metadata".
        match &failure {
            Failure::AuthorizationServerIncompatible(Incompatibility::NoResourceMetadata(_))
                if probed.status != 401 =>
            {
                probed.said().without_oauth()
            }
            _ => failure,
        }
    })?;
    let issuer = resource.choose_issuer(profile.issuer.as_deref())?;
    let server = find_server(http, issuer, profile.grant, guard).await?;
    Ok(Examined { challenge, resource, server })
}

/// What one request without a token brought.
pub(super) struct Probed {
    status: u16,
    pub(super) challenge: Option<BearerChallenge>,
    has_challenge_header: bool,
    /// The answer is a web page.
    is_page: bool,
    /// The answer is a stream of events.
    is_stream: bool,
}

impl Probed {
    /// The same as the rules take it.
    pub(super) fn said(&self) -> Unauthenticated<'_> {
        Unauthenticated {
            status: self.status,
            is_page: self.is_page,
            challenge: self.challenge.as_ref(),
            has_challenge_header: self.has_challenge_header,
        }
    }
}

/// A request without a token. An answer proves no open server: some let anyone begin and ask at the first tool. A server of MCP's
/// first edition (2024-11-05) takes no post at its own address, and challenges whoever opens its stream.
pub(super) async fn probe(
    http: &dyn HttpClient,
    url: &CheckedUrl,
    guard: AddressGuard,
) -> Result<Probed, Failure> {
    let posted = probe_by(http, url, guard, Method::POST).await?;
    if !matches!(posted.status, 400 | 404 | 405) || posted.has_challenge_header {
        return Ok(posted);
    }
    let opened = probe_by(http, url, guard, Method::GET).await?;
    Ok(if opened.has_challenge_header || opened.is_stream { opened } else { posted })
}

async fn probe_by(
    http: &dyn HttpClient,
    url: &CheckedUrl,
    guard: AddressGuard,
    method: Method,
) -> Result<Probed, Failure> {
    let mut headers = HeaderMap::new();
    let (accepted, body) = match method {
        Method::POST => ("application/json, text/event-stream", PROBE),
        _ => ("text/event-stream", ""),
    };
    headers.insert(header::ACCEPT, HeaderValue::from_static(accepted));
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let address = url.as_str();
    let url = url.url().clone();
    let request = HttpRequest { method, url, headers, bearer: None, body: body.into(), guard };
    // Only the head is looked at: an answer without sign-in may be an endless stream.
    let response = http.open_in_time(request).await;
    let response = response.map_err(|failure| unreached(address, transport_failure(failure)))?;
    let kind = response.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is = |wanted: &[u8]| kind.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
    Ok(Probed {
        status: response.status,
        challenge: challenge_of(&response.headers),
        has_challenge_header: response.headers.contains_key(header::WWW_AUTHENTICATE),
        is_page: is(b"text/html"),
        is_stream: response.status == 200 && is(b"text/event-stream"),
    })
}

/// The Bearer challenge of an answer's headers.
pub fn challenge_of(headers: &HeaderMap) -> Option<BearerChallenge> {
    bearer_challenge(headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()))
}

/// A1, A2: where resource metadata may lie: the challenge's address first, then the well-known ones.
pub(super) fn resource_addresses(url: &CheckedUrl, challenge: Option<&BearerChallenge>) -> Vec<String> {
    let named = challenge.and_then(|challenge| challenge.resource_metadata.clone());
    // Most challenges name a well-known one: nobody is asked twice.
    let mut others = protected_resource::well_known_urls(url);
    others.retain(|address| Some(address) != named.as_ref());
    named.into_iter().chain(others).collect()
}

async fn find_resource(
    http: &dyn HttpClient,
    url: &CheckedUrl,
    challenge: Option<&BearerChallenge>,
    guard: AddressGuard,
) -> Result<ProtectedResource, Failure> {
    let mut tried = Vec::new();
    for address in resource_addresses(url, challenge) {
        tried.push(ask(http, address, Redirects::SameOrigin, guard).await?);
        if !search::resource(&tried, url).is_open() {
            break;
        }
    }
    search::resource(&tried, url).into_result()
}

async fn find_server(
    http: &dyn HttpClient,
    issuer: &CheckedUrl,
    grant: GrantKind,
    guard: AddressGuard,
) -> Result<AuthorizationServer, Failure> {
    let mut tried = Vec::new();
    for address in authorization_server::well_known_urls(issuer) {
        tried.push(ask(http, address, Redirects::AnyOrigin, guard).await?);
        if !search::server(&tried, issuer, grant).is_open() {
            break;
        }
    }
    search::server(&tried, issuer, grant).into_result()
}

/// Asks one address for a document.
pub(super) async fn ask(
    http: &dyn HttpClient,
    address: String,
    redirects: Redirects,
    guard: AddressGuard,
) -> Result<Tried, Failure> {
    let fetched = fetch_document(http, &address, redirects, guard).await;
    let fetched = fetched.map_err(|failure| unreached(&address, transport_failure(failure)))?;
    Ok(Tried { address, fetched })
}

/// A look-up asks several hosts: which of them cannot be reached is part of the cause.
fn unreached(address: &str, failure: Failure) -> Failure {
    let host = Url::parse(address).ok().map(|url| url[Position::BeforeHost..Position::AfterPort].to_owned());
    match (failure, host) {
        (Failure::Temporary(Temporary::Offline(why)), Some(host)) if !why.contains(&host) => {
            Temporary::Offline(format!("{host}: {why}")).into()
        }
        (Failure::Temporary(Temporary::Cut(why)), Some(host)) if !why.contains(&host) => {
            Temporary::Cut(format!("{host}: {why}")).into()
        }
        (failure, _) => failure,
    }
}

impl Examined {
    /// What was found, one line each, for the person who adds a profile.
    pub fn findings(&self, profile: &Profile) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(name) = self.resource.name() {
            lines.push(format!("server: {name}"));
        }
        let local = if profile.url.is_local() { " (local)" } else { "" };
        lines.push(format!("protected resource: {}{local}", self.resource.resource()));
        if self.resource.matched() == ResourceMatch::ParentPath {
            lines.push("note: the resource is a parent of this URL; tokens are asked for the parent".into());
        }
        lines.push(format!("authorization server: {}", self.server.issuer()));
        lines.push(format!("registration: {}", self.registration_words(profile)));
        if let Some(scopes) = self.suggested_scopes() {
            lines.push(format!("scopes: {scopes}"));
        }
        lines
    }

    /// How keyfob would become a client, in words.
    pub fn registration_words(&self, profile: &Profile) -> &'static str {
        use keyfob_core::client_registration::{Given, RegistrationChoice, choose};
        match choose(&profile.client, Given::Nothing, &self.server) {
            Ok(RegistrationChoice::PreRegistered { .. }) => "the given client id",
            Ok(RegistrationChoice::MetadataDocument(_)) => "client id metadata document",
            Ok(RegistrationChoice::Dynamic(_)) => "dynamic (RFC 7591)",
            Err(_) => "none offered: a client id is needed",
        }
    }

    /// Scopes the challenge or the resource suggests.
    pub fn suggested_scopes(&self) -> Option<String> {
        let challenged = self
            .challenge
            .as_ref()
            .and_then(|c| c.scope.as_ref())
            .and_then(keyfob_core::scope::ScopeSet::to_wire);
        challenged.or_else(|| self.resource.scopes_supported().to_wire())
    }
}

#[cfg(test)]
mod tests;
