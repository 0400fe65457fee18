//! What the actor knows of one profile.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::credential_state::{AttemptNumber, CredentialState, Effect, Event, Hold, Holding};
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::moment::Moment;
use keyfob_core::pauses::time_until;
use keyfob_core::profile::Profile;
use keyfob_core::refresh_schedule::due_in;
use keyfob_core::secret::Fingerprint;
use tokio::task::AbortHandle;
use url::{Position, Url};

use super::Reply;
use super::reminding::{Reminding, next_reminder_in};
use crate::delivery::DeliveryReport;
use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::journeys::sign_in::SignInOptions;
use crate::journeys::wish::Wish;
use crate::shown;
use crate::snapshot::ProfileShown;

/// However little happens to a profile, it is looked at this often: a rule that a look depends on may not foresee everything.
const LONGEST_UNSEEN: TimeDelta = TimeDelta::hours(1);
/// Two dates this close are one: they are worked out from two clocks.
const SAME_DATE: TimeDelta = TimeDelta::seconds(1);

/// One profile in the keeper.
pub(super) struct Entry {
    pub(super) profile: Profile,
    pub(super) state: CredentialState,
    pub(super) credential: Option<Credential>,
    /// Spreads this profile's renewals; drawn anew after each.
    pub(super) jitter: f64,
    /// After a renewal that could not even begin (the store, another process): when to try again.
    pub(super) not_before: Option<Moment>,
    /// It is tried at once, whatever its pause: the network has come back, or the keeper has just begun and found a renewal
    /// whose outcome nobody knows (trust rules 6 and 11).
    pub(super) hurried: bool,
    /// How the last new token got to its places.
    pub(super) deliveries: Vec<DeliveryReport>,
    /// Askers that wait for the renewal under way.
    pub(super) waiters: Vec<Waiter>,
    /// Ends the sign-in journey under way.
    pub(super) sign_in: Option<(AttemptNumber, AbortHandle)>,
    /// A sign-in that was asked for and whose journey starts with the next effect.
    pub(super) asked: Option<(SignInOptions, Reply<()>)>,
    /// What was told about its end.
    pub(super) reminding: Reminding,
    /// As the snapshot shows it.
    shown: Option<Arc<ProfileShown>>,
}

/// Somebody who needs a token that only a renewal can give.
pub(super) struct Waiter {
    pub(super) before: Box<SignIn>,
    pub(super) wanted: HandOutRequest,
    pub(super) reply: Reply<HandedOut>,
}

impl Entry {
    pub(super) fn new(profile: Profile) -> Self {
        let (state, _) = CredentialState::default().step(Event::PauseSet(profile.paused));
        Self {
            profile,
            state,
            credential: None,
            jitter: 0.0,
            not_before: None,
            hurried: false,
            deliveries: Vec::new(),
            waiters: Vec::new(),
            sign_in: None,
            asked: None,
            reminding: Reminding::default(),
            shown: None,
        }
    }

    /// It is no profile any more: whoever waits is told, and a sign-in under way ends.
    pub(super) fn give_up(self) {
        let name = self.profile.name.to_string();
        for waiter in self.waiters {
            let _ = waiter.reply.send(Err(Failure::NoSuchProfile(name.clone())));
        }
        if let Some((_, journey)) = self.sign_in {
            journey.abort();
        }
    }

    /// Steps the state machine.
    pub(super) fn step(&mut self, event: Event) -> Vec<Effect> {
        let (state, effects) = std::mem::take(&mut self.state).step(event);
        self.state = state;
        effects
    }

    /// How long until the keeper renews by itself; `None` where it will not.
    pub(super) fn due_in(&self, now: &Moment) -> Option<TimeDelta> {
        if self.state.hold != Hold::None || self.state.refreshing.is_some() || self.is_elsewhere() {
            return None;
        }
        let sign_in = self.credential.as_ref()?.sign_in_for(&self.profile.url)?;
        let due = due_in(sign_in, self.profile.margin, now, self.jitter)?;
        let due = if self.hurried { TimeDelta::zero() } else { due };
        let held_off = self.not_before.as_ref().map_or(TimeDelta::zero(), |until| time_until(until, now));
        Some(due.max(held_off))
    }

