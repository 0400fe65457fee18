//! Signing in: look-up, client, listener, browser, redirect, code, tokens. The tokens are durable before anyone hears of
//! them, and until then what was held stays held.

use std::time::Duration;

use keyfob_core::client_registration::Registration;
use keyfob_core::credential::{Credential, Endpoints, NewSignIn};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::grant::authorization_code::{
    AuthorizationRequest, PendingAuthorization, RANDOM_BYTES, Received, RedirectArrival,
};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::token_endpoint::{self, TokenAnswer};
use keyfob_core::profile::Profile;
use keyfob_core::scope::{ScopeSet, requested};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::account::account;
use super::examine::{Examined, examine};
use super::redirect_port::{self, BoundRedirect};
use super::register::{self, Wanted};
use super::{as_http_answer, guard_of, landing_page, record, record_failure, set_aside, transport_failure};
use crate::delivery::{self, DeliveryReport};
use crate::journal::JournalEvent;
use crate::ports::{Clock, CommitError, LoopbackListener, Page, Ports, Visit};

/// How a sign-in is done.
pub struct SignInOptions {
    /// Open the system browser; else only tell the URL.
    pub open_browser: bool,
    /// Give up after this.
    pub timeout: Duration,
    /// Scopes to ask for beside the usual ones (step-up, D8).
    pub additional_scopes: ScopeSet,
    /// Redirect URLs that a person pastes, for machines without a browser.
    pub pasted: Option<mpsc::Receiver<String>>,
    /// Hears how it goes.
    pub progress: mpsc::UnboundedSender<SignInProgress>,
}

/// How far a sign-in is.
#[derive(Debug, Clone)]
pub enum SignInProgress {
    /// The server was looked up.
    LookedUp(Box<Examined>),
    /// The record held did not open; it is kept at this path.
    SetAside(String),
    /// keyfob is a client there.
    Registered,
    /// A person must visit this URL; `opened` says whether a browser was started, or why not.
    Visit {
        /// The authorization URL.
        url: Url,
        /// `Ok` where a browser was started.
        opened: Result<(), String>,
    },
    /// The redirect arrived; the code is being exchanged.
    Redirected,
    /// A place could not be written to; the sign-in stands.
    DeliveryFailed(DeliveryReport),
}

/// The default time to finish a sign-in in the browser.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);

/// A browser on this machine takes its page at once, or not at all.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

impl SignInOptions {
    /// The usual way: browser, five minutes. Progress goes to the returned receiver.
    pub fn usual() -> (Self, mpsc::UnboundedReceiver<SignInProgress>) {
        let (progress, receiver) = mpsc::unbounded_channel();
        let options = Self {
            open_browser: true,
            timeout: DEFAULT_TIMEOUT,
            additional_scopes: ScopeSet::default(),
            pasted: None,
            progress,
        };
        (options, receiver)
    }

    fn tell(&self, progress: SignInProgress) {
        // Nobody has to listen.
        let _ = self.progress.send(progress);
    }
}

/// A finished sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The record as it is now.
    pub credential: Credential,
    /// How the token got to its places.
    pub deliveries: Vec<DeliveryReport>,
}

/// Signs `profile` in. Dropping the future gives the sign-in up; nothing is lost then.
pub async fn sign_in(ports: &Ports, profile: &Profile, options: SignInOptions) -> Result<SignedIn, Failure> {
    let began = ports.clock.now().boot_ms;
    let outcome = Box::pin(attempt(ports, profile, options)).await;
    match &outcome {
        Ok(_) => record(ports, profile, JournalEvent::SignedIn, Some(began), None),
        Err(failure) => record_failure(ports, profile, JournalEvent::SignInFailed, Some(began), failure),
    }
    outcome
}

