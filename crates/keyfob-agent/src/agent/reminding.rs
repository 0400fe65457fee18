//! When the actor looks for reminders, and what it takes back. Which are due is decided in `keyfob_core::reminders`.

use chrono::TimeDelta;
use keyfob_core::credential::Credential;
use keyfob_core::credential::Reminded;
use keyfob_core::credential_state::Hold;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::pauses::{later, time_until};
use keyfob_core::reminders::Situation;

use super::actor::{Actor, News};
use super::entry::Entry;
use crate::journeys::remind::{self, Told};
use crate::notice::{Notice, NoticeKind};

/// A store that is locked no longer than this (a desktop that is just starting) is nobody's business.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(1);

/// The pause after a look that could not even begin.
const BETWEEN_LOOKS: TimeDelta = TimeDelta::seconds(30);

/// What the actor remembers of one profile's reminders.
#[derive(Default)]
pub(super) struct Reminding {
    /// A look is under way.
    under_way: bool,
    /// A notice of ours may be on the screen.
    shown: bool,
    /// What was told while the store took no write, and the generation it belongs to.
    unwritten: Option<(u64, Box<Reminded>)>,
    /// After a look that could not even begin: when to try again.
    not_before: Option<Moment>,
}

/// What the actor remembers of a locked store.
#[derive(Default)]
pub(super) struct StoreLock {
    since: Option<Moment>,
    told: bool,
}

impl Actor {
    /// Whenever something may be due, or solved.
    pub(super) fn remind(&mut self, name: &ProfileName) {
        let now = self.ports.clock.now();
        let Some(entry) = self.entries.touch(name) else { return };
        if entry.reminding.under_way || is_about_to_change(entry, &now) {
            return;
        }
        let in_force = entry.credential.as_ref().is_some_and(|credential| {
            Situation { profile: &entry.profile, credential, now: &now }.in_force().is_some()
        });
        if !in_force && std::mem::take(&mut entry.reminding.shown) {
            self.ports.notifier.notify(&remind::notice(&entry.profile, NoticeKind::Solved));
        }
        if !in_force || next_reminder_in(entry, &now).is_none_or(|left| left > TimeDelta::zero()) {
            return;
        }
        entry.reminding.under_way = true;
        let (ports, profile, name) = (self.ports.clone(), entry.profile.clone(), name.clone());
        self.spawn(async move {
            let told = remind::remind(&ports, &profile).await;
            let told =
                told.inspect_err(|failure| tracing::debug!(profile = %name, %failure, "a reminder waits"));
            Some(News::Reminded { name, told: told.ok().map(Box::new) })
        });
    }

    pub(super) fn reminded(&mut self, name: &ProfileName, told: Option<Box<Told>>) {
        let now = self.ports.clock.now();
        let Some(entry) = self.entries.touch(name) else { return };
        entry.reminding.under_way = false;
        entry.reminding.not_before = None;
        match told.map(|told| *told) {
            // The lock is taken or the store fails.
            None => entry.reminding.not_before = Some(later(&now, BETWEEN_LOOKS)),
            // The record has moved on without us: the next look must see what is there.
            Some(Told::Nothing) => self.look_at_record(name.clone()),
            Some(Told::Durably(credential)) => {
                entry.reminding.shown = true;
                self.take_report(name, credential);
            }
            Some(Told::InMemory(Credential { generation, reminded, .. })) => {
                entry.reminding.shown = true;
                entry.reminding.unwritten = Some((generation, reminded));
            }
        }
    }

    pub(super) fn remind_of_locked_store(&mut self) {
        let locked = self.entries.locked(None, 1);
        let problem = locked.first().and_then(|name| match &self.entries.get(name)?.state.hold {
            Hold::Locked(problem) => Some(problem.to_string()),
            Hold::None | Hold::Paused => None,
        });
        let lock = &mut self.store_lock;
        let kind = match problem {
            None => {
                lock.since = None;
                if !std::mem::take(&mut lock.told) {
                    return;
                }
                NoticeKind::Solved
            }
            Some(why) => {
                let now = self.ports.clock.now();
                let age = lock.since.get_or_insert_with(|| now.clone()).age(&now);
                if lock.told || age.is_none_or(|age| age < LOCKED_FOR) {
                    return;
                }
                lock.told = true;
                NoticeKind::StoreLocked(why)
            }
        };
        self.ports.notifier.notify(&Notice { profile: None, label: "keyfob".into(), kind });
    }
}

/// A sign-in or a renewal under way, or one that comes first, may move the end: wait for it. Offline is no such thing.
fn is_about_to_change(entry: &Entry, now: &Moment) -> bool {
    let retrying =
        entry.credential.as_ref().and_then(|c| c.sign_in.as_ref()).is_some_and(|s| s.waiting.is_some());
    let renewal_comes_first = !retrying && entry.due_in(now).is_some_and(|left| left <= TimeDelta::zero());
    let locked = matches!(entry.state.hold, Hold::Locked(_));
    entry.state.signing_in.is_some() || entry.state.refreshing.is_some() || renewal_comes_first || locked
}

/// How long until something is to be told about this profile; `None` while that is about to change, or nothing is foreseen.
pub(super) fn next_reminder_in(entry: &Entry, now: &Moment) -> Option<TimeDelta> {
    if entry.reminding.under_way || is_about_to_change(entry, now) {
        return None;
    }
    let credential = entry.credential.as_ref()?;
    let next = |credential: &Credential| Situation { profile: &entry.profile, credential, now }.next_in();
    let next = match &entry.reminding.unwritten {
        Some((generation, reminded)) if *generation == credential.generation => {
            next(&Credential { reminded: reminded.clone(), ..credential.clone() })
        }
        _ => next(credential),
    };
    let held_off = entry.reminding.not_before.as_ref().map(|until| time_until(until, now));
    Some(next?.max(held_off.unwrap_or_default()))
}
