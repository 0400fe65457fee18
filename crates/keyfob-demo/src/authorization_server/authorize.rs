//! The authorization endpoint: checks the request, asks for consent, sends the browser back with a code.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, StatusCode, header};
use url::Url;

use super::client::{Client, RedirectMatch};
use super::{client_authentication, metadata};
use crate::clock::Millis;
use crate::exchange::Arrived;
use crate::oddities::{
    ForeignResource, IssInRedirect, LoopbackPort, MissingScope, Oddities, RefreshTokens, SecondSignIn,
};
use crate::options::Consent;
use crate::pages;
use crate::parameters::{self, Parameters};
use crate::portal::State;
use crate::tokens::Grant;

/// A checked request, waiting for consent.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    client: Client,
    redirect_uri: Url,
    /// As sent: the token request must repeat it to the letter.
    redirect_text: String,
    state: Option<String>,
    challenge: String,
    scopes: Vec<String>,
    prompts_consent: bool,
    account: String,
    nonce: Option<String>,
}

/// A code (RFC 6749 section 4.1.2), good for ten minutes and once.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) grant: Grant,
    pub(super) expires: Millis,
    /// The grant begun with it: a second use ends it.
    pub(super) used_for: Option<u64>,
}

const CODE_LASTS: Millis = 600_000;

/// Where an error goes to: back to the client, or, while its address is not trusted, onto a page.
enum Problem {
    Page(&'static str),
    Back { redirect_uri: Box<Url>, state: Option<String>, error: &'static str },
}

/// Answers the browser's first request.
pub(super) fn authorize(state: &State, arrived: &Arrived) -> Response {
    let sent = if arrived.parts.method == Method::POST {
        Parameters::of_body(&arrived.body)
    } else {
        Parameters::of_body(arrived.parts.uri.query().unwrap_or_default().as_bytes())
    };
    let oddities = state.oddities();
    let request = match check(state, &oddities, &sent) {
        Ok(request) => request,
        Err(Problem::Page(reason)) => return pages::refusal(&state.options.name, reason),
        Err(Problem::Back { redirect_uri, state: client_state, error }) => {
            return back(state, *redirect_uri, client_state.as_deref(), ("error", error));
        }
    };
    match state.consent() {
        Consent::Immediate => allow(state, &oddities, request),
        Consent::Declined => decline(state, request),
        Consent::Page => {
            let id = state.mint.token("page");
            let page = pages::Consent {
                portal: &state.options.name,
                client: &request.client.name,
                account: &request.account,
                scopes: &request.scopes,
                returns_to: &request.redirect_uri,
                request: &id,
            };
            let answer = pages::consent(&page);
            state.server().pages.insert(id, request);
            answer
        }
    }
}

/// Answers a press of one of the page's buttons.
pub(super) fn decide(state: &State, arrived: &Arrived) -> Response {
    if arrived.parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let sent = Parameters::of_body(&arrived.body);
    let request = sent.one("request").and_then(|id| state.server().pages.remove(id));
    let Some(request) = request else {
        return pages::refusal(&state.options.name, "This page was answered before. Please begin again.");
    };
    if sent.one("decision") == Some("allow") {
        return allow(state, &state.oddities(), request);
    }
    decline(state, request)
}

fn check(state: &State, oddities: &Oddities, sent: &Parameters) -> Result<AuthorizationRequest, Problem> {
    if sent.repeated().is_some() {
        return Err(Problem::Page("A parameter was sent twice."));
    }
    let client = sent.one("client_id").and_then(|id| client_authentication::find(state, id));
    let client = client.ok_or(Problem::Page("This program is not registered here."))?;
    let redirect_text = sent.one("redirect_uri").ok_or(Problem::Page("The return address is missing."))?;
    let redirect_uri =
        Url::parse(redirect_text).map_err(|_| Problem::Page("The return address is no address."))?;
    let client_state = sent.one("state").map(str::to_owned);
    let problem = |error| Problem::Back {
        redirect_uri: Box::new(redirect_uri.clone()),
        state: client_state.clone(),
        error,
    };
    match client.matches(redirect_text, oddities.sign_in.loopback_port) {
        RedirectMatch::Accepted => {}
        RedirectMatch::OtherPort if oddities.sign_in.loopback_port == LoopbackPort::ExactButRedirected => {
            return Err(problem("invalid_request"));
        }
        _ => return Err(Problem::Page("The return address is not the registered one.")),
    }
    if sent.one("response_type") != Some("code") {
        return Err(problem("unsupported_response_type"));
    }
    let challenge = sent.one("code_challenge").filter(|_| sent.one("code_challenge_method") == Some("S256"));
    let challenge = challenge.ok_or_else(|| problem("invalid_request"))?.to_owned();
    check_resource(state, oddities, sent).map_err(problem)?;
    let scopes = scopes(state, oddities, &client, sent).map_err(problem)?;
    let account = sent.one("login_hint").unwrap_or(&state.options.account).to_owned();
    Ok(AuthorizationRequest {
        client,
        redirect_text: redirect_text.to_owned(),
        state: client_state.clone(),
        challenge,
        scopes,
        prompts_consent: sent.one("prompt").is_some_and(|prompt| prompt.split(' ').any(|p| p == "consent")),
        account,
        nonce: sent.one("nonce").map(str::to_owned),
        redirect_uri: redirect_uri.clone(),
    })
}

/// Judges `resource` (RFC 8707 section 2), here and at the token endpoint.
pub(super) fn check_resource(
    state: &State,
    oddities: &Oddities,
    sent: &Parameters,
) -> Result<(), &'static str> {
    let own = [metadata::resource(state, oddities), state.url(crate::endpoint::path::MCP)];
    let mut resources = sent.all("resource");
    match oddities.sign_in.foreign_resource {
        ForeignResource::AnyRefused if resources.next().is_some() => Err("invalid_request"),
        ForeignResource::InvalidTarget if !resources.all(|r| own.iter().any(|o| o == r)) => {
            Err("invalid_target")
        }
        ForeignResource::AnyRefused | ForeignResource::InvalidTarget | ForeignResource::Ignored => Ok(()),
    }
}

fn scopes(
    state: &State,
    oddities: &Oddities,
    client: &Client,
    sent: &Parameters,
) -> Result<Vec<String>, &'static str> {
    let asked = parameters::scopes(sent.one("scope"));
    if asked.is_empty() {
        return match oddities.sign_in.missing_scope {
            MissingScope::AllScopes => Ok(state.options.scopes.clone()),
            MissingScope::Empty => Ok(Vec::new()),
            MissingScope::AccessDenied => Err("access_denied"),
        };
    }
    let known = metadata::scopes(state, oddities);
    let registered = |scope: &String| client.scopes.is_empty() || client.scopes.contains(scope);
    // `offline_access` is dropped, not refused, where it means nothing.
    let fine = |scope: &String| scope == "offline_access" || known.contains(scope) && registered(scope);
    if asked.iter().all(fine) { Ok(asked) } else { Err("invalid_scope") }
}

