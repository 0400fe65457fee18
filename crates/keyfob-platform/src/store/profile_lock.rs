//! The lock of one profile: a kernel lock on a permanent file, so that it ends with the process that holds it, and an
//! in-process turn, so that two tasks of one process exclude each other as well.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyfob_agent::ports::ProfileLock;
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use tokio::sync::OwnedMutexGuard;

use super::problem;

/// How often a held lock is tried again. The kernel has no wait with a limit.
const TRY_EVERY: Duration = Duration::from_millis(10);
/// A short lock held for longer than this belongs to a process that was stopped (fault 8).
const SHORT_LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Turns of this process, by lock file.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, path: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(path.to_path_buf()).or_default())
    }
}

/// A held lock.
struct Held {
    _files: [File; 2],
    _turn: OwnedMutexGuard<()>,
}

impl ProfileLock for Held {}

/// Takes the lock, waiting at most `patience`. It is two files in two folders, and who has it has both: a cleaner that
/// removes the one from under its holder lets others past that one only.
pub(crate) async fn take(
    turns: &Turns,
    paths: [&Path; 2],
    patience: Duration,
) -> Result<Box<dyn ProfileLock>, Failure> {
    let within = tokio::time::timeout(patience, async {
        let turn = turns.of(paths[0]).lock_owned().await;
        loop {
            if let Some(first) = try_lock(paths[0])?
                && let Some(second) = try_lock(paths[1])?
            {
                return Ok::<_, StoreProblem>(Held { _files: [first, second], _turn: turn });
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
    });
    match within.await {
        Ok(held) => Ok(Box::new(held?)),
        Err(_elapsed) => Err(Temporary::Busy.into()),
    }
}

/// Takes the lock if nobody has it. `None`: somebody has.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, StoreProblem> {
    locked(path, File::try_lock)
}

fn locked(
    path: &Path,
    lock: impl FnOnce(&File) -> Result<(), TryLockError>,
) -> Result<Option<File>, StoreProblem> {
    let file = open(path)?;
    match lock(&file) {
        Err(TryLockError::WouldBlock) => Ok(None),
        // NFS without locks, or none left: without a lock two processes could spend one refresh token.
        Err(TryLockError::Error(error)) => Err(StoreProblem::Io(format!(
            "{} cannot be locked ({error}); keyfob needs a file system with locks",
            path.display()
        ))),
        // Whoever unlinks the file between our open and our lock would let two of us in.
        Ok(()) => Ok(is_still(path, &file).then_some(file)),
    }
}

/// Waits for the short lock around one write; holders have it for milliseconds.
pub(crate) fn lock_for_write(path: &Path) -> Result<File, StoreProblem> {
    wait_for(path, || try_lock(path))
}

/// The same beside others who share it; it waits for whoever has it alone.
pub(crate) fn share_for_write(path: &Path) -> Result<File, StoreProblem> {
    wait_for(path, || locked(path, File::try_lock_shared))
}

/// Tries until it succeeds, for at most [`SHORT_LOCK_PATIENCE`]. For threads that may block.
#[expect(
    clippy::disallowed_methods,
    reason = "the kernel has no wait with a limit, and this thread runs no tasks"
)]
pub(crate) fn wait_for<T>(
    path: &Path,
    mut attempt: impl FnMut() -> Result<Option<T>, StoreProblem>,
) -> Result<T, StoreProblem> {
    let began = std::time::Instant::now();
    loop {
        if let Some(done) = attempt()? {
            return Ok(done);
        }
        if began.elapsed() > SHORT_LOCK_PATIENCE {
            let why = "is held by another keyfob process that does not move";
            return Err(StoreProblem::Io(format!("{} {why}", path.display())));
        }
        std::thread::sleep(TRY_EVERY / 5);
    }
}

fn open(path: &Path) -> Result<File, StoreProblem> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        options.mode(0o600).custom_flags(nofollow);
    }
    options.open(path).map_err(|error| problem(&error, path))
}

#[cfg(unix)]
fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(named), Ok(held)) = (std::fs::metadata(path), file.metadata()) else { return false };
    (named.dev(), named.ino()) == (held.dev(), held.ino())
}

#[cfg(not(unix))]
fn is_still(_path: &Path, _file: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_task_waits_and_gives_up_as_busy() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.lock"), folder.path().join("a.second"));
        let (turns, paths) = (Turns::default(), [first.as_path(), second.as_path()]);
        let held = take(&turns, paths, Duration::from_secs(5)).await.unwrap();
        let busy = take(&turns, paths, Duration::from_millis(30)).await.err().unwrap();
        assert_eq!(busy, Temporary::Busy.into());
        drop(held);
        assert!(take(&turns, paths, Duration::from_secs(5)).await.is_ok());
    }

    /// fault 10
    #[tokio::test]
    async fn a_holder_whose_lock_file_is_removed_keeps_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.lock"), folder.path().join("a.second"));
        for removed in [&first, &second] {
            let held = take(&Turns::default(), [&first, &second], Duration::from_secs(5)).await.unwrap();
            std::fs::remove_file(removed).unwrap();
            let other = take(&Turns::default(), [&first, &second], Duration::from_millis(30)).await;
            assert_eq!(other.err(), Some(Temporary::Busy.into()));
            drop(held);
        }
    }

    /// fault 10
    #[tokio::test]
    async fn an_unlinked_lock_file_lets_nobody_in_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let stale = open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let held = try_lock(&path).unwrap().expect("the new file is free");
        stale.try_lock().unwrap();
        assert!(!is_still(&path, &stale) && is_still(&path, &held));
    }
}
