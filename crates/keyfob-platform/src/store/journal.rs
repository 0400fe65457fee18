//! The journal: JSON lines in two files of at most 1 MiB each. It never fails its caller.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
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
        let path = self.current();
        if is_full(&path) {
            self.rotate(&path)?;
        }
        let mut line = serde_json::to_vec(entry).map_err(|error| StoreProblem::Io(error.to_string()))?;
        line.push(b'\n');
        append(&path, &line).map_err(|error| problem(&error, &path))
    }

    /// Puts a full file aside, unless another process is doing so now: this line then goes into whichever file is there.
    /// Nobody waits here, because a journal never holds up its caller.
    fn rotate(&self, path: &Path) -> Result<(), StoreProblem> {
        let Some(_guard) = profile_lock::try_lock(&self.folder.join("journal.lock"))? else { return Ok(()) };
        if is_full(path) {
            std::fs::rename(path, self.before()).map_err(|error| problem(&error, path))?;
        }
        Ok(())
    }
}

fn is_full(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() >= LARGEST)
}

/// One line in one write, so that a crash leaves at most one torn line at the end; the next line begins on its own.
fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        options.mode(0o600).custom_flags(nofollow);
    }
    let mut file = options.open(path)?;
    if ends_torn(&mut file)? {
        return file.write_all(&[b"\n", line].concat());
    }
    file.write_all(line)
}

fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

impl Journal for JournalFiles {
    fn append(&self, entry: &JournalEntry) {
        if let Err(problem) = self.write(entry) {
            tracing::warn!(%problem, "the journal could not be written");
        }
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        let files = [self.before(), self.current()];
        let bytes: Vec<u8> = files.iter().filter_map(|path| std::fs::read(path).ok()).flatten().collect();
        let text = String::from_utf8_lossy(&bytes);
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

    /// What a crash leaves: no line end, half a character.
    fn append_raw(path: &Path, bytes: &[u8]) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn a_torn_line_is_passed_over_and_size_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalFiles::new(&Paths::resolve(Some(folder.path().into())).unwrap());
        journal.append(&entry("first"));
        append_raw(&journal.current(), b"{\"at\":\"19");
        append_raw(&journal.current(), b"\xc3");
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
