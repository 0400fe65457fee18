//! What every grant shares: the scopes to ask for, a store that is proven writable first, and tokens that are durable before
//! anyone hears of them.

use keyfob_core::client_registration::Registration;
use keyfob_core::credential::{Credential, Endpoints, NewSignIn, PendingRevocation};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::grant::GrantKind;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::token_endpoint::{self, TokenAnswer};
use keyfob_core::profile::Profile;
use keyfob_core::scope::{ScopeSet, requested};

use tokio::sync::oneshot;

use super::{AccountQuestion, OtherAccount, SignInOptions, SignInProgress, SignedIn};
use crate::delivery;
use crate::journeys::account::account;
use crate::journeys::examine::Examined;
use crate::journeys::{as_http_answer, client_proof, guard_of, revoke, set_aside, transport_failure};
use crate::ports::{CommitError, Ports};

/// D6, D7, D8: the usual scopes; for a step-up, the union with what is already granted.
pub(super) fn scopes_to_request(
    profile: &Profile,
    examined: &Examined,
    held: &Credential,
    additional: &ScopeSet,
) -> ScopeSet {
    let challenged = examined.challenge.as_ref().and_then(|challenge| challenge.scope.as_ref());
    // A machine has nobody to be offline from, and no refresh token to ask for.
    let machine = profile.grant == GrantKind::ClientCredentials;
    let none = ScopeSet::default();
    let at_server = if machine { &none } else { examined.server.scopes_supported() };
    let usual = requested(&profile.scopes, challenged, examined.resource.scopes_supported(), at_server);
    if additional.is_empty() {
        return usual;
    }
    let granted =
        held.sign_in_for(&profile.url).and_then(|sign_in| sign_in.tokens.scopes.clone()).unwrap_or_default();
    usual.union(&granted).union(additional)
}

/// Parameters of the user's own, `audience` among them.
pub(super) fn extra_parameters(profile: &Profile) -> Vec<(String, String)> {
    let audience = profile.audience.iter().map(|audience| ("audience".to_owned(), audience.clone()));
    profile.extra_params.iter().cloned().chain(audience).collect()
}

/// What is held; for a record that does not open, as for none, an empty one.
pub(super) async fn read_or_begin_anew(ports: &Ports, profile: &Profile) -> Result<Credential, Failure> {
    let held = match ports.store.read(&profile.name).await {
        Err(StoreProblem::Damaged(_) | StoreProblem::KeyMissing(_)) => None,
        held => held?,
    };
    Ok(held.unwrap_or_else(|| Credential::empty(&ports.machine_id)))
}

/// Before a person is sent to the browser: the store takes writes. A new registration is kept at once where no sign-in
/// depends on the old one, so that a sign-in given up does not register again and again.
pub(super) async fn prove_writable(
    ports: &Ports,
    profile: &Profile,
    registration: &Registration,
    options: &SignInOptions,
) -> Result<(), Failure> {
    let mut credential = read_or_begin_anew(ports, profile).await?;
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

/// From a token request to durable tokens.
pub(super) struct Keeping<'a> {
    pub(super) ports: &'a Ports,
    pub(super) profile: &'a Profile,
    pub(super) examined: Examined,
    pub(super) registration: Registration,
    pub(super) scopes: ScopeSet,
}

impl Keeping<'_> {
    /// Asks for the tokens and keeps them.
    pub(super) async fn redeem_and_keep(
        self,
        request: &CredentialRequest,
        options: &SignInOptions,
    ) -> Result<SignedIn, Failure> {
        let answer = self.redeem(request).await?;
        self.keep(answer, options).await
    }

    /// Keeps tokens that were given, and tells their places.
    pub(super) async fn keep(
        self,
        answer: TokenAnswer,
        options: &SignInOptions,
    ) -> Result<SignedIn, Failure> {
        let (ports, profile) = (self.ports, self.profile);
        let account = account(ports, profile, &self.examined.server, &answer).await;
        self.is_wanted(&answer, account.as_deref(), options).await?;
        let committed = self.commit(answer, account).await?;
        let deliveries = delivery::deliver(ports, profile, &committed).await;
        for report in deliveries.iter().filter(|report| report.problem.is_some()) {
            options.tell(SignInProgress::DeliveryFailed(report.clone()));
        }
        Ok(SignedIn { credential: committed, deliveries })
    }

    /// Another account than before is taken on somebody's word alone; what is not wanted is given back to the server.
    async fn is_wanted(
        &self,
        answer: &TokenAnswer,
        account: Option<&str>,
        options: &SignInOptions,
    ) -> Result<(), Failure> {
        let held = self.ports.store.read(&self.profile.name).await?;
        let before = held.as_ref().and_then(|held| held.sign_in_for(&self.profile.url)?.account.as_deref());
        let Some((before, now)) = before.zip(account).filter(|(before, now)| before != now) else {
            return Ok(());
        };
        let is_wanted = match &options.other_account {
            OtherAccount::Take => true,
            OtherAccount::Refuse => false,
            OtherAccount::Ask(questions) => {
                let (answer, answered) = oneshot::channel();
                let question = AccountQuestion { before: before.to_owned(), now: now.to_owned(), answer };
                questions.send(question).await.is_ok() && answered.await.unwrap_or(false)
            }
        };
        if is_wanted {
            return Ok(());
        }
        if let Some(endpoint) = self.examined.server.revocation_endpoint() {
            let unwanted = PendingRevocation {
                endpoint: endpoint.clone(),
                registration: self.registration.clone(),
                refresh_token: answer.refresh_token.clone(),
                access_token: answer.access_token.clone(),
                private_network: false,
            };
            revoke::revoke(self.ports, self.profile, &unwanted).await;
        }
        Err(Failure::UserDeclined(format!(
            "the browser signed in as {now}, and `{}` is signed in as {before}, which stays; keyfob sign-out {} makes room \
             for another account",
            self.profile.name, self.profile.name
        )))
    }

    async fn redeem(&self, request: &CredentialRequest) -> Result<TokenAnswer, Failure> {
        let guard = guard_of(self.profile);
        let sent = client_proof::post(self.ports, guard, &self.registration, request).await;
        let response = sent.map_err(transport_failure)?;
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
            machine: self.profile.grant == GrantKind::ClientCredentials,
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
