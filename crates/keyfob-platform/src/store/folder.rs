//! A folder held open, and files in it by name: whatever happens to the path meanwhile, checks and changes reach the same
//! folder (V17).
//!
//! A file is replaced so that readers see the old one or the new one and nothing between, and so that a crash leaves one of
//! them: a new file beside it, mode 0600 from its first system call, synced, renamed, folder synced.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use keyfob_core::failure::StoreProblem;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::{LONGEST_WRITE, opened_to_others, private_group, problem, profile_lock};
use crate::entropy;

/// How a temporary file's name ends; it begins with a dot and the file's own name.
const TEMPORARY_END: &str = ".new";

/// An open folder.
pub(crate) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// A folder of keyfob's own: no link, owned by this user, not to be changed by others.
    pub(crate) fn ours(path: &Path) -> Result<Self, StoreProblem> {
        let folder = Self::open(path, OFlags::NOFOLLOW)?;
        let found = folder.stat()?;
        if found.st_uid != us() {
            return Err(folder.unsafe_because("belongs to another user"));
        }
        if found.st_mode & 0o022 != 0 {
            return Err(folder.unsafe_because("can be changed by other users"));
        }
        Ok(folder)
    }

    /// A folder the user named: nobody else may be able to swap files in it. In a sticky folder such as /tmp only owners
    /// rename, and a folder of root's is as safe as the system.
    pub(crate) fn named_by_user(path: &Path) -> Result<Self, StoreProblem> {
        let folder = Self::open(path, OFlags::empty())?;
        let found = folder.stat()?;
        if found.st_uid != us() && found.st_uid != 0 {
            return Err(folder.unsafe_because("belongs to another user"));
        }
        let group_is_us = private_group::is_ours_alone(found.st_gid);
        let others = if group_is_us { 0o002 } else { 0o022 };
        if found.st_mode & others != 0 && found.st_mode & 0o1000 == 0 {
            return Err(folder.unsafe_because("can be changed by other users"));
        }
        Ok(folder)
    }

    /// A folder for files the user edits; no checks, as any editor would do.
    pub(crate) fn unchecked(path: &Path) -> Result<Self, StoreProblem> {
        Self::open(path, OFlags::empty())
    }

    fn open(path: &Path, flags: OFlags) -> Result<Self, StoreProblem> {
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Self { fd, path: path.to_owned() }),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                Err(StoreProblem::Unsafe(format!("{} is no folder of its own (a link?)", path.display())))
            }
            Err(error) => Err(problem(&error.into(), path)),
        }
    }

    fn stat(&self) -> Result<Stat, StoreProblem> {
        rustix::fs::fstat(&self.fd).map_err(|error| problem(&error.into(), &self.path))
    }

    fn unsafe_because(&self, why: &str) -> StoreProblem {
        StoreProblem::Unsafe(format!("the folder {} {why}", self.path.display()))
    }

    fn problem(&self, name: &OsStr, error: impl Into<std::io::Error>) -> StoreProblem {
        problem(&error.into(), &self.path.join(name))
    }

    /// Refuses anything but a plain file of this user with one name. False where there is nothing yet.
    pub(crate) fn check(&self, name: &OsStr) -> Result<bool, StoreProblem> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.problem(name, error)),
            Ok(found) => {
                self.check_found(name, &found)?;
                Ok(true)
            }
        }
    }

    fn check_found(&self, name: &OsStr, found: &Stat) -> Result<(), StoreProblem> {
        let refuse =
            |why: &str| Err(StoreProblem::Unsafe(format!("{} {why}", self.path.join(name).display())));
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return refuse("is no plain file (a link, a pipe, a folder?)");
        }
        if found.st_uid != us() {
            return refuse("belongs to another user");
        }
        // None is no second one: a file that was replaced between its look-up and this look at it.
        if found.st_nlink > 1 {
            return refuse("has a second name (a hard link)");
        }
        Ok(())
    }

    /// Reads a checked file whole; `None` where there is none. `private` makes one that others could read private first.
    pub(crate) fn read(
        &self,
        name: &OsStr,
        limit: u64,
        private: bool,
    ) -> Result<Option<Vec<u8>>, StoreProblem> {
        if !self.check(name)? {
            return Ok(None);
        }
        // Without waiting: what has become a pipe since the check must not hang.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            file => file.map_err(|error| self.problem(name, error))?,
        };
        // What was opened counts, not what was there before.
        let found = rustix::fs::fstat(&file).map_err(|error| self.problem(name, error))?;
        self.check_found(name, &found)?;
        if private && found.st_mode & 0o077 != 0 {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(0o600))
                .map_err(|error| self.problem(name, error))?;
            opened_to_others::tell(&self.path.join(name), found.st_mode & 0o777);
        }
        let length = u64::try_from(found.st_size).unwrap_or(0).min(limit);
        let mut contents = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        File::from(file)
            .take(limit + 1)
            .read_to_end(&mut contents)
            .map_err(|error| self.problem(name, error))?;
        if contents.len() as u64 > limit {
            let path = self.path.join(name);
            return Err(StoreProblem::Damaged(format!("{} is larger than {limit} bytes", path.display())));
        }
        Ok(Some(contents))
    }

    /// Replaces the file. On return the new contents are on disk; after an error the old ones may be, or the new ones.
    pub(crate) fn replace(&self, name: &OsStr, contents: &[u8], mode: u32) -> Result<(), StoreProblem> {
        let temporary = temporary_name(name);
        let written = self
            .write_new(temporary.as_ref(), contents, mode)
            .and_then(|()| Ok(rustix::fs::renameat(&self.fd, &*temporary, &self.fd, name)?));
        if let Err(error) = written {
            // What was not renamed was never visible.
            let _ = rustix::fs::unlinkat(&self.fd, &*temporary, AtFlags::empty());
            return Err(self.problem(name, error));
        }
        self.sync()
    }

    /// Creates a file that was not there and writes it through to the disk. A failed sync means "not written": the
    /// descriptor is not tried again.
    fn write_new(&self, name: &OsStr, contents: &[u8], mode: u32) -> std::io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // The umask could only take bits away; 0600 is the widest this file ever is while it has its temporary name.
        let mut file = File::from(rustix::fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))?);
        file.write_all(contents)?;
        if mode != 0o600 {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        }
        file.sync_all()
    }

    /// Proves that a file could be made here: modes alone do not tell (read-only mounts, quotas, root).
    pub(crate) fn check_writable(&self, name: &OsStr) -> Result<(), StoreProblem> {
        let temporary = temporary_name(name);
        self.write_new(temporary.as_ref(), b"", 0o600).map_err(|error| self.problem(name, error))?;
        self.remove(temporary.as_ref())
    }

    /// Removes a file; one that is not there is fine. The removal survives a power cut.
    pub(crate) fn remove(&self, name: &OsStr) -> Result<(), StoreProblem> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.problem(name, error)),
            Ok(()) => self.sync(),
        }
    }

    /// Gives a file another name; false where there is none. The change survives a power cut.
    pub(crate) fn rename(&self, name: &OsStr, to: &OsStr) -> Result<bool, StoreProblem> {
        match rustix::fs::renameat(&self.fd, name, &self.fd, to) {
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.problem(name, error)),
            Ok(()) => self.sync().map(|()| true),
        }
    }

    /// Takes away temporary files that writers of `name` left when they were killed, if they are older than `age`.
    pub(crate) fn sweep(&self, name: &OsStr, age: Duration) {
        self.sweep_beginning(&temporary_beginning(name), age);
    }

    /// The same for every file here. Others may be writing: what may still have its writer stays.
    pub(crate) fn sweep_all(&self) {
        self.sweep_beginning(".", LONGEST_WRITE);
    }

    /// Looks through the whole folder.
    fn sweep_beginning(&self, beginning: &str, age: Duration) {
        let Ok(entries) = rustix::fs::Dir::read_from(&self.fd) else { return };
        for entry in entries.flatten() {
            let found = entry.file_name().to_bytes();
            if found.starts_with(beginning.as_bytes()) && found.ends_with(TEMPORARY_END.as_bytes()) {
                self.sweep_one(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(found), age);
            }
        }
    }

    fn sweep_one(&self, name: &OsStr, age: Duration) {
        let Ok(found) = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        let plain = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile && found.st_uid == us();
        let modified =
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(found.st_mtime).unwrap_or(0));
        let old = age.is_zero() || modified.elapsed().is_ok_and(|since| since > age);
        if plain && old && rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()).is_ok() {
            tracing::info!(name = %name.display(), "took away what an interrupted write had left");
        }
    }

    /// Waits until no other keyfob edits files here, until this value is dropped. Where folders cannot be locked, edits go
    /// on without: a lost line comes back with the next renewal.
    pub(crate) fn wait_for_turn(&self) -> Result<(), StoreProblem> {
        profile_lock::wait_for(&self.path, || {
            match rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => Ok(None),
                _ => Ok(Some(())),
            }
        })
    }

    /// Makes a rename or removal here survive a power cut.
    fn sync(&self) -> Result<(), StoreProblem> {
        #[cfg(test)]
        if FAILING_SYNCS.with(|left| left.replace(left.get().saturating_sub(1)) > 0) {
            return Err(self.problem(OsStr::new(""), Errno::IO));
        }
        rustix::fs::fsync(&self.fd).map_err(|error| problem(&error.into(), &self.path))
    }
}

#[cfg(test)]
thread_local! {
    /// How many of this thread's next folder syncs fail, as a disk with errors would.
    pub(crate) static FAILING_SYNCS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn temporary_beginning(name: &OsStr) -> String {
    format!(".{}.", name.to_string_lossy())
}

fn temporary_name(name: &OsStr) -> String {
    format!("{}{}{TEMPORARY_END}", temporary_beginning(name), entropy::hex(8))
}
