//! The same steps as folder.rs on systems without folder descriptors, through the standard library. Not run here.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob_core::failure::StoreProblem;

use super::problem;
use crate::entropy;

/// A folder; its safety rests on the access list it inherits from the user's own folder.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder of keyfob's own.
    pub(crate) fn ours(path: &Path) -> Result<Self, StoreProblem> {
        Self::unchecked(path)
    }

    /// A folder the user named.
    pub(crate) fn named_by_user(path: &Path) -> Result<Self, StoreProblem> {
        Self::unchecked(path)
    }

    /// A folder for files the user edits.
    pub(crate) fn unchecked(path: &Path) -> Result<Self, StoreProblem> {
        let found = std::fs::metadata(path).map_err(|error| problem(&error, path))?;
        if !found.is_dir() {
            return Err(StoreProblem::Unsafe(format!("{} is no folder", path.display())));
        }
        Ok(Self { path: path.to_owned() })
    }

    fn problem(&self, name: &OsStr, error: &std::io::Error) -> StoreProblem {
        problem(error, &self.path.join(name))
    }

    /// Refuses anything but a plain file. False where there is nothing yet.
    pub(crate) fn check(&self, name: &OsStr) -> Result<bool, StoreProblem> {
        let path = self.path.join(name);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(problem(&error, &path)),
            Ok(found) if !found.is_file() => {
                Err(StoreProblem::Unsafe(format!("{} is no plain file", path.display())))
            }
            Ok(_) => Ok(true),
        }
    }

    /// Reads a checked file whole; `None` where there is none.
    pub(crate) fn read(
        &self,
        name: &OsStr,
        limit: u64,
        _private: bool,
    ) -> Result<Option<Vec<u8>>, StoreProblem> {
        if !self.check(name)? {
            return Ok(None);
        }
        let path = self.path.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| problem(&error, &path))?,
        };
        let mut contents = Vec::new();
        file.take(limit + 1).read_to_end(&mut contents).map_err(|error| problem(&error, &path))?;
        if contents.len() as u64 > limit {
            return Err(StoreProblem::Damaged(format!("{} is larger than {limit} bytes", path.display())));
        }
        Ok(Some(contents))
    }

    /// Replaces the file.
    pub(crate) fn replace(&self, name: &OsStr, contents: &[u8], _mode: u32) -> Result<(), StoreProblem> {
        let temporary = self.path.join(format!(".{}.{}.new", name.to_string_lossy(), entropy::hex(8)));
        let written =
            write_new(&temporary, contents).and_then(|()| std::fs::rename(&temporary, self.path.join(name)));
        if let Err(error) = written {
            // What was not renamed was never visible.
            let _ = std::fs::remove_file(&temporary);
            return Err(self.problem(name, &error));
        }
        Ok(())
    }

    /// Proves that a file could be made here.
    pub(crate) fn check_writable(&self, name: &OsStr) -> Result<(), StoreProblem> {
        let temporary = format!(".{}.{}.new", name.to_string_lossy(), entropy::hex(8));
        write_new(&self.path.join(&temporary), b"").map_err(|error| self.problem(name, &error))?;
        self.remove(temporary.as_ref())
    }

    /// Removes a file; one that is not there is fine.
    pub(crate) fn remove(&self, name: &OsStr) -> Result<(), StoreProblem> {
        match std::fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.problem(name, &error)),
            _ => Ok(()),
        }
    }

    /// Gives a file another name; false where there is none.
    pub(crate) fn rename(&self, name: &OsStr, to: &OsStr) -> Result<bool, StoreProblem> {
        match std::fs::rename(self.path.join(name), self.path.join(to)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            renamed => renamed.map(|()| true).map_err(|error| self.problem(name, &error)),
        }
    }

    /// Folders cannot be locked here.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "they can on Unix")]
    pub(crate) fn wait_for_turn(&self) -> Result<(), StoreProblem> {
        Ok(())
    }

    /// Interrupted writes are left where they are.
    #[expect(clippy::unused_self, reason = "they are taken away on Unix")]
    pub(crate) fn sweep(&self, _name: &OsStr, _age: Duration) {}

    /// Likewise.
    #[expect(clippy::unused_self, reason = "they are taken away on Unix")]
    pub(crate) fn sweep_all(&self) {}
}

fn write_new(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
