//! Notifications on a bus of the test's own, with a notification service that does what it is told.
//!
//! The library knows the session's bus and no other, and a process learns where that is from its environment: so each test
//! starts a bus and runs itself again in a process that finds it there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, Utc};
use keyfob_agent::notice::NoticeKind;
use keyfob_agent::ports::Notifier;
use zbus::Connection;
use zbus::object_server::SignalEmitter;

use super::super::DesktopNotifier;
use super::*;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Says that this process is the one with the bus.
const INSIDE: &str = "KEYFOB_TEST_ON_ITS_BUS";
/// `expire_timeout` of a notification that stays.
const NEVER: i32 = 0;

/// A loaded machine is slow; a healthy one needs milliseconds.
const DEADLINE: Duration = Duration::from_secs(20);

/// A session bus that starts no program by itself.
struct Bus {
    daemon: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Bus {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("bus.conf");
        let text = include_str!("../../../../../tests/kit/session_bus.conf");
        let socket_in = folder.path().to_string_lossy();
        std::fs::write(&settings, text.replace("FOLDER", &socket_in)).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--print-address=1")
            .arg(format!("--config-file={}", settings.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { daemon, address: address.trim().to_owned(), _folder: folder }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Runs `body` on a session bus of its own: in a second process, which runs the test `name` of this file alone.
fn on_a_bus_of_its_own(name: &str, body: impl Future<Output = ()>) {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::var_os(INSIDE).is_some() {
        return runtime().block_on(body);
    }
    let bus = Bus::start();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("shell::notifications::freedesktop::tests::{name}")])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .env(INSIDE, "yes")
        .status();
    assert!(status.unwrap().success(), "the test failed in its own process, see above");
}

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    replaces: u32,
    title: String,
    body: String,
    actions: Vec<String>,
    timeout: i32,
}

/// What the service saw and how it behaves.
#[derive(Default)]
struct Seen {
    shown: Vec<Shown>,
    closed: Vec<u32>,
    never_answers: bool,
    /// Requests that got no answer.
    unanswered: usize,
}

#[derive(Clone, Default)]
struct Service {
    seen: Arc<Mutex<Seen>>,
    capabilities: Vec<String>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the interface's own")]
    async fn notify(
        &self,
        app: &str,
        replaces: u32,
        icon: &str,
        title: &str,
        body: &str,
        actions: Vec<String>,
        hints: HashMap<String, zbus::zvariant::OwnedValue>,
        timeout: i32,
    ) -> u32 {
        assert_eq!((app, icon, hints.len()), ("keyfob", "dialog-password", 1));
        let never_answers = {
            let mut seen = self.seen.lock().unwrap();
            seen.unanswered += usize::from(seen.never_answers);
            seen.never_answers
        };
        if never_answers {
            std::future::pending::<()>().await;
        }
        let mut seen = self.seen.lock().unwrap();
        seen.shown.push(Shown { replaces, title: title.into(), body: body.into(), actions, timeout });
        if replaces == 0 { u32::try_from(seen.shown.len()).unwrap() } else { replaces }
    }

    fn close_notification(&self, id: u32) {
        self.seen.lock().unwrap().closed.push(id);
    }

    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.clone()
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, name: &str) -> zbus::Result<()>;
}

/// A desktop whose service runs.
struct Desktop {
    connection: Connection,
    service: Service,
}

impl Desktop {
    async fn start(capabilities: &[&str]) -> Self {
        let capabilities = capabilities.iter().map(|c| (*c).to_owned()).collect();
        let service = Service { capabilities, ..Service::default() };
        let builder = zbus::connection::Builder::session().unwrap();
        let builder = builder.name(SERVICE).unwrap().serve_at(PATH, service.clone()).unwrap();
        let connection = builder.build().await.unwrap();
        Self { connection, service }
    }

    /// Presses until somebody has heard it: nobody listens yet at the very moment a notification is shown.
    async fn press(&self, id: u32, name: &str, pressed: &mut mpsc::UnboundedReceiver<Pressed>) -> Pressed {
        let emitter = SignalEmitter::new(&self.connection, PATH).unwrap();
        let heard = tokio::time::timeout(DEADLINE, async {
            loop {
                Service::action_invoked(&emitter, id, name).await.unwrap();
                let soon = tokio::time::timeout(Duration::from_millis(20), pressed.recv());
                if let Ok(heard) = soon.await {
                    return heard.unwrap();
                }
            }
        });
        heard.await.expect("nobody heard the press")
    }

    async fn until<T>(&self, look: impl Fn(&Seen) -> Option<T>) -> T {
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                if let Some(found) = look(&self.service.seen.lock().unwrap()) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        found.await.expect("the desktop never saw it")
    }
}

fn notifier(patience: Duration) -> (DesktopNotifier, mpsc::UnboundedReceiver<Pressed>) {
    DesktopNotifier::showing_on(Board { patience, ..Board::counted_by(Busy::default()) })
}

fn about(name: &str, label: &str, kind: NoticeKind) -> Notice {
    Notice { profile: ProfileName::parse(name).ok(), label: label.into(), kind }
}

fn ends() -> NoticeKind {
    let left = TimeDelta::days(7);
    NoticeKind::SignInEnds { at: Utc::now() + left, left, known: "server", tomorrow: true }
}