fn allow(state: &State, oddities: &Oddities, request: AuthorizationRequest) -> Response {
    state.record.change(|seen| seen.consents += 1);
    let AuthorizationRequest { client, account, challenge, nonce, .. } = request;
    if oddities.sign_in.second_sign_in == SecondSignIn::EndsFirstAtConsent {
        state.ledger().end_grants_of(&client.id, &account);
    }
    let offline = request.scopes.iter().any(|scope| scope == "offline_access");
    let renews = match oddities.token.refresh_tokens {
        RefreshTokens::Always => true,
        RefreshTokens::Never => false,
        RefreshTokens::IfRegistered => client.grant_types.iter().any(|grant| grant == "refresh_token"),
        RefreshTokens::OfflineAccess => offline,
        RefreshTokens::OfflineAccessWithConsent => offline && request.prompts_consent,
    };
    let scopes = request.scopes.into_iter().filter(|scope| scope != "offline_access").collect();
    let grant = Grant { client_id: client.id.clone(), account: Some(account), scopes, renews, nonce };
    let code = state.mint.token("code");
    let held = Code {
        client_id: client.id,
        redirect_uri: request.redirect_text,
        challenge,
        grant,
        expires: state.now() + CODE_LASTS,
        used_for: None,
    };
    state.server().codes.insert(code.clone(), held);
    back(state, request.redirect_uri, request.state.as_deref(), ("code", &code))
}

fn decline(state: &State, request: AuthorizationRequest) -> Response {
    back(state, request.redirect_uri, request.state.as_deref(), ("error", "access_denied"))
}

/// Sends the browser back (302) with `state` and, as the oddities have it, `iss` (RFC 9207).
fn back(state: &State, mut to: Url, client_state: Option<&str>, (name, value): (&str, &str)) -> Response {
    let iss = match &state.oddities().sign_in.iss {
        IssInRedirect::Sent | IssInRedirect::SentUnadvertised => Some(state.issuer()),
        IssInRedirect::Absent | IssInRedirect::AbsentUnadvertised => None,
        IssInRedirect::Wrong(other) | IssInRedirect::WrongUnadvertised(other) => Some(other.clone()),
    };
    to.query_pairs_mut().append_pair(name, value);
    if let Some(client_state) = client_state {
        to.query_pairs_mut().append_pair("state", client_state);
    }
    if let Some(iss) = iss {
        to.query_pairs_mut().append_pair("iss", &iss);
    }
    let mut answer = StatusCode::FOUND.into_response();
    if let Ok(location) = HeaderValue::from_str(to.as_str()) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}
