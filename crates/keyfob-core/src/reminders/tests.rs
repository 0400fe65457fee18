//! Each mark once, the most urgent first, never a date that nobody said.

use proptest::prelude::*;

use super::*;
use crate::client_registration::Registration;
use crate::credential::{Endpoints, NewSignIn};
use crate::discovery::authorization_server::ClientAuthentication;
use crate::grant::credential_request::tests::client;
use crate::grant::token_endpoint::Refusal;
use crate::identity::ProfileName;
use crate::profile::{LifetimeAnswer, LifetimeFrom, SignInLifetime};
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::token_set::tests::{answer, at};

pub(crate) const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

pub(crate) fn profile() -> Profile {
    let url = CheckedUrl::parse("https://a.example/mcp").unwrap();
    Profile::new(ProfileName::parse("work").unwrap(), url)
}

fn registration() -> Registration {
    client(ClientAuthentication::ClientSecretBasic, Some("client-secret"))
}

/// Signed in at second 0 with a token for an hour; the server says how many seconds the sign-in has, or not.
pub(crate) fn held(ends_in: Option<i64>) -> Credential {
    let endpoint = CheckedUrl::parse("https://as.example/token").unwrap();
    let mut answer = answer("a1", Some("r1"), HOUR);
    answer.sign_in_ends_in = ends_in.map(TimeDelta::seconds);
    let new = NewSignIn {
        registration: registration(),
        url: profile().url,
        resource: "https://a.example/mcp".into(),
        endpoints: Endpoints { token: endpoint, revocation: None },
        answer,
        requested: ScopeSet::parse("read"),
        account: None,
        machine: false,
    };
    Credential::empty("machine").signed_in(new, &at(0))
}

pub(crate) fn renewed_at(credential: &Credential, second: i64, ends_in: Option<i64>) -> Credential {
    let mut answer = answer("a2", Some("r2"), HOUR);
    answer.sign_in_ends_in = ends_in.map(TimeDelta::seconds);
    credential.renewed(answer, &at(second))
}

fn ended_at(credential: &Credential, second: i64) -> Credential {
    credential.refused(&Refusal::InvalidGrant { description: "gone".into() }, &at(second), 0.0)
}

/// What is due at `now`; it is told at once.
fn tell(credential: &mut Credential, profile: &Profile, now: &Moment) -> Option<Reminder> {
    let situation = Situation { profile, credential, now };
    let due = situation.due()?;
    let reminded = situation.told(&due);
    *credential.reminded = reminded;
    Some(due)
}

fn mark(reminder: Option<Reminder>) -> Option<i64> {
    match reminder? {
        Reminder::SignInEnds { mark, .. } | Reminder::RegistrationEnds { mark, .. } => {
            Some(mark.num_seconds())
        }
        Reminder::SignInNeeded { .. } | Reminder::EndUnknown => None,
    }
}

#[test]
fn each_mark_is_told_once() {
    let mut credential = held(Some(30 * DAY));
    let mut told = Vec::new();
    for hour in 0..30 * 24 {
        let now = at(hour * HOUR);
        told.extend(mark(tell(&mut credential, &profile(), &now)).map(|mark| (30 * 24 - hour, mark)));
    }
    assert_eq!(told, [(7 * 24, 7 * DAY), (24, DAY), (2, 2 * HOUR)]);
}

#[test]
fn a_sleep_past_several_marks_gives_one_reminder_the_most_urgent() {
    let mut credential = held(Some(30 * DAY));
    let now = at(29 * DAY + 12 * HOUR);
    assert_eq!(mark(tell(&mut credential, &profile(), &now)), Some(DAY));
    assert_eq!(tell(&mut credential, &profile(), &at(29 * DAY + 13 * HOUR)), None);
}

/// fault 47
#[test]
fn clocks_that_jump_repeat_nothing_and_announce_nothing() {
    let mut credential = held(Some(30 * DAY));
    let jumped = |second: i64, years: i64| Moment {
        wall: at(second).wall + TimeDelta::days(365 * years),
        ..at(second)
    };
    assert_eq!(tell(&mut credential, &profile(), &jumped(DAY, 10)), None);
    assert_eq!(mark(tell(&mut credential, &profile(), &at(24 * DAY))), Some(7 * DAY));
    for wrong in [jumped(24 * DAY, -1), jumped(24 * DAY, 1), at(24 * DAY - 7_200)] {
        assert_eq!(tell(&mut credential, &profile(), &wrong), None);
    }
    // The next boot begins two hours early: what was told stays told.
    let early = Moment { boot_id: "next".into(), boot_ms: 1, ..at(24 * DAY - 7_200) };
    assert_eq!(tell(&mut credential, &profile(), &early), None);
}

