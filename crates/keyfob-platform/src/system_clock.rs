//! The machine's two clocks: the wall clock, which people and time servers set, and the boot clock, which only runs and
//! counts sleep (trust rule 9).

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{SubsecRound, Utc};
use keyfob_agent::ports::Clock;
use keyfob_core::moment::Moment;
use tokio::time::Instant;

/// How far apart the moments are at which naps end.
const TICK: Duration = Duration::from_secs(30);

/// Reads the system's clocks; sleeps on tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Moment {
        // Milliseconds are what records and the boot clock keep: a moment survives being written and read.
        Moment { wall: Utc::now().trunc_subsecs(3), boot_ms: boot_ms(), boot_id: boot_id().to_owned() }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn nap(&self, longest: Duration) {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let (first, now) = (*FIRST.get_or_init(Instant::now), Instant::now());
        let ticks = (now + longest).duration_since(first).as_secs() / TICK.as_secs();
        let tick = first + TICK * u32::try_from(ticks).unwrap_or(u32::MAX);
        tokio::time::sleep_until(if tick > now { tick } else { now + longest }).await;
    }
}

/// `CLOCK_BOOTTIME` goes on while the machine sleeps; `CLOCK_MONOTONIC` would make a token look younger after a nap.
#[cfg(target_os = "linux")]
fn boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let milliseconds = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or_default();
    seconds.saturating_mul(1000).saturating_add(milliseconds)
}

/// Without a clock that is known to count sleep, a process counts for itself and names its own "boot" below: ages across
/// processes then come from the wall clock, and within one from a clock that may stand still in sleep, which the age of
/// a token must not. So the wall clock's distance from the start of the process counts where it is larger.
#[cfg(not(target_os = "linux"))]
fn boot_ms() -> u64 {
    static START: OnceLock<(std::time::Instant, chrono::DateTime<Utc>)> = OnceLock::new();
    let (instant, wall) = START.get_or_init(|| (std::time::Instant::now(), Utc::now()));
    let ran = u64::try_from(instant.elapsed().as_millis()).unwrap_or(u64::MAX);
    let passed = u64::try_from((Utc::now() - *wall).num_milliseconds()).unwrap_or_default();
    ran.max(passed)
}

/// Names this boot; read once, it cannot change while a process lives.
fn boot_id() -> &'static str {
    static BOOT_ID: OnceLock<String> = OnceLock::new();
    BOOT_ID.get_or_init(|| kernel_boot_id().unwrap_or_else(own_boot_id))
}

#[cfg(target_os = "linux")]
fn kernel_boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(not(target_os = "linux"))]
fn kernel_boot_id() -> Option<String> {
    None
}

/// Without a name from the kernel no two processes share a boot clock: they compare wall clocks.
fn own_boot_id() -> String {
    format!("process-{}-{}", std::process::id(), Utc::now().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// fault 22: within a boot the age comes from the boot clock, which never runs backwards.
    #[test]
    fn two_readings_share_a_boot_and_run_forwards() {
        let (first, second) = (SystemClock.now(), SystemClock.now());
        assert_eq!(first.boot_id, second.boot_id);
        assert!(!first.boot_id.is_empty());
        assert!(second.boot_ms >= first.boot_ms);
        assert!(first.age(&second).unwrap() < chrono::TimeDelta::seconds(5));
    }

    #[tokio::test(start_paused = true)]
    async fn naps_end_together_and_none_is_longer_than_asked() {
        let begun = Instant::now();
        let ends = async |after: u64, longest: u64| {
            tokio::time::sleep(Duration::from_secs(after)).await;
            SystemClock.nap(Duration::from_secs(longest)).await;
            begun.elapsed().as_secs()
        };
        let ends = tokio::join!(ends(0, 30), ends(7, 60), ends(29, 30), ends(31, 30), ends(31, 5));
        assert_eq!(ends, (30, 60, 30, 60, 36));
    }

    /// fault 23: time spent asleep counts. `/proc/uptime` counts it as well.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_boot_clock_agrees_with_the_kernels_uptime() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let ours = std::time::Duration::from_millis(SystemClock.now().boot_ms).as_secs_f64();
        assert!((ours - seconds).abs() < 5.0, "{ours} is not {seconds}");
    }
}
