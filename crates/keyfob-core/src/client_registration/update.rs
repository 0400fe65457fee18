//! Changing a dynamic registration in place (RFC 7592 §2.2): the client id stays, and with it every sign-in that was given to
//! it. Which change is wanted, and what happens where a server takes none, is not decided here.

use serde_json::{Map, Value};

use super::{Management, Registration, dynamic};
use crate::discovery::{parse_object, string, strings};
use crate::failure::{Failure, Misbehaviour};
use crate::scope::ScopeSet;
use crate::secret::ClientSecret;

/// The body that asks for `wanted`, as [`dynamic::request`] makes it: all the server has of this client, because what is left
/// out may be taken for given up, with the changes on top. How the client proves itself stays as it is.
pub fn request(registration: &Registration, wanted: &Value) -> Value {
    let mut body = held(registration);
    let scopes = wanted["scope"].as_str().map(ScopeSet::parse).unwrap_or_default();
    for (name, value) in wanted.as_object().into_iter().flatten() {
        if name != AUTHENTICATION {
            body.insert(name.clone(), value.clone());
        }
    }
    // A sign-in that asks for less gives nothing up.
    let scopes = registration.scopes.as_ref().map_or_else(|| scopes.clone(), |held| held.union(&scopes));
    if let Some(scope) = scopes.to_wire() {
        body.insert("scope".into(), scope.into());
    }
    of(registration, body)
}

/// The body that asks for no change: a server may answer it with a new secret where the old one is about to end.
pub fn unchanged(registration: &Registration, client_name: &str) -> Value {
    let scopes = registration.scopes.clone().unwrap_or_default();
    let uri = registration.redirect_uri.as_deref();
    let asked = dynamic::metadata(registration.authentication, uri, &scopes, client_name);
    let mut body = asked.as_object().cloned().unwrap_or_default();
    body.extend(held(registration));
    of(registration, body)
}

const AUTHENTICATION: &str = "token_endpoint_auth_method";

fn held(registration: &Registration) -> Map<String, Value> {
    registration.management.as_ref().map(|management| management.metadata.clone()).unwrap_or_default()
}

fn of(registration: &Registration, mut body: Map<String, Value>) -> Value {
    body.entry(AUTHENTICATION).or_insert_with(|| registration.authentication.as_str().into());
    body.insert("client_id".into(), registration.client_id.clone().into());
    Value::Object(body)
}

/// Reads the answer to `sent`: the registration as it is now. What the answer leaves out is as it was; what it changes counts
/// (C7, C9), also where that is not what was asked for.
///
/// # Errors
/// The registration is as it was: the server's own reason, or [`Misbehaviour::Document`].
pub fn read_answer(
    status: u16,
    body: &[u8],
    before: &Registration,
    sent: &Value,
) -> Result<Registration, Failure> {
    let object = parse_object(body);
    if !(200..300).contains(&status) {
        return Err(dynamic::refusal(status, object.ok().as_ref()));
    }
    let wrong = |why: String| Misbehaviour::Document("registration update".into(), why);
    let object = object.map_err(wrong)?;
    if string(&object, "client_id").as_ref() != Some(&before.client_id) {
        return Err(wrong("it is for another client".into()).into());
    }
    let given = string(&object, "client_secret").filter(|s| !s.is_empty()).map(ClientSecret::new);
    let is_new = given.is_some() && given != before.client_secret;
    let tells_end = object.contains_key("client_secret_expires_at");
    let client_secret = given.or_else(|| before.client_secret.clone());
    let tells_method = object.contains_key(AUTHENTICATION);
    let authentication = if tells_method || before.client_secret.is_none() {
        dynamic::authentication(&object, client_secret.is_some(), sent)
    } else {
        before.authentication
    };
    Ok(Registration {
        authentication,
        client_secret,
        redirect_uri: redirect_uri(&object, sent),
        scopes: string(&object, "scope")
            .or_else(|| sent["scope"].as_str().map(str::to_owned))
            .map(|scope| ScopeSet::parse(&scope)),
        secret_expires_at: if tells_end || is_new {
            dynamic::secret_end(&object)
        } else {
            before.secret_expires_at
        },
        management: before.management.as_ref().map(|management| Management {
            uri: dynamic::management_uri(&object).unwrap_or_else(|| management.uri.clone()),
            token: dynamic::management_token(&object).unwrap_or_else(|| management.token.clone()),
            metadata: dynamic::described(&object, sent),
        }),
        ..before.clone()
    })
}

/// The redirect URI asked for, unless the server has another list.
fn redirect_uri(object: &Map<String, Value>, sent: &Value) -> Option<String> {
    let ours = sent["redirect_uris"][0].as_str().map(str::to_owned);
    match strings(object, "redirect_uris") {
        Some(kept) if ours.as_ref().is_some_and(|ours| !kept.contains(ours)) => kept.first().cloned(),
        _ => ours,
    }
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
