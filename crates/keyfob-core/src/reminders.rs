//! Which reminder is due, and when the next one is. Pure: what was told already stands in the record, so that a mark is told
//! once, whoever keeps the profile and however long the machine slept.
//!
//! It deliberately knows no quiet hours: those are the desktop's business.

use chrono::{DateTime, TimeDelta, Utc};

use crate::client_registration::RegistrationOrigin;
use crate::credential::{Credential, Reminded, SAME_END, SignIn, ToldMark, ToldNeed};
use crate::credential_state::Observation;
use crate::failure::SignInNeeded;
use crate::moment::Moment;
use crate::pauses::{later, time_until};
use crate::profile::Profile;
use crate::sign_in_end::{EndSource, KnownEnd, SignInEnd, is_asked_for, sign_in_end};

/// The first repetition of "sign in again"; the pause doubles with each.
const FIRST_REPETITION: TimeDelta = TimeDelta::days(1);
/// The longest pause between two repetitions: seldom enough to be polite, often enough not to be forgotten.
const LONGEST_REPETITION: TimeDelta = TimeDelta::days(7);
/// The end of a new sign-in is asked for after this long; whoever has just signed in is being asked by the door they used.
const ASK_AFTER: TimeDelta = TimeDelta::minutes(10);
/// What "remind me tomorrow" means.
const SNOOZE: TimeDelta = TimeDelta::days(1);
/// "Tomorrow" is offered only where there is enough left of the day after.
const SNOOZE_NEEDS: TimeDelta = TimeDelta::hours(36);
/// A telling this far in the future was made under a wrong clock and counts for nothing (fault 47).
const WRONG_CLOCK: TimeDelta = TimeDelta::days(1);

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reminder {
    /// The sign-in will end.
    SignInEnds {
        /// When, and who says so.
        at: DateTime<Utc>,
        /// Who says so.
        source: EndSource,
        /// What is left; negative where the end passed while nobody could look.
        left: TimeDelta,
        /// The mark that was passed.
        mark: TimeDelta,
    },
    /// The sign-in has ended.
    SignInNeeded {
        /// Why.
        why: SignInNeeded,
        /// How often it was told before.
        told_before: u32,
    },
    /// The client's registration will end, and the sign-in with it.
    RegistrationEnds {
        /// When.
        at: DateTime<Utc>,
        /// What is left.
        left: TimeDelta,
        /// The mark that was passed.
        mark: TimeDelta,
    },
    /// Nobody knows when the sign-in ends: the user is asked.
    EndUnknown,
}

/// One profile as a reminder sees it.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its record.
    pub credential: &'a Credential,
    /// Now.
    pub now: &'a Moment,
}

