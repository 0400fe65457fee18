//! Signing in by the browser (OAuth 2.1 §4.1): listener, browser, redirect, code.

use std::time::Duration;

use keyfob_core::client_registration::Registration;
use keyfob_core::failure::Failure;
use keyfob_core::grant::authorization_code::{
    AuthorizationRequest, PendingAuthorization, RANDOM_BYTES, Received, RedirectArrival,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::profile::Profile;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::keeping::{Keeping, extra_parameters, prove_writable, read_or_begin_anew, scopes_to_request};
use super::{SignInOptions, SignInProgress, SignedIn};
use crate::journeys::examine::{Examined, examine};
use crate::journeys::landing_page;
use crate::journeys::manage_registration;
use crate::journeys::redirect_port::{self, BoundRedirect};
use crate::journeys::register::{self, Wanted};
use crate::ports::{Clock, LoopbackListener, Page, Ports, Visit};

/// A browser on this machine takes its page at once, or not at all.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// The journey in the browser.
pub(super) async fn sign_in(
    ports: &Ports,
    profile: &Profile,
    mut options: SignInOptions,
) -> Result<SignedIn, Failure> {
    let examined = examine(ports, profile).await?;
    options.tell(SignInProgress::LookedUp(Box::new(examined.clone())));
    let before = read_or_begin_anew(ports, profile).await?;
    let scopes = scopes_to_request(profile, &examined, &before, &options.additional_scopes);
    let now = ports.clock.now();
    let known = register::on_record(&before, profile, &examined.server, &scopes, &now)
        .or_else(|| manage_registration::updatable(&before, profile, &examined.server));
    let BoundRedirect { listener, uri, plain } =
        redirect_port::bind(ports, profile, &examined.server, known).await?;
    let wanted = Wanted {
        profile,
        server: &examined.server,
        scopes: &scopes,
        redirect_uri: Some(&uri),
        plain_uri: Some(&plain),
    };
    let registration = register::register(ports, &before, &wanted).await?;
    prove_writable(ports, profile, &registration, &options).await?;
    options.tell(SignInProgress::Registered);

    let pending = begin(ports, profile, &examined, &registration, &wanted)?;
    visit(ports, &options, pending.1).await;
    let progress = options.progress.clone();
    let waiting = Waiting { ports, profile, listener, pending: pending.0, progress };
    let Arrived { code, reply } = tokio::select! {
        arrived = waiting.for_redirect(&mut options.pasted) => arrived,
        () = ports.clock.sleep(options.timeout) => return Err(Failure::SignInTimedOut),
    };
    options.tell(SignInProgress::Redirected);
    let outcome = match code {
        Ok(request) => {
            let keeping = Keeping { ports, profile, examined, registration, scopes };
            keeping.redeem_and_keep(&request, &options).await
        }
        Err(failure) => Err(failure),
    };
    if let Some(visitor) = reply {
        let page = match &outcome {
            Ok(_) => landing_page::signed_in(profile.label.as_deref().unwrap_or(profile.name.as_str())),
            Err(failure) => landing_page::failed(failure),
        };
        visitor.show(page, &*ports.clock).await;
    }
    outcome
}

fn begin(
    ports: &Ports,
    profile: &Profile,
    examined: &Examined,
    client: &Registration,
    wanted: &Wanted<'_>,
) -> Result<(PendingAuthorization, Url), Failure> {
    let mut random = [0; RANDOM_BYTES];
    ports.entropy.fill(&mut random);
    let extra = extra_parameters(profile);
    let request = AuthorizationRequest {
        server: &examined.server,
        client,
        // The one registered, which may not be the one asked for.
        redirect_uri: client.redirect_uri.as_deref().or(wanted.redirect_uri).unwrap_or_default(),
        resource: profile.resource_parameter(examined.resource.resource()),
        scopes: wanted.scopes,
        extra: &extra,
    };
    PendingAuthorization::begin(&request, &random, ports.clock.now().wall)
}

async fn visit(ports: &Ports, options: &SignInOptions, url: Url) {
    let opened =
        if options.open_browser { ports.browser.open(&url).await } else { Err("no browser wanted".into()) };
    options.tell(SignInProgress::Visit { url, opened });
}

/// What ended the wait, and where to show a page about it.
struct Arrived {
    code: Result<CredentialRequest, Failure>,
    reply: Option<Visitor>,
}

/// A browser that waits for its page. It may have gone away; that changes nothing.
struct Visitor {
    reply: oneshot::Sender<Page>,
    shown: oneshot::Receiver<()>,
}

impl Visitor {
    /// Comes back when the page is out: a command that ends now would leave the browser with a broken connection.
    async fn show(self, page: Page, clock: &dyn Clock) {
        if self.reply.send(page).is_err() {
            return;
        }
        tokio::select! {
            _ = self.shown => {}
            () = clock.sleep(SHOWN_WITHIN) => {}
        }
    }
}

struct Waiting<'a> {
    ports: &'a Ports,
    profile: &'a Profile,
    listener: Box<dyn LoopbackListener>,
    pending: PendingAuthorization,
    progress: mpsc::UnboundedSender<SignInProgress>,
}

