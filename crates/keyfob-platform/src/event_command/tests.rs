//! A zoo of commands: good ones, and those that hang, fork, flood, fail and do not read (fault 38).

use std::path::Path;
use std::sync::Mutex;

use keyfob_core::failure::{Failure, Temporary};
use tokio::sync::Notify;

use super::*;
use crate::system_clock::SystemClock;

#[derive(Default)]
struct Lines(Mutex<Vec<JournalEntry>>, Notify);

impl Journal for Lines {
    fn append(&self, entry: &JournalEntry) {
        self.0.lock().unwrap().push(entry.clone());
        self.1.notify_one();
    }
    fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
        self.0.lock().unwrap().clone()
    }
}

fn event() -> JournalEntry {
    let hostile = Failure::from(Temporary::ServerTrouble("$(touch /tmp/owned) `id` ; rm -rf".into()));
    let a = ProfileName::parse("a").unwrap();
    JournalEntry::new(chrono::DateTime::UNIX_EPOCH, JournalEvent::RenewalFailed).about(&a).because(&hostile)
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// The process behind the number in a file is gone, or dead and not yet waited for.
fn is_gone(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.map_or(true, |stat| stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

const SOON: Duration = Duration::from_secs(20);

/// fault 38
#[tokio::test]
async fn a_command_gets_the_event_as_one_json_object_and_no_word_of_a_server_as_argument() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let script = format!("cat > {0}; echo \"$#\" >> {0}", heard.display());
    run(&shell(&script), &event(), SOON).await.unwrap();
    let heard = std::fs::read_to_string(heard).unwrap();
    let (line, arguments) = heard.trim_end().split_once('\n').unwrap();
    assert_eq!(serde_json::from_str::<JournalEntry>(line).unwrap(), event());
    assert_eq!(arguments, "0");
}

/// fault 38
#[tokio::test]
async fn one_that_hangs_is_ended_with_everything_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let (own, forked) = (folder.path().join("own"), folder.path().join("forked"));
    let script = format!(
        "echo $$ > {}; sleep 600 & echo $! > {}; trap '' TERM; sleep 600",
        own.display(),
        forked.display()
    );
    let why = run(&shell(&script), &event(), Duration::from_secs(1)).await.unwrap_err();
    assert!(why.contains("ended after 1 s"), "{why}");
    assert!(is_gone(&own));
    // The kernel has the signal; the child goes as soon as it is given a turn.
    tokio::time::timeout(SOON, async {
        while !is_gone(&forked) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the forked child is ended");
}

/// fault 38: one whose child keeps its output open is not waited for longer either.
#[tokio::test]
async fn one_that_leaves_a_child_behind_is_ended_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let forked = folder.path().join("forked");
    let script = format!("sleep 600 & echo $! > {}", forked.display());
    run(&shell(&script), &event(), Duration::from_secs(1)).await.unwrap_err();
    tokio::time::timeout(SOON, async {
        while !is_gone(&forked) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the forked child is ended");
}

/// fault 38
#[tokio::test]
async fn one_that_floods_is_read_to_its_end_and_little_of_it_is_kept() {
    let flood = "yes flood | head -c 20000000 >&2; exit 3";
    let why = run(&shell(flood), &event(), SOON).await.unwrap_err();
    assert_eq!(why, "exit status: 3: flood");
    let one_line = "head -c 20000000 /dev/zero | tr '\\0' x >&2; exit 1";
    let why = run(&shell(one_line), &event(), SOON).await.unwrap_err();
    assert!(why.len() < 2 * 1_024, "{}", why.len());
}

/// fault 38
#[tokio::test]
async fn one_that_fails_does_not_read_or_is_not_there_is_told() {
    let why = |command: Vec<String>| async move { run(&command, &event(), SOON).await.unwrap_err() };
    assert_eq!(why(shell("echo \"$(printf '\\033')[31mno\" >&2; exit 7")).await, "exit status: 7: [31mno");
    assert_eq!(why(shell("kill -9 $$")).await, "signal: 9 (SIGKILL)");
    assert!(why(vec!["/nowhere/hook".into()]).await.starts_with("/nowhere/hook: "));
    let big = event().saying("x".repeat(1_000_000));
    assert_eq!(run(&shell("exec <&-; exit 0"), &big, SOON).await, Ok(()));
}

/// fault 38: events keep their order, a failure is told once in the journal, and nobody who appends waits.
#[tokio::test]
async fn events_are_told_in_order_and_failures_reach_the_journal() {
    use JournalEvent::{EventCommandFailed, Renewed, SignedIn};
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let journal = Arc::new(Lines::default());
    let script = format!("cat >> {}; grep -q renewed {} && exit 9", heard.display(), heard.display());
    let command = EventCommand::start(
        Arc::clone(&journal) as Arc<dyn Journal>,
        Arc::new(SystemClock),
        shell(&format!("{script}; exit 0")),
    );
    let entry = |event| JournalEntry::new(chrono::DateTime::UNIX_EPOCH, event);
    command.append(&entry(JournalEvent::SignedIn));
    command.append(&entry(JournalEvent::Renewed));
    tokio::time::timeout(SOON, async {
        while journal.read(None, 9).len() < 3 {
            journal.1.notified().await;
        }
    })
    .await
    .expect("the failure is told");
    let events: Vec<_> = journal.read(None, 9).into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, [SignedIn, Renewed, EventCommandFailed]);
    let text = std::fs::read_to_string(heard).unwrap();
    let told: Vec<_> = text.lines().map(|l| serde_json::from_str::<JournalEntry>(l).unwrap().event).collect();
    assert_eq!(told, [SignedIn, Renewed]);
}

/// fault 38: a command that never keeps up costs one line, not one for each event.
#[tokio::test]
async fn a_flood_of_events_is_left_out_and_told_once() {
    let journal = Arc::new(Lines::default());
    let command = EventCommand::start(
        Arc::clone(&journal) as Arc<dyn Journal>,
        Arc::new(SystemClock),
        shell("sleep 600"),
    );
    for _ in 0..2 * WAITING {
        command.append(&event());
    }
    let told =
        journal.read(None, 0).into_iter().filter(|e| e.event == JournalEvent::EventCommandFailed).count();
    assert_eq!((told, journal.read(None, 0).len()), (1, 2 * WAITING + 1));
}
