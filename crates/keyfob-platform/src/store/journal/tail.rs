//! Reading the journal from its newest end, and following it while others write and put full files aside.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use keyfob_agent::journal::JournalEntry;
use keyfob_core::identity::ProfileName;

use super::{before, current, entry};
use crate::file_version::FileVersion;

/// The first piece read from the end; each next one is as large as all before it.
const PIECE: u64 = 64 * 1024;

/// Follows the journal. It keeps its files open, so that one put aside is read to its end all the same.
pub struct JournalTail {
    folder: PathBuf,
    profile: Option<ProfileName>,
    now: Option<Reading>,
    /// The file before; a writer that had opened it may still add its line.
    aside: Option<Reading>,
}

/// A file and what of its last line has been read.
struct Reading {
    file: File,
    unfinished: Vec<u8>,
}

impl JournalTail {
    /// The newest entries, oldest first, at most `limit`; what comes after them is in [`JournalTail::more`].
    pub(super) fn open(
        folder: &Path,
        profile: Option<&ProfileName>,
        limit: usize,
    ) -> (Vec<JournalEntry>, Self) {
        let mut now = Reading::open(&current(folder));
        let older = Reading::open(&before(folder)).filter(|older| !same(Some(older), now.as_ref()));
        let mut newest = now.as_mut().map(|now| now.newest(profile, limit)).unwrap_or_default();
        if let Some(mut older) = older.filter(|_| newest.len() < limit) {
            let missing = limit - newest.len();
            newest.splice(0..0, older.newest(profile, missing));
        }
        let tail = Self { folder: folder.to_owned(), profile: profile.cloned(), now, aside: None };
        (newest, tail)
    }

    /// Where this is what it was before [`JournalTail::more`], nothing has been written since. `None` where there is nothing to
    /// tell it by.
    pub(crate) fn version(&self) -> Option<(FileVersion, Option<u64>)> {
        self.now.as_ref()?;
        let aside = self.aside.as_ref().and_then(|aside| Some(aside.file.metadata().ok()?.len()));
        Some((FileVersion::of(&current(&self.folder)).ok()??, aside))
    }

    /// What has been written since the last call.
    pub fn more(&mut self) -> Vec<JournalEntry> {
        let mut lines = Vec::new();
        let profile = self.profile.clone();
        let mut take = |reading: Option<&mut Reading>| {
            let Some(reading) = reading else { return };
            lines.extend(reading.lines().into_iter().filter_map(|line| entry(&line, profile.as_ref())));
        };
        take(self.aside.as_mut());
        take(self.now.as_mut());
        let there = Reading::open(&current(&self.folder));
        if there.is_some() && !same(there.as_ref(), self.now.as_ref()) {
            // Written between the reading above and the renaming.
            take(self.now.as_mut());
            let is_new = |found: &Reading| {
                let known = [self.now.as_ref(), there.as_ref()];
                self.now.is_some() && !known.into_iter().any(|known| same(known, Some(found)))
            };
            let mut missed = Reading::open(&before(&self.folder)).filter(is_new);
            take(missed.as_mut());
            self.aside = missed.or_else(|| self.now.take());
            self.now = there;
            take(self.now.as_mut());
        }
        lines
    }
}

impl Reading {
    fn open(path: &Path) -> Option<Self> {
        Some(Self { file: File::open(path).ok()?, unfinished: Vec::new() })
    }

    /// The newest entries, oldest first; the file is then read to its last whole line.
    fn newest(&mut self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry> {
        let end = self.file.seek(SeekFrom::End(0)).unwrap_or(0);
        let mut begin = end;
        let mut bytes = Vec::new();
        let mut found = Vec::new();
        while begin > 0 && found.len() < limit {
            let length = PIECE.max(end - begin).min(begin);
            let Some(mut piece) = self.piece(begin - length, length) else { break };
            begin -= length;
            piece.append(&mut bytes);
            bytes = piece;
            found = entries_in(&bytes, begin == 0, profile);
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.unfinished = bytes.split_off(whole);
        let _ = self.file.seek(SeekFrom::Start(end));
        found.split_off(found.len().saturating_sub(limit))
    }

    fn piece(&mut self, begin: u64, length: u64) -> Option<Vec<u8>> {
        let mut piece = vec![0; usize::try_from(length).ok()?];
        self.file.seek(SeekFrom::Start(begin)).ok()?;
        self.file.read_exact(&mut piece).ok()?;
        Some(piece)
    }

    /// The whole lines that have come since.
    fn lines(&mut self) -> Vec<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.unfinished);
        // What was read before an error is kept; the rest comes next time.
        let _ = self.file.read_to_end(&mut bytes);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.unfinished = bytes.split_off(whole);
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    }
}

/// The entries in a piece of the file; its first line may have begun before it.
fn entries_in(bytes: &[u8], from_the_start: bool, profile: Option<&ProfileName>) -> Vec<JournalEntry> {
    let lines = bytes.split(|byte| *byte == b'\n').skip(usize::from(!from_the_start));
    lines.filter_map(|line| entry(line, profile)).collect()
}

#[cfg(unix)]
fn same(one: Option<&Reading>, other: Option<&Reading>) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |reading: Option<&Reading>| {
        reading?.file.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
    };
    inode(one).is_some() && inode(one) == inode(other)
}

/// The standard library has no number for a file of Windows; when it was made tells two files apart.
#[cfg(not(unix))]
fn same(one: Option<&Reading>, other: Option<&Reading>) -> bool {
    let made = |reading: Option<&Reading>| reading?.file.metadata().ok()?.created().ok();
    made(one).is_some() && made(one) == made(other)
}
