//! What a person is told: at once by the desktop, later by the journal.

use keyfob_core::identity::ProfileName;

use crate::journal::JournalEntry;
use crate::notice::Notice;

/// Desktop notifications; never blocks, never fails a journey (fault 48).
pub trait Notifier: Send + Sync {
    /// Shows one.
    fn notify(&self, notice: &Notice);
}

/// The journal on disk: bounded, without secrets, never fails a journey.
pub trait Journal: Send + Sync {
    /// Adds an entry.
    fn append(&self, entry: &JournalEntry);
    /// Another process has written this entry: it is on disk already, and whoever listens here hears of it.
    fn heard(&self, _entry: &JournalEntry) {}
    /// The newest entries, oldest first, at most `limit`.
    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry>;
}
