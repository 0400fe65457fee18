//! Scopes that clients' requests needed and sign-ins lack (D8): the user is told, and the next sign-in asks for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;

/// How often the user is told about one profile; a server that is never content is not the user's to please.
const MOST_TOLD: u32 = 3;

/// What is wanted of each profile. Clones share it.
#[derive(Clone, Default)]
pub(super) struct StepUps(Arc<Mutex<BTreeMap<ProfileName, Wanted>>>);

#[derive(Default)]
struct Wanted {
    scopes: ScopeSet,
    told: u32,
}

impl StepUps {
    /// Adds scopes; true where the user is to be told.
    pub(super) fn add(&self, profile: &ProfileName, scopes: &ScopeSet) -> bool {
        let mut all = self.all();
        let wanted = all.entry(profile.clone()).or_default();
        if wanted.scopes.covers(scopes) || wanted.told >= MOST_TOLD {
            return false;
        }
        wanted.scopes = wanted.scopes.union(scopes);
        wanted.told += 1;
        true
    }

    /// All that is wanted of a profile now.
    pub(super) fn of(&self, profile: &ProfileName) -> ScopeSet {
        self.all().get(profile).map(|wanted| wanted.scopes.clone()).unwrap_or_default()
    }

    /// A sign-in has asked for them, whatever it was given.
    pub(super) fn asked(&self, profile: &ProfileName) {
        if let Some(wanted) = self.all().get_mut(profile) {
            wanted.scopes = ScopeSet::default();
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<ProfileName, Wanted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D8
    #[test]
    fn the_user_is_told_once_for_the_same_scopes_and_three_times_at_most() {
        let (step_ups, name) = (StepUps::default(), ProfileName::parse("work").unwrap());
        let (write, admin) = (ScopeSet::parse("write"), ScopeSet::parse("admin"));
        assert!(step_ups.add(&name, &write));
        assert!(!step_ups.clone().add(&name, &write));
        assert!(step_ups.add(&name, &admin));
        assert!(step_ups.of(&name).covers(&ScopeSet::parse("admin write")));
        step_ups.asked(&name);
        assert!(step_ups.of(&name).is_empty());
        assert!(step_ups.add(&name, &write), "it was not granted");
        step_ups.asked(&name);
        assert!(!step_ups.add(&name, &write));
    }
}
