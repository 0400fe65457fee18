//! Dynamic registration (RFC 7591) and the registration's own address (RFC 7592).

use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use super::answer::{self, Refused};
use super::client::{AuthMethod, Client, Redirects, is_loopback};
use crate::clock::millis;
use crate::endpoint::path;
use crate::exchange::Arrived;
use crate::oddities::{
    Oddities, OmittedAuthMethod, OmittedGrants, Override, RegistrationAnswer, RegistrationLife,
    RegistrationUpdate,
};
use crate::parameters;
use crate::portal::State;
use crate::record::Registration;

/// Registers a client.
pub(super) fn register(state: &State, arrived: &Arrived) -> Response {
    let oddities = state.oddities();
    if oddities.sign_in.registration == RegistrationAnswer::NoEndpoint {
        return StatusCode::NOT_FOUND.into_response();
    }
    if arrived.parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if let RegistrationAnswer::Refused(refusal) = &oddities.sign_in.registration {
        return answer::refusal(refusal, "registration is not allowed here");
    }
    let Ok(metadata) = serde_json::from_slice::<Value>(&arrived.body) else {
        return answer::error(400, "invalid_client_metadata", "the body is not JSON");
    };
    let mut client = match client(state, &oddities, &metadata) {
        Ok(client) => client,
        Err(refusal) => return refusal.into_answer(),
    };
    if let RegistrationAnswer::OtherRedirects(others) = &oddities.sign_in.registration {
        client.redirects = Redirects::Listed(others.clone());
    }
    let status = if oddities.sign_in.registration == RegistrationAnswer::Ok { 200 } else { 201 };
    let answer = answer::json(status, information(state, &oddities, &metadata, &client));
    let client_id = client.id.clone();
    state.server().add_client(client);
    state.record.change(|seen| seen.registrations.push(Registration { client_id, metadata }));
    answer
}

fn strings(metadata: &Value, member: &str) -> Option<Vec<String>> {
    let list = metadata[member].as_array()?;
    Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

fn client(state: &State, oddities: &Oddities, metadata: &Value) -> Result<Client, Refused> {
    let redirects = strings(metadata, "redirect_uris").unwrap_or_default();
    let omitted_grants = match oddities.sign_in.omitted_grants {
        OmittedGrants::CodeOnly => vec!["authorization_code".to_owned()],
        OmittedGrants::CodeAndRefresh => ["authorization_code", "refresh_token"].map(str::to_owned).to_vec(),
    };
    let grant_types = strings(metadata, "grant_types").unwrap_or(omitted_grants);
    let takes_redirects = grant_types.iter().any(|grant| grant == "authorization_code");
    if takes_redirects && redirects.is_empty() || !redirects.iter().all(|uri| may_redirect(uri)) {
        let reason = "redirect URIs must be https or http on loopback";
        return Err(answer::refused(400, "invalid_redirect_uri", reason));
    }
    let omitted_method = match oddities.sign_in.omitted_auth_method {
        OmittedAuthMethod::Basic => AuthMethod::Basic,
        OmittedAuthMethod::Post => AuthMethod::Post,
        OmittedAuthMethod::Public => AuthMethod::None,
    };
    let asked = metadata["token_endpoint_auth_method"].as_str();
    let Some(auth_method) = asked.map_or(Some(omitted_method), AuthMethod::read) else {
        let reason = "unknown token_endpoint_auth_method";
        return Err(answer::refused(400, "invalid_client_metadata", reason));
    };
    let has_secret = matches!(auth_method, AuthMethod::Basic | AuthMethod::Post);
    Ok(Client {
        id: state.mint.token("client"),
        name: metadata["client_name"].as_str().unwrap_or("A program").to_owned(),
        secret: has_secret.then(|| state.mint.token("secret")),
        auth_method,
        redirects: Redirects::Listed(redirects),
        grant_types,
        scopes: parameters::scopes(metadata["scope"].as_str()),
        native: metadata["application_type"] == "native",
        registered: Some((state.mint.token("registration"), state.now())),
    })
}

fn may_redirect(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.scheme() == "https" || is_loopback(&url))
}

