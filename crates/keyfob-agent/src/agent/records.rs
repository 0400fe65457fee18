//! What is on disk, as the actor takes it in: `profiles.toml`, the records and the state of the store. Reads run as tasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{Event, Observation};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;

use super::Message;
use super::actor::{Actor, News};
use super::entry::Entry;
use crate::delivery;
use crate::journeys::{jitter, remind};
use crate::notice::NoticeKind;
use crate::ports::StoreStatus;

impl Actor {
    /// Tells the mailbox of edits by hand; ends when aborted.
    pub(super) fn listen_to_settings(&self) -> tokio::task::JoinHandle<()> {
        let (settings, mailbox) = (Arc::clone(&self.ports.settings), self.mailbox.clone());
        tokio::spawn(async move {
            loop {
                settings.changed().await;
                if mailbox.send(Message::SettingsMayHaveChanged).await.is_err() {
                    return;
                }
            }
        })
    }

    /// Where nobody tells of edits, this is asked on each wake.
    pub(super) fn look_at_changed_settings(&mut self) {
        if self.settings_version != Some(self.ports.settings.version()) {
            self.look_at_settings();
        }
    }

    pub(super) fn look_at_settings(&mut self) {
        self.settings_version = Some(self.ports.settings.version());
        let profiles = match self.ports.settings.list() {
            Ok(profiles) => profiles,
            Err(failure) => return self.settings_unusable(failure),
        };
        self.settings_problem = None;
        let mut left: BTreeSet<_> = self.entries.names().cloned().collect();
        for profile in profiles {
            let is_new = !left.remove(&profile.name);
            self.take_profile(profile, is_new);
        }
        for name in left {
            if let Some(entry) = self.entries.remove(&name) {
                entry.give_up();
            }
            self.step_ups.settle(&name);
            // What is left of it may have tokens to revoke.
            self.look_at_record(name);
        }
    }

    /// The last good settings stay in force; a typo must not sign anybody out. At the start there are none yet.
    fn settings_unusable(&mut self, problem: Failure) {
        if self.settings_problem.as_ref() != Some(&problem) {
            if self.entries.names().next().is_none() {
                tracing::warn!(%problem, "profiles.toml cannot be used, and no profile is known");
            } else {
                tracing::warn!(%problem, "profiles.toml cannot be used; the last good one stays in force");
            }
        }
        self.settings_problem = Some(problem);
    }

    /// Why nothing can be done for a profile that is not known here: a file that cannot be read may well have it.
    pub(super) fn unknown(&self, name: &ProfileName) -> Failure {
        self.settings_problem.clone().unwrap_or_else(|| Failure::NoSuchProfile(name.to_string()))
    }

    /// A profile as `profiles.toml` has it now; one that has not changed costs nothing.
    fn take_profile(&mut self, profile: Profile, is_new: bool) {
        let name = profile.name.clone();
        if is_new {
            self.entries.insert(Entry::new(profile));
        } else if self.entries.get(&name).is_none_or(|entry| entry.profile == profile) {
            return;
        } else if let Some(entry) = self.entries.touch(&name) {
            entry.step(Event::PauseSet(profile.paused));
            entry.profile = profile;
        }
        self.look_at_record(name);
    }

    /// Another process says that it changed something: one profile, or nobody knows what.
    pub(super) fn look_again(&mut self, name: Option<ProfileName>) {
        self.look_at_changed_settings();
        self.look_at_store();
        let names = name.map_or_else(|| self.entries.names().cloned().collect(), |name| vec![name]);
        for name in names {
            self.look_at_record(name);
        }
    }

    /// Asks which records there are: the order to read them in, and those whose profile is gone.
    pub(super) fn look_for_records(&self) {
        let ports = self.ports.clone();
        self.spawn(async move { Some(News::Records(ports.store.names().await)) });
    }

    pub(super) fn records_found(&mut self, names: Result<Vec<ProfileName>, StoreProblem>) {
        let names = names.unwrap_or_else(|problem| {
            tracing::debug!(%problem, "the records could not be listed");
            Vec::new()
        });
        self.reads.begin(names);
    }

    /// It is read soon; see [`Actor::begin_reads`].
    pub(super) fn look_at_record(&mut self, name: ProfileName) {
        self.reads.ask(name);
    }

    pub(super) fn begin_reads(&mut self) {
        while let Some(name) = self.reads.next() {
            let ports = self.ports.clone();
            self.spawn(async move {
                let read = ports.store.read(&name).await;
                Some(News::Read { name, read })
            });
        }
        let all = self.reads.are_done() && !self.store.backend.is_empty();
        if all && !*self.has_read.borrow() {
            self.has_read.send_replace(true);
        }
    }

    pub(super) fn record_read(&mut self, name: &ProfileName, read: Result<Option<Credential>, StoreProblem>) {
        if !self.reads.ended(name) {
            return;
        }
        if self.entries.get(name).is_some() {
            self.take_in(name, read);
        } else {
            // Out of reach: it is looked at again with the next start, or when somebody says that it has changed.
            let waits = matches!(&read, Ok(Some(record)) if !record.revocations.is_empty());
            self.note_revocations(name, waits);
        }
    }

    /// Once a locked store is open, everything that was out of reach is read.
    pub(super) fn store_seen(&mut self, status: StoreStatus) {
        let opened = self.store.problem.is_some() && status.problem.is_none();
        self.store = status;
        if opened {
            for name in self.entries.all_locked() {
                self.look_at_record(name);
            }
        }
    }

    pub(super) fn look_at_store(&self) {
        let ports = self.ports.clone();
        self.spawn(async move { Some(News::Store(ports.store.status().await)) });
    }

    /// The record as a journey has left it. One that ends late tells less than another that wrote after it, and a record may
    /// have begun anew: then what is on disk counts.
    pub(super) fn take_report(&mut self, name: &ProfileName, left: Credential) {
        let known = self.entries.get(name).and_then(|entry| entry.credential.as_ref());
        if known.is_some_and(|known| left.generation < known.generation) {
            return self.look_at_record(name.clone());
        }
        self.reads.outdate(name);
        self.take_in(name, Ok(Some(left)));
    }

    fn take_in(&mut self, name: &ProfileName, read: Result<Option<Credential>, StoreProblem>) {
        if let Ok(Some(record)) = &read {
            self.settle_what_is_met(name, record);
        }
        let now = self.ports.clock.now();
        let Some(entry) = self.entries.touch(name) else { return };
        let mut deliver_again = None;
        let event = match read {
            Err(problem) => Event::StoreFailed(problem),
            Ok(credential) => {
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
        let is_paused = entry.profile.paused;
        let waits = entry.credential.as_ref().is_some_and(|credential| !credential.revocations.is_empty());
        self.step(name, event);
        // A lock hides whether it is paused.
        self.step(name, Event::PauseSet(is_paused));
        self.remind(name);
        self.note_revocations(name, waits);
        if let Some(credential) = deliver_again {
            self.deliver_again(name, credential);
        }
    }

    /// Somebody waits until the user has decided about more scopes: a sign-in beside this keeper may have brought them.
    fn settle_what_is_met(&self, name: &ProfileName, record: &Credential) {
        let Some(entry) = self.entries.get(name) else { return };
        if self.step_ups.is_met(name, entry.credential.as_ref(), record) && self.step_ups.settle(name) {
            self.ports.notifier.notify(&remind::notice(&entry.profile, NoticeKind::Solved));
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
}
