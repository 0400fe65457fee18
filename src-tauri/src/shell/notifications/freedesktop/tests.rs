//! Notifications on a bus of the test's own, with a notification service that does what it is told.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, Utc};
use keyfob_agent::notice::NoticeKind;
use keyfob_agent::ports::Notifier;
use zbus::object_server::SignalEmitter;

use super::super::DesktopNotifier;
use super::*;

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
    bus: Bus,
    connection: Connection,
    service: Service,
}

impl Desktop {
    async fn start(capabilities: &[&str]) -> Self {
        let bus = Bus::start();
        let capabilities = capabilities.iter().map(|c| (*c).to_owned()).collect();
        let service = Service { capabilities, ..Service::default() };
        let builder = zbus::connection::Builder::address(bus.address.as_str()).unwrap();
        let builder = builder.name(SERVICE).unwrap().serve_at(PATH, service.clone()).unwrap();
        let connection = builder.build().await.unwrap();
        Self { bus, connection, service }
    }

    fn notifier(&self, patience: Duration) -> (DesktopNotifier, mpsc::UnboundedReceiver<Pressed>) {
        let address = Some(self.bus.address.clone());
        DesktopNotifier::showing_on(Board { address, patience, ..Board::default() })
    }

    async fn press(&self, id: u32, name: &str) {
        let emitter = SignalEmitter::new(&self.connection, PATH).unwrap();
        Service::action_invoked(&emitter, id, name).await.unwrap();
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

#[tokio::test]
async fn a_pressed_button_comes_back_with_its_profile_and_others_do_not() {
    let desktop = Desktop::start(&["actions", "body-markup"]).await;
    let (notifier, mut pressed) = desktop.notifier(DEADLINE);
    notifier.notify(&about("work", "Work", ends()));
    let shown = desktop.until(|seen| seen.shown.first().cloned()).await;
    assert_eq!(shown.actions[..4], ["sign-in", "Sign in again", "tomorrow", "Remind me tomorrow"]);
    assert_eq!((shown.title.as_str(), shown.timeout), ("Work: the sign-in ends in 7 days", NEVER));
    for (id, name) in [(99, "sign-in"), (1, "anything"), (1, "sign-in"), (1, "tomorrow"), (1, "default")] {
        desktop.press(id, name).await;
    }
    for button in [Button::SignIn, Button::Tomorrow, Button::Open] {
        let next = tokio::time::timeout(DEADLINE, pressed.recv()).await.unwrap().unwrap();
        assert_eq!(next, Pressed { profile: ProfileName::parse("work").ok(), button });
    }
}

#[tokio::test]
async fn one_notice_stands_per_profile_and_goes_once_it_is_solved() {
    let desktop = Desktop::start(&["actions"]).await;
    let (notifier, _pressed) = desktop.notifier(DEADLINE);
    notifier.notify(&about("other", "Other", NoticeKind::Solved));
    notifier.notify(&about("work", "Work", ends()));
    notifier.notify(&about("other", "Other", needed()));
    notifier.notify(&about("work", "Work", needed()));
    notifier.notify(&about("work", "Work", NoticeKind::Solved));
    assert_eq!(desktop.until(|seen| seen.closed.first().copied()).await, 1);
    let seen = desktop.service.seen.lock().unwrap();
    assert_eq!(seen.shown.iter().map(|shown| shown.replaces).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(seen.closed, [1]);
}

/// fault 48
#[tokio::test]
async fn markup_is_escaped_for_a_service_that_reads_it_and_left_alone_for_one_that_does_not() {
    for (capability, body) in [("body-markup", "&lt;b&gt;gone&lt;/b&gt;."), ("body", "<b>gone</b>.")] {
        let desktop = Desktop::start(&[capability]).await;
        let (notifier, _pressed) = desktop.notifier(DEADLINE);
        let kind = NoticeKind::SignInNeeded { why: "<b>gone</b>".into(), said_before: 0 };
        notifier.notify(&about("work", "<i>Work</i>", kind));
        let shown = desktop.until(|seen| seen.shown.first().cloned()).await;
        assert_eq!((shown.title.as_str(), shown.body.as_str()), ("<i>Work</i>: sign in again", body));
    }
}

/// fault 48
#[tokio::test]
async fn a_service_that_never_answers_or_is_not_there_keeps_nobody_waiting_and_later_notices_are_shown() {
    let desktop = Desktop::start(&["actions"]).await;
    desktop.service.seen.lock().unwrap().never_answers = true;
    let (notifier, _pressed) = desktop.notifier(Duration::from_millis(200));
    let began = std::time::Instant::now();
    for _ in 0..1_000 {
        notifier.notify(&about("work", "Work", ends()));
    }
    assert!(began.elapsed() < Duration::from_secs(2), "the keeper waited for the desktop");
    desktop.until(|seen| (seen.unanswered > 0).then_some(())).await;
    desktop.service.seen.lock().unwrap().never_answers = false;
    notifier.notify(&about("work", "Work", needed()));
    desktop.until(|seen| seen.shown.first().cloned()).await;
    let nobody = Board { address: Some("unix:path=/nonexistent".into()), ..Board::default() };
    let (notifier, _pressed) = DesktopNotifier::showing_on(nobody);
    notifier.notify(&about("work", "Work", ends()));
}
