//! When a renewal is due, and how long to wait after a failure. Pure: the clock comes in as `now`.

use chrono::TimeDelta;

use crate::credential::SignIn;
use crate::moment::Moment;

/// No renewal comes closer to the token's end than this, where its life allows (trust rule 8).
const SHORTEST_LEAD: TimeDelta = TimeDelta::minutes(5);
/// After a refusal or the same token back, the next try is at least this far off.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// No wait after a failure is longer than an hour and its spread, or the token's life; one that seems to be was written under
/// a wrong clock.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(72);
/// However short a token lives, its server is not asked more often than this.
const SHORTEST_INTERVAL: TimeDelta = TimeDelta::seconds(2);
/// The longest wait between tries while nothing else is known (trust rule 6).
const LONGEST_BACKOFF: TimeDelta = TimeDelta::minutes(10);

/// How early before the end to renew: the larger of 5 minutes and 10 % of life, but never more than half of life, ±10 %.
///
/// `jitter` in -1.0..=1.0 keeps profiles that were signed in together from renewing together.
pub fn lead(lifetime: TimeDelta, jitter: f64) -> TimeDelta {
    let base = SHORTEST_LEAD.max(lifetime / 10).min(lifetime / 2);
    scaled(base, 1.0 + 0.1 * jitter.clamp(-1.0, 1.0))
}

/// The wait after the n-th failure in a row: 1 s, doubling to 10 minutes, ±20 %.
pub fn backoff(failures_in_a_row: u32, jitter: f64) -> TimeDelta {
    let doublings = failures_in_a_row.saturating_sub(1).min(10);
    let base = TimeDelta::seconds(1 << doublings).min(LONGEST_BACKOFF);
    scaled(base, 1.0 + 0.2 * jitter.clamp(-1.0, 1.0))
}

/// The wait between tries at a token endpoint that has said nothing of use for long: an hour, ±20 % (trust rule 6).
pub fn hourly(jitter: f64) -> TimeDelta {
    scaled(TimeDelta::hours(1), 1.0 + 0.2 * jitter.clamp(-1.0, 1.0))
}

/// The wait after a refusal before the token's end, or the same token back: half of what is left, at least 30 s.
pub fn rest(left: TimeDelta) -> TimeDelta {
    (left / 2).max(SHORTEST_PAUSE)
}

/// The waits between equal final-looking refusals: 30 s, 2 min, 10 min (trust rule 7).
pub fn after_equal_refusals(count: u32) -> TimeDelta {
    match count {
        0 | 1 => SHORTEST_PAUSE,
        2 => TimeDelta::minutes(2),
        _ => TimeDelta::minutes(10),
    }
}

/// `now` moved by `by` on both clocks.
pub fn later(now: &Moment, by: TimeDelta) -> Moment {
    let by = by.max(TimeDelta::zero());
    let milliseconds = u64::try_from(by.num_milliseconds()).unwrap_or(0);
    Moment {
        wall: now.wall + by,
        boot_ms: now.boot_ms.saturating_add(milliseconds),
        boot_id: now.boot_id.clone(),
    }
}

/// True once `until` has come.
pub fn has_come(until: &Moment, now: &Moment) -> bool {
    time_until(until, now) <= TimeDelta::zero()
}

/// How long from `now` until this sign-in's next renewal is due; zero where it is overdue, `None` where nothing is to be
/// done: nothing to renew it with, or the sign-in has ended. `margin` widens the lead, within half of the token's life.
pub fn due_in(sign_in: &SignIn, margin: TimeDelta, now: &Moment, jitter: f64) -> Option<TimeDelta> {
    if !sign_in.renews() || sign_in.dead.is_some() {
        return None;
    }
    if let Some(waiting) = &sign_in.waiting {
        // An early refusal of a long token waits for half of what is left of it: hours, or days.
        let longest = LONGEST_WAIT.max(sign_in.tokens.lifetime);
        return Some(believable(time_until(&waiting.until, now), longest));
    }
    // An open intent means that the server may have rotated already: every second counts (trust rule 11).
    if sign_in.intent.is_some() {
        return Some(TimeDelta::zero());
    }
    let tokens = &sign_in.tokens;
    let rest = rest_left(sign_in, now);
    // Of unknown age: one renewal makes it known (trust rule 9).
    let Some(left) = tokens.remaining(now) else { return Some(rest) };
    let half = scaled(tokens.lifetime / 2, 1.0 + 0.1 * jitter.clamp(-1.0, 1.0));
    let lead = (lead(tokens.lifetime, jitter) + margin.max(TimeDelta::zero())).min(half);
    let interval = (tokens.lifetime - lead).max(SHORTEST_INTERVAL);
    let age = tokens.lifetime - left;
    Some((interval - age).max(rest).max(TimeDelta::zero()))
}

/// What is left of the pause after a failure.
pub fn pause_left(until: &Moment, now: &Moment) -> TimeDelta {
    believable(time_until(until, now), LONGEST_WAIT)
}

