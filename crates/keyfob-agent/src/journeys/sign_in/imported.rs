//! A sign-in that another program made, taken over: the server is looked up as for any sign-in, the tokens are bound to its issuer
//! and to the client they were given to, and from then on they are renewed like any other. Nobody is sent to a browser.

use keyfob_core::client_registration::{
    Given, GivenProof, Registration, RegistrationOrigin, default_authentication,
};
use keyfob_core::discovery::authorization_server::{AuthorizationServer, ClientAuthentication};
use keyfob_core::failure::Failure;
use keyfob_core::import::ForeignSignIn;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use url::Url;

use super::keeping::{Keeping, prove_writable, read_or_begin_anew};
use super::{SignInOptions, SignInProgress, SignedIn};
use crate::journal::JournalEvent;
use crate::journeys::examine::examine;
use crate::journeys::profiles;
use crate::journeys::record;
use crate::ports::Ports;

/// Takes `foreign` over for `profile`, which is made where there is none of its name yet. Without a client id the access token
/// alone is kept.
///
/// # Errors
/// What a look-up can fail with; [`Failure::Usage`] where the tokens are of another authorization server than the one that the
/// server names now, or the profile is signed in already. No profile is made then.
pub async fn import(ports: &Ports, profile: &Profile, foreign: &ForeignSignIn) -> Result<SignedIn, Failure> {
    let held = read_or_begin_anew(ports, profile).await?;
    if held.sign_in_for(&profile.url).is_some_and(|sign_in| sign_in.dead.is_none()) {
        let name = &profile.name;
        return Err(Failure::Usage(format!(
            "`{name}` is signed in already; keyfob sign-out {name} makes room, or give the import another name"
        )));
    }
    let examined = examine(ports, profile).await?;
    belongs_to(foreign, &examined.server, &profile.url)?;
    if profiles::find_profile(&*ports.settings, &profile.name).is_err() {
        profiles::add(ports, profile, given_secret(profile, foreign)).await?;
    }
    let registration = registration(profile, foreign, &examined.server);
    let (options, _) = SignInOptions::usual();
    options.tell(SignInProgress::LookedUp(Box::new(examined.clone())));
    prove_writable(ports, profile, &registration, &options).await?;
    let now = ports.clock.now();
    let answer = foreign.answer(foreign.jwt_expiry(), now.wall);
    let keeping = Keeping { ports, profile, examined, registration, scopes: ScopeSet::default() };
    let signed_in = keeping.keep(answer, &options).await?;
    let detail = format!("taken over from {}", foreign.source.name());
    record(ports, profile, JournalEvent::SignedIn, Some(now.boot_ms), Some(detail));
    Ok(signed_in)
}

/// B8: tokens of one authorization server never go to another.
fn belongs_to(
    foreign: &ForeignSignIn,
    server: &AuthorizationServer,
    url: &CheckedUrl,
) -> Result<(), Failure> {
    let refuse = |theirs: &str| {
        Err(Failure::Usage(format!(
            "these tokens are of {}, and {url} now names {}: they are not taken over; sign in instead",
            keyfob_core::server_text::shown(theirs),
            server.issuer()
        )))
    };
    if let Some(issuer) = foreign.issuer.as_deref().filter(|issuer| !is_same(issuer, server.issuer())) {
        return refuse(issuer);
    }
    match foreign.token_endpoint.as_deref().filter(|theirs| !is_same(theirs, server.token_endpoint())) {
        Some(endpoint) => refuse(endpoint),
        None => Ok(()),
    }
}

/// Programs parse and write addresses anew, so that a slash comes or goes. What is sent goes to the address looked up just now.
fn is_same(theirs: &str, ours: &CheckedUrl) -> bool {
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    Url::parse(theirs).is_ok_and(|theirs| bare(theirs.as_str()) == bare(ours.url().as_str()))
}

/// The secret of a client that the user names: the next sign-in needs it as well.
fn given_secret(profile: &Profile, foreign: &ForeignSignIn) -> Option<GivenProof> {
    let client = foreign.client.as_ref()?;
    let is_named = profile.client.client_id.as_ref() == Some(&client.client_id);
    client.client_secret.clone().filter(|_| is_named).map(GivenProof::Secret)
}

/// The client as the other program was it. The next sign-in in the browser makes one of keyfob's own, unless the user names this
/// one: its redirects are the other program's.
fn registration(profile: &Profile, foreign: &ForeignSignIn, server: &AuthorizationServer) -> Registration {
    let Some(client) = &foreign.client else {
        return Registration::unknown(server.issuer().as_str());
    };
    let is_named = profile.client.client_id.as_ref() == Some(&client.client_id);
    let given = if client.client_secret.is_some() { Given::Secret } else { Given::Nothing };
    let stated = client.authentication.filter(|method| *method != ClientAuthentication::PrivateKeyJwt);
    let stated = stated.filter(|method| (*method == ClientAuthentication::None) == (given == Given::Nothing));
    Registration {
        client_id: client.client_id.clone(),
        client_secret: client.client_secret.clone(),
        authentication: stated.unwrap_or_else(|| default_authentication(given, server)),
        origin: if is_named { RegistrationOrigin::PreRegistered } else { RegistrationOrigin::Dynamic },
        ..Registration::unknown(server.issuer().as_str())
    }
}
