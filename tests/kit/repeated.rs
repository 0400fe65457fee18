//! Looks at something again and again beside a test: what is there for a moment must not be there either.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Nothing that is there for longer goes unseen.
const EVERY: Duration = Duration::from_millis(10);

/// A look that is repeated until its end, with what it found so far.
#[derive(Debug)]
pub struct Repeated<T> {
    over: mpsc::Sender<()>,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Repeated<T> {
    /// Starts with nothing found.
    pub fn start(mut found: T, mut look: impl FnMut(&mut T) + Send + 'static) -> Self {
        let (over, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            look(&mut found);
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                look(&mut found);
            }
            found
        });
        Self { over, thread }
    }

    /// Ends it and gives what was found.
    pub fn end(self) -> T {
        drop(self.over);
        self.thread.join().expect("it goes on to its end")
    }
}
