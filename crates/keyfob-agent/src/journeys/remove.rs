//! Deleting a profile: its tokens are revoked, its registration is deleted at the server as far as that goes (C12), and what
//! cannot be revoked yet stays sealed until it can.

use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::profile::Profile;

use super::manage_registration::delete_registration;
use super::revoke::{RevocationOutcome, settle};
use super::sign_out::{Forgotten, SignedOut, forget};
use super::{guard_of, record};
use crate::delivery;
use crate::journal::JournalEvent;
use crate::ports::{CommitError, Ports};

/// Removes profile and credential. The profile goes after the tokens were offered for revocation: whoever is cut off before
/// that still sees it, signed out, and can remove it again.
pub async fn remove(ports: &Ports, profile: &Profile) -> Result<SignedOut, Failure> {
    let forgotten =
        forget(ports, profile, |before| before.removed(profile.may_reach_private_addresses())).await?;
    let places = delivery::withdraw(ports, profile).await;
    let offered = |before: &Credential| Some(before.sign_in.as_ref()?.endpoints.revocation.is_some());
    let revocation = match &forgotten {
        Forgotten::Unreadable(aside) => RevocationOutcome::Unreadable(aside.clone()),
        Forgotten::Record(before) if offered(before) == Some(false) => RevocationOutcome::NotOffered,
        _ => settle(ports, &profile.name, guard_of(profile)).await?,
    };
    // Before the name is free: a later profile of this name must not be opened by keys of this one.
    ports.client_keys.revoke_all(&profile.name)?;
    ports.settings.remove(&profile.name)?;
    record(ports, profile, JournalEvent::Removed, None, None);
    let Forgotten::Record(before) = forgotten else {
        return Ok(SignedOut { revocation, places });
    };
    // A client that is gone could not revoke its tokens any more: whoever settles them deletes it then.
    if revocation == RevocationOutcome::Queued {
        return Ok(SignedOut { revocation, places });
    }
    if let Some(management) = before.registration.and_then(|r| r.management) {
        delete_registration(ports, &profile.name, guard_of(profile), &management).await;
    }
    discard_record(ports, profile).await?;
    Ok(SignedOut { revocation, places })
}

/// The sealed file goes once nothing waits in it.
async fn discard_record(ports: &Ports, profile: &Profile) -> Result<(), Failure> {
    let Some(left) = ports.store.read(&profile.name).await? else { return Ok(()) };
    if !left.revocations.is_empty() {
        return Ok(());
    }
    match ports.store.remove(&profile.name, left.generation).await {
        Ok(()) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(CommitError::Store(problem)) => Err(problem.into()),
    }
}
