//! What happened to a profile, as the window gets it from the journal, which holds no secret.

use chrono::{DateTime, Utc};
use keyfob_agent::journal::JournalEntry;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

/// One event.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "JournalEntry"))]
pub(crate) struct EntryShown {
    #[cfg_attr(test, ts(type = "Instant"))]
    at: DateTime<Utc>,
    /// One of the journal's words, such as `renewed`.
    event: String,
    /// Something that did not go as it should.
    failed: bool,
    duration_ms: Option<u64>,
    detail: Option<String>,
    /// The name of the program's file, where one asked.
    program: Option<String>,
    /// How often, where one entry stands for several events.
    times: u64,
}

impl From<JournalEntry> for EntryShown {
    fn from(entry: JournalEntry) -> Self {
        let executable = entry.program.and_then(|program| program.executable);
        Self {
            at: entry.at,
            event: entry.event.word().to_owned(),
            failed: entry.event.is_failure(),
            duration_ms: entry.duration_ms,
            detail: entry.detail,
            program: executable.map(|path| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()),
            times: entry.times.unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_agent::journal::{JournalEvent, Program};

    #[test]
    fn an_entry_names_the_program_by_its_file_alone() {
        let program = Program { pid: Some(7), executable: Some("/home/ada/bin/cursor".into()) };
        let entry = JournalEntry::new(DateTime::UNIX_EPOCH, JournalEvent::HandOutFailed).asked_by(program);
        let shown = EntryShown::from(entry);
        assert_eq!((shown.program.as_deref(), shown.event.as_str()), (Some("cursor"), "hand-out-failed"));
        assert_eq!((shown.failed, shown.times), (true, 1));
    }
}
