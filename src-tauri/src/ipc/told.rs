//! What happened to a profile, as the window gets it from the journal, which holds no secret.

use chrono::{DateTime, Utc};
use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_core::identity::ProfileName;
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

/// Most entries that a window draws.
const MOST: usize = 1_000;

/// A profile's life, the newest last: its own entries, and when the keeper did not run or slept meanwhile.
pub(crate) fn life(all: Vec<JournalEntry>, profile: &ProfileName) -> Vec<EntryShown> {
    use JournalEvent as E;
    let is_its = |entry: &JournalEntry| entry.profile.as_ref() == Some(profile);
    let since = all.iter().position(is_its).unwrap_or(all.len());
    let told = all.into_iter().skip(since).filter(|entry| {
        is_its(entry) || matches!(entry.event, E::Slept | E::KeeperStarted | E::KeeperStopped)
    });
    let told: Vec<_> = told.map(EntryShown::from).collect();
    let older = told.len().saturating_sub(MOST);
    told.into_iter().skip(older).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_agent::journal::Program;

    #[test]
    fn a_life_has_the_sleeps_between_and_nothing_of_others_or_from_before() {
        let [a, b] = ["a", "b"].map(|name| ProfileName::parse(name).unwrap());
        let entry = |event| JournalEntry::new(DateTime::UNIX_EPOCH, event);
        let all = vec![
            entry(JournalEvent::KeeperStarted),
            entry(JournalEvent::Added).about(&a),
            entry(JournalEvent::Renewed).about(&b),
            entry(JournalEvent::Slept),
            entry(JournalEvent::Renewed).about(&a),
            entry(JournalEvent::KeeperStopped),
        ];
        let words = |profile| life(all.clone(), profile).into_iter().map(|one| one.event).collect::<Vec<_>>();
        assert_eq!(words(&a), ["added", "slept", "renewed", "keeper-stopped"]);
        assert_eq!(words(&b), ["renewed", "slept", "keeper-stopped"]);
        assert_eq!(words(&ProfileName::parse("c").unwrap()), [""; 0]);
    }

    #[test]
    fn an_entry_names_the_program_by_its_file_alone() {
        let program = Program { pid: Some(7), executable: Some("/home/ada/bin/cursor".into()) };
        let entry = JournalEntry::new(DateTime::UNIX_EPOCH, JournalEvent::HandOutFailed).asked_by(program);
        let shown = EntryShown::from(entry);
        assert_eq!((shown.program.as_deref(), shown.event.as_str()), (Some("cursor"), "hand-out-failed"));
        assert_eq!((shown.failed, shown.times), (true, 1));
    }
}
