//! Managing a dynamic registration where its server lets the client do so (RFC 7592): changed in place, so that the sign-in
//! that was given to it goes on, and deleted with its profile (C12).
//!
//! A server that takes no change is no failure: whoever wanted it registers anew, or asks its user to.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::client_registration::{Management, Registration, RegistrationOrigin, dynamic, update};
use keyfob_core::credential::Credential;
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::secret::AccessToken;
use serde_json::Value;

use super::register::{Wanted, client_name, on_record};
use super::repeats::until_answered;
use super::{guard_of, record};
use crate::journal::JournalEvent;
use crate::ports::{AddressGuard, CommitError, HttpRequest, HttpResponse, Ports, TransportFailure};

/// A renewal may hold the profile's lock for so long.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// How often an answer that cannot be written is tried again, once a second (as trust rule 5): it may hold the only secret.
const HOLD_ANSWER: u32 = 30;

/// The registration on record, where its server may change it in place: its own, dynamic, known there, and managed.
pub(super) fn updatable<'a>(
    credential: &'a Credential,
    profile: &Profile,
    server: &AuthorizationServer,
) -> Option<&'a Registration> {
    let is_others = profile.client.client_id.is_some()
        || profile.client.metadata_url.is_some() && server.takes_client_id_metadata_document();
    let need = credential.sign_in.as_ref().and_then(|sign_in| sign_in.needs_sign_in());
    let is_gone = matches!(need, Some(SignInNeeded::RegistrationGone(_)));
    let registration = credential.registration.as_ref().filter(|_| !is_others && !is_gone)?;
    (registration.issuer == server.issuer().as_str() && is_managed(registration)).then_some(registration)
}

fn is_managed(registration: &Registration) -> bool {
    registration.origin == RegistrationOrigin::Dynamic
        && registration.is_known()
        && registration.management.is_some()
}

/// The registration on record, changed into one that this sign-in can begin with; `None` where there is none to change, or
/// the server took no such change.
///
/// # Errors
/// The store's own: what the server may have answered cannot be kept.
pub(super) async fn updated_for(ports: &Ports, wanted: &Wanted<'_>) -> Result<Option<Registration>, Failure> {
    let Wanted { profile, server, scopes, redirect_uri, .. } = *wanted;
    // Who has no lock registers anew, which needs none.
    let Ok(_lock) = ports.store.lock(&profile.name, LOCK_PATIENCE).await else { return Ok(None) };
    let Some(held) = ports.store.read(&profile.name).await? else { return Ok(None) };
    let fitting = |credential: &Credential| {
        on_record(credential, profile, server, scopes, &ports.clock.now())
            .filter(|registration| registration.serves(redirect_uri, scopes))
            .cloned()
    };
    // Somebody else may have done it while the lock was waited for.
    if let Some(registration) = fitting(&held) {
        return Ok(Some(registration));
    }
    let Some(before) = updatable(&held, profile, server) else { return Ok(None) };
    let asked = dynamic::request(server, redirect_uri, scopes, &client_name(profile));
    let body = update::request(before, &asked);
    Ok(fitting(&carry_out(ports, profile, held, &body).await?))
}

/// The record with a secret that lives longer, where its server gives one (C8); else the record as it is. The caller holds
/// the profile's lock.
pub(super) async fn with_renewed_secret(ports: &Ports, profile: &Profile, held: Credential) -> Credential {
    let registration = held.registration.as_ref().filter(|registration| is_managed(registration));
    let Some(before) = registration.filter(|_| held.machine_id == *ports.machine_id) else { return held };
    let body = update::unchanged(before, &client_name(profile));
    match carry_out(ports, profile, held.clone(), &body).await {
        Ok(next) => next,
        Err(failure) => {
            tracing::warn!(profile = %profile.name, %failure, "the registration could not be updated");
            held
        }
    }
}

