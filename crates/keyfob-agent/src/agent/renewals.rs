//! Renewals and those who wait for them: who asks for a token that only a renewal can give joins the flight under way.

use chrono::TimeDelta;
use keyfob_core::credential_state::{AttemptNumber, Event, Holding, Observation};
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::identity::ProfileName;
use keyfob_core::pauses::later;
use keyfob_core::secret::Fingerprint;

use super::Reply;
use super::actor::{Actor, News, WaiterSent};
use super::entry::{Entry, Waiter};
use super::flights::Flight;
use crate::delivery::DeliveryReport;
use crate::journeys::hand_out::{HandOutRequest, HandedOut, Held, conclude, hand_out, held};
use crate::journeys::refresh_transaction::{Refreshed, refresh};

/// The pause after a renewal that could not even begin.
const BETWEEN_BEGINNINGS: TimeDelta = TimeDelta::seconds(15);

impl Actor {
    pub(super) fn hand_out_asked(&self, name: ProfileName, wanted: HandOutRequest, reply: Reply<HandedOut>) {
        let Some(entry) = self.entries.get(&name) else {
            let _ = reply.send(Err(self.unknown(&name)));
            return;
        };
        let (ports, profile) = (self.ports.clone(), entry.profile.clone());
        self.spawn(async move {
            match held(&*ports.store, &*ports.clock, &profile, &wanted).await {
                Ok(Held::Suits(token)) => {
                    let _ = reply.send(Ok(token));
                    None
                }
                Ok(Held::Stale { sign_in: before, .. }) => {
                    let waiter = Box::new(WaiterSent(Waiter { before, wanted, reply }));
                    Some(News::RefreshNeeded { name, waiter })
                }
                Err(failure) => {
                    let _ = reply.send(Err(failure));
                    None
                }
            }
        });
    }

    /// Renews for this asker, or lets it join a renewal under way.
    pub(super) fn refresh_asked(&mut self, name: &ProfileName, waiter: Waiter) {
        let Some(entry) = self.entries.touch(name) else {
            let _ = waiter.reply.send(Err(self.unknown(name)));
            return;
        };
        entry.waiters.push(waiter);
        self.step(name, Event::RefreshRequested);
        let Some(entry) = self.entries.touch(name) else { return };
        if entry.state.refreshing.is_some() {
            if let Some(host) = entry.token_host() {
                self.flights.promote(&host, name);
            }
            return;
        }
        // No flight can start: the sign-in has ended, or the record is not known here yet. The plain journey says it all.
        let (waiters, profile) = (std::mem::take(&mut entry.waiters), entry.profile.clone());
        for waiter in waiters {
            let (ports, profile, name) = (self.ports.clone(), profile.clone(), name.clone());
            self.spawn(async move {
                let _ = waiter.reply.send(hand_out(&ports, &profile, &waiter.wanted).await);
                Some(News::MayHaveChanged { name })
            });
        }
    }

    /// Lines the renewal up at its host; whoever is waited for, or whose outcome nobody knows, goes first.
    pub(super) fn start_refresh(&mut self, name: &ProfileName, attempt: AttemptNumber) {
        let Some(entry) = self.entries.get(name) else { return };
        let Some(host) = entry.token_host() else { return };
        let first = entry.hurried || !entry.waiters.is_empty();
        self.flights.line_up(&host, Flight { name: name.clone(), attempt }, first);
        self.launch(&host);
    }

    /// Starts what may start at this host.
    pub(super) fn launch(&mut self, host: &str) {
        while let Some(flight) = self.flights.next(host) {
            self.take_off(host, flight);
        }
    }

    fn take_off(&mut self, host: &str, Flight { name, attempt }: Flight) {
        let Some((profile, unwanted, wish)) = self.entries.touch(&name).and_then(Entry::begin_renewal) else {
            // Signed out or removed while it waited.
            self.flights.ended(host);
            self.step(&name, Event::RefreshEnded { attempt });
            return;
        };
        let (ports, host) = (self.ports.clone(), host.to_owned());
        self.spawn(async move {
            let outcome = refresh(&ports, &profile, &unwanted, wish).await;
            Some(News::RefreshEnded { name, attempt, unwanted, host, outcome })
        });
    }

    /// One renewal less; the last one lets the machine sleep.
    pub(super) fn landed(&mut self, host: &str) {
        self.flights.ended(host);
        if !self.flights.any_under_way() {
            self.sleep_delay = None;
        }
    }

    /// The keeper is about to end: what has not begun is left to whoever keeps the profiles next.
    pub(super) fn give_up_waiting_renewals(&mut self) {
        for Flight { name, attempt } in self.flights.give_up_waiting() {
            self.step(&name, Event::RefreshEnded { attempt });
            let waiters = self.entries.touch(&name).map(|entry| std::mem::take(&mut entry.waiters));
            for waiter in waiters.into_iter().flatten() {
                let _ = waiter.reply.send(Err(Temporary::Busy.into()));
            }
        }
    }

    pub(super) fn refresh_ended(
        &mut self,
        name: &ProfileName,
        attempt: AttemptNumber,
        unwanted: &Fingerprint,
        outcome: &Result<Refreshed, Failure>,
    ) {
        self.step(name, Event::RefreshEnded { attempt });
        match outcome {
            Ok(refreshed) => {
                self.delivered(name, refreshed.deliveries.clone());
                self.take_report(name, refreshed.credential.clone());
            }
            Err(Failure::SignInNeeded(_)) => self.look_at_record(name.clone()),
            Err(failure) => self.could_not_begin(name, failure),
        }
        let Some(entry) = self.entries.touch(name) else { return };
        let (waiters, profile) = (std::mem::take(&mut entry.waiters), entry.profile.clone());
        self.publish();
        for waiter in waiters {
            if brings_nothing_new(outcome, unwanted, &waiter) {
                self.refresh_asked(name, waiter);
                continue;
            }
            let answer = conclude(&self.ports, &profile, &waiter.before, outcome.clone(), &waiter.wanted);
            let _ = waiter.reply.send(answer);
        }
    }

    /// How the new token got to its places: shown until the next one.
    pub(super) fn delivered(&mut self, name: &ProfileName, reports: Option<Vec<DeliveryReport>>) {
        let Some(reports) = reports else { return };
        if let Some(entry) = self.entries.touch(name) {
            entry.deliveries = reports;
        }
    }

    /// The store refuses writes, or another process holds the profile: what is held stays, and it is tried again.
    fn could_not_begin(&mut self, name: &ProfileName, failure: &Failure) {
        let Some(entry) = self.entries.touch(name) else { return };
        entry.not_before = Some(later(&self.ports.clock.now(), BETWEEN_BEGINNINGS));
        // Signed out or ended meanwhile, by somebody who waited for no lock: then that is what is shown.
        if matches!(entry.state.holding, Holding::Held { .. }) {
            let holding = Holding::Held { retrying: Some(failure.clone()) };
            self.step(name, Event::Observed(Observation { holding }));
        }
    }
}

/// True where the renewal found another token than the one it was begun for, and it is the very one that this asker has read
/// and found wanting: another process had renewed meanwhile, and that token has come to its end as well.
fn brings_nothing_new(outcome: &Result<Refreshed, Failure>, unwanted: &Fingerprint, waiter: &Waiter) -> bool {
    let Ok(Refreshed { credential, failure: None, .. }) = outcome else { return false };
    let found = credential.sign_in.as_ref().map(|sign_in| sign_in.tokens.access_token.fingerprint());
    found.is_some_and(|found| found != *unwanted && found == waiter.before.tokens.access_token.fingerprint())
}
