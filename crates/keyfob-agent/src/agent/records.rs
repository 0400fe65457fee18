//! What is on disk, as the actor takes it in: `profiles.toml`, the records and the state of the store. Reads run as tasks.

use chrono::TimeDelta;
use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{Event, Observation};
use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;

use super::actor::{Actor, News};
use super::entry::Entry;
use crate::delivery;
use crate::journeys::{guard_of, jitter, revoke};

impl Actor {
    pub(super) fn look_at_settings(&mut self) {
        self.settings_version = Some(self.ports.settings.version());
        let profiles = match self.ports.settings.list() {
            Ok(profiles) => profiles,
            // The last good settings stay in force; a typo must not sign anybody out.
            Err(failure) => {
                self.settings_problem = Some(failure.to_string());
                return;
            }
        };
        self.settings_problem = None;
        let mut before = std::mem::take(&mut self.entries);
        for profile in profiles {
            let name = profile.name.clone();
            let mut entry = before.remove(&name).unwrap_or_else(|| Entry::new(profile.clone()));
            entry.step(Event::PauseSet(profile.paused));
            entry.profile = profile;
            self.entries.insert(name.clone(), entry);
            self.look_at_record(name);
        }
        before.into_values().filter_map(|entry| entry.sign_in).for_each(|(_, journey)| journey.abort());
    }

    pub(super) fn look_at_record(&self, name: ProfileName) {
        let ports = self.ports.clone();
        self.spawn(async move {
            let read = ports.store.read(&name).await;
            Some(News::Read { name, read })
        });
    }

    pub(super) fn look_at_store(&self) {
        let ports = self.ports.clone();
        self.spawn(async move { Some(News::Store(ports.store.status().await)) });
    }

    pub(super) fn take_in(&mut self, name: &ProfileName, read: Result<Option<Credential>, StoreProblem>) {
        let now = self.ports.clock.now();
        let Some(entry) = self.entries.get_mut(name) else { return };
        let mut deliver_again = None;
        let event = match read {
            Err(problem) => Event::StoreFailed(problem),
            Ok(credential) => {
                let generation = |c: &Option<Credential>| c.as_ref().map_or(0, |c| c.generation);
                // A slow read must not undo what a journey has reported since.
                if credential.is_some() && generation(&credential) < generation(&entry.credential) {
                    return;
                }
                let observation = Observation::of(credential.as_ref(), &entry.profile, &now)
                    .seen_on(&self.ports.machine_id, credential.as_ref());
                // The first look at a record: an intent in it is a renewal that was cut off by the end of its process.
                let first_look = entry.credential.is_none();
                let open =
                    credential.as_ref().and_then(|c| c.sign_in.as_ref()).is_some_and(|s| s.intent.is_some());
                entry.hurried = first_look && open;
                if first_look && !open {
                    deliver_again.clone_from(&credential);
                }
                entry.credential = credential;
                entry.jitter = jitter(&self.ports);
                entry.not_before = None;
                Event::Observed(observation)
            }
        };
        self.step(name, event);
        self.remind(name);
        self.settle_revocations(name);
        if let Some(credential) = deliver_again {
            self.deliver_again(name, credential);
        }
    }

    /// A process that ended between keeping a token and delivering it left an older one in the profile's places, where it
    /// would stay until the next renewal.
    fn deliver_again(&self, name: &ProfileName, credential: Credential) {
        let Some(entry) = self.entries.get(name) else { return };
        let now = self.ports.clock.now();
        let is_good = credential.machine_id == *self.ports.machine_id
            && credential.sign_in.as_ref().is_some_and(|s| s.tokens.is_valid_for(TimeDelta::zero(), &now));
        if !is_good || entry.profile.deliver.is_empty() {
            return;
        }
        let (ports, profile) = (self.ports.clone(), entry.profile.clone());
        self.spawn(async move {
            let deliveries = delivery::deliver(&ports, &profile, &credential).await;
            // A sign-out meanwhile took away what was there before this: it wins.
            if let Ok(Some(Credential { sign_in: None, .. })) = ports.store.read(&profile.name).await {
                delivery::withdraw(&ports, &profile).await;
            }
            Some(News::DeliveredAgain { name: profile.name, deliveries })
        });
    }

    fn settle_revocations(&self, name: &ProfileName) {
        let Some(entry) = self.entries.get(name) else { return };
        if entry.credential.as_ref().is_none_or(|c| c.revocations.is_empty()) {
            return;
        }
        let (ports, name, guard) = (self.ports.clone(), name.clone(), guard_of(&entry.profile));
        self.spawn(async move {
            if let Err(failure) = revoke::settle(&ports, &name, guard).await {
                tracing::warn!(profile = %name, %failure, "a revocation could not be settled");
            }
            None
        });
    }
}