impl Situation<'_> {
    /// What there is to say now, whether it was told or not; `None` for a paused profile and where all is well.
    pub fn in_force(&self) -> Option<Reminder> {
        if self.profile.paused {
            return None;
        }
        if let Some(why) = self.need() {
            return Some(Reminder::SignInNeeded { why, told_before: 0 });
        }
        let sign_in = self.sign_in()?;
        let end = self.end(sign_in);
        let ends = known(&end).and_then(|end| {
            let (left, mark) = self.passed(end)?;
            Some(Reminder::SignInEnds { at: end.at(), source: end.source, left, mark })
        });
        ends.or_else(|| {
            let end = self.registration_end(sign_in, &end)?;
            let (left, mark) = self.passed(&end)?;
            Some(Reminder::RegistrationEnds { at: end.at(), left, mark })
        })
        .or_else(|| is_asked_for(&end, self.profile).then_some(Reminder::EndUnknown))
    }

    /// What is to be told now: at most one thing, the most urgent.
    pub fn due(&self) -> Option<Reminder> {
        let reminded = &self.credential.reminded;
        let snooze = self.snooze_left();
        match self.in_force()? {
            Reminder::SignInNeeded { why, .. } => {
                let told = reminded.needed.as_ref().filter(|told| told.why == why);
                let told_before = told.map_or(0, |told| told.times);
                let waits = told.is_some_and(|told| {
                    snooze.unwrap_or_else(|| self.repetition_in(told)) > TimeDelta::zero()
                });
                (!waits).then_some(Reminder::SignInNeeded { why, told_before })
            }
            ends @ Reminder::SignInEnds { at, mark, .. } => {
                let waits = match snooze {
                    Some(left) => left > TimeDelta::zero(),
                    None => self.is_told(reminded.sign_in_ends.as_ref(), at, mark),
                };
                (!waits).then_some(ends)
            }
            ends @ Reminder::RegistrationEnds { at, mark, .. } => {
                (!self.is_told(reminded.registration_ends.as_ref(), at, mark)).then_some(ends)
            }
            Reminder::EndUnknown => {
                let old_enough = self.sign_in()?.since.age(self.now).is_some_and(|age| age >= ASK_AFTER);
                (old_enough && !reminded.asked_end).then_some(Reminder::EndUnknown)
            }
        }
    }

    /// How long from now until something new is due; `None` where nothing is foreseen. Meaningful once [`Situation::due`] has
    /// been told.
    pub fn next_in(&self) -> Option<TimeDelta> {
        if self.due().is_some() {
            return Some(TimeDelta::zero());
        }
        if self.profile.paused {
            return None;
        }
        let reminded = &self.credential.reminded;
        if let Some(why) = self.need() {
            let told = reminded.needed.as_ref().filter(|told| told.why == why)?;
            return Some(self.snooze_left().unwrap_or_else(|| self.repetition_in(told)));
        }
        let sign_in = self.sign_in()?;
        let end = self.end(sign_in);
        let of_registration = self.registration_end(sign_in, &end);
        let asked = (is_asked_for(&end, self.profile) && !reminded.asked_end)
            .then(|| sign_in.since.age(self.now).map(|age| ASK_AFTER - age))
            .flatten();
        let ends = [known(&end), of_registration.as_ref()];
        let next_mark = ends.into_iter().flatten().filter_map(|end| self.next_mark_in(end)).min();
        let snoozed =
            self.snooze_left().filter(|_| matches!(self.in_force(), Some(Reminder::SignInEnds { .. })));
        [snoozed.or(next_mark), asked].into_iter().flatten().min()
    }

    /// The record's memory once `reminder` has been told.
    #[must_use]
    pub fn told(&self, reminder: &Reminder) -> Reminded {
        let mut next = Reminded::clone(&self.credential.reminded);
        let told_mark = |end: DateTime<Utc>, mark: TimeDelta| ToldMark {
            end,
            mark_s: mark.num_seconds(),
            at: self.now.clone(),
        };
        match reminder {
            Reminder::SignInEnds { at, mark, .. } => {
                next.sign_in_ends = Some(told_mark(*at, *mark));
                next.snoozed_until = None;
            }
            Reminder::RegistrationEnds { at, mark, .. } => {
                next.registration_ends = Some(told_mark(*at, *mark));
            }
            Reminder::SignInNeeded { why, told_before } => {
                let times = told_before.saturating_add(1);
                next.needed = Some(ToldNeed { why: why.clone(), at: self.now.clone(), times });
                next.snoozed_until = None;
            }
            Reminder::EndUnknown => next.asked_end = true,
        }
        next
    }

    /// The record's memory once the user has said "tomorrow".
    #[must_use]
    pub fn snoozed(&self) -> Reminded {
        Reminded {
            snoozed_until: Some(later(self.now, SNOOZE)),
            ..Reminded::clone(&self.credential.reminded)
        }
    }

    fn sign_in(&self) -> Option<&SignIn> {
        self.credential.sign_in_for(&self.profile.url)
    }

    fn need(&self) -> Option<SignInNeeded> {
        let holding = Observation::of(Some(self.credential), self.profile, self.now).holding;
        holding.needs_sign_in().cloned()
    }

    fn end(&self, sign_in: &SignIn) -> SignInEnd {
        sign_in_end(sign_in, self.profile, self.credential.learned_lifetimes.last().copied())
    }

    /// True where the registration's end is near enough to be reminded of: the next sign-in begins with a new one, so that
    /// the reminder keeps its word. Whether the sign-in held now ends earlier is no matter: the next one would not.
    pub fn registration_is_ending(&self) -> bool {
        let end = self.sign_in().and_then(|sign_in| self.end_of_registration(sign_in));
        end.is_some_and(|end| self.passed(&end).is_some())
    }

    /// The end of a dynamic registration's secret, where the sign-in does not end before it.
    fn registration_end(&self, sign_in: &SignIn, end: &SignInEnd) -> Option<KnownEnd> {
        let of_registration = self.end_of_registration(sign_in)?;
        let comes_first = end.at().is_none_or(|end| end > of_registration.at());
        comes_first.then_some(of_registration)
    }

    /// The end of a dynamic registration's secret, counted from the sign-in.
    fn end_of_registration(&self, sign_in: &SignIn) -> Option<KnownEnd> {
        let registration =
            self.credential.registration.as_ref().filter(|r| r.origin == RegistrationOrigin::Dynamic)?;
        let from = sign_in.since.clone();
        let span = registration.secret_expires_at? - from.wall;
        Some(KnownEnd { source: EndSource::Server, span, from })
    }

    /// The shortest mark that has been passed. A mark as long as the whole span is none: whoever signs in for an hour is not
    /// told at once that two hours are not left.
    fn passed(&self, end: &KnownEnd) -> Option<(TimeDelta, TimeDelta)> {
        let left = end.left(self.now)?;
        let mark = self.marks(end).filter(|mark| left <= *mark).min()?;
        Some((left, mark))
    }

    fn next_mark_in(&self, end: &KnownEnd) -> Option<TimeDelta> {
        let left = end.left(self.now)?;
        self.marks(end).filter(|mark| left > *mark).map(|mark| left - mark).min()
    }

    fn marks(&self, end: &KnownEnd) -> impl Iterator<Item = TimeDelta> {
        self.profile.remind.iter().copied().filter(|mark| *mark < end.span)
    }

    fn is_told(&self, told: Option<&ToldMark>, end: DateTime<Utc>, mark: TimeDelta) -> bool {
        told.is_some_and(|told| {
            (told.end - end).abs() <= SAME_END && told.mark_s <= mark.num_seconds() && self.counts(&told.at)
        })
    }

    fn repetition_in(&self, told: &ToldNeed) -> TimeDelta {
        let doublings = told.times.saturating_sub(1).min(3);
        let pause = (FIRST_REPETITION * (1 << doublings)).min(LONGEST_REPETITION);
        match told.at.age(self.now) {
            Some(age) => pause - age,
            None if self.counts(&told.at) => pause,
            None => TimeDelta::zero(),
        }
    }

    /// What is left of "tomorrow", zero or less once it has come; `None` where nobody said it.
    fn snooze_left(&self) -> Option<TimeDelta> {
        let until = self.credential.reminded.snoozed_until.as_ref()?;
        // More than was ever asked for: the clock was wrong then.
        Some(time_until(until, self.now)).filter(|left| *left <= SNOOZE)
    }

    fn counts(&self, told: &Moment) -> bool {
        told.age(self.now).is_some() || told.wall - self.now.wall <= WRONG_CLOCK
    }
}

fn known(end: &SignInEnd) -> Option<&KnownEnd> {
    match end {
        SignInEnd::Known(end) => Some(end),
        SignInEnd::Unknown | SignInEnd::WithToken => None,
    }
}

impl Reminder {
    /// Whether "remind me tomorrow" makes sense.
    pub fn can_wait_until_tomorrow(&self) -> bool {
        match self {
            Self::SignInEnds { left, .. } => *left >= SNOOZE_NEEDS,
            Self::SignInNeeded { .. } => true,
            Self::RegistrationEnds { .. } | Self::EndUnknown => false,
        }
    }
}

#[cfg(test)]
#[path = "reminders/tests.rs"]
pub(crate) mod tests;
