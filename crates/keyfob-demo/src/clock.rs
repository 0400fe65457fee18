//! The portal's own clock: the system's time plus an offset that a test moves, so that expiry needs no waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point of the portal's time, in milliseconds since the Unix epoch.
pub(crate) type Millis = i64;

/// A clock that can be moved. Clones share the offset, so several portals can live in one time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
    /// Where a clock stands that moves only when it is moved.
    stopped_at: Option<Millis>,
}

impl Clock {
    /// A clock that stands at the present time and moves only when it is moved, so that a test can name exact seconds.
    pub fn stopped() -> Self {
        Self { offset: Arc::default(), stopped_at: Some(system_now()) }
    }

    /// Moves the portal's time forward.
    pub fn advance(&self, by: Duration) {
        self.offset.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Moves the portal's time back: a server whose clock was set back.
    pub fn set_back(&self, by: Duration) {
        self.offset.fetch_sub(millis(by), Ordering::SeqCst);
    }

    /// The portal's present time, in milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.stopped_at.unwrap_or_else(system_now).saturating_add(self.offset.load(Ordering::SeqCst))
    }
}

fn system_now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// A duration in whole milliseconds; one too long for the type counts as for ever.
pub(crate) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_moved_time() {
        let clock = Clock::default();
        let other = clock.clone();
        let before = other.now();
        clock.advance(Duration::from_hours(1));
        assert!(other.now() - before >= 3_600_000);
        clock.set_back(Duration::from_hours(2));
        assert!(other.now() < before);
    }

    #[test]
    fn a_stopped_clock_moves_only_when_moved() {
        let clock = Clock::stopped();
        let before = clock.now();
        clock.advance(Duration::from_secs(7));
        assert_eq!(clock.now() - before, 7_000);
    }

    #[test]
    fn an_endless_duration_does_not_overflow() {
        assert!(Clock::default().now().checked_add(millis(Duration::MAX)).is_some());
    }
}
