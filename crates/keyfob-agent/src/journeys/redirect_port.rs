//! The port of the redirect URI: chosen once, bound again at every later sign-in (D13), because several servers compare
//! the whole URI, port and all (oddity 11).

use keyfob_core::client_registration::{Registration, RegistrationOrigin};
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::profile::Profile;
use url::Url;

use crate::ports::{BindError, LoopbackListener, Ports};

/// A bound listener and the redirect URI that leads to it.
pub(super) struct BoundRedirect {
    pub(super) listener: Box<dyn LoopbackListener>,
    pub(super) uri: String,
}

/// Binds the port the client is registered with, else the configured one, else a free one.
///
/// A registered port that is taken is no end for a dynamic client: it registers anew with another one. A client whose id
/// was given cannot do that: exit 5, naming the port.
pub(super) async fn bind(
    ports: &Ports,
    profile: &Profile,
    known: Option<&Registration>,
) -> Result<BoundRedirect, Failure> {
    let choice = &profile.redirect;
    let remembered = known.and_then(|r| registered_port(r, profile));
    let wanted = choice.port.or(remembered);
    let listener = match ports.loopback.bind(choice.host, wanted).await {
        Err(BindError::Taken(port)) if choice.port.is_some() || !may_move(known) => {
            return Err(Temporary::PortTaken(port).into());
        }
        Err(BindError::Taken(_)) => ports.loopback.bind(choice.host, None).await.map_err(bind_failure)?,
        other => other.map_err(bind_failure)?,
    };
    let uri = format!("http://{}:{}{}", choice.host.as_str(), listener.address().port(), choice.path);
    Ok(BoundRedirect { listener, uri })
}

/// The port of the registered redirect URI, if host and path are still the ones wanted.
fn registered_port(registration: &Registration, profile: &Profile) -> Option<u16> {
    let uri = Url::parse(registration.redirect_uri.as_deref()?).ok()?;
    let same = uri.host_str() == Some(profile.redirect.host.as_str()) && uri.path() == profile.redirect.path;
    uri.port().filter(|_| same)
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
