//! How long to wait, and what is left of a wait: arithmetic that knows no credential. Pure: the clock comes in as `now`.

use chrono::TimeDelta;

use crate::moment::Moment;

/// No renewal comes closer to the token's end than this, where its life allows (trust rule 8).
const SHORTEST_LEAD: TimeDelta = TimeDelta::minutes(5);
/// After a refusal or the same token back, the next try is at least this far off.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// No wait after a failure is longer than an hour and its spread, or the token's life; one that seems to be was written under
/// a wrong clock.
pub(crate) const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(72);
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

/// What is left of the pause after a failure.
pub fn pause_left(until: &Moment, now: &Moment) -> TimeDelta {
    believable(time_until(until, now), LONGEST_WAIT)
}

/// A wait longer than any that is ever set comes from a wall clock that was wrong then or is now: it is over (fault 22).
pub(crate) fn believable(wait: TimeDelta, longest: TimeDelta) -> TimeDelta {
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
pub(crate) fn scaled(base: TimeDelta, factor: f64) -> TimeDelta {
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
}
