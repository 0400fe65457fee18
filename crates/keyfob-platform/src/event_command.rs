//! The user's `on_event` command: told of each event, the keeper's own and those that a command beside
//! it writes down, as one JSON object on standard input. Never through a
//! shell, never with a word that a server chose among its arguments. It runs in a process group of its own, one event
//! after the other, for 10 s at most, and whatever it does hurts no renewal (fault 38).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::ports::{Clock, Journal};
use keyfob_core::identity::ProfileName;
use tokio::sync::mpsc;

use crate::bounded_command;

/// One event's command.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events that wait for their turn; more are told in the journal and left out.
const WAITING: usize = 256;

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

impl EventCommand {
    fn tell(&self, entry: &JournalEntry) {
        let left_out = self.events.try_send(entry.clone()).is_err();
        // Once per flood: a line for each would be a flood of its own.
        if left_out && !self.overflowed.swap(left_out, Ordering::Relaxed) {
            self.journal.append(&failed(&*self.clock, entry, "it is too slow: events are left out"));
        } else if !left_out {
            self.overflowed.store(false, Ordering::Relaxed);
        }
    }
}

impl Journal for EventCommand {
    fn append(&self, entry: &JournalEntry) {
        self.journal.append(entry);
        self.tell(entry);
    }

    fn heard(&self, entry: &JournalEntry) {
        self.journal.heard(entry);
        self.tell(entry);
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
    let mut line = serde_json::to_vec(event).map_err(|error| error.to_string())?;
    line.push(b'\n');
    bounded_command::run(command, None, &line, patience).await
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
