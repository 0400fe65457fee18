//! Signing out: forgotten here at once, durably, without waiting for anybody; then revoked at the server.

use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::profile::Profile;

use super::revoke::{RevocationOutcome, settle};
use super::{guard_of, record, set_aside};
use crate::delivery::{self, DeliveryReport};
use crate::journal::JournalEvent;
use crate::ports::{CommitError, Ports};

/// What a sign-out did beyond forgetting the tokens here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOut {
    /// What became of the tokens at the server.
    pub revocation: RevocationOutcome,
    /// Files and keyring entries that were emptied, or stay for a reason.
    pub places: Vec<DeliveryReport>,
}

/// Forgets the sign-in of `profile`, takes its token files and keyring entries away, and revokes the tokens.
///
/// It does not wait for a renewal under way: the generation moves on, and the late answer is revoked, not stored (fault 44).
pub async fn sign_out(ports: &Ports, profile: &Profile) -> Result<SignedOut, Failure> {
    let began = ports.clock.now().boot_ms;
    let before = match forget(ports, profile, Credential::signed_out).await? {
        Forgotten::Nothing => {
            return Ok(SignedOut { revocation: RevocationOutcome::Nothing, places: Vec::new() });
        }
        Forgotten::Unreadable(aside) => {
            let places = delivery::withdraw(ports, profile).await;
            record(ports, profile, JournalEvent::SignedOut, Some(began), Some(aside.clone()));
            return Ok(SignedOut { revocation: RevocationOutcome::Unreadable(aside), places });
        }
        Forgotten::Record(before) => before,
    };
    let places = delivery::withdraw(ports, profile).await;
    record(ports, profile, JournalEvent::SignedOut, Some(began), None);
    let offered = before.sign_in.as_ref().map(|sign_in| sign_in.endpoints.revocation.is_some());
    let revocation = match offered {
        Some(false) => RevocationOutcome::NotOffered,
        // Without a sign-in there may be the tokens of one whose sign-out was cut off before it reached the server.
        None | Some(true) => settle(ports, &profile.name, guard_of(profile)).await?,
    };
    Ok(SignedOut { revocation, places })
}

/// What was there to forget.
pub(super) enum Forgotten {
    /// No record.
    Nothing,
    /// The record as it was.
    Record(Box<Credential>),
    /// One that does not open; where it is kept now.
    Unreadable(String),
}

/// Replaces the record by what `forgotten` leaves of it; one that does not open is set aside.
pub(super) async fn forget(
    ports: &Ports,
    profile: &Profile,
    forgotten: impl Fn(&Credential) -> Credential,
) -> Result<Forgotten, Failure> {
    loop {
        let before = match ports.store.read(&profile.name).await {
            Ok(None) => return Ok(Forgotten::Nothing),
            Ok(Some(before)) => before,
            Err(problem) => match set_aside(ports, profile, problem).await? {
                Some(aside) => return Ok(Forgotten::Unreadable(aside)),
                None => continue,
            },
        };
        match ports.store.commit(&profile.name, before.generation, &forgotten(&before)).await {
            Ok(_) => return Ok(Forgotten::Record(Box::new(before))),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Store(problem)) => return Err(problem.into()),
        }
    }
}
