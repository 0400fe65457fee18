//! Revoking tokens at the server (RFC 7009): refresh token first, then access token (H7). What cannot be reached stays in
//! the sealed record and is tried again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use keyfob_core::client_registration::Registration;
use keyfob_core::credential::{Credential, PendingRevocation};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::revocation::{self, Revocation};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;

use super::manage_registration::delete_registration;
use super::{as_http_answer, client_proof, guard_of, record};
use crate::journal::{JournalEntry, JournalEvent};
use crate::ports::{AddressGuard, CommitError, Ports};

/// What became of the tokens at the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// There was nothing to revoke.
    Nothing,
    /// The server has forgotten them.
    Revoked,
    /// The server could not be reached; it will be tried again.
    Queued,
    /// The server will not: a copy works until the given tokens run out by themselves.
    Refused(String),
    /// The server offers no revocation.
    NotOffered,
    /// The record does not open, so that nobody knows the tokens any more; it is kept at this path.
    Unreadable(String),
}

impl std::fmt::Display for RevocationOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("there was nothing to revoke"),
            Self::Revoked => f.write_str("at the server"),
            Self::Queued => f.write_str("not yet: the server could not be reached, it will be tried again"),
            Self::Refused(why) => write!(f, "not at the server, which refused: {why}"),
            Self::NotOffered => f.write_str("not at the server, which offers no revocation"),
            Self::Unreadable(path) => write!(f, "unknown: the record did not open and is kept at {path}"),
        }
    }
}

/// Revokes both tokens of one pending revocation that stands in no record. Where the server cannot be reached it is written into
/// the profile's, so that it is tried again.
pub(crate) async fn revoke(
    ports: &Ports,
    profile: &Profile,
    pending: &PendingRevocation,
) -> RevocationOutcome {
    let began = ports.clock.now().boot_ms;
    let Settled { mut outcome, .. } = send_both(ports, guard_of(profile), pending).await;
    if outcome == RevocationOutcome::Queued
        && let Err(problem) = put_in(ports, &profile.name, pending).await
    {
        outcome = RevocationOutcome::Refused(format!("it could not be reached, and {problem}"));
    }
    record(ports, profile, JournalEvent::Revoked, Some(began), Some(outcome.to_string()));
    outcome
}

async fn put_in(ports: &Ports, name: &ProfileName, pending: &PendingRevocation) -> Result<(), StoreProblem> {
    loop {
        let stored = ports.store.read(name).await?;
        let mut credential = stored.unwrap_or_else(|| Credential::empty(&ports.machine_id));
        credential.revocations.push(pending.clone());
        match ports.store.commit(name, credential.generation, &credential).await {
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Store(problem)) => return Err(problem),
            Ok(_) => return Ok(()),
        }
    }
}

/// What came of a try, and when the server wants to be asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) outcome: RevocationOutcome,
    pub(crate) retry_at: Option<DateTime<Utc>>,
}

/// Tries every revocation that waits in this record, and takes the settled ones out.
pub async fn settle(
    ports: &Ports,
    name: &ProfileName,
    guard: AddressGuard,
) -> Result<RevocationOutcome, Failure> {
    // Whoever signs out waits for no renewal: its answer has lost already, because the generation moved on.
    let way = Way { guard, patience: Duration::ZERO, tells_trouble: true };
    Ok(settle_all(ports, name, &way).await?.outcome)
}

/// The same for a keeper that tries again: a renewal that may be under way does not lose its answer for it, and the journal
/// is not told again that the server is out of reach: whoever signed out has said so. `guard` is widened where a removed profile
/// allowed it.
pub(crate) async fn settle_again(
    ports: &Ports,
    name: &ProfileName,
    guard: AddressGuard,
) -> Result<Settled, Failure> {
    let way = Way { guard, patience: RENEWAL_PATIENCE, tells_trouble: false };
    let before = ports.store.read(name).await?;
    let settled = settle_all(ports, name, &way).await?;
    if settled.outcome != RevocationOutcome::Queued
        && let Some(pending) = before.as_ref().and_then(last_of_removed_profile)
        && let Some(management) = &pending.registration.management
    {
        delete_registration(ports, name, way.guard_for(pending), management).await;
    }
    Ok(settled)
}

/// A renewal that holds the profile's lock has ended by then.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(30);

