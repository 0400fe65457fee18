//! The one state machine of a profile: `step(state, event, now)` gives the next state and the effects to carry out.
//!
//! Three things are kept apart, because they change apart: what is held (`Holding`), what is being tried (a sign-in and
//! a renewal may run at the same time: a sign-in never takes the held credential away), and what holds renewal back
//! (`Hold`). The word people see is derived by one function, [`CredentialState::word`].

use serde::{Deserialize, Serialize};

use crate::credential::{Credential, SignIn};
use crate::failure::{Failure, SignInNeeded, StoreProblem};
use crate::moment::Moment;
use crate::profile::Profile;

/// The word shown for a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateWord {
    /// No sign-in.
    SignedOut,
    /// The first sign-in is under way.
    SigningIn,
    /// A valid token is held.
    Active,
    /// A renewal is under way.
    Refreshing,
    /// The last renewal failed in a way that passes.
    Retrying,
    /// The user must act.
    NeedsSignIn,
    /// The store is locked.
    Locked,
    /// Background renewal is paused.
    Paused,
}

impl StateWord {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SignedOut,
        Self::SigningIn,
        Self::Active,
        Self::Refreshing,
        Self::Retrying,
        Self::NeedsSignIn,
        Self::Locked,
        Self::Paused,
    ];
}

/// Counts attempts, so that a late answer is recognised by its number and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AttemptNumber(u64);

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Holding {
    /// Nothing: never signed in, signed out, or signed in to another URL.
    #[default]
    Absent,
    /// A sign-in that can be used.
    Held {
        /// The failure that passes, if the last renewal failed. [`Failure::SignInNeeded`] where the user should act
        /// although tries go on, or may go on.
        retrying: Option<Failure>,
    },
    /// A sign-in that has ended; the record is kept.
    Dead(SignInNeeded),
}

/// What holds renewal back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hold {
    /// Nothing.
    #[default]
    None,
    /// The user paused it.
    Paused,
    /// The store cannot be opened.
    Locked(StoreProblem),
}

/// The state of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CredentialState {
    /// What is held.
    pub holding: Holding,
    /// The sign-in under way.
    pub signing_in: Option<AttemptNumber>,
    /// The renewal under way.
    pub refreshing: Option<AttemptNumber>,
    /// What holds renewal back.
    pub hold: Hold,
    /// The last number given out.
    pub last_attempt: AttemptNumber,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The record on disk was read: at start, after a change by another process, after a journey of ours.
    Observed(Observation),
    /// The store could not be opened.
    StoreFailed(StoreProblem),
    /// A person asked to sign in.
    SignInRequested,
    /// A person gave the sign-in up.
    SignInCancelled,
    /// A sign-in ended; the record was already durable when this was sent.
    SignInEnded {
        /// Which.
        attempt: AttemptNumber,
        /// How.
        outcome: Result<(), Failure>,
    },
    /// The schedule says that a renewal is due.
    RefreshDue,
    /// Someone asked for a renewal or needs a token that only a renewal can give.
    RefreshRequested,
    /// A renewal ended; what it did to the record comes as [`Event::Observed`].
    RefreshEnded {
        /// Which.
        attempt: AttemptNumber,
    },
    /// The user's pause changed.
    PauseSet(bool),
}

/// What a record says, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What is held.
    pub holding: Holding,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start the sign-in journey.
    StartSignIn(AttemptNumber),
    /// End the sign-in journey under way.
    CancelSignIn,
    /// Start the refresh transaction.
    StartRefresh(AttemptNumber),
}

impl Holding {
    /// Why the user should act, if they should.
    pub fn needs_sign_in(&self) -> Option<&SignInNeeded> {
        match self {
            Self::Dead(why) | Self::Held { retrying: Some(Failure::SignInNeeded(why)) } => Some(why),
            Self::Absent | Self::Held { .. } => None,
        }
    }
}

impl Observation {
    /// Reads a record as `profile` sees it now.
    pub fn of(credential: Option<&Credential>, profile: &Profile, now: &Moment) -> Self {
        let Some(sign_in) = credential.and_then(|c| c.sign_in.as_ref()) else {
            return Self { holding: Holding::Absent };
        };
        if sign_in.url != profile.url {
            return Self { holding: Holding::Dead(SignInNeeded::Moved) };
        }
        Self { holding: holding(sign_in, now) }
    }

