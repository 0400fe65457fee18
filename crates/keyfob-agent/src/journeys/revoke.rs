//! Revoking tokens at the server (RFC 7009): refresh token first, then access token (H7). What cannot be reached stays in
//! the sealed record and is tried again.

use keyfob_core::credential::{Credential, PendingRevocation};
use keyfob_core::failure::Failure;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::grant::revocation::{self, Revocation};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;

use super::{guard_of, record};
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

/// Revokes both tokens of one pending revocation.
pub(crate) async fn revoke(
    ports: &Ports,
    profile: &Profile,
    pending: &PendingRevocation,
) -> RevocationOutcome {
    let began = ports.clock.now().boot_ms;
    let outcome = send_both(ports, guard_of(profile), pending).await;
    record(ports, profile, JournalEvent::Revoked, Some(began), Some(outcome.to_string()));
    outcome
}

/// Tries every revocation that waits in this record, and takes the settled ones out.
pub async fn settle(
    ports: &Ports,
    name: &ProfileName,
    guard: AddressGuard,
) -> Result<RevocationOutcome, Failure> {
    let Some(credential) = ports.store.read(name).await? else { return Ok(RevocationOutcome::Nothing) };
    let mut outcome = RevocationOutcome::Nothing;
    for pending in &credential.revocations {
        outcome = send_both(ports, guard, pending).await;
        let entry = JournalEntry::new(ports.clock.now().wall, JournalEvent::Revoked).about(name);
        ports.journal.append(&entry.saying(outcome.to_string()));
        if outcome != RevocationOutcome::Queued {
            take_out(ports, name, pending).await?;
        }
    }
    Ok(outcome)
}

async fn take_out(ports: &Ports, name: &ProfileName, settled: &PendingRevocation) -> Result<(), Failure> {
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
}

async fn send_both(ports: &Ports, guard: AddressGuard, pending: &PendingRevocation) -> RevocationOutcome {
    let refresh = pending
        .refresh_token
        .as_ref()
        .map(|token| revocation::of_refresh_token(&pending.endpoint, &pending.registration, token));
    let access = revocation::of_access_token(&pending.endpoint, &pending.registration, &pending.access_token);
    let mut outcome = RevocationOutcome::Revoked;
    for request in refresh.iter().chain(std::iter::once(&access)) {
        match send(ports, guard, request).await {
            Revocation::Gone => {}
            Revocation::Later => return RevocationOutcome::Queued,
            Revocation::Refused(status) => outcome = RevocationOutcome::Refused(format!("status {status}")),
        }
    }
    outcome
}

async fn send(ports: &Ports, guard: AddressGuard, request: &CredentialRequest) -> Revocation {
    match ports.http.post_credentials(request, guard).await {
        Ok(response) => revocation::read(response.status),
        Err(_) => Revocation::Later,
    }
}
