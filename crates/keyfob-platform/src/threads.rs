//! Work that blocks, on threads of its own, and what becomes of it when the system has no thread left (fault 39). One that
//! has done its work waits for the next: making one takes longer than reading a record.
//!
//! tokio's own pool panics then, which ends the program: so nothing here or above uses it (`tests/security_rules.rs`).

use std::ffi::CStr;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

/// Runs `work` on a thread of its own: for what takes as long as others like, a name server or a keyring.
///
/// # Errors
/// The system has no thread left, and nothing was done; or the work panicked.
pub async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, outcome) = oneshot::channel();
    // Whoever asked may have gone when the work is done.
    start(move || drop(done.send(work())))?;
    outcome.await.map_err(|_| io::Error::other("a thread ended before its work"))
}

/// The same for files of this machine. Without a thread left the work is done here and now: whatever else this thread does
/// waits for the disk meanwhile, but what a server gives once is kept.
///
/// # Errors
/// The work panicked.
pub async fn on_a_thread_or_here<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, outcome) = oneshot::channel();
    start_or_do(move || drop(done.send(work())));
    outcome.await.map_err(|_| io::Error::other("a thread ended before its work"))
}

/// Waits for `work` in this thread, which may block, for at most `patience`; a thread that takes longer is left behind. Without a
/// thread left the work is done here, and takes as long as it takes.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`]; or the work panicked.
pub fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, outcome) = mpsc::channel();
    start_or_do(move || drop(done.send(work())));
    outcome.recv_timeout(patience).map_err(|why| match why {
        mpsc::RecvTimeoutError::Timeout => io::ErrorKind::TimedOut.into(),
        mpsc::RecvTimeoutError::Disconnected => io::Error::other("a thread ended before its work"),
    })
}

/// Asks the system for `many` threads and gives them back. Before a call of a library that starts its own and panics where
/// it gets none; that somebody else takes the last one in between cannot be helped here.
///
/// # Errors
/// What the system said.
pub fn are_left(many: usize) -> io::Result<()> {
    let (end, waiting) = mpsc::channel::<()>();
    let waiting = Arc::new(Mutex::new(waiting));
    let asked: Vec<_> = (0..many)
        .map(|_| {
            let waiting = Arc::clone(&waiting);
            builder().spawn(move || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok())
        })
        .collect();
    drop(end);
    asked.into_iter().try_for_each(|thread| {
        // Ended, so that their place is free again.
        let _ = thread?.join();
        Ok(())
    })
}

/// Does the work here where no thread is to be had: it is kept at hand, because a thread that cannot start drops what it got.
fn start_or_do(work: impl FnOnce() + Send + 'static) {
    let at_hand = Arc::new(Mutex::new(Some(work)));
    let there = Arc::clone(&at_hand);
    if start(move || do_once(&there)).is_err() {
        do_once(&at_hand);
    }
}

fn do_once(at_hand: &Mutex<Option<impl FnOnce()>>) {
    let work = at_hand.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(work) = work {
        work();
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// The way to the thread that waits, where one does.
static WAITING: Mutex<Option<mpsc::SyncSender<Work>>> = Mutex::new(None);

fn start(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work: Work = Box::new(work);
    let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner).take();
    let left = match waiting {
        Some(waiting) => waiting.send(work).err().map(|unsent| unsent.0),
        None => Some(work),
    };
    left.map_or(Ok(()), |work| builder().spawn(|| work_and_wait(work)).map(drop))
}

/// Ends where another thread waits already, and with work that panics.
fn work_and_wait(mut work: Work) {
    loop {
        named(c"keyfob-work");
        work();
        named(c"keyfob-waits");
        let (way, next) = mpsc::sync_channel(1);
        match &mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => return,
            place => *place = Some(way),
        }
        let Ok(given) = next.recv() else { return };
        work = given;
    }
}

/// For whoever looks which threads are at work.
fn named(name: &CStr) {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_name(name);
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

fn builder() -> std::thread::Builder {
    std::thread::Builder::new().name("keyfob-work".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_on_a_thread_of_its_own_and_one_that_panics_is_an_error() {
        let here = std::thread::current().id();
        assert_ne!(on_a_thread(|| std::thread::current().id()).await.unwrap(), here);
        assert_ne!(on_a_thread_or_here(|| std::thread::current().id()).await.unwrap(), here);
        assert!(on_a_thread(|| panic!("on purpose")).await.is_err());
        are_left(3).unwrap();
    }
}
