//! Becoming a client, once per issuer: the registration on record is used as long as it fits (C1, C6, C8, D13).

use http::{HeaderMap, HeaderValue, Method, header};
use keyfob_core::client_registration::{
    Registration, RegistrationChoice, RegistrationOrigin, choose, dynamic,
};
use keyfob_core::credential::Credential;
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::moment::Moment;
use keyfob_core::profile::Profile;
use keyfob_core::reminders::Situation;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;

use super::manage_registration::{updatable, updated_for};
use super::{guard_of, transport_failure};
use crate::ports::{HttpRequest, Ports};

/// What a client is wanted for.
pub(super) struct Wanted<'a> {
    pub(super) profile: &'a Profile,
    pub(super) server: &'a AuthorizationServer,
    pub(super) scopes: &'a ScopeSet,
    /// Where the browser comes back to; `None` for a device, which is a client of its own.
    pub(super) redirect_uri: Option<&'a str>,
    /// The redirect URI for a server that refuses the one above.
    pub(super) plain_uri: Option<&'a str>,
}

/// The registration on record, where it can serve again: same issuer, not ended nor about to (a sign-in that begins with it
/// would end with it), not refused by the server, and wide enough for the scopes wanted (oddity 9).
pub(super) fn on_record<'a>(
    credential: &'a Credential,
    profile: &Profile,
    server: &AuthorizationServer,
    scopes: &ScopeSet,
    now: &Moment,
) -> Option<&'a Registration> {
    let registration = credential.registration_at(server.issuer().as_str(), now.wall)?;
    let need = credential.sign_in.as_ref().and_then(|sign_in| sign_in.needs_sign_in());
    let gone = matches!(need, Some(SignInNeeded::RegistrationGone(_)));
    let fits = match (&profile.client.client_id, registration.origin) {
        (Some(client_id), RegistrationOrigin::PreRegistered) => *client_id == registration.client_id,
        (Some(_), _) | (None, RegistrationOrigin::PreRegistered) => false,
        (None, RegistrationOrigin::MetadataDocument) => {
            profile.client.metadata_url.as_ref() == Some(&registration.client_id)
        }
        (None, RegistrationOrigin::Dynamic) => {
            let ending = Situation { profile, credential, now }.registration_is_ending();
            !gone && !ending && registration.scopes.as_ref().is_none_or(|s| s.covers(scopes))
        }
    };
    fits.then_some(registration)
}

/// A client for this sign-in: the one on record if its redirect URI still holds, or once the server has changed it in place;
/// else a new one.
pub(super) async fn register(
    ports: &Ports,
    credential: &Credential,
    wanted: &Wanted<'_>,
) -> Result<Registration, Failure> {
    let now = ports.clock.now();
    let known = on_record(credential, wanted.profile, wanted.server, wanted.scopes, &now);
    if let Some(known) = known.filter(|r| r.redirect_uri.as_deref() == wanted.redirect_uri) {
        return Ok(known.clone());
    }
    if updatable(credential, wanted.profile, wanted.server).is_some()
        && let Some(updated) = updated_for(ports, wanted).await?
    {
        return Ok(updated);
    }
    let proof = credential.given();
    let plain = |client_id: &str, origin| Registration {
        redirect_uri: wanted.redirect_uri.map(str::to_owned),
        ..Registration::public(wanted.server.issuer().as_str(), client_id, origin)
    };
    match choose(&wanted.profile.client, proof, wanted.server)? {
        RegistrationChoice::PreRegistered { client_id, authentication } => Ok(Registration {
            client_secret: credential.given_client_secret.clone(),
            authentication,
            private_key: credential.given_private_key.clone(),
            ..plain(&client_id, RegistrationOrigin::PreRegistered)
        }),
        RegistrationChoice::MetadataDocument(url) => Ok(plain(&url, RegistrationOrigin::MetadataDocument)),
        RegistrationChoice::Dynamic(endpoint) => {
            match dynamically(ports, &endpoint, wanted, wanted.redirect_uri).await {
                // D14: a path per issuer where registration allows it; some servers take none but the usual one.
                Err(failure) if refuses_redirect(&failure) && wanted.plain_uri != wanted.redirect_uri => {
                    dynamically(ports, &endpoint, wanted, wanted.plain_uri).await
                }
                registered => registered,
            }
        }
    }
}

/// What the server may show to its user.
pub(super) fn client_name(profile: &Profile) -> String {
    format!("keyfob ({})", profile.name)
}

fn refuses_redirect(failure: &Failure) -> bool {
    use keyfob_core::failure::Incompatibility::RegistrationRefused;
    matches!(failure, Failure::AuthorizationServerIncompatible(RegistrationRefused(why)) if why.contains("redirect"))
}

async fn dynamically(
    ports: &Ports,
    endpoint: &CheckedUrl,
    wanted: &Wanted<'_>,
    redirect_uri: Option<&str>,
) -> Result<Registration, Failure> {
    let name = client_name(wanted.profile);
    let body = dynamic::request(wanted.server, redirect_uri, wanted.scopes, &name);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let request = HttpRequest {
        method: Method::POST,
        url: endpoint.url().clone(),
        headers,
        bearer: None,
        body: body.to_string().into_bytes(),
        guard: guard_of(wanted.profile),
    };
    let response = ports.http.fetch(request).await.map_err(transport_failure)?;
    if (300..400).contains(&response.status) {
        return Err(keyfob_core::failure::Misbehaviour::Redirected(response.status).into());
    }
    dynamic::read_answer(response.status, &response.body, wanted.server.issuer(), &body)
}
