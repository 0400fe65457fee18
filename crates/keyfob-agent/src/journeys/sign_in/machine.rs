//! Signing in without anybody (RFC 6749 §4.4): a client that the operator made asks for a token of its own.

use keyfob_core::client_registration::{Given, Registration, RegistrationOrigin, default_authentication};
use keyfob_core::credential::Credential;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::Failure;
use keyfob_core::grant::client_credentials::{self, MachineRequest};
use keyfob_core::profile::Profile;

use super::keeping::{Keeping, prove_writable, read_or_begin_anew, scopes_to_request};
use super::{SignInOptions, SignInProgress, SignedIn};
use crate::journeys::examine::{Examined, examine};
use crate::ports::Ports;

/// The journey of a machine.
pub(super) async fn sign_in(
    ports: &Ports,
    profile: &Profile,
    options: SignInOptions,
) -> Result<SignedIn, Failure> {
    let before = read_or_begin_anew(ports, profile).await?;
    let examined = examine(ports, profile).await?;
    options.tell(SignInProgress::LookedUp(Box::new(examined.clone())));
    let registration = client(profile, &before, &examined)?;
    let scopes = scopes_to_request(profile, &examined, &before, &options.additional_scopes);
    prove_writable(ports, profile, &registration, &options).await?;
    options.tell(SignInProgress::Registered);
    let request = client_credentials::request(&MachineRequest {
        endpoint: examined.server.token_endpoint(),
        client: &registration,
        resource: profile.resource_parameter(examined.resource.resource()),
        audience: profile.audience.as_deref(),
        scopes: &scopes,
        extra: &profile.extra_params,
    });
    let keeping = Keeping { ports, profile, examined, registration, scopes };
    keeping.redeem_and_keep(&request, &options).await
}

/// H6: the client that the operator gave; a machine never registers itself.
fn client(profile: &Profile, held: &Credential, examined: &Examined) -> Result<Registration, Failure> {
    let usage = |what: &str| {
        let name = &profile.name;
        Failure::Usage(format!(
            "the client credentials of `{name}` lack {what}: keyfob remove {name}, then keyfob add {name} URL --grant \
             client-credentials --client-id ID with --client-secret-stdin or --private-key FILE"
        ))
    };
    let client_id = profile.client.client_id.clone().ok_or_else(|| usage("a client id"))?;
    let given = held.given();
    if given == Given::Nothing {
        return Err(usage("a secret or a private key"));
    }
    let authentication = match profile.client.authentication {
        Some(ClientAuthentication::None) => return Err(usage("a proof: client_auth is `none`")),
        Some(method) => method,
        None => default_authentication(given, &examined.server),
    };
    let issuer = examined.server.issuer().as_str();
    Ok(Registration {
        client_secret: held.given_client_secret.clone(),
        authentication,
        private_key: held.given_private_key.clone(),
        ..Registration::public(issuer, &client_id, RegistrationOrigin::PreRegistered)
    })
}
