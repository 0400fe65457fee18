//! The machine's two clocks: the wall clock, which people and time servers set, and the boot clock, which only runs and
//! counts sleep (trust rule 9).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{SubsecRound, Utc};
use keyfob_agent::ports::Clock;
use keyfob_core::moment::Moment;

/// How far apart the moments are at which naps end, in milliseconds of the boot clock.
const TICK_MS: u64 = 30_000;

/// Reads the system's clocks; sleeps on tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Moment {
        // Milliseconds are what records and the boot clock keep: a moment survives being written and read.
        Moment { wall: Utc::now().trunc_subsecs(3), boot_ms: boot_ms(), boot_id: boot_id() }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn nap(&self, longest: Duration) {
        let now = boot_ms();
        let end = nap_end(now, longest);
        if alarm(end).await.is_err() {
            tokio::time::sleep(Duration::from_millis(end - now)).await;
        }
    }
}

/// The last tick within `longest`, or its end where there is none; milliseconds of the boot clock.
fn nap_end(now: u64, longest: Duration) -> u64 {
    let latest = now.saturating_add(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
    let tick = latest - latest % TICK_MS;
    if tick > now { tick } else { latest }
}

/// Waits for a reading of the boot clock. The runtime's own timers wake three times for one that is half a minute away, once for
/// each level of their wheel; an alarm of the kernel wakes once, and several that are set to one moment wake once together.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "tokio takes a descriptor on its owner's word alone")]
async fn alarm(at_ms: u64) -> std::io::Result<()> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec {
            tv_sec: i64::try_from(at_ms / 1_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(at_ms % 1_000).unwrap_or(0) * 1_000_000,
        },
    };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    // SAFETY: the timer owns its descriptor and goes with it; nothing closes it before the registration is dropped.
    let registered = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?;
    registered.readable().await?.retain_ready();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
async fn alarm(_at_ms: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
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
fn boot_id() -> Arc<str> {
    static BOOT_ID: OnceLock<Arc<str>> = OnceLock::new();
    Arc::clone(BOOT_ID.get_or_init(|| kernel_boot_id().unwrap_or_else(own_boot_id).into()))
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

    #[test]
    fn naps_end_together_and_none_is_longer_than_asked() {
        let ends = [(0, 30), (7, 60), (29, 30), (30, 30), (31, 30), (31, 5)]
            .map(|(now, longest)| nap_end(now * 1_000, Duration::from_secs(longest)) / 1_000);
        assert_eq!(ends, [30, 60, 30, 60, 60, 36]);
    }

    /// Two in one, and one whose end lies in the past.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_alarm_rings_at_its_moment() {
        let at = boot_ms() + 30;
        let (first, second) = tokio::join!(alarm(at), alarm(at));
        assert!(first.is_ok() && second.is_ok());
        assert!(boot_ms() >= at);
        alarm(at).await.unwrap();
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
