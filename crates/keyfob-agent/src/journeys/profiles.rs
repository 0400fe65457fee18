//! Finding a profile by its name, and making one.

use keyfob_core::client_registration::GivenProof;
use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;

use super::record;
use crate::journal::JournalEvent;
use crate::ports::{CommitError, Ports, ProfileSettings};

/// The profile of this name.
pub fn find_profile(settings: &dyn ProfileSettings, name: &ProfileName) -> Result<Profile, Failure> {
    let found = settings.list()?.into_iter().find(|profile| profile.name == *name);
    found.ok_or_else(|| Failure::NoSuchProfile(name.to_string()))
}

/// Makes a profile; what the operator gave for its client goes into its sealed record, first, so that no profile ever lacks it.
pub async fn add(ports: &Ports, profile: &Profile, proof: Option<GivenProof>) -> Result<(), Failure> {
    if find_profile(&*ports.settings, &profile.name).is_ok() {
        return Err(Failure::Usage(format!("there is a profile `{}` already", profile.name)));
    }
    if let Some(proof) = proof {
        let before =
            ports.store.read(&profile.name).await?.unwrap_or_else(|| Credential::empty(&ports.machine_id));
        let next = before.clone().with_given(proof);
        ports
            .store
            .commit(&profile.name, before.generation, &next)
            .await
            .map_err(|e: CommitError| Failure::from(e))?;
    }
    ports.settings.add(profile)?;
    record(ports, profile, JournalEvent::Added, None, None);
    Ok(())
}