/// What is left of the rest that a server has asked for by giving the same token again.
pub fn rest_left(sign_in: &SignIn, now: &Moment) -> TimeDelta {
    let rest = sign_in.rests_until.as_ref().map(|until| time_until(until, now));
    believable(rest.unwrap_or_default(), sign_in.tokens.lifetime)
}

/// A wait longer than any that is ever set comes from a wall clock that was wrong then or is now: it is over (fault 22).
fn believable(wait: TimeDelta, longest: TimeDelta) -> TimeDelta {
    if wait > longest { TimeDelta::zero() } else { wait }
}

/// How long from `now` until `until`, by the boot clock within a boot and the wall clock across boots.
pub fn time_until(until: &Moment, now: &Moment) -> TimeDelta {
    if until.boot_id == now.boot_id {
        let left = until.boot_ms.saturating_sub(now.boot_ms);
        return TimeDelta::milliseconds(i64::try_from(left).unwrap_or(i64::MAX / 2));
    }
    (until.wall - now.wall).max(TimeDelta::zero())
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "waits of hours in milliseconds fit f64 exactly"
)]
fn scaled(base: TimeDelta, factor: f64) -> TimeDelta {
    TimeDelta::milliseconds((base.num_milliseconds() as f64 * factor) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_renewed_at_half_its_life_and_a_long_one_a_tenth_before_its_end() {
        assert_eq!(lead(TimeDelta::minutes(2), 0.0), TimeDelta::minutes(1));
        assert_eq!(lead(TimeDelta::hours(1), 0.0), TimeDelta::minutes(6));
        assert_eq!(lead(TimeDelta::minutes(30), 0.0), TimeDelta::minutes(5));
        assert_eq!(lead(TimeDelta::minutes(2), 1.0), TimeDelta::seconds(66));
    }

    /// trust rule 6
    #[test]
    fn backoff_doubles_from_one_second_to_ten_minutes() {
        let waits: Vec<i64> = (1..=12).map(|n| backoff(n, 0.0).num_seconds()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(backoff(5, -1.0), TimeDelta::milliseconds(12_800));
    }

    /// fault 22
    #[test]
    fn a_wait_is_over_by_the_boot_clock_whatever_the_wall_clock_says() {
        let now = crate::token_set::tests::at(0);
        let until = later(&now, TimeDelta::seconds(10));
        let wall_ahead = Moment { wall: now.wall + TimeDelta::days(1), ..now.clone() };
        assert!(!has_come(&until, &wall_ahead));
        assert!(has_come(&until, &later(&now, TimeDelta::seconds(10))));
        let ten_years_later = Moment { wall: until.wall + TimeDelta::days(3_650), ..until.clone() };
        let next_boot = Moment { boot_id: "other".into(), ..now.clone() };
        assert_eq!(pause_left(&ten_years_later, &next_boot), TimeDelta::zero());
        assert_eq!(pause_left(&until, &next_boot), TimeDelta::seconds(10));
        let rebooted = Moment { boot_id: "other".into(), boot_ms: 0, ..until.clone() };
        assert!(has_come(&until, &rebooted));
    }

    fn sign_in(lifetime: i64) -> SignIn {
        crate::credential::tests::signed_in_for(lifetime).sign_in.unwrap()
    }

    fn due(sign_in: &SignIn, margin: TimeDelta, now: &Moment) -> i64 {
        due_in(sign_in, margin, now, 0.0).unwrap().num_seconds()
    }

    /// trust rule 8: neither a margin nor a tiny life makes a server be asked without end.
    #[test]
    fn a_margin_as_long_as_the_life_and_a_life_of_a_second_still_leave_pauses() {
        let now = crate::token_set::tests::at(0);
        assert_eq!(due(&sign_in(3_600), TimeDelta::minutes(10), &now), 3_600 - 360 - 600);
        assert_eq!(due(&sign_in(3_600), TimeDelta::hours(5), &now), 1_800);
        assert_eq!(due(&sign_in(1), TimeDelta::zero(), &now), 2);
    }

    /// trust rule 9, fault 22
    #[test]
    fn a_wrong_clock_at_the_last_boot_costs_one_renewal_and_no_wait_of_years() {
        let now = crate::token_set::tests::at(0);
        let years_ahead =
            Moment { wall: now.wall + TimeDelta::days(3_650), boot_id: "last".into(), ..now.clone() };
        let mut obtained_in_the_future = sign_in(3_600);
        obtained_in_the_future.tokens.obtained = years_ahead.clone();
        assert_eq!(due(&obtained_in_the_future, TimeDelta::zero(), &now), 0);
        obtained_in_the_future.rests_until = Some(years_ahead.clone());
        assert_eq!(due(&obtained_in_the_future, TimeDelta::zero(), &now), 0);
        let offline = crate::failure::Temporary::Offline("x".into());
        let waiting =
            crate::credential::tests::signed_in_for(3_600).unanswered(offline, false, &years_ahead, 0.0);
        assert_eq!(due(&waiting.sign_in.unwrap(), TimeDelta::zero(), &now), 0);
    }
}
