//! The doctor: walks the chain of authorization by the sign-in's own rules and tells each step, where a sign-in stops at the
//! first that fails. Documents alone are fetched; nothing is registered and nobody is signed in, but for a trial.

mod held;
mod passing;
mod recorder;
mod trial;

use std::sync::Arc;

use keyfob_core::client_registration::Given;
use keyfob_core::diagnosis::reaching;
use keyfob_core::diagnosis::{Diagnosis, Finding, Step, evidence, resource, server};
use keyfob_core::discovery::authorization_server::{self, AuthorizationServer};
use keyfob_core::discovery::challenge::BearerChallenge;
use keyfob_core::discovery::search::{self, Tried};
use keyfob_core::failure::{About, Failure};
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use tokio::sync::mpsc;

use super::examine::{ask, probe, resource_addresses};
use super::fetch_document::Redirects;
use super::look_up_time::{Timed, in_time};
use super::sign_in::SignInProgress;
use super::{guard_of, transport_failure};
use crate::ports::{AddressGuard, HttpClient, Ports};
pub use held::Handshake;
use recorder::Recorder;
pub use trial::Trial;

/// What a walk tells while it goes on.
#[derive(Debug, Clone)]
pub enum Progress {
    /// This step is being looked at.
    Looking(Step),
    /// This is what was found.
    Found(Box<Finding>),
    /// How the trial sign-in goes.
    SignIn(Box<SignInProgress>),
}

/// Whom the doctor looks at, and how far.
pub struct Examination<'a> {
    /// MCP with a token.
    pub handshake: &'a dyn Handshake,
    /// A profile of this machine is looked at with what it holds: the keeper's kind and process id, where one runs. `None`
    /// for a server that no profile names.
    pub machine: Option<Option<(String, u32)>>,
    /// Sign in for a trial; without it nothing at the server is changed.
    pub trial: Option<Trial>,
}

/// Walks from the profile's URL as far as there is a way. Nobody has to listen to `progress`.
pub async fn doctor(
    ports: &Ports,
    profile: &Profile,
    examination: Examination<'_>,
    progress: mpsc::UnboundedSender<Progress>,
) -> Diagnosis {
    let Examination { handshake, machine, trial } = examination;
    let timed = Arc::new(Timed::new(ports));
    let http = Arc::new(Recorder::new(timed.clone()));
    let named = machine.is_some();
    let (guard, at) = (guard_of(profile), Step::Reach);
    let mut walk = Walk { http, profile, named, guard, progress, at, is_late: false, steps: Vec::new() };
    let server = match in_time(&*ports.clock, walk.discover()).await {
        Some(server) => server,
        None => walk.late(timed.too_long()),
    };
    match (&server, trial) {
        (Some(_), Some(trial)) => Box::pin(walk.trial(ports, handshake, trial)).await,
        (found, _) => {
            if let Some(server) = found {
                walk.client(server);
            }
            if named {
                walk.held(ports, handshake).await;
            } else {
                walk.skip_tokens("not signed in: --sign-in tries it");
            }
        }
    }
    if let Some(keeper) = machine {
        walk.machine(ports, keeper.as_ref().map(|(kind, pid)| (kind.as_str(), *pid))).await;
    }
    Diagnosis { target: evidence::url(profile.url.url()), steps: walk.steps }
}

struct Walk<'a> {
    http: Arc<Recorder>,
    profile: &'a Profile,
    /// The profile is one of this machine, not one made up for a URL.
    named: bool,
    guard: AddressGuard,
    progress: mpsc::UnboundedSender<Progress>,
    /// The step that was looked at last.
    at: Step,
    /// The look-up took too long.
    is_late: bool,
    steps: Vec<Finding>,
}

