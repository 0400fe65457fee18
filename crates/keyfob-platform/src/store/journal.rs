//! The journal: JSON lines in two files of at most 1 MiB each. It never fails its caller.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use keyfob_agent::journal::JournalEntry;
use keyfob_agent::ports::Journal;
use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;

use super::{atomic_file, problem, profile_lock};
use crate::paths::Paths;

/// When the current file is put aside; together with the one before, a bounded journal.
const LARGEST: u64 = 1024 * 1024;

/// The journal's files.
pub struct JournalFiles {
    folder: PathBuf,
    turn: Mutex<()>,
}

impl JournalFiles {
    /// Nothing is created until the first entry.
    pub fn new(paths: &Paths) -> Self {
        Self { folder: paths.journal_dir(), turn: Mutex::new(()) }
    }

    fn current(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    fn before(&self) -> PathBuf {
        self.folder.join("journal.1.jsonl")
    }

    fn write(&self, entry: &JournalEntry) -> Result<(), StoreProblem> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        atomic_file::private_folder(&self.folder)?;
        // Other processes write here too; rotation and appending must not cross.
        let _guard = profile_lock::lock_for_write(&self.folder.join("journal.lock"))?;
        let path = self.current();
        if std::fs::metadata(&path).is_ok_and(|found| found.len() >= LARGEST) {
            std::fs::rename(&path, self.before()).map_err(|error| problem(&error, &path))?;
        }
        let mut line = serde_json::to_vec(entry).map_err(|error| StoreProblem::Io(error.to_string()))?;
        line.push(b'\n');
        append(&path, &line).map_err(|error| problem(&error, &path))
    }
}

/// One line in one write, so that a crash leaves at most one torn line at the end.
fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(line)
}

impl Journal for JournalFiles {
    fn append(&self, entry: &JournalEntry) {
        if let Err(problem) = self.write(entry) {
            tracing::warn!(%problem, "the journal could not be written");
        }
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        let text: String = [self.before(), self.current()]
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .collect();
        // Lines that do not read (torn by a crash, or written by another version) are passed over.
        let entries = text.lines().filter_map(|line| serde_json::from_str::<JournalEntry>(line).ok());
        let mut entries: Vec<_> =
            entries.filter(|entry| profile.is_none() || entry.profile.as_ref() == profile).collect();
        entries.split_off(entries.len().saturating_sub(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_agent::journal::JournalEvent;

    fn entry(detail: &str) -> JournalEntry {
        JournalEntry {
            at: chrono::DateTime::UNIX_EPOCH,
            profile: ProfileName::parse("a").ok(),
            event: JournalEvent::Renewed,
            duration_ms: None,
            detail: Some(detail.into()),
        }
    }

    #[test]
    fn a_torn_line_is_passed_over_and_size_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalFiles::new(&Paths::resolve(Some(folder.path().into())).unwrap());
        journal.append(&entry("first"));
        append(&journal.current(), b"{\"at\":\"19").unwrap();
        append(&journal.current(), b"\n").unwrap();
        journal.append(&entry("second"));
        let details: Vec<_> = journal.read(None, 10).into_iter().filter_map(|e| e.detail).collect();
        assert_eq!(details, ["first", "second"]);
        assert_eq!(journal.read(ProfileName::parse("b").ok().as_ref(), 10), []);

        let long = "x".repeat(100_000);
        (0..40).for_each(|_| journal.append(&entry(&long)));
        let size: u64 =
            std::fs::read_dir(&journal.folder).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
        assert!(size <= 2 * LARGEST + 200_000, "{size}");
        assert_eq!(journal.read(None, 3).len(), 3);
    }
}
