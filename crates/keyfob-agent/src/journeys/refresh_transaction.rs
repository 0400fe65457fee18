//! The refresh transaction (docs: ARCHITECTURE.md, "The transaction"). One function, used by the keeper and by a CLI that
//! finds none; its correctness rests on the profile lock and the generation, not on who runs it.
//!
//! 1. Take the profile lock and read again: whoever was first has done the work already.
//! 2. Write an intent, durably. If that fails, the refresh token is not spent. (A machine asks anew and spends nothing; the
//!    write only proves that the answer can be kept.)
//! 3. Send on a fresh connection. Nothing sent: back off. Cut off after sending: the same token again at once.
//! 4. Write the answer durably, then tell others. If that fails, hold it and keep trying.
//! 5. A refusal never deletes anything.

use std::time::Duration;

use keyfob_core::client_registration::Registration;
use keyfob_core::credential::{Credential, PendingRevocation, RefreshOutcome, pending_revocation};
use keyfob_core::failure::{Failure, SignInNeeded, StoreProblem, Temporary};
use keyfob_core::grant::client_credentials::{self, MachineRequest};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::refresh_token;
use keyfob_core::grant::token_endpoint::{self, Refusal, TokenAnswer};
use keyfob_core::profile::Profile;
use keyfob_core::secret::Fingerprint;

use super::manage_registration::with_renewed_secret;
use super::repeats::{Unanswered, until_answered};
use super::wish::{self, Wish};
use super::{
    as_http_answer, client_proof, guard_of, jitter, record, record_failure, revoke, transport_failure,
    usable_sign_in,
};
use crate::delivery::{self, DeliveryReport};
use crate::journal::JournalEvent;
use crate::ports::{CommitError, Ports};

/// Longest wait for the profile lock (trust rule 1).
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// How long an answer that cannot be written is held before the failure is told (trust rule 5).
const HOLD_ANSWER: u32 = 30;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The record as it is now.
    pub credential: Credential,
    /// `None` where the token is new; else why not.
    pub failure: Option<Failure>,
    /// How the new token got to its places; `None` where there is no new token.
    pub deliveries: Option<Vec<DeliveryReport>>,
}

impl Refreshed {
    /// The record as it is, without a renewal of ours.
    fn as_it_is(credential: Credential, failure: Option<Failure>) -> Self {
        Self { credential, failure, deliveries: None }
    }
}

/// Renews the access token of `profile`.
///
/// `stale` is the fingerprint of the access token the caller no longer wants: if the record holds another one by now,
/// somebody else has renewed, and that one is used without a request.
///
/// # Errors
/// Only what happens before the transaction begins: busy, store trouble, nothing to renew. A failed renewal, or one that has
/// to wait because another one failed, is [`Refreshed::failure`], with the record as it is.
pub async fn refresh(
    ports: &Ports,
    profile: &Profile,
    stale: &Fingerprint,
    wish: Wish,
) -> Result<Refreshed, Failure> {
    let _lock = ports.store.lock(&profile.name, LOCK_PATIENCE).await?;
    let current = ports.store.read(&profile.name).await?;
    let sign_in = usable_sign_in(current.as_ref(), profile)?;
    let credential = current.as_ref().ok_or(SignInNeeded::SignedOut)?.clone();
    if sign_in.tokens.access_token.fingerprint() != *stale {
        return Ok(Refreshed::as_it_is(credential, None));
    }
    if let Some(dead) = &sign_in.dead {
        delivery::mend::take_away_what_is_over(ports, profile, &credential).await;
        return Err(dead.clone().into());
    }
    if !sign_in.renews() {
        return Err(SignInNeeded::NoRefreshToken.into());
    }
    wish.may_renew_here(&credential, ports)?;
    if let Some(waiting) = wish.held_back_by(sign_in, ports) {
        return Ok(Refreshed::as_it_is(credential, Some(wish::failure_of(waiting))));
    }
    if wish.lets_rest(sign_in, ports) {
        return Ok(Refreshed::as_it_is(credential, None));
    }
    let credential = wish.noted_in(with_living_secret(ports, profile, credential).await, ports);
    // Boxed: most askers never get this far.
    Box::pin(Flight { ports, profile, credential, began: ports.clock.now().boot_ms }.fly()).await
}

/// C8: a client whose secret has ended asks for another one first, where its server gives one in place.
async fn with_living_secret(ports: &Ports, profile: &Profile, held: Credential) -> Credential {
    let ended = |r: &Registration| !r.is_usable(ports.clock.now().wall);
    if !held.registration.as_ref().is_some_and(ended) {
        return held;
    }
    Box::pin(with_renewed_secret(ports, profile, held)).await
}

/// How the sending ended.
enum Sent {
    Answered(Result<TokenAnswer, Refusal>),
    Unanswered { cause: Temporary, sent: bool },
}