    /// The same, as this machine sees it: a sign-in made elsewhere wants a person's word first (trust rule 12).
    #[must_use]
    pub fn seen_on(self, machine_id: &str, credential: Option<&Credential>) -> Self {
        let elsewhere = credential.is_some_and(|credential| credential.machine_id != machine_id);
        match self.holding {
            Holding::Held { .. } if elsewhere => {
                Self { holding: Holding::Held { retrying: Some(SignInNeeded::OtherMachine.into()) } }
            }
            _ => self,
        }
    }
}

fn holding(sign_in: &SignIn, now: &Moment) -> Holding {
    match &sign_in.dead {
        Some(why) => Holding::Dead(why.clone()),
        None if sign_in.has_run_out(now) => Holding::Dead(SignInNeeded::NoRefreshToken),
        None => Holding::Held { retrying: sign_in.waiting.as_ref().map(|w| w.failure.clone()) },
    }
}

impl CredentialState {
    /// One step. Effects are data; whoever runs the machine carries them out.
    #[must_use]
    pub fn step(mut self, event: Event) -> (Self, Vec<Effect>) {
        let effects = match event {
            Event::Observed(observation) => {
                self.observe(observation);
                Vec::new()
            }
            Event::StoreFailed(problem) => {
                self.hold = Hold::Locked(problem);
                Vec::new()
            }
            Event::SignInRequested if self.signing_in.is_some() => Vec::new(),
            Event::SignInRequested => {
                let attempt = self.next_attempt();
                self.signing_in = Some(attempt);
                vec![Effect::StartSignIn(attempt)]
            }
            Event::SignInCancelled => {
                self.signing_in.take().map(|_| Effect::CancelSignIn).into_iter().collect()
            }
            Event::SignInEnded { attempt, .. } => {
                // A late attempt is dropped by its number.
                if self.signing_in == Some(attempt) {
                    self.signing_in = None;
                }
                Vec::new()
            }
            Event::RefreshDue if self.hold == Hold::Paused => Vec::new(),
            Event::RefreshDue | Event::RefreshRequested => self.start_refresh(),
            Event::RefreshEnded { attempt } => {
                if self.refreshing == Some(attempt) {
                    self.refreshing = None;
                }
                Vec::new()
            }
            Event::PauseSet(paused) => {
                self.set_paused(paused);
                Vec::new()
            }
        };
        (self, effects)
    }

    fn observe(&mut self, observation: Observation) {
        if matches!(self.hold, Hold::Locked(_)) {
            self.hold = Hold::None;
        }
        self.holding = observation.holding;
    }

    fn start_refresh(&mut self) -> Vec<Effect> {
        let can_renew = matches!(self.holding, Holding::Held { .. }) && !matches!(self.hold, Hold::Locked(_));
        if self.refreshing.is_some() || !can_renew {
            return Vec::new();
        }
        let attempt = self.next_attempt();
        self.refreshing = Some(attempt);
        vec![Effect::StartRefresh(attempt)]
    }

    fn set_paused(&mut self, paused: bool) {
        match (&self.hold, paused) {
            (Hold::None, true) => self.hold = Hold::Paused,
            (Hold::Paused, false) => self.hold = Hold::None,
            _ => {}
        }
    }

    fn next_attempt(&mut self) -> AttemptNumber {
        self.last_attempt.0 += 1;
        self.last_attempt
    }