    /// How long until it is looked at although nothing happens to it: something may be to be told, or its token ends.
    pub(super) fn look_in(&self, now: &Moment) -> Option<TimeDelta> {
        let sign_in = self.credential.as_ref()?.sign_in_for(&self.profile.url)?;
        let token_ends = sign_in.tokens.remaining(now).map(|left| left - self.profile.margin);
        let token_ends = token_ends.filter(|left| *left > TimeDelta::zero());
        [token_ends, next_reminder_in(self, now), Some(LONGEST_UNSEEN)].into_iter().flatten().min()
    }

    /// Made on another machine: renewed only when a person says so (trust rule 12).
    fn is_elsewhere(&self) -> bool {
        let Holding::Held { retrying: Some(Failure::SignInNeeded(why)) } = &self.state.holding else {
            return false;
        };
        *why == SignInNeeded::OtherMachine
    }

    /// Whose wish the next renewal is: the most urgent one of those who wait, else the schedule's.
    pub(super) fn wish(&self) -> Wish {
        let asked = self.waiters.iter().map(|waiter| waiter.wanted.wish());
        let asked = asked.max_by_key(|wish| *wish == Wish::Person);
        asked.unwrap_or(if self.hurried { Wish::NetworkUp } else { Wish::Due })
    }

    /// What a renewal that starts now works on; takes the hurry with it.
    pub(super) fn begin_renewal(&mut self) -> Option<(Profile, Fingerprint, Wish)> {
        let sign_in = self.credential.as_ref()?.sign_in.as_ref()?;
        // An asker has read the record itself, and another process may have renewed since the keeper did.
        let unwanted = self.waiters.first().map_or(sign_in, |waiter| &waiter.before);
        let unwanted = unwanted.tokens.access_token.fingerprint();
        let wish = self.wish();
        self.hurried = false;
        Some((self.profile.clone(), unwanted, wish))
    }

    /// The token endpoint's host and port.
    pub(super) fn token_host(&self) -> Option<String> {
        self.token_endpoint().map(|url| url[Position::BeforeHost..Position::AfterPort].to_owned())
    }

    /// Where this sign-in is renewed.
    pub(super) fn token_endpoint(&self) -> Option<&Url> {
        Some(self.credential.as_ref()?.sign_in.as_ref()?.endpoints.token.url())
    }

    /// The last try got no answer: once the network has come back, the wait is over. What the server itself said is not.
    pub(super) fn waits_for_network(&self) -> bool {
        let waiting =
            self.credential.as_ref().and_then(|c| c.sign_in.as_ref()).and_then(|s| s.waiting.as_ref());
        waiting.is_some_and(|waiting| !waiting.was_answered())
    }

    /// The same as a date, for people.
    fn next_refresh_at(&self, now: &Moment) -> Option<DateTime<Utc>> {
        self.due_in(now).map(|left| now.wall + left)
    }

    /// What is to be shown of it, where that has changed.
    pub(super) fn show(&mut self, now: &Moment) -> Option<Arc<ProfileShown>> {
        let mut next = shown::profile(&shown::Known {
            profile: &self.profile,
            state: &self.state,
            credential: self.credential.as_ref(),
            next_refresh_at: self.next_refresh_at(now),
            deliveries: &self.deliveries,
            now,
        });
        if let Some(before) = &self.shown {
            let dates = before.next_refresh_at.zip(next.next_refresh_at);
            if dates.is_some_and(|(before, next)| (next - before).abs() < SAME_DATE) {
                next.next_refresh_at = before.next_refresh_at;
            }
            if **before == next {
                return None;
            }
        }
        let next = Arc::new(next);
        self.shown = Some(Arc::clone(&next));
        Some(next)
    }
}
