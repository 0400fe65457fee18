//! Posting what carries credentials, with the proof the client owes (H6). An assertion is made for each send: servers refuse
//! one they have seen.

use keyfob_core::client_registration::Registration;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::grant::client_assertion::{RANDOM_BYTES, signed, signing_input};
use keyfob_core::grant::credential_request::CredentialRequest;

use crate::ports::{AddressGuard, HttpResponse, Ports, TransportFailure};

/// Sends `request` for `client`.
pub(super) async fn post(
    ports: &Ports,
    guard: AddressGuard,
    client: &Registration,
    request: &CredentialRequest,
) -> Result<HttpResponse, TransportFailure> {
    if client.authentication != ClientAuthentication::PrivateKeyJwt {
        return ports.http.post_credentials(request, guard).await;
    }
    let proven = proven(ports, client, request).map_err(TransportFailure::NotSent)?;
    ports.http.post_credentials(&proven, guard).await
}

fn proven(
    ports: &Ports,
    client: &Registration,
    request: &CredentialRequest,
) -> Result<CredentialRequest, String> {
    let key = client.private_key.as_ref().ok_or("this client proves itself by a key, and none is kept")?;
    let kind = ports.signer.kind(key)?;
    let mut random = [0; RANDOM_BYTES];
    ports.entropy.fill(&mut random);
    let input = signing_input(client, &kind, &random, ports.clock.now().wall);
    Ok(request.proven_by(&signed(&input, &ports.signer.sign(key, &input)?)))
}