async fn attempt(ports: &Ports, profile: &Profile, mut options: SignInOptions) -> Result<SignedIn, Failure> {
    let examined = examine(&*ports.http, profile).await?;
    options.tell(SignInProgress::LookedUp(Box::new(examined.clone())));
    let before = read_or_begin_anew(ports, profile).await?;
    let scopes = scopes_to_request(profile, &examined, &before, &options.additional_scopes);
    let now = ports.clock.now();
    let known = register::on_record(&before, profile, &examined.server, &scopes, &now);
    let BoundRedirect { listener, uri, plain } =
        redirect_port::bind(ports, profile, &examined.server, known).await?;
    let wanted =
        Wanted { profile, server: &examined.server, scopes: &scopes, redirect_uri: &uri, plain_uri: &plain };
    let registration = register::register(ports, &before, &wanted).await?;
    prove_writable(ports, profile, before, &registration, &options).await?;
    options.tell(SignInProgress::Registered);

    let pending = begin(ports, profile, &examined, &registration, &wanted)?;
    visit(ports, &options, pending.1).await;
    let waiting = Waiting { ports, profile, listener, pending: pending.0 };
    let Arrived { code, reply } = tokio::select! {
        arrived = waiting.for_redirect(&mut options.pasted) => arrived,
        () = ports.clock.sleep(options.timeout) => return Err(Failure::SignInTimedOut),
    };
    options.tell(SignInProgress::Redirected);
    let outcome = match code {
        Ok(request) => {
            let exchange = Exchange { ports, profile, examined, registration, scopes };
            exchange.finish(&request, &options).await
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

/// D6, D7, D8: the usual scopes; for a step-up, the union with what is already granted.
fn scopes_to_request(
    profile: &Profile,
    examined: &Examined,
    held: &Credential,
    additional: &ScopeSet,
) -> ScopeSet {
    let challenged = examined.challenge.as_ref().and_then(|challenge| challenge.scope.as_ref());
    let usual = requested(
        &profile.scopes,
        challenged,
        examined.resource.scopes_supported(),
        examined.server.scopes_supported(),
    );
    if additional.is_empty() {
        return usual;
    }
    let granted =
        held.sign_in_for(&profile.url).and_then(|sign_in| sign_in.tokens.scopes.clone()).unwrap_or_default();
    usual.union(&granted).union(additional)
}

/// What is held; for a record that does not open, as for none, an empty one.
async fn read_or_begin_anew(ports: &Ports, profile: &Profile) -> Result<Credential, Failure> {
    let held = match ports.store.read(&profile.name).await {
        Err(StoreProblem::Damaged(_) | StoreProblem::KeyMissing(_)) => None,
        held => held?,
    };
    Ok(held.unwrap_or_else(|| Credential::empty(&ports.machine_id)))
}

/// Before a person is sent to the browser: the store takes writes. A new registration is kept at once where no sign-in
/// depends on the old one, so that a sign-in given up does not register again and again.
async fn prove_writable(
    ports: &Ports,
    profile: &Profile,
    mut credential: Credential,
    registration: &Registration,
    options: &SignInOptions,
) -> Result<(), Failure> {
    if credential.sign_in.is_none() {
        credential.registration = Some(registration.clone());
    }
    let commit = || ports.store.commit(&profile.name, credential.generation, &credential);
    let mut committed = commit().await;
    // Only now, with the server found and this client known there, does what cannot be opened go out of the way.
    if let Err(CommitError::Store(problem)) = committed {
        if let Some(aside) = set_aside(ports, profile, problem).await? {
            options.tell(SignInProgress::SetAside(aside));
        }
        committed = commit().await;
    }
    match committed {
        // Another writer was there a moment ago: then the store takes writes.
        Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(CommitError::Store(problem)) => Err(problem.into()),
    }
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
    let mut extra = profile.extra_params.clone();
    extra.extend(profile.audience.iter().map(|audience| ("audience".to_owned(), audience.clone())));
    let request = AuthorizationRequest {
        server: &examined.server,
        client,
        // The one registered, which may not be the one asked for.
        redirect_uri: client.redirect_uri.as_deref().unwrap_or(wanted.redirect_uri),
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
}

impl Waiting<'_> {
    /// Waits for the one right redirect, by the listener or pasted. Strangers get a 400 and change nothing (E5).
    async fn for_redirect(mut self, pasted: &mut Option<mpsc::Receiver<String>>) -> Arrived {
        loop {
            let (arrival, reply) = tokio::select! {
                Visit { arrival, reply, shown } = self.listener.accept() => (arrival, Some(Visitor { reply, shown })),
                arrival = next_pasted(pasted) => (arrival, None),
            };
            match self.pending.receive(&arrival, self.ports.clock.now().wall) {
                Received::Code(request) => return Arrived { code: Ok(request), reply },
                Received::Failed(failure) => return Arrived { code: Err(failure), reply },
                Received::Ignored { pending, status } => {
                    tracing::debug!(profile = %self.profile.name, status, "ignored a request that is not the redirect waited for");
                    self.pending = *pending;
                    // A stranger is not waited for.
                    if let Some(visitor) = reply {
                        let _ = visitor.reply.send(landing_page::ignored(status));
                    }
                }
            }
        }
    }
}

/// The next pasted text that is a URL at all; never ends where nothing can be pasted.
async fn next_pasted(pasted: &mut Option<mpsc::Receiver<String>>) -> RedirectArrival {
    loop {
        let text = match pasted {
            Some(receiver) => receiver.recv().await,
            None => None,
        };
        let Some(text) = text else {
            *pasted = None;
            return std::future::pending().await;
        };
        if let Ok(url) = Url::parse(text.trim()) {
            return RedirectArrival {
                method: "GET".into(),
                host: url.authority().to_owned(),
                path: url.path().to_owned(),
                query: url.query().unwrap_or_default().to_owned(),
            };
        }
    }
}

/// From the code to durable tokens.
struct Exchange<'a> {
    ports: &'a Ports,
    profile: &'a Profile,
    examined: Examined,
    registration: Registration,
    scopes: ScopeSet,
}

impl Exchange<'_> {
    async fn finish(self, request: &CredentialRequest, options: &SignInOptions) -> Result<SignedIn, Failure> {
        let (ports, profile) = (self.ports, self.profile);
        let answer = self.redeem(request).await?;
        let account = account(ports, profile, &self.examined.server, &answer).await;
        let committed = self.commit(answer, account).await?;
        let deliveries = delivery::deliver(ports, profile, &committed).await;
        for report in deliveries.iter().filter(|report| report.problem.is_some()) {
            options.tell(SignInProgress::DeliveryFailed(report.clone()));
        }
        Ok(SignedIn { credential: committed, deliveries })
    }

    async fn redeem(&self, request: &CredentialRequest) -> Result<TokenAnswer, Failure> {
        let response = self
            .ports
            .http
            .post_credentials(request, guard_of(self.profile))
            .await
            .map_err(transport_failure)?;
        let client_given = self.profile.client.client_id.is_some();
        token_endpoint::read(&as_http_answer(&response), self.ports.clock.now().wall)
            .map_err(|refusal| refusal.into_sign_in_failure(client_given))
    }

    /// Durable before visible. A sign-in wins over whatever was written meanwhile (fault 43): it is what the user did last.
    async fn commit(self, answer: TokenAnswer, account: Option<String>) -> Result<Credential, Failure> {
        let new = NewSignIn {
            registration: self.registration,
            url: self.profile.url.clone(),
            resource: self.examined.resource.resource().to_owned(),
            endpoints: Endpoints {
                token: self.examined.server.token_endpoint().clone(),
                revocation: self.examined.server.revocation_endpoint().cloned(),
            },
            answer,
            requested: self.scopes,
            account,
        };
        let store = &self.ports.store;
        loop {
            let name = &self.profile.name;
            let current =
                store.read(name).await?.unwrap_or_else(|| Credential::empty(&self.ports.machine_id));
            let mut next = current.signed_in(new.clone(), &self.ports.clock.now());
            next.machine_id = self.ports.machine_id.to_string();
            match store.commit(name, current.generation, &next).await {
                Ok(generation) => return Ok(Credential { generation, ..next }),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Store(problem)) => return Err(problem.into()),
            }
        }
    }
}
