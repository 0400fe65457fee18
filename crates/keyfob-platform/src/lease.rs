//! The keeper's lease: one locked file that says "this machine's keeper for these folders is me". The kernel gives the
//! lock back when its holder dies, so there is nothing to clean up.
//!
//! It decides who runs in the background and who owns the control socket; it does not guard records. The profile locks
//! do that.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use keyfob_core::failure::StoreProblem;

/// A held lease; dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    file: File,
}

/// Who holds the lease, as written by the holder: for people to read, never to decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// Its process id.
    pub pid: u32,
    /// The word it was taken with, `app` or `headless`.
    pub kind: String,
}

impl Lease {
    /// Takes the lease at `path`, a file in a folder that exists, for a keeper of this `kind` (one word); `None` where
    /// another process has it.
    pub fn try_take(path: &Path, kind: &str) -> Result<Option<Self>, StoreProblem> {
        // A file that was unlinked between open and lock is nobody's lease (fault 10); three rounds outlast any accident.
        for _ in 0..3 {
            let file = open(path).map_err(|error| problem(path, &error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(problem(path, &error)),
            }
            if is_at(&file, path) {
                let lease = Self { file };
                lease.sign(kind).map_err(|error| problem(path, &error))?;
                return Ok(Some(lease));
            }
        }
        Err(StoreProblem::Unsafe(format!("{} is removed again and again", path.display())))
    }

    /// Somebody has it now. Whoever tries it in this very moment is told so, too.
    pub fn is_held(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// What the last holder wrote; also there when nobody holds the lease any more.
    pub fn holder(path: &Path) -> Option<LeaseHolder> {
        let mut text = String::new();
        File::open(path).ok()?.take(64).read_to_string(&mut text).ok()?;
        let (pid, kind) = text.trim().split_once(' ')?;
        Some(LeaseHolder { pid: pid.parse().ok()?, kind: kind.to_owned() })
    }

    fn sign(&self, kind: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{} {kind}", std::process::id())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        options.mode(0o600).custom_flags(no_follow);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(there)) => ours.dev() == there.dev() && ours.ino() == there.ino(),
        _ => false,
    }
}

/// Windows does not let an open file be removed from under its holder.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

fn problem(path: &Path, error: &io::Error) -> StoreProblem {
    crate::store::problem(error, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_next_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keeper.lease");
        let first = Lease::try_take(&path, "app").unwrap().expect("free");
        assert!(Lease::try_take(&path, "agent").unwrap().is_none());
        assert_eq!(Lease::holder(&path), Some(LeaseHolder { pid: std::process::id(), kind: "app".into() }));
        assert!(Lease::is_held(&path));
        drop(first);
        assert!(!Lease::is_held(&path));
        let _second = Lease::try_take(&path, "agent").unwrap().expect("free again");
        assert_eq!(Lease::holder(&path).unwrap().kind, "agent");
    }

    /// fault 10: whoever holds an unlinked file does not keep the next one from its own, and each sees what it has.
    #[test]
    fn a_lease_is_the_file_at_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keeper.lease");
        let lease = Lease::try_take(&path, "app").unwrap().expect("free");
        assert!(is_at(&lease.file, &path));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&lease.file, &path));
        File::create(&path).unwrap();
        assert!(!is_at(&lease.file, &path));
    }

    /// V17
    #[cfg(unix)]
    #[test]
    fn a_symlink_is_refused_and_the_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(Lease::try_take(&link, "app"), Err(StoreProblem::Unsafe(_))));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        let path = folder.path().join("keeper.lease");
        let _lease = Lease::try_take(&path, "app").unwrap().expect("free");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
