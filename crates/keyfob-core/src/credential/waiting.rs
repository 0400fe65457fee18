//! A renewal that failed in a way that passes: how long to wait for the next try (trust rules 6, 7 and 8).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, SignInNeeded};
use crate::moment::Moment;
use crate::pauses::{after_equal_refusals, backoff, has_come, hourly, later};

/// A token endpoint that has given no usable answer for this long past the token's end is shown as the end of the sign-in.
const LONG_SILENCE: TimeDelta = TimeDelta::minutes(30);
/// … but only after this many answers: a machine that was asleep has not been refused.
const SILENT_ANSWERS: u32 = 6;

/// A failure that passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What went wrong last. [`Failure::SignInNeeded`] where the user should act although the tries go on.
    pub failure: Failure,
    /// When to try again.
    pub until: Moment,
    /// True where the server itself named the time: not even the user's own "refresh" goes before it.
    pub server_named: bool,
    /// Failures in a row.
    pub failures_in_a_row: u32,
    /// Equal final-looking answers in a row (trust rule 7).
    pub equal_refusals: u32,
    /// What the token endpoint has said since the token's end, as long as it was nothing of use.
    #[serde(default)]
    pub silence: Option<Silence>,
}

/// A token endpoint that answers and says nothing about the grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The first such answer past the token's end.
    pub since: Moment,
    /// How many in a row.
    pub answers: u32,
}

/// Why the next try has to wait.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pause {
    /// Rule 6: no usable answer. `answered` where the token endpoint itself spoke, `named` where it named a time.
    Backoff { answered: bool, named: Option<DateTime<Utc>> },
    /// Rule 7: the n-th equal refusal.
    Equal(u32),
    /// Rule 8: refused while the token still lives.
    Early(TimeDelta),
}

/// What a failed try is judged by.
pub(super) struct Try<'a> {
    /// The wait that came before it.
    pub(super) before: Option<&'a Waiting>,
    /// True once the access token is past its end.
    pub(super) past_end: bool,
    pub(super) now: &'a Moment,
    /// -1.0..=1.0
    pub(super) jitter: f64,
}

impl Waiting {
    /// The wait after a try that failed with `failure`.
    pub(super) fn after(tried: &Try<'_>, failure: Failure, pause: Pause) -> Self {
        let Try { before, now, jitter, .. } = *tried;
        let failures_in_a_row = before.map_or(0, |w| w.failures_in_a_row).saturating_add(1);
        let next = |failure: Failure, wait: TimeDelta| Self {
            failure,
            until: later(now, wait),
            server_named: false,
            failures_in_a_row,
            equal_refusals: 0,
            silence: None,
        };
        match pause {
            Pause::Backoff { answered, named } => {
                let silence = answered.then(|| tried.silence()).flatten();
                let long = silence.as_ref().and_then(|silence| silence.is_long(before, now));
                let usual = if long.is_some() { hourly(jitter) } else { backoff(failures_in_a_row, jitter) };
                let named = named.map(|at| at - now.wall).filter(|named| *named >= usual);
                let failure = long.map_or(failure, Failure::from);
                Self { server_named: named.is_some(), silence, ..next(failure, named.unwrap_or(usual)) }
            }
            Pause::Equal(count) => {
                Self { equal_refusals: count, ..next(failure, after_equal_refusals(count)) }
            }
            Pause::Early(rest) => next(failure, rest),
        }
    }

    /// Equal final-looking answers after one more. A try before its time adds none: nobody asks a sign-in to death.
    pub(super) fn equal_refusals_with(before: Option<&Self>, failure: &Failure, now: &Moment) -> u32 {
        let before = before.filter(|w| w.failure == *failure);
        let hurried = before.is_some_and(|w| w.equal_refusals > 0 && !has_come(&w.until, now));
        before.map_or(0, |w| w.equal_refusals) + u32::from(!hurried)
    }

    /// Whether the server itself spoke: asking again costs it something, and another network changes nothing.
    pub fn was_answered(&self) -> bool {
        use crate::failure::Temporary::{Cut, Intercepted, Offline};
        !matches!(self.failure, Failure::Temporary(Offline(_) | Cut(_) | Intercepted(_)))
    }
}

impl Try<'_> {
    fn silence(&self) -> Option<Silence> {
        let before = self.before.and_then(|w| w.silence.clone());
        let silence =
            before.or_else(|| self.past_end.then(|| Silence { since: self.now.clone(), answers: 0 }));
        silence.map(|s| Silence { answers: s.answers.saturating_add(1), ..s })
    }
}

impl Silence {
    /// Long enough to tell the user. The figure stays the one told first, so that it is one piece of news, not a new one
    /// with every try.
    fn is_long(&self, before: Option<&Waiting>, now: &Moment) -> Option<SignInNeeded> {
        if let Some(Failure::SignInNeeded(told @ SignInNeeded::LongSilence(_))) = before.map(|w| &w.failure) {
            return Some(told.clone());
        }
        let lasted = self.since.age(now).filter(|lasted| *lasted >= LONG_SILENCE)?;
        (self.answers >= SILENT_ANSWERS).then(|| SignInNeeded::LongSilence(lasted.num_minutes()))
    }
}