/// Sends the update and keeps the answer, durably, before anybody uses it (C9). Whatever came of it, the record as it is now.
async fn carry_out(
    ports: &Ports,
    profile: &Profile,
    held: Credential,
    body: &Value,
) -> Result<Credential, Failure> {
    let Some((before, request)) = held.registration.as_ref().and_then(|r| Some((r, put(profile, r, body)?)))
    else {
        return Ok(held);
    };
    let began = ports.clock.now().boot_ms;
    // A store that takes no write could not keep the answer either.
    let generation = ports.store.commit(&profile.name, held.generation, &held).await?;
    let response = send(ports, &request).await;
    let updated = response
        .map_err(super::transport_failure)
        .and_then(|response| update::read_answer(response.status, &response.body, before, body));
    match updated {
        Ok(updated) => {
            let kept = keep(ports, &profile.name, &updated).await?;
            record(ports, profile, JournalEvent::RegistrationUpdated, Some(began), None);
            Ok(kept.unwrap_or(held))
        }
        Err(failure) => {
            tracing::info!(profile = %profile.name, %failure, "the registration was not updated");
            Ok(Credential { generation, ..held })
        }
    }
}

fn put(profile: &Profile, registration: &Registration, body: &Value) -> Option<HttpRequest> {
    let management = registration.management.as_ref()?;
    let mut request = HttpRequest {
        body: body.to_string().into_bytes(),
        ..managing(Method::PUT, management, guard_of(profile))?
    };
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(header::CONTENT_TYPE, json.clone());
    request.headers.insert(header::ACCEPT, json);
    Some(request)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the registration token goes to the URI the server gave with it"
)]
fn managing(method: Method, management: &Management, guard: AddressGuard) -> Option<HttpRequest> {
    Some(HttpRequest {
        method,
        url: CheckedUrl::parse(&management.uri).ok()?.url().clone(),
        headers: HeaderMap::new(),
        bearer: Some(AccessToken::new(management.token.expose_secret().to_owned())),
        body: Vec::new(),
        guard,
    })
}

/// The server may have given a new secret, and whoever asks again at once is likeliest to be told it again.
async fn send(ports: &Ports, request: &HttpRequest) -> Result<HttpResponse, TransportFailure> {
    let answered = until_answered(&*ports.clock, || ports.http.fetch(request.clone())).await;
    answered.map_err(|unanswered| unanswered.failure)
}

/// Written on whatever the record has become meanwhile; `None` where the profile was removed.
async fn keep(
    ports: &Ports,
    name: &ProfileName,
    updated: &Registration,
) -> Result<Option<Credential>, Failure> {
    let mut refused = Failure::Bug("an updated registration was held and never written".into());
    for _ in 0..HOLD_ANSWER {
        match written(ports, name, updated).await {
            Ok(kept) => return Ok(kept),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Store(problem)) => {
                tracing::error!(profile = %name, %problem, "an updated registration cannot be written; trying again");
                ports.clock.sleep(Duration::from_secs(1)).await;
                refused = problem.into();
            }
        }
    }
    Err(refused)
}

async fn written(
    ports: &Ports,
    name: &ProfileName,
    updated: &Registration,
) -> Result<Option<Credential>, CommitError> {
    let Some(current) = ports.store.read(name).await? else { return Ok(None) };
    let next = current.with_updated_registration(updated);
    let generation = ports.store.commit(name, current.generation, &next).await?;
    Ok(Some(Credential { generation, ..next }))
}

/// RFC 7592 §2.3, best effort: the server may refuse or be away, and the profile is gone all the same.
pub(super) async fn delete_registration(
    ports: &Ports,
    name: &ProfileName,
    guard: AddressGuard,
    management: &Management,
) {
    let Some(request) = managing(Method::DELETE, management, guard) else { return };
    match ports.http.fetch(request).await {
        Ok(response) if response.status < 300 => {}
        Ok(response) => {
            tracing::info!(profile = %name, status = response.status, "the registration was not deleted");
        }
        Err(failure) => tracing::info!(profile = %name, %failure, "the registration was not deleted"),
    }
}