struct Way {
    guard: AddressGuard,
    /// For the profile's lock.
    patience: Duration,
    /// Whether the journal hears that a server is out of reach.
    tells_trouble: bool,
}

impl Way {
    fn guard_for(&self, pending: &PendingRevocation) -> AddressGuard {
        if pending.private_network { AddressGuard::Anywhere } else { self.guard }
    }
}

/// Where a record is all that is left of a removed profile: its last revocation, whose client goes after it.
fn last_of_removed_profile(record: &Credential) -> Option<&PendingRevocation> {
    let is_removed = is_left_over(&Credential { revocations: Vec::new(), ..record.clone() });
    record.revocations.last().filter(|_| is_removed)
}

/// The record is settled once nothing in it waits any more; else the last that has to wait decides when.
async fn settle_all(ports: &Ports, name: &ProfileName, way: &Way) -> Result<Settled, Failure> {
    let mut all = Settled { outcome: RevocationOutcome::Nothing, retry_at: None };
    let Some(credential) = ports.store.read(name).await? else { return Ok(all) };
    let mut tells_trouble = way.tells_trouble;
    for pending in &credential.revocations {
        let one = send_both(ports, way.guard_for(pending), pending).await;
        let queued = one.outcome == RevocationOutcome::Queued;
        // However many wait for that server: once is enough.
        if !queued || std::mem::take(&mut tells_trouble) {
            let entry = JournalEntry::new(ports.clock.now().wall, JournalEvent::Revoked).about(name);
            ports.journal.append(&entry.saying(one.outcome.to_string()));
        }
        if !queued {
            take_out(ports, name, pending, way.patience).await?;
        }
        if all.outcome != RevocationOutcome::Queued {
            all.outcome = one.outcome;
        }
        all.retry_at = all.retry_at.max(one.retry_at);
    }
    Ok(all)
}

async fn take_out(
    ports: &Ports,
    name: &ProfileName,
    settled: &PendingRevocation,
    patience: Duration,
) -> Result<(), Failure> {
    // A generation that moves during a renewal would cost the renewed token.
    let lock = ports.store.lock(name, patience).await;
    let _lock = if patience.is_zero() { lock.ok() } else { Some(lock?) };
    loop {
        let Some(mut credential) = ports.store.read(name).await? else { return Ok(()) };
        credential.revocations.retain(|pending| pending != settled);
        let written = if is_left_over(&credential) {
            ports.store.remove(name, credential.generation).await
        } else {
            ports.store.commit(name, credential.generation, &credential).await.map(|_| ())
        };
        match written {
            Err(CommitError::Conflict(_)) => {}
            other => return Ok(other?),
        }
    }
}

/// A record that holds nothing any more: what a removed profile leaves behind once its tokens are revoked.
fn is_left_over(credential: &Credential) -> bool {
    credential.revocations.is_empty()
        && credential.sign_in.is_none()
        && credential.registration.is_none()
        && credential.given_client_secret.is_none()
        && credential.given_private_key.is_none()
}

async fn send_both(ports: &Ports, guard: AddressGuard, pending: &PendingRevocation) -> Settled {
    let refresh = pending
        .refresh_token
        .as_ref()
        .map(|token| revocation::of_refresh_token(&pending.endpoint, &pending.registration, token));
    let access = revocation::of_access_token(&pending.endpoint, &pending.registration, &pending.access_token);
    let mut outcome = RevocationOutcome::Revoked;
    for request in refresh.iter().chain(std::iter::once(&access)) {
        match send(ports, guard, &pending.registration, request).await {
            Revocation::Gone => {}
            Revocation::Later { retry_at } => {
                return Settled { outcome: RevocationOutcome::Queued, retry_at };
            }
            Revocation::Refused(status) => outcome = RevocationOutcome::Refused(format!("status {status}")),
        }
    }
    Settled { outcome, retry_at: None }
}

async fn send(
    ports: &Ports,
    guard: AddressGuard,
    client: &Registration,
    request: &CredentialRequest,
) -> Revocation {
    match client_proof::post(ports, guard, client, request).await {
        Ok(response) => revocation::read(&as_http_answer(&response), ports.clock.now().wall),
        Err(_) => Revocation::Later { retry_at: None },
    }
}
