//! Finding out what a server wants: unauthenticated probe, challenge, resource metadata, authorization server metadata.

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::discovery::authorization_server::{self, AuthorizationServer};
use keyfob_core::discovery::challenge::{BearerChallenge, bearer_challenge};
use keyfob_core::discovery::protected_resource::{self, ProtectedResource};
use keyfob_core::failure::{Failure, Incompatibility};
use keyfob_core::profile::{GrantKind, Profile};
use keyfob_core::resource::{CheckedUrl, ResourceMatch};

use super::fetch_document::{Fetched, Redirects, fetch_document};
use super::{guard_of, transport_failure};
use crate::ports::{AddressGuard, HttpClient, HttpRequest};

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

/// Walks from the profile's URL to a checked authorization server. Nothing is registered, nothing is signed in.
pub async fn examine(http: &dyn HttpClient, profile: &Profile) -> Result<Examined, Failure> {
    let guard = guard_of(profile);
    let Probed { status, challenge, is_page } = probe(http, &profile.url, guard).await?;
    let resource = find_resource(http, &profile.url, challenge.as_ref(), guard).await.map_err(|failure| {
        // Without any trace of OAuth, the status says more than "no metadata".
        match (&failure, status) {
            (Failure::AuthorizationServerIncompatible(Incompatibility::NoResourceMetadata(_)), status)
                if status != 401 =>
            {
                without_oauth(status, is_page)
            }
            _ => failure,
        }
    })?;
    let issuer = resource.choose_issuer(profile.issuer.as_deref())?;
    let server = find_server(http, issuer, profile.grant, guard).await?;
    Ok(Examined { challenge, resource, server })
}

/// What a server without any trace of OAuth is. A web page that answers anything with 200 is no open MCP server.
fn without_oauth(status: u16, is_page: bool) -> Failure {
    match status {
        200..=299 if !is_page => Incompatibility::NoSignInWanted.into(),
        _ => Incompatibility::NotMcp(status).into(),
    }
}

/// What one request without a token brought.
struct Probed {
    status: u16,
    challenge: Option<BearerChallenge>,
    /// The answer is a web page.
    is_page: bool,
}

/// One request without a token. An answer proves no open server: some let anyone begin and ask at the first tool.
async fn probe(http: &dyn HttpClient, url: &CheckedUrl, guard: AddressGuard) -> Result<Probed, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = HttpRequest {
        method: Method::POST,
        url: url.url().clone(),
        headers,
        bearer: None,
        body: PROBE.into(),
        guard,
    };
    // Only the head is looked at: an answer without sign-in may be an endless stream.
    let response = http.open(request).await.map_err(transport_failure)?;
    let kind = response.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is_page = kind.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"));
    Ok(Probed { status: response.status, challenge: challenge_of(&response.headers), is_page })
}

/// The Bearer challenge of an answer's headers.
pub fn challenge_of(headers: &HeaderMap) -> Option<BearerChallenge> {
    bearer_challenge(headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()))
}

/// A1, A2: the challenge's address first, then the well-known ones; the first document that holds wins.
async fn find_resource(
    http: &dyn HttpClient,
    url: &CheckedUrl,
    challenge: Option<&BearerChallenge>,
    guard: AddressGuard,
) -> Result<ProtectedResource, Failure> {
    let named = challenge.and_then(|challenge| challenge.resource_metadata.clone());
    let mut tried = Vec::new();
    for address in named.into_iter().chain(protected_resource::well_known_urls(url)) {
        match fetch_document(http, &address, Redirects::SameOrigin, guard).await.map_err(transport_failure)? {
            // A document that lies ends the search: going on could only find a worse one (A4).
            Fetched::Document(body) => match ProtectedResource::check(&body, url) {
                Err(failure) if is_no_document(&failure) => tried.push(format!("{address} (no JSON)")),
                checked => return checked,
            },
            Fetched::NotFound(why) => tried.push(format!("{address} ({why})")),
        }
    }
    Err(Incompatibility::NoResourceMetadata(tried.join(", ")).into())
}

/// A8: what is no JSON counts as "not found".
fn is_no_document(failure: &Failure) -> bool {
    use keyfob_core::failure::Misbehaviour::Document;
    matches!(failure, Failure::AuthorizationServerMisbehaved(Document(..)))
}

/// B1, B2: each well-known form in order; a document that fails its checks is discarded, and its failure is what is told
/// where no other form holds.
async fn find_server(
    http: &dyn HttpClient,
    issuer: &CheckedUrl,
    grant: GrantKind,
    guard: AddressGuard,
) -> Result<AuthorizationServer, Failure> {
    let mut tried = Vec::new();
    let mut refused = None;
    for address in authorization_server::well_known_urls(issuer) {
        match fetch_document(http, &address, Redirects::AnyOrigin, guard).await.map_err(transport_failure)? {
            Fetched::Document(body) => match AuthorizationServer::check_for(&body, issuer, grant) {
                Ok(server) => return Ok(server),
                Err(failure) if is_no_document(&failure) => {
                    tried.push(format!("{address} (not usable: {failure})"));
                }
                Err(failure) => {
                    refused.get_or_insert(failure);
                }
            },
            Fetched::NotFound(why) => tried.push(format!("{address} ({why})")),
        }
    }
    Err(refused.unwrap_or_else(|| {
        Incompatibility::NoServerMetadata { issuer: issuer.to_string(), tried: tried.join(", ") }.into()
    }))
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
        use keyfob_core::client_registration::{RegistrationChoice, choose};
        match choose(&profile.client, false, &self.server) {
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