impl Waiting<'_> {
    /// Waits for the one right redirect, by the listener or pasted. Strangers get a 400 and change nothing (E5).
    async fn for_redirect(mut self, pasted: &mut Option<mpsc::Receiver<String>>) -> Arrived {
        loop {
            let (arrival, reply) = tokio::select! {
                Visit { arrival, reply, shown } = self.listener.accept() => (arrival, Some(Visitor { reply, shown })),
                arrival = next_pasted(pasted, &self.progress) => (arrival, None),
            };
            match self.pending.receive(&arrival, self.ports.clock.now().wall) {
                Received::Code(request) => return Arrived { code: Ok(request), reply },
                Received::Failed(failure) => return Arrived { code: Err(failure), reply },
                Received::Ignored { pending, status } => {
                    tracing::debug!(profile = %self.profile.name, status, "ignored a request that is not the redirect waited for");
                    self.pending = *pending;
                    // A stranger is not waited for; a person who pasted it wants to know.
                    match reply {
                        Some(visitor) => drop(visitor.reply.send(landing_page::ignored(status))),
                        None => pasted_in_vain(&self.progress, "this sign-in waits for another one"),
                    }
                }
            }
        }
    }
}

/// The next pasted address; never ends where nothing can be pasted.
async fn next_pasted(
    pasted: &mut Option<mpsc::Receiver<String>>,
    progress: &mpsc::UnboundedSender<SignInProgress>,
) -> RedirectArrival {
    loop {
        let text = match pasted {
            Some(receiver) => receiver.recv().await,
            None => None,
        };
        let Some(text) = text else {
            *pasted = None;
            return std::future::pending().await;
        };
        match as_arrival(text.trim()) {
            Some(arrival) => return arrival,
            None => pasted_in_vain(progress, "it is no address"),
        }
    }
}

fn pasted_in_vain(progress: &mpsc::UnboundedSender<SignInProgress>, why: &'static str) {
    // Nobody has to listen.
    let _ = progress.send(SignInProgress::PastedInVain(why));
}

/// What a browser's address line shows, which may have left `http://` out.
fn as_arrival(text: &str) -> Option<RedirectArrival> {
    let is_whole = text.starts_with("http://") || text.starts_with("https://");
    let url = Url::parse(&if is_whole { text.to_owned() } else { format!("http://{text}") }).ok()?;
    Some(RedirectArrival {
        method: "GET".into(),
        host: url.authority().to_owned(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_address_counts_with_and_without_its_scheme() {
        let whole = as_arrival("http://127.0.0.1:7/callback?code=c&state=s").unwrap();
        assert_eq!(
            (&*whole.host, &*whole.path, &*whole.query),
            ("127.0.0.1:7", "/callback", "code=c&state=s")
        );
        for text in ["127.0.0.1:7/callback?code=c&state=s", "localhost:7/callback?code=c&state=s"] {
            let arrival = as_arrival(text).unwrap();
            assert_eq!((&arrival.path, &arrival.query), (&whole.path, &whole.query), "{text}");
        }
        assert!(as_arrival("what is this").is_none() && as_arrival("").is_none());
    }
}
