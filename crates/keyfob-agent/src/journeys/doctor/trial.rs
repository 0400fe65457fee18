//! The trial sign-in: a client of its own, by the sign-in's own journey, kept in memory, signed out at the end. What the
//! profile holds stays as it is.

use std::sync::Arc;
use std::time::Duration;

use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::diagnosis::{Finding, Step, evidence, tokens, trial};
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use tokio::sync::mpsc;

use super::passing::{NoJournal, PassingStore};
use super::{Handshake, Progress, Walk};
use crate::journeys::manage_registration::delete_registration;
use crate::journeys::refresh_transaction::refresh;
use crate::journeys::revoke::RevocationOutcome;
use crate::journeys::sign_in::{OtherAccount, SignInOptions, SignInProgress, SignedIn, sign_in};
use crate::journeys::sign_out::sign_out;
use crate::journeys::wish::Wish;
use crate::ports::{HttpClient, Ports};

/// How a trial is done.
#[derive(Debug)]
pub struct Trial {
    /// Open the system browser; else only tell the URL.
    pub open_browser: bool,
    /// Give up after this.
    pub timeout: Duration,
    /// Redirect URLs that a person pastes.
    pub pasted: Option<mpsc::Receiver<String>>,
}

impl Walk<'_> {
    /// Every step from the registration to the revocation, tried.
    pub(super) async fn trial(&mut self, ports: &Ports, handshake: &dyn Handshake, wanted: Trial) {
        let own = ports;
        let (ports, profile) = (self.ports_of_trial(own).await, self.profile_of_trial());
        let (at, outcome) = self.sign_in_tried(&ports, &profile, wanted).await;
        let sign_in = match outcome {
            Ok(credential) => credential.sign_in,
            Err(failure) => {
                self.found(trial::broken(at, failure));
                self.skip_tokens("the sign-in did not come so far");
                None
            }
        };
        if let Some(sign_in) = sign_in {
            self.tokens_tried(&ports, &profile, handshake, &sign_in).await;
        }
        self.end_trial(&ports, &profile, own).await;
    }

    /// The network is recorded, everything else that is kept ends with the walk. What the operator gave for
    /// its client is taken along.
    async fn ports_of_trial(&self, ports: &Ports) -> Ports {
        let given = ports.store.read(&self.profile.name).await.ok().flatten();
        let given = given.filter(|_| self.named);
        let record = given.map(|record| Credential {
            given_client_secret: record.given_client_secret,
            given_private_key: record.given_private_key,
            ..Credential::empty(&ports.machine_id)
        });
        let http: Arc<dyn HttpClient> = self.http.clone();
        let (store, journal) = (Arc::new(PassingStore::holding(record)), Arc::new(NoJournal));
        Ports { store, http, journal, ..ports.clone() }
    }

    /// The token of a trial is written nowhere.
    fn profile_of_trial(&self) -> Profile {
        Profile { deliver: Vec::new(), ..self.profile.clone() }
    }

    /// The journey, with a finding for each part of it that went well; and the step at which it ended.
    async fn sign_in_tried(
        &mut self,
        ports: &Ports,
        profile: &Profile,
        wanted: Trial,
    ) -> (Step, Result<Credential, Failure>) {
        let (progress, mut heard) = mpsc::unbounded_channel();
        let Trial { open_browser, timeout, pasted } = wanted;
        let additional_scopes = ScopeSet::default();
        let other_account = OtherAccount::Take;
        let options =
            SignInOptions { open_browser, timeout, additional_scopes, pasted, other_account, progress };
        let mut at = Step::Registration;
        let mut signing_in = Box::pin(sign_in(ports, profile, options));
        let outcome = loop {
            tokio::select! {
                biased;
                Some(progress) = heard.recv() => self.went_on(progress, &mut at),
                outcome = &mut signing_in => break outcome,
            }
        };
        while let Ok(progress) = heard.try_recv() {
            self.went_on(progress, &mut at);
        }
        if at == Step::Token && self.comes_back() {
            at = self.came_back(&outcome);
        }
        (at, outcome.map(|signed_in| signed_in.credential))
    }

    /// True where a browser is sent away and redirected: neither a device nor a machine has a redirect that could be at fault.
    fn comes_back(&self) -> bool {
        self.profile.grant == GrantKind::AuthorizationCode
    }

    /// What the browser brought back: a code that was then sent to the token endpoint, or the server's no.
    fn came_back(&mut self, outcome: &Result<SignedIn, Failure>) -> Step {
        let mut heard = self.http.take();
        // The visit comes first; whatever was said behind it was said with the code.
        let with_code = heard.split_off(heard.len().min(1));
        if outcome.is_err() && with_code.is_empty() {
            self.http.put_back(heard);
            return Step::Redirect;
        }
        self.http.put_back(heard);
        self.found(Finding::pass(Step::Redirect, "the code came back to where it was asked for"));
        self.http.put_back(with_code);
        Step::Token
    }

    fn went_on(&mut self, progress: SignInProgress, at: &mut Step) {
        match &progress {
            // The look-up has been told step by step.
            SignInProgress::LookedUp(_) => drop(self.http.take()),
            SignInProgress::Registered => {
                self.found(trial::registered());
                *at = if self.comes_back() { Step::Redirect } else { Step::Token };
            }
            SignInProgress::Visit { url, .. } => {
                let sent = evidence::authorization_request(url);
                self.http.note(sent, "(in the browser)".into());
            }
            SignInProgress::Redirected => {
                *at = Step::Token;
            }
            _ => {}
        }
        let _ = self.progress.send(Progress::SignIn(Box::new(progress)));
    }

    async fn tokens_tried(
        &mut self,
        ports: &Ports,
        profile: &Profile,
        handshake: &dyn Handshake,
        sign_in: &SignIn,
    ) {
        let now = ports.clock.now();
        self.found(trial::resource_taken(profile));
        self.found(tokens::token(sign_in, profile, self.about(), &now));
        self.found(tokens::audience(sign_in, &profile.url));
        self.look(Step::Refresh);
        let stale = sign_in.tokens.access_token.fingerprint();
        let renewed = match refresh(ports, profile, &stale, Wish::Person).await {
            Ok(refreshed) => refreshed.failure.map_or(Ok(refreshed.credential.sign_in), Err),
            Err(failure) => Err(failure),
        };
        let newest = renewed.as_ref().ok().and_then(Option::as_ref).unwrap_or(sign_in).clone();
        self.found(trial::refreshed(sign_in, renewed.map(|_| &newest)));
        self.look(Step::Mcp);
        let http: Arc<dyn HttpClient> = self.http.clone();
        let answered = handshake.shake(http, profile, newest.tokens.access_token).await;
        self.found(tokens::mcp(answered));
    }

    /// Nothing of the trial stays at the server, as far as the server lets it go. The registration's own address may be as
    /// good as a key: it is spoken to unrecorded, over the profile's own ports.
    async fn end_trial(&mut self, ports: &Ports, profile: &Profile, own: &Ports) {
        self.look(Step::Revocation);
        let registration =
            ports.store.read(&profile.name).await.ok().flatten().and_then(|record| record.registration);
        let outcome = sign_out(ports, profile).await.map(|done| done.revocation);
        if let Some(management) = registration.and_then(|registration| registration.management) {
            delete_registration(own, &profile.name, self.guard, &management).await;
        }
        self.found(match outcome {
            Ok(RevocationOutcome::Nothing) => return,
            Ok(RevocationOutcome::Revoked) => {
                Finding::pass(Step::Revocation, "the tokens of this trial were revoked")
            }
            Ok(RevocationOutcome::NotOffered) => trial::not_revoked("revocation is not offered"),
            Ok(outcome) => trial::not_revoked(&outcome.to_string()),
            Err(failure) => Finding::fail(Step::Revocation, failure),
        });
    }
}
