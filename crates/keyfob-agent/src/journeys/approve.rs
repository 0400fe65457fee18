//! Allowing commands to get the profile's tokens. Written under the profile's lock: a generation that moves during a renewal
//! would cost the renewed token.

use std::time::Duration;

use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::profile::Profile;
use keyfob_core::secret::Fingerprint;

use crate::delivery::command::{CommandApproval, approvals, begin_approved};
use crate::ports::Ports;

/// A renewal may hold the lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// The profile's commands and whether they may run.
///
/// # Errors
/// [`SignInNeeded::SignedOut`] before the first sign-in: until then nobody knows whose tokens they would get.
pub async fn commands(ports: &Ports, profile: &Profile) -> Result<Vec<CommandApproval>, Failure> {
    let credential = ports.store.read(&profile.name).await?;
    credential.and_then(|c| approvals(profile, &c)).ok_or_else(|| SignInNeeded::SignedOut.into())
}

/// Allows these among the profile's commands, and forgets approvals of what it has no more. Those allowed just now get the
/// token that is held, if it is still good.
pub async fn approve(ports: &Ports, profile: &Profile, allowed: &[Fingerprint]) -> Result<(), Failure> {
    let _lock = ports.store.lock(&profile.name, PATIENCE).await?;
    let before = ports.store.read(&profile.name).await?.ok_or(SignInNeeded::SignedOut)?;
    let all = approvals(profile, &before).ok_or(SignInNeeded::SignedOut)?;
    let kept = all.iter().filter(|a| a.is_approved || allowed.contains(&a.fingerprint));
    let approved_commands = kept.map(|a| a.fingerprint).collect();
    let next = Credential { approved_commands, ..before.clone() };
    let generation = ports.store.commit(&profile.name, before.generation, &next).await?;
    let next = Credential { generation, ..next };
    let news: Vec<_> = all.iter().filter(|a| !a.is_approved).map(|a| a.fingerprint).collect();
    begin_approved(ports, profile, &next, &news);
    Ok(())
}
