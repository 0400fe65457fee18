//! Lines of standard input: one reader for all who want some while a sign-in goes on. Each line goes to whoever asked last and still
//! listens, so that an answer to a question is never taken for a pasted address.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyfob_platform::threads;
use tokio::io::AsyncBufReadExt as _;
use tokio::sync::mpsc;

static LISTENERS: Mutex<Vec<mpsc::Sender<String>>> = Mutex::new(Vec::new());
static BEGUN: AtomicBool = AtomicBool::new(false);
static ENDED: AtomicBool = AtomicBool::new(false);

/// Sends the lines from now on here, and begins to read where nobody has.
pub(crate) fn listen(lines: mpsc::Sender<String>) {
    if ENDED.load(Ordering::Acquire) {
        return;
    }
    // Reading has a thread of its own, and tokio panics where the system has none left (fault 39).
    if threads::are_left(1).is_err() {
        return;
    }
    listeners().push(lines);
    if !BEGUN.swap(true, Ordering::AcqRel) {
        tokio::spawn(read());
    }
}

/// The next line; `None` where standard input is at its end.
pub(crate) async fn next_line() -> Option<String> {
    let (sender, mut lines) = mpsc::channel(1);
    listen(sender);
    lines.recv().await
}

async fn read() {
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        deliver(line);
    }
    ENDED.store(true, Ordering::Release);
    // Whoever still waits hears that nothing more will come.
    listeners().clear();
}

/// To the newest that is still there and has room; a line that nobody waits for is dropped.
fn deliver(line: String) {
    let mut listeners = listeners();
    listeners.retain(|listener| !listener.is_closed());
    if let Some(newest) = listeners.last() {
        let _ = newest.try_send(line);
    }
}

fn listeners() -> MutexGuard<'static, Vec<mpsc::Sender<String>>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}
