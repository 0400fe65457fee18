//! What keyfob wrote for other programs, so that nothing of anybody else's is ever taken away: for each place a small file of
//! hashes in the state folder, which says nothing of any token. A place that is not noted is left alone.

use std::path::PathBuf;

use keyfob_core::failure::StoreProblem;
use sha2::{Digest, Sha256};

use crate::entropy;
use crate::paths::Paths;
use crate::store::{atomic_file, profile_lock};

/// Values that are kept for a line or an entry: the newest ones, in case an older file comes back.
const MOST: usize = 16;
/// Largest file that is read.
const LARGEST: u64 = 16 * 1024;
/// Stands for a whole file, whatever is in it: keyfob wrote over what was there.
const WHOLE: &[u8] = b"";

/// The notes.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    folder: PathBuf,
    lock: PathBuf,
}

/// The notes of one place.
pub(crate) struct Notes<'a> {
    written: &'a Written,
    file: PathBuf,
}

impl Written {
    /// Nothing is created until the first note.
    pub(crate) fn new(paths: &Paths) -> Self {
        Self { folder: paths.written_marks(), lock: paths.locks_dir().join("written-marks") }
    }

    /// The notes of an entry of the keyring. No file has a path like this.
    pub(crate) fn of_entry(&self, service: &str, account: &str) -> Notes<'_> {
        let place = format!("keyring\0{service}\0{account}");
        Notes { written: self, file: self.folder.join(hash(place.as_bytes())) }
    }

    /// The notes of a whole file, or of the line of a `.env` file with this key.
    pub(crate) fn of(&self, path: &str, key: Option<&str>) -> Notes<'_> {
        let place = format!("{path}\0{}", key.unwrap_or_default());
        Notes { written: self, file: self.folder.join(hash(place.as_bytes())) }
    }
}

impl Notes<'_> {
    /// Notes the whole file; true where it was not noted before.
    pub(crate) fn add_file(&self) -> Result<bool, StoreProblem> {
        self.add(WHOLE)
    }

    /// True where keyfob wrote the whole file.
    pub(crate) fn has_file(&self) -> Result<bool, StoreProblem> {
        Ok(self.read()?.contains(&hash(WHOLE)))
    }

    /// Notes a value; true where it was not noted before.
    pub(crate) fn add(&self, value: &[u8]) -> Result<bool, StoreProblem> {
        let mark = hash(value);
        if self.read()?.contains(&mark) {
            return Ok(false);
        }
        for folder in [Some(self.written.folder.as_path()), self.written.lock.parent()].into_iter().flatten()
        {
            atomic_file::private_folder(folder)?;
        }
        let _guard = profile_lock::lock_for_write(&self.written.lock)?;
        let mut marks = self.read()?;
        marks.push(mark);
        let newest = &marks[marks.len().saturating_sub(MOST)..];
        atomic_file::replace(&self.file, newest.join("\n").as_bytes())?;
        Ok(true)
    }

    /// Which values keyfob wrote here. Hashes are compared, so that the time taken says nothing of a token.
    pub(crate) fn values(&self) -> Result<impl Fn(&[u8]) -> bool + use<>, StoreProblem> {
        let marks = self.read()?;
        Ok(move |value: &[u8]| marks.contains(&hash(value)))
    }

    /// Nothing of keyfob's is there any more.
    pub(crate) fn forget(&self) -> Result<(), StoreProblem> {
        if self.file.exists() { atomic_file::remove(&self.file) } else { Ok(()) }
    }

    fn read(&self) -> Result<Vec<String>, StoreProblem> {
        let bytes = atomic_file::read(&self.file, LARGEST)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}

fn hash(bytes: &[u8]) -> String {
    entropy::hex_digits(&Sha256::digest(bytes))
}
