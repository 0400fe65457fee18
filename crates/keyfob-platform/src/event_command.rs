//! The user's `on_event` command: told of each event of the keeper as one JSON object on standard input. Never through a
//! shell, never with a word that a server chose among its arguments. It runs in a process group of its own, one event
//! after the other, for 10 s at most, and whatever it does hurts no renewal (fault 38).

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::ports::{Clock, Journal};
use keyfob_core::identity::ProfileName;
use keyfob_core::server_text::shown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc;

/// One event's command.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events that wait for their turn; more are told in the journal and left out.
const WAITING: usize = 256;
/// What is kept of its standard error, for the journal.
const MOST_SAID: usize = 1_024;
/// Of the service manager's variables, what is the keeper's own.
const KEPT_FROM_IT: [&str; 3] = ["NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "KEYFOB_PASSPHRASE_FILE"];

/// A journal that tells the command of what it is told.
pub struct EventCommand {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    events: mpsc::Sender<JournalEntry>,
    overflowed: AtomicBool,
}

impl EventCommand {
    /// Stands in front of `journal`. `command` is a program and its arguments. Needs a tokio runtime.
    pub fn start(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>, command: Vec<String>) -> Self {
        let (events, mut heard) = mpsc::channel(WAITING);
        let (told, now) = (Arc::clone(&journal), Arc::clone(&clock));
        tokio::spawn(async move {
            while let Some(event) = heard.recv().await {
                if let Err(why) = run(&command, &event, PATIENCE).await {
                    told.append(&failed(&*now, &event, &why));
                }
            }
        });
        Self { journal, clock, events, overflowed: AtomicBool::new(false) }
    }
}

impl Journal for EventCommand {
    fn append(&self, entry: &JournalEntry) {
        self.journal.append(entry);
        let left_out = self.events.try_send(entry.clone()).is_err();
        // Once per flood: a line for each would be a flood of its own.
        if left_out && !self.overflowed.swap(left_out, Ordering::Relaxed) {
            self.journal.append(&failed(&*self.clock, entry, "it is too slow: events are left out"));
        } else if !left_out {
            self.overflowed.store(false, Ordering::Relaxed);
        }
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        self.journal.read(profile, limit)
    }
}

fn failed(clock: &dyn Clock, event: &JournalEntry, why: &str) -> JournalEntry {
    let entry = JournalEntry::new(clock.now().wall, JournalEvent::EventCommandFailed);
    let entry = entry.saying(format!("on_event for `{}`: {why}", event.event.word()));
    JournalEntry { profile: event.profile.clone(), ..entry }
}

async fn run(command: &[String], event: &JournalEntry, patience: Duration) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut line = serde_json::to_vec(event).map_err(|error| error.to_string())?;
    line.push(b'\n');
    let mut builder = Command::new(program);
    builder.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    for name in KEPT_FROM_IT {
        builder.env_remove(name);
    }
    #[cfg(unix)]
    builder.process_group(0);
    let mut child = builder.kill_on_drop(true).spawn().map_err(|error| format!("{program}: {error}"))?;
    let group = child.id();
    let ended = tokio::time::timeout(patience, attend(&mut child, &line)).await;
    if let Ok(outcome) = ended {
        return outcome;
    }
    // Whoever keeps its output open is of its group still, so the number is nobody else's.
    end_group(group);
    let _ = child.kill().await;
    Err(format!("ended after {} s, with everything it had started", patience.as_secs()))
}

/// Writes the event, reads what is said and waits for the end of both.
async fn attend(child: &mut Child, line: &[u8]) -> Result<(), String> {
    let (input, output) = (child.stdin.take(), child.stderr.take());
    let writing = async {
        // One that does not read its event is free not to.
        if let Some(mut input) = input {
            let _ = input.write_all(line).await;
        }
    };
    let ((), said, status) = tokio::join!(writing, bounded(output), child.wait());
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ending(status, &said)),
        Err(error) => Err(error.to_string()),
    }
}

/// The first bytes; the rest is read and forgotten, so that a flood neither fills memory nor stops its writer.
async fn bounded(output: Option<ChildStderr>) -> String {
    let Some(mut output) = output else { return String::new() };
    let mut kept = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(length @ 1..) = output.read(&mut piece).await {
        let room = MOST_SAID - kept.len();
        kept.extend_from_slice(&piece[..length.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn ending(status: ExitStatus, said: &str) -> String {
    match said.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{status}: {}", shown(line)),
        None => status.to_string(),
    }
}

#[cfg(unix)]
fn end_group(group: Option<u32>) {
    let group = group.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        // Gone already is as good.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// `kill_on_drop` ends the program itself; what it has started is its own.
#[cfg(not(unix))]
fn end_group(_group: Option<u32>) {}

#[cfg(test)]
#[cfg(unix)]
mod tests;