/// fault 47
#[test]
fn what_was_told_under_a_clock_ten_years_ahead_is_told_again_under_the_right_one() {
    let mut credential = held(Some(30 * DAY));
    let boot = |second: i64, id: &str| Moment { boot_id: id.into(), boot_ms: 1, ..at(second) };
    let wrong = Moment { wall: at(0).wall + TimeDelta::days(3650), ..boot(0, "wrong") };
    assert_eq!(mark(tell(&mut credential, &profile(), &wrong)), Some(2 * HOUR));
    assert_eq!(tell(&mut credential, &profile(), &boot(10 * DAY, "right")), None);
    assert_eq!(mark(tell(&mut credential, &profile(), &boot(24 * DAY, "right"))), Some(7 * DAY));
}

#[test]
fn an_end_that_moves_arms_the_marks_again_and_a_repeated_one_does_not() {
    let mut credential = held(Some(8 * DAY));
    assert!(tell(&mut credential, &profile(), &at(2 * DAY)).is_some());
    let mut same = renewed_at(&credential, 3 * DAY, Some(5 * DAY));
    assert_eq!(tell(&mut same, &profile(), &at(3 * DAY)), None);
    let mut moved = renewed_at(&credential, 3 * DAY, Some(8 * DAY));
    assert_eq!(tell(&mut moved, &profile(), &at(3 * DAY)), None);
    assert_eq!(mark(tell(&mut moved, &profile(), &at(5 * DAY))), Some(7 * DAY));
}

/// A server whose sign-in always has half an hour left (an idle limit that moves with use) must not remind at each renewal.
#[test]
fn a_mark_as_long_as_the_whole_span_is_none() {
    let mut credential = held(Some(1_800));
    for renewal in 1..200 {
        let second = renewal * 900;
        assert_eq!(tell(&mut credential, &profile(), &at(second)), None);
        credential = renewed_at(&credential, second, Some(1_800));
    }
}

#[test]
fn sign_in_again_is_repeated_after_one_two_four_and_then_every_seven_days() {
    let mut credential = ended_at(&held(Some(30 * DAY)), 30 * DAY);
    let mut days = Vec::new();
    for hour in 0..35 * 24 {
        let now = at(30 * DAY + hour * HOUR);
        days.extend(tell(&mut credential, &profile(), &now).map(|_| hour / 24));
    }
    assert_eq!(days, [0, 1, 3, 7, 14, 21, 28]);
    credential = renewed_at(&credential, 66 * DAY, Some(8 * DAY));
    assert_eq!(tell(&mut credential, &profile(), &at(66 * DAY)), None);
}

#[test]
fn an_unknown_end_is_asked_for_once_and_never_dated() {
    let mut credential = held(None);
    assert_eq!(tell(&mut credential, &profile(), &at(60)), None, "the door is asking just now");
    assert_eq!(tell(&mut credential, &profile(), &at(HOUR)), Some(Reminder::EndUnknown));
    assert_eq!(tell(&mut credential, &profile(), &at(400 * DAY)), None);
    let answered = Profile { sign_in_lifetime: LifetimeAnswer::NotKnown, ..profile() };
    assert_eq!(tell(&mut held(None), &answered, &at(HOUR)), None);
}

#[test]
fn tomorrow_is_a_day_later_and_outlives_what_was_told() {
    let mut credential = held(Some(30 * DAY));
    let first = tell(&mut credential, &profile(), &at(23 * DAY)).unwrap();
    assert!(first.can_wait_until_tomorrow());
    *credential.reminded =
        Situation { profile: &profile(), credential: &credential, now: &at(23 * DAY) }.snoozed();
    assert_eq!(tell(&mut credential, &profile(), &at(24 * DAY - 1)), None);
    assert_eq!(mark(tell(&mut credential, &profile(), &at(24 * DAY))), Some(7 * DAY));
    assert_eq!(tell(&mut credential, &profile(), &at(24 * DAY + 1)), None);
    let urgent = tell(&mut credential, &profile(), &at(29 * DAY)).unwrap();
    assert!(!urgent.can_wait_until_tomorrow());
    // The end itself does not wait.
    *credential.reminded =
        Situation { profile: &profile(), credential: &credential, now: &at(29 * DAY) }.snoozed();
    assert!(tell(&mut ended_at(&credential, 29 * DAY + 60), &profile(), &at(29 * DAY + 60)).is_some());
}

