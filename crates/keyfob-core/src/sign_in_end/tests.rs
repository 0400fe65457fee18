//! Ends are known from what was said or seen, and dropped where life disproves them.

use super::*;
use crate::credential::Credential;
use crate::identity::ProfileName;
use crate::profile::SignInLifetime;
use crate::reminders::tests::{DAY, held, profile, renewed_at};
use crate::token_set::tests::at;

fn end(credential: &Credential, profile: &Profile) -> SignInEnd {
    let learned = credential.learned_lifetimes.last().copied();
    sign_in_end(credential.sign_in.as_ref().unwrap(), profile, learned)
}

fn configured(days: i64, from: LifetimeFrom) -> Profile {
    let lifetime = TimeDelta::days(days);
    Profile { sign_in_lifetime: LifetimeAnswer::Known(SignInLifetime { lifetime, from }), ..profile() }
}

/// fault 47
#[test]
fn without_a_word_from_anybody_there_is_no_date_but_a_question() {
    let end = end(&held(None), &profile());
    assert_eq!((end.at(), end.known()), (None, "unknown"));
    assert!(is_asked_for(&end, &profile()));
    let answered = Profile { sign_in_lifetime: LifetimeAnswer::NotKnown, ..profile() };
    assert!(!is_asked_for(&end, &answered));
    assert_eq!(answered.name, ProfileName::parse("work").unwrap());
}

/// fault 47, F3: it ends with its token, and when that is nobody knows: there is no date, and no answer would make one.
#[test]
fn what_ends_with_a_token_whose_end_is_assumed_has_no_date_and_asks_nothing() {
    let mut held = held(None);
    let tokens = &mut held.sign_in.as_mut().unwrap().tokens;
    (tokens.refresh_token, tokens.end_assumed) = (None, true);
    for profile in [profile(), configured(30, LifetimeFrom::SignIn)] {
        let end = end(&held, &profile);
        assert_eq!((end.at(), end.known()), (None, "unknown"));
        assert!(!is_asked_for(&end, &profile));
    }
    held.sign_in.as_mut().unwrap().tokens.end_assumed = false;
    assert_eq!(end(&held, &profile()).known(), "server");
}

/// fault 47, oddity 7
#[test]
fn the_server_comes_before_the_user_and_the_margin_is_taken_off() {
    let profile = Profile { margin: TimeDelta::seconds(60), ..configured(30, LifetimeFrom::SignIn) };
    let stated = end(&held(Some(10 * DAY)), &profile);
    assert_eq!((stated.at(), stated.known()), (Some(at(10 * DAY - 60).wall), "server"));
    let own = end(&held(None), &profile);
    assert_eq!((own.at(), own.known()), (Some(at(30 * DAY - 60).wall), "configured"));
}

#[test]
fn a_lifetime_from_the_refresh_moves_with_each_renewal() {
    let credential = renewed_at(&held(None), 5 * DAY, None);
    assert_eq!(end(&credential, &configured(30, LifetimeFrom::Refresh)).at(), Some(at(35 * DAY).wall));
    assert_eq!(end(&credential, &configured(30, LifetimeFrom::SignIn)).at(), Some(at(30 * DAY).wall));
}

#[test]
fn an_end_that_the_server_repeats_is_the_same_and_one_that_moves_is_another() {
    let first = held(Some(30 * DAY));
    let repeated = renewed_at(&first, DAY, Some(29 * DAY + 3));
    assert_eq!(end(&repeated, &profile()), end(&first, &profile()));
    let moved = renewed_at(&first, DAY, Some(30 * DAY));
    assert_eq!(end(&moved, &profile()).at(), Some(at(31 * DAY).wall));
}

/// F5
#[test]
fn what_cannot_be_renewed_ends_with_its_token() {
    let mut credential = held(None);
    credential.sign_in.as_mut().unwrap().tokens.refresh_token = None;
    let known = end(&credential, &profile());
    assert_eq!((known.at(), known.known()), (Some(at(3_600).wall), "server"));
}

/// fault 47
#[test]
fn an_end_that_the_sign_in_outlives_is_dropped() {
    let profile = configured(30, LifetimeFrom::SignIn);
    assert_eq!(end(&renewed_at(&held(None), 30 * DAY + 60, None), &profile).known(), "configured");
    assert_eq!(end(&renewed_at(&held(None), 30 * DAY + 300, None), &profile), SignInEnd::Unknown);
    let mut learned = held(None);
    learned.learned_lifetimes.push(TimeDelta::days(30));
    assert_eq!(end(&learned, &self::profile()).known(), "learned");
    assert_eq!(end(&renewed_at(&learned, 34 * DAY, None), &self::profile()), SignInEnd::Unknown);
}

/// fault 22, fault 47
#[test]
fn what_is_left_is_measured_by_the_boot_clock() {
    let SignInEnd::Known(end) = end(&held(Some(10 * DAY)), &profile()) else { panic!("unknown") };
    let wall_off = |years: i64| Moment { wall: at(DAY).wall + TimeDelta::days(365 * years), ..at(DAY) };
    assert_eq!(end.left(&wall_off(10)), Some(TimeDelta::days(9)));
    assert_eq!(end.left(&wall_off(-10)), Some(TimeDelta::days(9)));
    let rebooted_in_the_past = Moment { boot_id: "later".into(), boot_ms: 0, ..wall_off(-10) };
    assert_eq!(end.left(&rebooted_in_the_past), None);
}

#[test]
fn an_end_teaches_a_lifetime_only_where_it_is_known_well() {
    let lived = renewed_at(&held(None), 30 * DAY, None);
    let learned = |credential: &Credential, now| credential.sign_in.as_ref().unwrap().lived_until(&at(now));
    assert_eq!(learned(&lived, 30 * DAY + 3_600), Some(TimeDelta::days(30)));
    assert_eq!(learned(&lived, 34 * DAY), None, "the machine slept over the end");
    assert_eq!(learned(&held(None), 3_600), None, "it was never renewed");
}
