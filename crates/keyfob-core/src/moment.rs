//! A point in time as two clocks see it: the wall clock, which people set, and the boot clock, which only runs.
//!
//! Ages are taken from the boot clock within one boot and from the wall clock across boots (trust rule 9), so that a
//! wall clock set back by an hour makes no dead token look fresh.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// One reading of both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Wall clock, UTC.
    pub wall: DateTime<Utc>,
    /// Milliseconds since boot, sleep included.
    pub boot_ms: u64,
    /// Names the boot that `boot_ms` counts from; shared by all moments of a process.
    pub boot_id: Arc<str>,
}

impl Moment {
    /// How much time has passed from `self` to `now`; `None` when `self` lies in the future of `now` and the boot clock
    /// cannot say, so the age is unknown.
    pub fn age(&self, now: &Moment) -> Option<TimeDelta> {
        if self.boot_id == now.boot_id && now.boot_ms >= self.boot_ms {
            return i64::try_from(now.boot_ms - self.boot_ms).ok().map(TimeDelta::milliseconds);
        }
        let age = now.wall - self.wall;
        (age >= TimeDelta::zero()).then_some(age)
    }

    /// The boot clock's reading `left` from this moment; what is past is now.
    pub fn boot_ms_in(&self, left: TimeDelta) -> u64 {
        self.boot_ms.saturating_add(u64::try_from(left.num_milliseconds()).unwrap_or(0))
    }

    /// True where somebody has set the wall clock between `self` and `now`, or the machine has booted: what was worked out by
    /// it is worked out again. Up to a second is a time server's gentle hand.
    pub fn is_parted_from(&self, now: &Moment) -> bool {
        let by_wall = (now.wall - self.wall).num_milliseconds();
        let by_boot =
            i64::try_from(now.boot_ms).unwrap_or(i64::MAX) - i64::try_from(self.boot_ms).unwrap_or(0);
        self.boot_id != now.boot_id || by_wall.abs_diff(by_boot) > 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, boot_ms: u64, boot: &str) -> Moment {
        Moment { wall: DateTime::from_timestamp(wall, 0).unwrap(), boot_ms, boot_id: boot.into() }
    }

    /// fault 22
    #[test]
    fn a_wall_clock_set_back_does_not_make_anything_younger_within_a_boot() {
        assert_eq!(at(10_000, 5_000, "a").age(&at(2_800, 65_000, "a")), Some(TimeDelta::seconds(60)));
    }

    /// fault 22
    #[test]
    fn clocks_part_when_the_wall_clock_is_set_and_not_when_the_machine_sleeps() {
        let before = at(100, 5_000, "a");
        assert!(!before.is_parted_from(&at(160, 65_000, "a")));
        assert!(!before.is_parted_from(&at(161, 65_000, "a")));
        assert!(before.is_parted_from(&at(162, 65_000, "a")));
        assert!(before.is_parted_from(&at(40, 65_000, "a")));
        assert!(before.is_parted_from(&at(160, 65_000, "b")));
    }

    #[test]
    fn across_boots_the_wall_clock_counts_and_the_future_is_unknown() {
        assert_eq!(at(100, 5_000, "a").age(&at(160, 1, "b")), Some(TimeDelta::seconds(60)));
        assert_eq!(at(100, 5_000, "a").age(&at(40, 1, "b")), None);
    }
}
