//! How long a file for another program may take. It may lie on a disk in a network that hangs for hours, and must not keep its
//! profile from the next renewal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyfob_core::failure::StoreProblem;

use crate::threads;

/// For one piece of work on one file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files that somebody has given up waiting for and whose work has not come to its end: nobody waits for them again, and no more
/// threads hang there.
static HANGING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Whoever waits for work on a file.
#[derive(Clone, Default)]
pub(super) struct Asker(Arc<AtomicBool>);

impl Asker {
    /// Asked before anything is changed: a disk that comes back hours later must not get the token of then.
    pub(super) fn still_waits(&self) -> Result<(), StoreProblem> {
        if self.0.load(Ordering::SeqCst) {
            Err(StoreProblem::Io("nobody waits any more".into()))
        } else {
            Ok(())
        }
    }
}

/// Works on the file at `path` on a thread that is left behind if it takes longer than [`PATIENCE`].
pub(super) async fn at<T: Send + 'static>(
    path: &str,
    work: impl FnOnce(&Path, &Asker) -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    let path = PathBuf::from(path);
    let outcome = threads::on_a_thread_or_here(move || within(PATIENCE, path, work)).await;
    outcome.unwrap_or_else(|error| Err(StoreProblem::Io(error.to_string())))
}

fn within<T: Send + 'static>(
    patience: Duration,
    path: PathBuf,
    work: impl FnOnce(&Path, &Asker) -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    if hanging().contains(&path) {
        return Err(silent(&path));
    }
    let (asker, is_done) = (Asker::default(), Arc::new(AtomicBool::new(false)));
    let (file, waits, ends) = (path.clone(), asker.clone(), Arc::clone(&is_done));
    let outcome = threads::within(patience, move || {
        let outcome = work(&file, &waits);
        let mut hanging = hanging();
        ends.store(true, Ordering::SeqCst);
        hanging.remove(&file);
        outcome
    });
    match outcome {
        Ok(outcome) => outcome,
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            asker.0.store(true, Ordering::SeqCst);
            let problem = silent(&path);
            let mut hanging = hanging();
            if !is_done.load(Ordering::SeqCst) {
                hanging.insert(path);
            }
            Err(problem)
        }
        Err(error) => Err(StoreProblem::Io(error.to_string())),
    }
}

fn silent(path: &Path) -> StoreProblem {
    StoreProblem::Io(format!("the disk of {} does not answer", path.display()))
}

fn hanging() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    HANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_disk_that_hangs_costs_one_thread_and_changes_nothing_when_it_comes_back() {
        let (comes_back, hangs) = mpsc::channel::<()>();
        let (told, heard) = mpsc::channel();
        let path = PathBuf::from("/a/disk/that/hangs");
        let soon = Duration::from_millis(20);
        let first = within(soon, path.clone(), move |_, asker| {
            let _ = hangs.recv();
            told.send(asker.still_waits()).unwrap();
            Ok(())
        });
        assert_eq!(first, Err(silent(&path)));
        let second =
            within(soon, path.clone(), |_, _| -> Result<(), _> { unreachable!("it hangs there as well") });
        assert_eq!(second, Err(silent(&path)));
        assert_eq!(within(PATIENCE, "/another".into(), |_, asker| asker.still_waits()), Ok(()));
        drop(comes_back);
        assert!(heard.recv().unwrap().is_err());
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while hanging().contains(&path) {
            assert!(std::time::Instant::now() < until, "it is waited for again once it has come back");
            std::thread::yield_now();
        }
    }
}
