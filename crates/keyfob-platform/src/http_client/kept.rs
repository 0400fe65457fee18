//! Kept connections and the time in which they were not used. A connection of before a sleep may be dead without a word: what is
//! sent by it is answered by nobody, and whether it was carried out is not known. So none is used again after a pause that
//! its pool's own timer, which stands still in sleep, may not have seen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyfob_agent::ports::Clock;

/// Connections without a request for so long are not used again; most servers wait longer before they end them.
pub(super) const IDLE: Duration = Duration::from_secs(50);

/// Pools of connections, made at the first request and anew after a pause.
pub(super) struct Kept<T> {
    clock: Arc<dyn Clock>,
    pools: Mutex<Option<Pools<T>>>,
}

struct Pools<T> {
    made: Arc<T>,
    used_boot_ms: u64,
}

impl<T> Kept<T> {
    /// None yet. `clock` counts sleep.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pools: Mutex::new(None) }
    }

    /// Those in use, or what `make` makes. Requests under way on others end in their own time.
    pub(super) fn pools<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let now = self.clock.now().boot_ms;
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pools) = &mut *pools
            && Duration::from_millis(now.saturating_sub(pools.used_boot_ms)) < IDLE
        {
            pools.used_boot_ms = now;
            return Ok(Arc::clone(&pools.made));
        }
        let new = Arc::new(make()?);
        *pools = Some(Pools { made: Arc::clone(&new), used_boot_ms: now });
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use chrono::DateTime;
    use keyfob_core::moment::Moment;

    use super::*;

    #[derive(Default)]
    struct BootClock(AtomicU64);

    #[async_trait]
    impl Clock for BootClock {
        fn now(&self) -> Moment {
            let boot_ms = self.0.load(Ordering::SeqCst);
            Moment { wall: DateTime::UNIX_EPOCH, boot_ms, boot_id: "test".into() }
        }

        async fn sleep(&self, _duration: Duration) {}
    }

    #[test]
    fn pools_that_are_used_are_kept_and_after_a_pause_they_are_made_anew() {
        let clock = Arc::new(BootClock::default());
        let kept = Kept::new(clock.clone());
        let mut made = 0;
        // Seconds of the boot clock, sleep included, and how many pools were made by then.
        for (second, expected) in [(0, 1), (49, 1), (98, 1), (148, 2), (150, 2), (40_000, 3)] {
            clock.0.store(second * 1_000, Ordering::SeqCst);
            let number = kept.pools(|| {
                made += 1;
                Ok::<_, ()>(made)
            });
            assert_eq!(number.map(|number| *number), Ok(expected), "at {second} s");
        }
        clock.0.store(100_000_000, Ordering::SeqCst);
        assert_eq!(kept.pools(|| Err("no")), Err("no"));
        assert_eq!(kept.pools(|| Ok::<_, ()>(7)).map(|number| *number), Ok(7), "a failure is not kept");
    }
}