#[test]
fn a_paused_profile_is_silent() {
    let paused = Profile { paused: true, ..profile() };
    assert_eq!(tell(&mut ended_at(&held(None), DAY), &paused, &at(DAY)), None);
}

/// oddity 12
#[test]
fn a_registration_that_ends_before_the_sign_in_is_told() {
    let ends_on_day = |days: i64, sign_in: Option<i64>| {
        let mut credential = held(sign_in);
        credential.registration.as_mut().unwrap().origin = RegistrationOrigin::Dynamic;
        credential.registration.as_mut().unwrap().secret_expires_at = Some(at(days * DAY).wall);
        credential.reminded.asked_end = true;
        credential
    };
    let mut unknown = ends_on_day(30, None);
    assert_eq!(tell(&mut unknown, &profile(), &at(22 * DAY)), None);
    assert!(matches!(
        tell(&mut unknown, &profile(), &at(23 * DAY)),
        Some(Reminder::RegistrationEnds { at: end, .. }) if end == at(30 * DAY).wall
    ));
    assert_eq!(tell(&mut unknown, &profile(), &at(24 * DAY)), None);
    let is_ending = |credential: &Credential, day: i64| {
        Situation { profile: &profile(), credential, now: &at(day * DAY) }.registration_is_ending()
    };
    assert!(!is_ending(&unknown, 22) && is_ending(&unknown, 23));
    let mut sign_in_first = ends_on_day(30, Some(29 * DAY));
    assert!(is_ending(&sign_in_first, 24), "the next sign-in would outlive it");
    assert!(matches!(tell(&mut sign_in_first, &profile(), &at(24 * DAY)), Some(Reminder::SignInEnds { .. })));
}

proptest! {
    /// fault 47
    #[test]
    fn whatever_the_marks_and_wherever_one_looks_each_mark_is_told_at_most_once_and_the_next_is_foreseen(
        span in 60..90 * DAY,
        marks in prop::collection::vec(1..40 * DAY, 0..6),
        mut looks in prop::collection::vec(0..100 * DAY, 1..40),
        known in any::<bool>(),
    ) {
        looks.sort_unstable();
        let lifetime = SignInLifetime { lifetime: TimeDelta::seconds(span), from: LifetimeFrom::SignIn };
        let profile = Profile {
            remind: marks.iter().map(|s| TimeDelta::seconds(*s)).collect(),
            sign_in_lifetime: if known { LifetimeAnswer::Known(lifetime) } else { LifetimeAnswer::Open },
            ..profile()
        };
        let mut credential = held(None);
        let mut told: Vec<i64> = Vec::new();
        let mut asked = 0;
        let mut foreseen: Option<(i64, Option<i64>)> = None;
        for second in looks {
            let now = at(second);
            let due = tell(&mut credential, &profile, &now);
            if let Some((since, next)) = foreseen {
                let come = next.is_some_and(|next| since + next <= second);
                prop_assert_eq!(due.is_some(), come, "at {}, foreseen {:?}", second, foreseen);
            }
            match due {
                Some(Reminder::SignInEnds { at: end, mark, left, .. }) => {
                    prop_assert!(known);
                    prop_assert_eq!(end, at(span).wall);
                    prop_assert!(left <= mark && mark.num_seconds() < span);
                    prop_assert!(told.last().is_none_or(|last| *last > mark.num_seconds()));
                    told.push(mark.num_seconds());
                }
                Some(Reminder::EndUnknown) => { prop_assert!(!known); asked += 1; }
                other => prop_assert!(other.is_none()),
            }
            let situation = Situation { profile: &profile, credential: &credential, now: &now };
            prop_assert_eq!(situation.due(), None);
            foreseen = Some((second, situation.next_in().map(|left| left.num_seconds())));
        }
        prop_assert!(asked <= 1);
    }
}
