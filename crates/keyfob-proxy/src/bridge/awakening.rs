//! Whether the machine has slept. A stream that waits for the server's own messages cannot tell a silent server from one that has
//! forgotten it in the meantime, so it is opened anew after a sleep.

use std::time::Duration;

use keyfob_agent::ports::Clock;

/// How often the clock that counts sleep is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// More than that late, the machine slept: no busy machine is.
const ASLEEP: Duration = Duration::from_secs(30);

/// Ends once the machine has slept for a while.
pub(super) async fn awakening(clock: &dyn Clock) {
    loop {
        let before = clock.now().boot_ms;
        clock.nap(LOOK_EVERY).await;
        let passed = Duration::from_millis(clock.now().boot_ms.saturating_sub(before));
        if passed > LOOK_EVERY + ASLEEP {
            tracing::info!(seconds = passed.as_secs(), "the machine slept; opening the server's stream anew");
            return;
        }
    }
}