fn needed() -> NoticeKind {
    NoticeKind::SignInNeeded { why: "the server ended it".into(), said_before: 0 }
}

#[test]
fn a_pressed_button_comes_back_with_its_profile_and_others_do_not() {
    on_a_bus_of_its_own("a_pressed_button_comes_back_with_its_profile_and_others_do_not", async {
        let desktop = Desktop::start(&["actions", "body-markup"]).await;
        let (notifier, mut pressed) = notifier(DEADLINE);
        notifier.notify(&about("other", "Other", needed()));
        for (id, button) in (2..).zip([Button::SignIn, Button::Tomorrow, Button::Open]) {
            notifier.notify(&about("work", "Work", ends()));
            let shown = desktop.until(|seen| seen.shown.get(id as usize - 1).cloned()).await;
            assert_eq!(shown.actions[..4], ["sign-in", "Sign in again", "tomorrow", "Remind me tomorrow"]);
            assert_eq!((shown.title.as_str(), shown.timeout), ("Work: the sign-in ends in 7 days", NEVER));
            let heard = desktop.press(id, button.name(), &mut pressed).await;
            assert_eq!(heard, Pressed { profile: ProfileName::parse("work").ok(), button });
        }
        let heard = desktop.press(1, "sign-in", &mut pressed).await;
        assert_eq!(heard.profile, ProfileName::parse("other").ok());
        // Not every service takes a pressed notification away: it is closed once the sign-in works.
        notifier.notify(&about("other", "Other", NoticeKind::Solved));
        desktop.until(|seen| seen.closed.contains(&1).then_some(())).await;
    });
}

#[test]
fn one_notice_stands_per_profile_and_goes_once_it_is_solved() {
    on_a_bus_of_its_own("one_notice_stands_per_profile_and_goes_once_it_is_solved", async {
        let desktop = Desktop::start(&["actions"]).await;
        let (notifier, _pressed) = notifier(DEADLINE);
        notifier.notify(&about("other", "Other", NoticeKind::Solved));
        notifier.notify(&about("work", "Work", ends()));
        notifier.notify(&about("other", "Other", needed()));
        notifier.notify(&about("work", "Work", needed()));
        notifier.notify(&about("work", "Work", NoticeKind::Solved));
        desktop.until(|seen| (seen.closed == [1, 3]).then_some(())).await;
        assert_eq!(desktop.service.seen.lock().unwrap().shown.len(), 3);
    });
}

/// fault 48
#[test]
fn markup_is_escaped_for_a_service_that_reads_it() {
    on_a_bus_of_its_own("markup_is_escaped_for_a_service_that_reads_it", async {
        assert_eq!(body_shown_by("body-markup").await, "&lt;b&gt;gone&lt;/b&gt;.");
    });
}

/// fault 48
#[test]
fn text_is_left_alone_for_a_service_that_reads_no_markup() {
    on_a_bus_of_its_own("text_is_left_alone_for_a_service_that_reads_no_markup", async {
        assert_eq!(body_shown_by("body").await, "<b>gone</b>.");
    });
}

async fn body_shown_by(capability: &str) -> String {
    let desktop = Desktop::start(&[capability]).await;
    let (notifier, _pressed) = notifier(DEADLINE);
    let kind = NoticeKind::SignInNeeded { why: "<b>gone</b>".into(), said_before: 0 };
    notifier.notify(&about("work", "<i>Work</i>", kind));
    let shown = desktop.until(|seen| seen.shown.first().cloned()).await;
    assert_eq!(shown.title, "<i>Work</i>: sign in again");
    shown.body
}

/// fault 48
#[test]
fn a_service_that_never_answers_keeps_nobody_waiting_and_later_notices_are_shown() {
    on_a_bus_of_its_own(
        "a_service_that_never_answers_keeps_nobody_waiting_and_later_notices_are_shown",
        async {
            let desktop = Desktop::start(&["actions"]).await;
            desktop.service.seen.lock().unwrap().never_answers = true;
            let (notifier, _pressed) = notifier(Duration::from_millis(200));
            let began = std::time::Instant::now();
            for _ in 0..1_000 {
                notifier.notify(&about("work", "Work", ends()));
            }
            assert!(began.elapsed() < Duration::from_secs(2), "the keeper waited for the desktop");
            desktop.until(|seen| (seen.unanswered > 0).then_some(())).await;
            desktop.service.seen.lock().unwrap().never_answers = false;
            notifier.notify(&about("work", "Work", needed()));
            desktop.until(|seen| seen.shown.first().cloned()).await;
        },
    );
}

/// fault 48
#[test]
fn a_bus_without_a_service_is_survived_and_the_service_that_comes_later_is_used() {
    on_a_bus_of_its_own(
        "a_bus_without_a_service_is_survived_and_the_service_that_comes_later_is_used",
        async {
            let (notifier, _pressed) = notifier(DEADLINE);
            notifier.notify(&about("work", "Work", ends()));
            let desktop = Desktop::start(&["actions"]).await;
            let mut again = tokio::time::interval(Duration::from_millis(50));
            while desktop.service.seen.lock().unwrap().shown.is_empty() {
                again.tick().await;
                notifier.notify(&about("work", "Work", needed()));
            }
        },
    );
}
