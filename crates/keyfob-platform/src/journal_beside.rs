//! What other processes write into the journal while a keeper runs: its metrics and its `on_event` hear of a sign-out at the
//! command line as of a renewal of its own. Read when a command says that it has changed something, and once a minute for those
//! that say nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyfob_agent::journal::JournalEntry;
use keyfob_agent::ports::{Clock, Journal};
use keyfob_core::identity::ProfileName;
use tokio::sync::watch;

use crate::paths::Paths;
use crate::store::journal::{JournalFiles, JournalTail, as_written};
use crate::system_clock::SystemClock;
use crate::threads;

/// How often it is read where nobody says anything.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Own lines that have not been met again; a journal that takes no writes shows none of them.
const MOST_OWN: usize = 4_096;

/// A journal that knows its own lines when it meets them.
pub(crate) struct OwnLines {
    journal: Arc<dyn Journal>,
    own: Mutex<VecDeque<JournalEntry>>,
}

impl OwnLines {
    /// In front of `journal`.
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, own: Mutex::default() }
    }

    /// True where this process wrote the line; each is met once.
    fn takes(&self, line: &JournalEntry) -> bool {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let found = own.iter().position(|entry| entry == line);
        found.and_then(|at| own.remove(at)).is_some()
    }
}

impl Journal for OwnLines {
    fn append(&self, entry: &JournalEntry) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= MOST_OWN {
            own.pop_front();
        }
        // Before it is written: whoever reads the file knows it by then.
        own.push_back(as_written(entry));
        drop(own);
        self.journal.append(entry);
    }

    fn heard(&self, entry: &JournalEntry) {
        self.journal.heard(entry);
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        self.journal.read(profile, limit)
    }
}

/// What is written from now on.
pub(crate) fn from_now_on(paths: &Paths) -> JournalTail {
    JournalFiles::new(paths).follow(None, 0).1
}

/// Tells `journal` of the lines that are not `own`, until it is aborted.
pub(crate) async fn listen(
    mut tail: JournalTail,
    own: Arc<OwnLines>,
    journal: Arc<dyn Journal>,
    mut told: watch::Receiver<u64>,
) {
    let mut seen = None;
    loop {
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            () = SystemClock.nap(LOOK_EVERY) => {}
        }
        let version = tail.version();
        if version.is_some() && version == seen {
            continue;
        }
        seen = version;
        let read = threads::on_a_thread_or_here(move || {
            let lines = tail.more();
            (lines, tail)
        });
        let Ok((lines, same_tail)) = read.await else { return };
        tail = same_tail;
        for line in lines.iter().filter(|line| !own.takes(line)) {
            journal.heard(line);
        }
    }
}
