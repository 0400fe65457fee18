//! The journal: JSON lines in two files of at most 1 MiB each. It never fails its caller, and nobody waits for it.
//!
//! Writers of several processes share the files: each line is one write at the end of the file, which the kernel does not
//! mix with another's.

mod tail;

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

pub use tail::JournalTail;

/// When the current file is put aside; together with the one before, a bounded journal.
const LARGEST: u64 = 1024 * 1024;

/// Longest detail, in characters: a line stays far below what one write takes whole.
const LONGEST_DETAIL: usize = 1_000;

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

    /// The newest entries, oldest first, at most `limit`, and then whatever is written, by whichever process.
    pub fn follow(&self, profile: Option<&ProfileName>, limit: usize) -> (Vec<JournalEntry>, JournalTail) {
        JournalTail::open(&self.folder, profile, limit)
    }

    fn write(&self, entry: &JournalEntry) -> Result<(), StoreProblem> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        atomic_file::private_folder(&self.folder)?;
        let path = current(&self.folder);
        if is_full(&path) {
            self.rotate(&path)?;
        }
        let mut line =
            serde_json::to_vec(&as_written(entry)).map_err(|error| StoreProblem::Io(error.to_string()))?;
        line.push(b'\n');
        append(&path, &line).map_err(|error| problem(&error, &path))
    }

    /// Puts a full file aside, unless another process is doing so now: this line then goes into whichever file is there.
    /// Nobody waits here, because a journal never holds up its caller.
    fn rotate(&self, path: &Path) -> Result<(), StoreProblem> {
        let Some(_guard) = profile_lock::try_lock(&self.folder.join("journal.lock"))? else { return Ok(()) };
        if is_full(path) {
            std::fs::rename(path, before(&self.folder)).map_err(|error| problem(&error, path))?;
        }
        Ok(())
    }
}

fn current(folder: &Path) -> PathBuf {
    folder.join("journal.jsonl")
}

fn before(folder: &Path) -> PathBuf {
    folder.join("journal.1.jsonl")
}

/// The entry as its line will be read again.
pub(crate) fn as_written(entry: &JournalEntry) -> JournalEntry {
    let bounded = |detail: &str| detail.chars().take(LONGEST_DETAIL).collect();
    JournalEntry { detail: entry.detail.as_deref().map(bounded), ..entry.clone() }
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

/// Lines that do not read (torn by a crash, or written by another version) are passed over.
fn entry(line: &[u8], profile: Option<&ProfileName>) -> Option<JournalEntry> {
    let entry: JournalEntry = serde_json::from_slice(line).ok()?;
    (profile.is_none() || entry.profile.as_ref() == profile).then_some(entry)
}

impl Journal for JournalFiles {
    fn append(&self, entry: &JournalEntry) {
        if let Err(problem) = self.write(entry) {
            tracing::warn!(%problem, "the journal could not be written");
        }
    }

    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        self.follow(profile, limit).0
    }
}

#[cfg(test)]
mod tests;
