//! Which client sends a credential request, and whether it proves it (RFC 6749 section 2.3, RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use serde_json::Value;

use super::AuthorizationServer;
use super::answer::{self, Refused};
use super::client::{AuthMethod, Client};
use crate::endpoint::path;
use crate::exchange::Arrived;
use crate::oddities::{ClientIdDocuments, Oddities};
use crate::parameters::Parameters;
use crate::portal::State;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client's claim to be itself.
enum Proof {
    None,
    Basic(String),
    Post(String),
    Assertion(String),
}

/// The client of a request, or the refusal to send.
pub(super) fn authenticate(
    state: &State,
    arrived: &Arrived,
    parameters: &Parameters,
) -> Result<Client, Refused> {
    let (client_id, proof) = claim(arrived, parameters).ok_or_else(|| refuse(state, "no client named"))?;
    let client = find(state, &client_id).ok_or_else(|| refuse(state, "unknown client"))?;
    if proves(state, &client, &proof) {
        Ok(client)
    } else {
        Err(refuse(state, "wrong client authentication"))
    }
}

/// A client by its id, if it still is one.
pub(super) fn find(state: &State, client_id: &str) -> Option<Client> {
    let oddities = state.oddities();
    let known = state.server().clients.get(client_id).cloned();
    if let Some(client) = known {
        return (!client.is_over(oddities.sign_in.registration_life, state.now())).then_some(client);
    }
    (oddities.sign_in.client_id_documents == ClientIdDocuments::Supported)
        .then(|| Client::of_document(client_id))
        .flatten()
}

fn refuse(state: &State, reason: &str) -> Refused {
    let oddities: &Oddities = &state.oddities();
    let mut refusal = answer::refusal(&oddities.token.unknown_client, reason);
    if refusal.status() == http::StatusCode::UNAUTHORIZED {
        refusal
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"demo\""));
    }
    Refused::with(refusal)
}

fn claim(arrived: &Arrived, parameters: &Parameters) -> Option<(String, Proof)> {
    if let Some(basic) = basic(arrived) {
        return Some(basic);
    }
    if parameters.one("client_assertion_type") == Some(JWT_BEARER) {
        let assertion = parameters.one("client_assertion")?.to_owned();
        let subject = claims(&assertion)?["sub"].as_str()?.to_owned();
        return Some((subject, Proof::Assertion(assertion)));
    }
    let client_id = parameters.one("client_id")?.to_owned();
    let proof = parameters.one("client_secret").map_or(Proof::None, |secret| Proof::Post(secret.to_owned()));
    Some((client_id, proof))
}

/// Id and secret of a Basic header; both were form-encoded first (RFC 6749 section 2.3.1).
fn basic(arrived: &Arrived) -> Option<(String, Proof)> {
    let value = arrived.parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decoded(id), Proof::Basic(form_decoded(secret))))
}

fn form_decoded(text: &str) -> String {
    // One nameless pair: whatever stands before an `=` would be its name.
    let pair = format!("x={}", text.replace('&', "%26"));
    Parameters::of_body(pair.as_bytes()).one("x").unwrap_or_default().to_owned()
}

fn proves(state: &State, client: &Client, proof: &Proof) -> bool {
    let secret_is = |secret: &str| client.secret.as_deref() == Some(secret);
    match (client.auth_method, proof) {
        (AuthMethod::None | AuthMethod::NoneOrKey, Proof::None) => true,
        (AuthMethod::Basic | AuthMethod::AnySecret, Proof::Basic(secret))
        | (AuthMethod::Post | AuthMethod::AnySecret, Proof::Post(secret)) => secret_is(secret),
        (AuthMethod::PrivateKey | AuthMethod::NoneOrKey, Proof::Assertion(assertion)) => {
            assertion_holds(state, client, assertion)
        }
        _ => false,
    }
}

/// Judges an assertion by its claims (RFC 7523 section 3). Its signature is not verified: the portal has no keys.
fn assertion_holds(state: &State, client: &Client, assertion: &str) -> bool {
    let Some(claims) = claims(assertion) else {
        return false;
    };
    let issuer = state.issuer();
    let token_endpoint = state.url(path::TOKEN);
    let ours = |value: &Value| value.as_str().is_some_and(|aud| aud == issuer || aud == token_endpoint);
    let for_us = ours(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(ours));
    let fresh = claims["exp"].as_i64().is_some_and(|end| end > state.now() / 1000);
    let own = claims["iss"] == client.id.as_str() && claims["sub"] == client.id.as_str();
    let Some(id) = claims["jti"].as_str() else {
        return false;
    };
    for_us && fresh && own && first_use(&mut state.server(), id)
}

fn first_use(server: &mut AuthorizationServer, id: &str) -> bool {
    server.assertions.insert(id.to_owned())
}

fn claims(assertion: &str) -> Option<Value> {
    let payload = assertion.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
