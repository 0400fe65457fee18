//! Waiting for what another process does; nothing else tells when.

use std::time::{Duration, Instant};

/// Looks every few milliseconds; false where it did not come true in time.
#[expect(clippy::disallowed_methods, reason = "a condition in another process is polled, up to a deadline")]
pub(crate) fn comes_true(within: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
