//! Tokens that wait for their revocation, in the records of profiles and in those that removed profiles left behind: each
//! record is offered to its server until that has answered, a few at once, with pauses that grow.

use std::collections::BTreeMap;

use keyfob_core::due_times::DueTimes;
use keyfob_core::failure::Failure;
use keyfob_core::grant::revocation::retry_in;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;

use super::actor::{Actor, News};
use crate::journeys::revoke::{self, RevocationOutcome, Settled};
use crate::journeys::{guard_of, jitter};
use crate::ports::AddressGuard;

/// Nobody waits for a revocation.
const AT_ONCE: usize = 4;

/// All records with tokens to revoke.
#[derive(Default)]
pub(super) struct Outbox {
    due: DueTimes<ProfileName>,
    tried: BTreeMap<ProfileName, Tried>,
    under_way: usize,
}

#[derive(Default)]
struct Tried {
    failures: u32,
    /// The server said when to come again.
    named: bool,
}

impl Outbox {
    /// A record as it has just been read: whether it has tokens to revoke.
    fn note(&mut self, name: &ProfileName, waits: bool, now: &Moment) {
        if !waits {
            self.tried.remove(name);
            self.due.set(name, None);
        } else if !self.tried.contains_key(name) {
            self.tried.insert(name.clone(), Tried::default());
            self.due.set(name, Some(now.boot_ms));
        }
    }

    /// The boot clock's reading at the next try.
    pub(super) fn next(&self) -> Option<u64> {
        self.due.earliest().filter(|_| self.under_way < AT_ONCE)
    }

    /// The next record to be tried now; counted as under way from here on.
    fn take(&mut self, now: &Moment) -> Option<ProfileName> {
        self.next()?;
        let name = self.due.take_due(now.boot_ms)?;
        self.under_way += 1;
        Some(name)
    }

    /// The network has come back: who waits for that alone is tried at once.
    pub(super) fn hurry(&mut self, now: &Moment) {
        let waiting = self.tried.iter().filter(|(_, tried)| !tried.named && tried.failures > 0);
        for (name, _) in waiting {
            self.due.set(name, Some(now.boot_ms));
        }
    }
}

impl Actor {
    /// A record was read: whether it has tokens to revoke.
    pub(super) fn note_revocations(&mut self, name: &ProfileName, waits: bool) {
        self.outbox.note(name, waits, &self.ports.clock.now());
    }

    pub(super) fn revoke_what_is_due(&mut self) {
        let now = self.ports.clock.now();
        while let Some(name) = self.outbox.take(&now) {
            let guard =
                self.entries.get(&name).map_or(AddressGuard::PublicOnly, |entry| guard_of(&entry.profile));
            let ports = self.ports.clone();
            self.spawn(async move {
                let outcome = revoke::settle_again(&ports, &name, guard).await;
                Some(News::Settled { name, outcome })
            });
        }
    }

    pub(super) fn settled(&mut self, name: &ProfileName, outcome: &Result<Settled, Failure>) {
        let now = self.ports.clock.now();
        let spread = jitter(&self.ports);
        self.outbox.under_way = self.outbox.under_way.saturating_sub(1);
        let retry_at = match outcome {
            Ok(Settled { outcome: RevocationOutcome::Queued, retry_at }) => *retry_at,
            Ok(_) => {
                self.outbox.note(name, false, &now);
                // The record has moved on, or is gone; more may have come meanwhile.
                self.look_at_record(name.clone());
                return;
            }
            Err(failure) => {
                tracing::debug!(profile = %name, %failure, "a revocation could not be settled");
                None
            }
        };
        let Some(tried) = self.outbox.tried.get_mut(name) else { return };
        tried.failures = tried.failures.saturating_add(1);
        tried.named = retry_at.is_some();
        let pause = retry_in(tried.failures, retry_at.map(|at| at - now.wall), spread);
        self.outbox.due.set(name, Some(now.boot_ms_in(pause)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(boot_ms: u64) -> Moment {
        Moment { wall: DateTime::UNIX_EPOCH, boot_ms, boot_id: "b".into() }
    }

    fn name(text: &str) -> ProfileName {
        ProfileName::parse(text).unwrap()
    }

    /// H7
    #[test]
    fn a_record_is_tried_at_once_and_known_until_nothing_waits_in_it() {
        let mut outbox = Outbox::default();
        outbox.note(&name("a"), true, &at(5));
        assert_eq!(outbox.take(&at(5)), Some(name("a")));
        outbox.note(&name("a"), true, &at(6));
        assert_eq!(outbox.take(&at(6)), None, "it is under way");
        outbox.note(&name("a"), false, &at(7));
        outbox.note(&name("a"), true, &at(8));
        assert_eq!(outbox.take(&at(8)), Some(name("a")), "a new one");
    }

    #[test]
    fn four_are_offered_at_once() {
        let mut outbox = Outbox::default();
        for text in ["a", "b", "c", "d", "e"] {
            outbox.note(&name(text), true, &at(0));
        }
        assert_eq!(std::iter::from_fn(|| outbox.take(&at(0))).count(), 4);
        assert_eq!(outbox.next(), None, "nobody is woken for the fifth");
    }

    #[test]
    fn a_network_that_comes_back_ends_every_wait_but_one_that_a_server_named() {
        let mut outbox = Outbox::default();
        for (text, named) in [("a", true), ("b", false)] {
            outbox.tried.insert(name(text), Tried { failures: 3, named });
            outbox.due.set(&name(text), Some(9_000));
        }
        outbox.hurry(&at(10));
        assert_eq!(outbox.take(&at(10)), Some(name("b")));
        assert_eq!(outbox.take(&at(10)), None);
    }
}