/// The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3).
fn information(state: &State, oddities: &Oddities, metadata: &Value, client: &Client) -> Value {
    let redirects = match &client.redirects {
        Redirects::Listed(listed) => listed.clone(),
        Redirects::AnyLoopback => Vec::new(),
    };
    let mut body = json!({ "client_id": client.id, "redirect_uris": redirects });
    if let Some(secret) = &client.secret {
        body["client_secret"] = json!(secret);
        let since = client.registered.as_ref().map_or_else(|| state.now(), |(_, since)| *since);
        body["client_secret_expires_at"] = json!(match oddities.sign_in.registration_life {
            RegistrationLife::Told(lasts) => (since + millis(lasts)) / 1000,
            RegistrationLife::Unlimited | RegistrationLife::Untold(_) => 0,
        });
    }
    if oddities.sign_in.registration == RegistrationAnswer::Terse {
        Override::apply(&oddities.sign_in.registration_overrides, &mut body);
        return body;
    }
    body["client_id_issued_at"] = json!(state.now() / 1000);
    body["client_name"] = json!(client.name);
    body["grant_types"] = json!(client.grant_types);
    body["token_endpoint_auth_method"] = json!(client.auth_method.name());
    for member in ["application_type", "scope", "response_types", "software_id", "software_version"] {
        if let Some(value) = metadata.get(member) {
            body[member] = value.clone();
        }
    }
    if let Some((management, _)) = &client.registered {
        body["registration_access_token"] = json!(management);
        body["registration_client_uri"] = json!(state.url(&format!("{}/{}", path::REGISTER, client.id)));
    }
    Override::apply(&oddities.sign_in.registration_overrides, &mut body);
    body
}

/// Reads, updates or deletes a registration (RFC 7592 section 2).
pub(super) fn manage(state: &State, arrived: &Arrived) -> Response {
    let client_id = arrived.parts.uri.path().trim_start_matches(path::REGISTER).trim_start_matches('/');
    let held = state.server().clients.get(client_id).cloned();
    let presented = arrived.parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = presented.and_then(|value| value.strip_prefix("Bearer "));
    let owner =
        held.filter(|client| client.registered.as_ref().is_some_and(|(own, _)| Some(own.as_str()) == token));
    let Some(client) = owner else {
        return answer::error(401, "invalid_token", "not the token of this registration");
    };
    match arrived.parts.method {
        Method::GET => answer::json(200, information(state, &state.oddities(), &json!({}), &client)),
        Method::PUT if state.oddities().sign_in.registration_update != RegistrationUpdate::Unsupported => {
            update(state, arrived, &client)
        }
        Method::DELETE => {
            state.server().clients.remove(client_id);
            state.record.change(|seen| seen.deleted_registrations.push(client.id));
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// What the server alone decides: RFC 7592 section 2.2 lets no client send it.
const SERVERS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Puts new metadata in the place of all that was there (RFC 7592 section 2.2).
fn update(state: &State, arrived: &Arrived, before: &Client) -> Response {
    let oddities = state.oddities();
    let invalid = |why| answer::error(400, "invalid_client_metadata", why);
    let Ok(metadata) = serde_json::from_slice::<Value>(&arrived.body) else {
        return invalid("the body is not JSON");
    };
    if metadata["client_id"] != before.id.as_str() {
        return invalid("client_id is not the one of this registration");
    }
    if SERVERS_OWN.iter().any(|member| metadata.get(member).is_some()) {
        return invalid("a member that only the server gives");
    }
    if metadata.get("client_secret").is_some_and(|secret| secret.as_str() != before.secret.as_deref()) {
        return invalid("client_secret is not the current one");
    }
    let new = match client(state, &oddities, &metadata) {
        Ok(new) => new,
        Err(refusal) => return refusal.into_answer(),
    };
    let mut updated = Client { id: before.id.clone(), ..new };
    if oddities.sign_in.registration_update == RegistrationUpdate::Taken {
        updated.registered.clone_from(&before.registered);
        updated.secret = updated.secret.map(|new| before.secret.clone().unwrap_or(new));
    }
    let answer = answer::json(200, information(state, &oddities, &metadata, &updated));
    let client_id = updated.id.clone();
    state.server().add_client(updated);
    state.record.change(|seen| seen.updated_registrations.push(Registration { client_id, metadata }));
    answer
}
