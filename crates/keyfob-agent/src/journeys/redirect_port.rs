//! The port of the redirect URI: chosen once, bound again at every later sign-in (D13), because several servers compare
//! the whole URI, port and all (oddity 11).

use keyfob_core::client_registration::{Given, Registration, RegistrationChoice, RegistrationOrigin, choose};
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::profile::Profile;
use url::Url;

use crate::ports::{BindError, LoopbackListener, Ports};

/// A bound listener and the redirect URI that leads to it.
pub(super) struct BoundRedirect {
    pub(super) listener: Box<dyn LoopbackListener>,
    pub(super) uri: String,
    /// The same with the profile's own path: for servers that take no other.
    pub(super) plain: String,
}

/// Binds the port the client is registered with, else the configured one, else a free one.
///
/// A registered port that is taken is no end for a dynamic client: it registers anew with another one. A client whose id
/// was given cannot do that: exit 5, naming the port.
pub(super) async fn bind(
    ports: &Ports,
    profile: &Profile,
    server: &AuthorizationServer,
    known: Option<&Registration>,
) -> Result<BoundRedirect, Failure> {
    let choice = &profile.redirect;
    let registered = known.and_then(|r| registered_uri(r, profile));
    let remembered = registered.as_ref().and_then(Url::port);
    let wanted = choice.port.or(remembered);
    let listener = match ports.loopback.bind(choice.host, wanted).await {
        Err(BindError::Taken(port)) if choice.port.is_some() || !may_move(known) => {
            return Err(Temporary::PortTaken(port).into());
        }
        Err(BindError::Taken(_)) => ports.loopback.bind(choice.host, None).await.map_err(bind_failure)?,
        other => other.map_err(bind_failure)?,
    };
    let path = registered.map_or_else(|| path(profile, server), |uri| uri.path().to_owned());
    let at = |path: &str| format!("http://{}:{}{path}", choice.host.as_str(), listener.address().port());
    Ok(BoundRedirect { uri: at(&path), plain: at(&choice.path), listener })
}

/// D14: a client that registers itself has a path per issuer; one that others registered has the path they know.
fn path(profile: &Profile, server: &AuthorizationServer) -> String {
    match choose(&profile.client, Given::Nothing, server) {
        Ok(RegistrationChoice::Dynamic(_)) => profile.redirect.path_at(server.issuer().as_str()),
        _ => profile.redirect.path.clone(),
    }
}

/// The registered redirect URI, if host and path are still such as are wanted.
fn registered_uri(registration: &Registration, profile: &Profile) -> Option<Url> {
    let uri = Url::parse(registration.redirect_uri.as_deref()?).ok()?;
    let paths = [profile.redirect.path.clone(), profile.redirect.path_at(&registration.issuer)];
    let same =
        uri.host_str() == Some(profile.redirect.host.as_str()) && paths.iter().any(|p| uri.path() == p);
    same.then_some(uri)
}

fn may_move(known: Option<&Registration>) -> bool {
    known.is_none_or(|r| r.origin != RegistrationOrigin::PreRegistered)
}

fn bind_failure(error: BindError) -> Failure {
    match error {
        BindError::Taken(port) => Temporary::PortTaken(port).into(),
        BindError::Failed(why) => Temporary::Offline(format!("no loopback listener: {why}")).into(),
    }
}