    /// The word to show. `usable` is whether the held access token is still valid now.
    pub fn word(&self, usable: bool) -> StateWord {
        match (&self.hold, &self.holding) {
            (Hold::Locked(_), _) => StateWord::Locked,
            (_, Holding::Absent) if self.signing_in.is_some() => StateWord::SigningIn,
            (_, Holding::Absent) => StateWord::SignedOut,
            (_, holding) if holding.needs_sign_in().is_some() && self.refreshing.is_none() => {
                StateWord::NeedsSignIn
            }
            (_, Holding::Dead(_)) => StateWord::NeedsSignIn,
            (Hold::Paused, _) => StateWord::Paused,
            _ if self.refreshing.is_some() => StateWord::Refreshing,
            (_, Holding::Held { retrying: None }) if usable => StateWord::Active,
            // The last renewal failed, or the token is past its end and the next asker or the keeper renews it.
            _ => StateWord::Retrying,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Temporary;

    fn after(events: impl IntoIterator<Item = Event>) -> (CredentialState, Vec<Effect>) {
        events
            .into_iter()
            .fold((CredentialState::default(), Vec::new()), |(state, _), event| state.step(event))
    }

    fn observed(holding: Holding) -> Event {
        Event::Observed(Observation { holding })
    }

    fn held() -> Event {
        observed(Holding::Held { retrying: None })
    }

    fn dead() -> Event {
        observed(Holding::Dead(SignInNeeded::NoRefreshToken))
    }

    #[test]
    fn a_sign_in_never_takes_the_held_credential_away_and_renewal_goes_on() {
        let (state, effects) = after([held(), Event::SignInRequested, Event::RefreshDue]);
        assert!(matches!(effects[..], [Effect::StartRefresh(_)]));
        assert!(state.signing_in.is_some() && matches!(state.holding, Holding::Held { .. }));
        assert_eq!(state.word(true), StateWord::Refreshing);
    }

    /// fault 43
    #[test]
    fn a_late_attempt_is_dropped_by_its_number() {
        let (state, effects) = after([Event::SignInRequested]);
        let [Effect::StartSignIn(first)] = effects[..] else { panic!("not started") };
        let (state, _) = state.step(Event::SignInCancelled);
        let (state, _) = state.step(Event::SignInRequested);
        let (state, _) =
            state.step(Event::SignInEnded { attempt: first, outcome: Err(Failure::SignInTimedOut) });
        assert!(state.signing_in.is_some_and(|second| second > first));
    }

    #[test]
    fn only_one_renewal_flies_at_a_time_and_none_without_a_sign_in() {
        assert_eq!(after([held(), Event::RefreshDue, Event::RefreshRequested]).1, []);
        assert_eq!(after([Event::RefreshDue]).1, []);
        assert_eq!(after([dead(), Event::RefreshDue]).1, []);
    }

    #[test]
    fn a_pause_holds_back_the_schedule_but_not_a_person() {
        let (state, effects) = after([held(), Event::PauseSet(true), Event::RefreshDue]);
        assert_eq!((effects, state.word(true)), (vec![], StateWord::Paused));
        assert!(matches!(state.step(Event::RefreshRequested).1[..], [Effect::StartRefresh(_)]));
    }

    #[test]
    fn an_ended_sign_in_needs_a_person_until_it_is_held_again() {
        let (state, effects) = after([held(), dead()]);
        assert_eq!((effects, state.word(false)), (vec![], StateWord::NeedsSignIn));
        assert_eq!(state.step(held()).0.word(true), StateWord::Active);
    }

    /// fault 28
    #[test]
    fn a_locked_store_is_a_state_that_ends_with_the_next_read() {
        let (state, effects) = after([held(), Event::StoreFailed(StoreProblem::Locked), Event::RefreshDue]);
        assert_eq!((effects, state.word(true)), (vec![], StateWord::Locked));
        assert_eq!(state.step(held()).0.word(true), StateWord::Active);
    }

    #[test]
    fn every_word_has_its_state() {
        let word = |events: Vec<Event>, usable| after(events).0.word(usable);
        assert_eq!(word(vec![], false), StateWord::SignedOut);
        assert_eq!(word(vec![Event::SignInRequested], false), StateWord::SigningIn);
        assert_eq!(word(vec![held()], true), StateWord::Active);
        let retrying = Holding::Held { retrying: Some(Temporary::Busy.into()) };
        assert_eq!(word(vec![observed(retrying)], true), StateWord::Retrying);
    }

    /// trust rule 6
    #[test]
    fn a_long_silence_asks_for_a_sign_in_and_renewal_goes_on() {
        let told = SignInNeeded::LongSilence(30);
        let silent = observed(Holding::Held { retrying: Some(told.into()) });
        let (state, _) = after([held(), silent]);
        assert_eq!(state.word(false), StateWord::NeedsSignIn);
        assert!(matches!(state.step(Event::RefreshDue).1[..], [Effect::StartRefresh(_)]));
    }

    /// trust rule 12, fault 42
    #[test]
    fn a_record_of_another_machine_asks_for_a_persons_word() {
        let credential = crate::credential::tests::signed_in_for(60);
        let seen = |machine| {
            let holding = Holding::Held { retrying: None };
            Observation { holding }.seen_on(machine, Some(&credential)).holding
        };
        assert_eq!(seen("machine"), Holding::Held { retrying: None });
        assert_eq!(seen("another").needs_sign_in(), Some(&SignInNeeded::OtherMachine));
        let (state, _) = after([observed(seen("another"))]);
        assert_eq!(state.word(true), StateWord::NeedsSignIn);
        assert!(matches!(state.step(Event::RefreshRequested).1[..], [Effect::StartRefresh(_)]));
    }
}
