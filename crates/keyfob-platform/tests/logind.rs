//! Sleep as logind tells it: a logind that the test plays itself, on a system bus that the test starts itself.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests stop with the test, and say why one is passed over"
)]

use std::os::fd::AsFd;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob_agent::ports::{PowerEvent, PowerEvents};
use keyfob_platform::power::SystemPower;
use zbus::zvariant::{Fd, OwnedFd};

/// Runs the test `name` of [`inside`] on a bus of its own, which is its system bus.
fn on_a_system_bus(name: &str) {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&folders).any(|folder| folder.join("dbus-run-session").exists()) {
        assert!(std::env::var_os("CI").is_none(), "CI must have dbus-run-session");
        println!("SKIPPED: dbus-run-session is not installed");
        return;
    }
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-c", r#"DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS exec "$@""#, "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &format!("inside::{name}"), "--nocapture"]);
    let output = command.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn sleep_waits_for_the_delay_lock_and_waking_takes_a_new_one() {
    on_a_system_bus("sleep_waits_for_the_delay_lock_and_waking_takes_a_new_one");
}

/// A logind with nothing but locks and the signal.
#[derive(Clone, Default)]
struct Logind {
    /// Who holds a lock, and the end of it that tells when it is let go.
    locks: Arc<Mutex<Vec<(String, std::os::unix::net::UnixStream)>>>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    #[expect(clippy::needless_pass_by_value, reason = "arguments of the bus are owned")]
    fn inhibit(&self, what: String, who: String, why: String, mode: String) -> OwnedFd {
        let (given, kept) = std::os::unix::net::UnixStream::pair().unwrap();
        kept.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert!(!why.is_empty());
        self.locks.lock().unwrap().push((format!("{what} {who} {mode}"), kept));
        Fd::from(given.as_fd().try_clone_to_owned().unwrap()).try_to_owned().unwrap().into()
    }
}

impl Logind {
    fn taken(&self) -> Vec<String> {
        self.locks.lock().unwrap().iter().map(|(who, _)| who.clone()).collect()
    }

    /// Waits until the first lock is let go, at most 10 s.
    fn first_is_let_go(&self) -> bool {
        let mut first = self.locks.lock().unwrap()[0].1.try_clone().unwrap();
        matches!(std::io::Read::read(&mut first, &mut [0]), Ok(0))
    }
}

mod inside {
    use super::*;

    /// The next word about sleep; routes of this machine are nobody's business here.
    async fn of_sleep(power: &SystemPower) -> PowerEvent {
        loop {
            let event = tokio::time::timeout(Duration::from_secs(10), power.next()).await.unwrap();
            if !matches!(event, PowerEvent::NetworkUp) {
                return event;
            }
        }
    }

    /// trust rule 10, fault 23
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "runs inside a bus of its own"]
    async fn sleep_waits_for_the_delay_lock_and_waking_takes_a_new_one() {
        let logind = Logind::default();
        let bus = zbus::connection::Builder::system().unwrap();
        let bus = bus.name("org.freedesktop.login1").unwrap();
        let bus = bus.serve_at("/org/freedesktop/login1", logind.clone()).unwrap().build().await.unwrap();
        let sleep = |begins: bool| {
            let object = "/org/freedesktop/login1";
            let interface = "org.freedesktop.login1.Manager";
            let bus = bus.clone();
            async move {
                bus.emit_signal(None::<&str>, object, interface, "PrepareForSleep", &begins).await.unwrap();
            }
        };
        let power = Arc::new(SystemPower::default());
        let hearing = tokio::spawn({
            let power = Arc::clone(&power);
            async move { of_sleep(&power).await }
        });
        // The lock is the last thing taken: from then on the signal is heard.
        while logind.taken().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(logind.taken(), ["sleep keyfob delay"]);

        sleep(true).await;
        let PowerEvent::SleepSoon(delay) = hearing.await.unwrap() else { panic!("no sleep was told") };
        let waiting = tokio::task::spawn_blocking({
            let logind = logind.clone();
            move || logind.first_is_let_go()
        });
        assert!(!waiting.is_finished());
        drop(delay);
        assert!(waiting.await.unwrap());

        sleep(false).await;
        assert!(matches!(of_sleep(&power).await, PowerEvent::Woke));
        assert_eq!(logind.taken().len(), 2);
    }
}