impl Walk<'_> {
    /// A profile that was made up for a URL has no name to type.
    fn about(&self) -> About<'_> {
        if self.named { About::Profile(self.profile.name.as_str()) } else { About::Any }
    }

    fn look(&mut self, step: Step) {
        self.at = step;
        let _ = self.progress.send(Progress::Looking(step));
    }

    /// Keeps a finding, with all that was said since the one before it.
    fn found(&mut self, mut finding: Finding) {
        let mut heard = self.http.take();
        heard.append(&mut finding.evidence);
        finding.evidence = heard;
        finding.mask_query(&self.profile.url);
        finding.advise(self.about());
        let _ = self.progress.send(Progress::Found(Box::new(finding.clone())));
        self.steps.push(finding);
    }

    /// What took too long ends the look-up where it is.
    fn late<T>(&mut self, failure: Failure) -> Option<T> {
        self.is_late = true;
        self.found(Finding::fail(self.at, failure));
        None
    }

    /// Everything up to the authorization server's document; it is given where a sign-in could go on from there.
    async fn discover(&mut self) -> Option<AuthorizationServer> {
        let url = &self.profile.url;
        self.look(Step::Reach);
        let reached = self.http.reach(url.url(), self.guard).await.map_err(transport_failure);
        let is_there = reached.is_ok();
        self.found(reaching::reach(url, reached));
        if !is_there {
            return None;
        }
        self.look(Step::Challenge);
        let probed = match probe(&*self.http, url, self.guard).await {
            Ok(probed) => probed,
            Err(failure) => {
                self.found(Finding::fail(Step::Challenge, failure));
                return None;
            }
        };
        let of_challenge = self.http.take();
        self.look(Step::ResourceMetadata);
        let addresses = resource_addresses(url, probed.challenge.as_ref());
        let asked = self.ask_all(addresses, Redirects::SameOrigin).await;
        let of_metadata = self.http.take();
        let has_metadata = asked.as_ref().is_ok_and(|tried| resource::document(tried, url).is_some());
        let mut challenge = reaching::challenge(url, &probed.said(), has_metadata);
        challenge.evidence = of_challenge;
        let is_over = challenge.failure.is_some();
        self.found(challenge);
        // What wants no sign-in, or is no MCP server, has nothing to say about one.
        if is_over {
            return None;
        }
        let body = self.resource_metadata(asked, probed.challenge.as_ref(), of_metadata)?;
        self.found(resource::matches(url, &body));
        let (finding, issuer) = resource::servers(self.profile, &body);
        self.found(finding);
        self.server_document(&issuer?).await
    }

    fn resource_metadata(
        &mut self,
        asked: Result<Vec<Tried>, Failure>,
        challenge: Option<&BearerChallenge>,
        heard: Vec<evidence::Exchange>,
    ) -> Option<Vec<u8>> {
        let url = &self.profile.url;
        let named = challenge.and_then(|challenge| challenge.resource_metadata.as_deref());
        let (mut finding, body) = match asked {
            Ok(tried) => {
                let body = resource::document(&tried, url).map(<[u8]>::to_vec);
                (resource::metadata(url, &tried, named), body)
            }
            Err(failure) => (Finding::fail(Step::ResourceMetadata, failure), None),
        };
        finding.evidence = heard;
        self.found(finding);
        body
    }

    async fn server_document(&mut self, issuer: &CheckedUrl) -> Option<AuthorizationServer> {
        let grant = self.profile.grant;
        self.look(Step::ServerMetadata);
        let addresses = authorization_server::well_known_urls(issuer);
        let tried = match self.ask_all(addresses, Redirects::AnyOrigin).await {
            Ok(tried) => tried,
            Err(failure) => {
                self.found(Finding::fail(Step::ServerMetadata, failure));
                return None;
            }
        };
        self.found(server::metadata(issuer, &tried, grant));
        let body = server::document(&tried, issuer, grant)?;
        for step in [server::issuer, server::endpoints, server::pkce] {
            self.found(step(issuer, body, grant));
        }
        search::server(&tried, issuer, grant).into_result().ok()
    }

    /// Every address, also those behind the one that decides: an owner wants to know what each of them says.
    async fn ask_all(&self, addresses: Vec<String>, redirects: Redirects) -> Result<Vec<Tried>, Failure> {
        let mut tried = Vec::new();
        for address in addresses {
            tried.push(ask(&*self.http, address, redirects, self.guard).await?);
        }
        Ok(tried)
    }

    fn client(&mut self, server: &AuthorizationServer) {
        self.found(server::registration(self.profile, Given::Nothing, server, self.about()));
        self.found(server::redirect(self.profile, server));
        self.found(server::revocation(server));
    }
}