/// The record in the place of one that was to be written.
enum Met {
    /// Still the tokens that were sent: somebody wrote beside the renewal, as a sign-in does before it opens a browser, and
    /// theirs stays under the answer.
    Spent(Credential),
    /// The answer's own tokens: a write that was told as failed reached its place all the same. Revoking them would end the
    /// sign-in.
    Own(Credential),
    /// None, or another sign-in.
    Another,
}

struct Flight<'a> {
    ports: &'a Ports,
    profile: &'a Profile,
    credential: Credential,
    began: u64,
}

impl Flight<'_> {
    async fn fly(mut self) -> Result<Refreshed, Failure> {
        let Some(request) = self.request() else { return Err(SignInNeeded::SignedOut.into()) };
        self.credential = self.with_durable_intent().await?;
        match self.send(&request).await {
            Sent::Answered(Ok(answer)) => self.keep(answer).await,
            Sent::Answered(Err(refusal)) => {
                let (now, jitter) = (self.ports.clock.now(), jitter(self.ports));
                self.keep_failure(|before| before.refused(&refusal, &now, jitter)).await
            }
            Sent::Unanswered { cause, sent } => {
                let (now, jitter) = (self.ports.clock.now(), jitter(self.ports));
                self.keep_failure(|before| before.unanswered(cause.clone(), sent, &now, jitter)).await
            }
        }
    }

    /// The record with its intent on disk. One that is open for this very token already will do where the disk refuses: the
    /// token may be spent, and servers forgive a prompt repeat alone.
    async fn with_durable_intent(&self) -> Result<Credential, Failure> {
        let intended = self.credential.with_intent(&self.ports.clock.now());
        match self.ports.store.commit(&self.profile.name, self.credential.generation, &intended).await {
            Ok(generation) => Ok(Credential { generation, ..intended }),
            Err(CommitError::Store(problem)) if self.credential.has_open_intent() => {
                // What was told as failed may be in place all the same, with a generation of its own.
                self.own_record(&self.credential).await?.ok_or_else(|| problem.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn request(&self) -> Option<CredentialRequest> {
        let sign_in = self.credential.sign_in.as_ref()?;
        let registration = self.credential.registration.as_ref()?;
        let resource = self.profile.resource_parameter(&sign_in.resource);
        if let Some(scopes) = &sign_in.machine {
            return Some(client_credentials::request(&MachineRequest {
                endpoint: &sign_in.endpoints.token,
                client: registration,
                resource,
                audience: self.profile.audience.as_deref(),
                scopes,
                extra: &self.profile.extra_params,
            }));
        }
        let token = sign_in.tokens.refresh_token.as_ref()?;
        Some(refresh_token::request(&sign_in.endpoints.token, registration, token, resource))
    }

    /// Sends, and sends again where the answer was lost on its way (trust rule 4).
    async fn send(&self, request: &CredentialRequest) -> Sent {
        let Some(client) = &self.credential.registration else {
            return Sent::Unanswered { cause: Temporary::Offline("no client".into()), sent: false };
        };
        let (ports, guard) = (self.ports, guard_of(self.profile));
        match until_answered(&*ports.clock, || client_proof::post(ports, guard, client, request)).await {
            Ok(response) => {
                Sent::Answered(token_endpoint::read(&as_http_answer(&response), ports.clock.now().wall))
            }
            Err(Unanswered { failure, sent }) => {
                let cause = match transport_failure(failure) {
                    Failure::Temporary(cause) => cause,
                    failure => Temporary::Offline(failure.to_string()),
                };
                Sent::Unanswered { cause, sent }
            }
        }
    }

    /// Durable before visible. While the disk refuses, the answer is held in memory under the lock: it is the only copy.
    async fn keep(mut self, answer: TokenAnswer) -> Result<Refreshed, Failure> {
        let answered = self.ports.clock.now();
        let mut next = self.credential.renewed(answer.clone(), &answered);
        let mut refused = None;
        for _ in 0..HOLD_ANSWER {
            match self.ports.store.commit(&self.profile.name, self.credential.generation, &next).await {
                Ok(generation) => {
                    self.credential = Credential { generation, ..next };
                    return Ok(self.renewed().await);
                }
                Err(CommitError::Conflict(_)) => match self.met(&next).await {
                    Ok(Met::Spent(stored)) => {
                        next = stored.renewed(answer.clone(), &answered);
                        self.credential = stored;
                    }
                    // Written once more, on top of itself: then it is durable as well.
                    Ok(Met::Own(own)) => {
                        self.credential.generation = own.generation;
                        next = own;
                    }
                    Ok(Met::Another) => return self.lost_to_another_writer(&next).await,
                    Err(problem) => refused = Some(self.wait_for_disk(problem).await),
                },
                Err(CommitError::Store(problem)) => refused = Some(self.wait_for_disk(problem).await),
            }
        }
        let failure =
            refused.map_or_else(|| Failure::Bug("an answer was held and never written".into()), Into::into);
        record_failure(self.ports, self.profile, JournalEvent::RenewalFailed, Some(self.began), &failure);
        Err(failure)
    }

    async fn wait_for_disk(&self, problem: StoreProblem) -> StoreProblem {
        tracing::error!(profile = %self.profile.name, %problem, "a renewed token cannot be written; trying again");
        self.ports.clock.sleep(Duration::from_secs(1)).await;
        problem
    }

    /// What stands where `next` was to be written.
    async fn met(&self, next: &Credential) -> Result<Met, StoreProblem> {
        let Some(stored) = self.ports.store.read(&self.profile.name).await? else { return Ok(Met::Another) };
        let is_spent = holds_tokens_of(&stored, &self.credential)
            && stored.has_open_intent() == self.credential.has_open_intent();
        Ok(match stored {
            spent if is_spent => Met::Spent(spent),
            own if holds_tokens_of(&own, next) => Met::Own(own),
            _ => Met::Another,
        })
    }

    /// The stored record, where it holds the very tokens of `wanted`.
    async fn own_record(&self, wanted: &Credential) -> Result<Option<Credential>, StoreProblem> {
        let stored = self.ports.store.read(&self.profile.name).await?;
        Ok(stored.filter(|stored| holds_tokens_of(stored, wanted)))
    }

    async fn renewed(self) -> Refreshed {
        record(self.ports, self.profile, JournalEvent::Renewed, Some(self.began), None);
        let deliveries = delivery::deliver(self.ports, self.profile, &self.credential).await;
        Refreshed { credential: self.credential, failure: None, deliveries: Some(deliveries) }
    }

    /// A sign-out or a new sign-in was committed while the request was under way (faults 43, 44): it stays, and the late
    /// tokens are revoked, never stored.
    async fn lost_to_another_writer(self, late: &Credential) -> Result<Refreshed, Failure> {
        let late: Option<PendingRevocation> =
            late.sign_in.as_ref().zip(late.registration.clone()).and_then(|(s, r)| pending_revocation(s, r));
        if let Some(late) = late {
            revoke::revoke(self.ports, self.profile, &late).await;
        }
        self.give_way().await
    }

    async fn give_way(self) -> Result<Refreshed, Failure> {
        let current = self.ports.store.read(&self.profile.name).await?;
        usable_sign_in(current.as_ref(), self.profile)?;
        let credential = current.ok_or(SignInNeeded::SignedOut)?;
        Ok(Refreshed::as_it_is(credential, None))
    }

    async fn keep_failure(mut self, after: impl Fn(&Credential) -> Credential) -> Result<Refreshed, Failure> {
        let mut next = after(&self.credential);
        let failure = failure_of(&next);
        let ended =
            next.history.last_refresh.as_ref().is_some_and(|last| last.outcome == RefreshOutcome::Rejected);
        let event = if ended { JournalEvent::SignInEnded } else { JournalEvent::RenewalFailed };
        record_failure(self.ports, self.profile, event, Some(self.began), &failure);
        loop {
            match self.ports.store.commit(&self.profile.name, self.credential.generation, &next).await {
                Ok(generation) => self.credential = Credential { generation, ..next },
                Err(CommitError::Conflict(_)) => match self.met(&next).await? {
                    Met::Spent(stored) => {
                        next = after(&stored);
                        self.credential = stored;
                        continue;
                    }
                    Met::Own(own) => self.credential = own,
                    // A stale loser changes nothing: the winner's record stays (fault 12).
                    Met::Another => return self.give_way().await,
                },
                // What was learned is not durable; the failure itself is still the truth.
                Err(CommitError::Store(problem)) => {
                    tracing::warn!(profile = %self.profile.name, %problem, "the outcome of a renewal could not be written");
                    self.credential = next;
                }
            }
            break;
        }
        delivery::withdraw_if_dead(self.ports, self.profile, &self.credential).await;
        Ok(Refreshed::as_it_is(self.credential, Some(failure)))
    }
}

fn holds_tokens_of(stored: &Credential, wanted: &Credential) -> bool {
    let tokens = |credential: &Credential| {
        let tokens = &credential.sign_in.as_ref()?.tokens;
        Some((tokens.access_token.fingerprint(), tokens.refresh_token.clone()))
    };
    tokens(stored).is_some() && tokens(stored) == tokens(wanted)
}

fn failure_of(credential: &Credential) -> Failure {
    let Some(sign_in) = &credential.sign_in else { return SignInNeeded::SignedOut.into() };
    match (&sign_in.dead, &sign_in.waiting) {
        (Some(dead), _) => dead.clone().into(),
        (None, Some(waiting)) => waiting.failure.clone(),
        (None, None) => Failure::Bug("a failed renewal left no trace".into()),
    }
}
