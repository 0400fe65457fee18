//! What a power cut leaves: only what was synced. A copy of the home is brought up to date at each folder sync, with files
//! whose contents were not synced empty; after the crash the copy takes the home's place.
//!
//! One kindness: a new folder is taken as durable with what is synced in it, as journalling file systems do.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::calls::{Call, Target};

pub(crate) struct Durable {
    home: PathBuf,
    copy: TempDir,
    /// Files written since their last sync, by inode.
    dirty: HashSet<u64>,
}

impl Durable {
    /// Everything there is now is on the disk.
    pub(crate) fn home(home: &Path) -> Self {
        let copy = TempDir::new().expect("a folder for the copy");
        copy_tree(home, copy.path()).expect("a copy of the home");
        Self { home: home.to_owned(), copy, dirty: HashSet::new() }
    }

    /// Takes in a call that was made.
    pub(crate) fn made(&mut self, call: &Call) {
        let Target::File(path) = &call.target else { return };
        let Ok(found) = fs::metadata(path) else { return };
        match call.name {
            "write" | "truncate" => _ = self.dirty.insert(found.ino()),
            "fsync" if found.is_dir() => self.folder_synced(path).expect("a copy of the folder"),
            "fsync" => _ = self.dirty.remove(&found.ino()),
            _ => {}
        }
    }

    fn folder_synced(&self, folder: &Path) -> io::Result<()> {
        let Ok(inside) = folder.strip_prefix(&self.home) else { return Ok(()) };
        let copy = self.copy.path().join(inside);
        fs::create_dir_all(&copy)?;
        for entry in fs::read_dir(&copy)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (found, to) = (entry.metadata()?, copy.join(entry.file_name()));
            if found.is_dir() {
                fs::create_dir_all(&to)?;
            } else if self.dirty.contains(&found.ino()) {
                fs::write(&to, b"")?;
                fs::set_permissions(&to, found.permissions())?;
            } else {
                fs::copy(entry.path(), &to)?;
            }
        }
        fs::set_permissions(&copy, fs::metadata(folder)?.permissions())
    }

    /// Cuts the power: what was not synced is gone.
    pub(crate) fn cut(&self) {
        fs::remove_dir_all(&self.home).expect("the home goes");
        copy_tree(self.copy.path(), &self.home).expect("the copy takes its place");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&self.home, mode).expect("a private home");
    }
}

/// Folders and files with their modes; sockets are of no use without their owner.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &to)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}
