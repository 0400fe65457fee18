//! What the actor knows of one profile.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::credential_state::{AttemptNumber, CredentialState, Effect, Event, Hold};
use keyfob_core::moment::Moment;
use keyfob_core::profile::Profile;
use keyfob_core::refresh_schedule::{due_in, time_until};
use tokio::task::AbortHandle;

use super::Reply;
use super::reminding::Reminding;
use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::journeys::sign_in::SignInOptions;
use crate::shown;
use crate::snapshot::ProfileShown;

/// One profile in the keeper.
pub(super) struct Entry {
    pub(super) profile: Profile,
    pub(super) state: CredentialState,
    pub(super) credential: Option<Credential>,
    /// Spreads this profile's renewals; drawn anew after each.
    pub(super) jitter: f64,
    /// After a renewal that could not even begin (the store, another process): when to try again.
    pub(super) not_before: Option<Moment>,
    /// Askers that wait for the renewal under way.
    pub(super) waiters: Vec<Waiter>,
    /// Ends the sign-in journey under way.
    pub(super) sign_in: Option<(AttemptNumber, AbortHandle)>,
    /// A sign-in that was asked for and whose journey starts with the next effect.
    pub(super) asked: Option<(SignInOptions, Reply<()>)>,
    /// What was told about its end.
    pub(super) reminding: Reminding,
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
            waiters: Vec::new(),
            sign_in: None,
            asked: None,
            reminding: Reminding::default(),
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
        if self.state.hold != Hold::None || self.state.refreshing.is_some() {
            return None;
        }
        let sign_in = self.credential.as_ref()?.sign_in_for(&self.profile.url)?;
        let due = due_in(sign_in, self.profile.margin, now, self.jitter)?;
        let held_off = self.not_before.as_ref().map_or(TimeDelta::zero(), |until| time_until(until, now));
        Some(due.max(held_off))
    }

    /// The same as a date, for people.
    fn next_refresh_at(&self, now: &Moment) -> Option<DateTime<Utc>> {
        self.due_in(now).map(|left| now.wall + left)
    }

    pub(super) fn shown(&self, now: &Moment) -> ProfileShown {
        shown::profile(&shown::Known {
            profile: &self.profile,
            state: &self.state,
            credential: self.credential.as_ref(),
            next_refresh_at: self.next_refresh_at(now),
            deliveries: &[],
            now,
        })
    }
}
