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
        /// The failure that passes, if the last renewal failed.
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
    /// Tell the user that a sign-in is needed.
    NotifySignInNeeded(SignInNeeded),
    /// The need for a sign-in is over: take its notice away.
    WithdrawNotice,
}

impl Observation {
    /// Reads a record as `profile` sees it.
    pub fn of(credential: Option<&Credential>, profile: &Profile) -> Self {
        let Some(sign_in) = credential.and_then(|c| c.sign_in.as_ref()) else { return Self { holding: Holding::Absent } };
        if sign_in.url != profile.url {
            return Self { holding: Holding::Dead(SignInNeeded::Moved) };
        }
        Self { holding: holding(sign_in) }
    }
}

fn holding(sign_in: &SignIn) -> Holding {
    match &sign_in.dead {
        Some(why) => Holding::Dead(why.clone()),
        None => Holding::Held { retrying: sign_in.waiting.as_ref().map(|w| w.failure.clone()) },
    }
}

impl CredentialState {
    /// One step. Effects are data; whoever runs the machine carries them out.
    #[must_use]
    pub fn step(mut self, event: Event) -> (Self, Vec<Effect>) {
        let effects = match event {
            Event::Observed(observation) => self.observe(observation),
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
            Event::SignInCancelled => self.signing_in.take().map(|_| Effect::CancelSignIn).into_iter().collect(),
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

    fn observe(&mut self, observation: Observation) -> Vec<Effect> {
        if matches!(self.hold, Hold::Locked(_)) {
            self.hold = Hold::None;
        }
        let before = std::mem::replace(&mut self.holding, observation.holding);
        match (&before, &self.holding) {
            (Holding::Dead(old), Holding::Dead(new)) if old == new => Vec::new(),
            (_, Holding::Dead(why)) => vec![Effect::NotifySignInNeeded(why.clone())],
            (Holding::Dead(_), _) => vec![Effect::WithdrawNotice],
            _ => Vec::new(),
        }
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
            (_, Holding::Dead(_)) => StateWord::NeedsSignIn,
            (Hold::Paused, _) => StateWord::Paused,
            _ if self.refreshing.is_some() => StateWord::Refreshing,
            (_, Holding::Held { retrying: Some(_) }) => StateWord::Retrying,
            (_, Holding::Held { retrying: None }) if usable => StateWord::Active,
            // Held, past its end, and nothing is known to be wrong: the next asker or the keeper renews it.
            _ => StateWord::Retrying,
        }
    }
}

/// True where the sign-in can give no further token: past its end and nothing to renew it with (F5).
pub fn has_run_out(sign_in: &SignIn, now: &Moment) -> bool {
    sign_in.tokens.refresh_token.is_none() && !sign_in.tokens.is_valid_for(chrono::TimeDelta::zero(), now)
}
