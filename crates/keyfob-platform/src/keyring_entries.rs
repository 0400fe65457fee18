//! Entries in the platform's keyring. Every call runs on a thread of its own and answers within 3 s: keyrings hang on
//! prompts nobody sees (V19). A call that hangs is left behind; it has a connection of its own and keeps nobody else
//! waiting.

#[cfg(any(windows, target_os = "macos"))]
mod native;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

#[cfg(any(windows, target_os = "macos"))]
use native as keyring;
#[cfg(all(unix, not(target_os = "macos")))]
use secret_service as keyring;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::KeyringEntries;
use keyfob_core::failure::StoreProblem;
use keyfob_core::secret::SecretText;
use zeroize::Zeroizing;

use crate::paths::Paths;
use crate::threads;
use crate::written::Written;

/// Longest wait for the keyring.
const PATIENCE: Duration = Duration::from_secs(3);
/// Threads waiting for a keyring that hangs: one more would tell nothing new.
const MOST_UNANSWERED: usize = 8;

/// Threads of one call: ours, and on Linux those of the D-Bus library, one for the connection and at the first call one for all.
const MOST_STARTED: usize = 3;

/// Calls without an answer yet, those left behind included.
static UNANSWERED: AtomicUsize = AtomicUsize::new(0);

/// Names an entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) service: String,
    pub(crate) account: String,
}

/// The platform's keyring as a place for tokens of other programs.
#[derive(Debug, Clone)]
pub struct SystemKeyringEntries {
    written: Written,
}

impl SystemKeyringEntries {
    /// Nothing is looked at yet.
    pub fn new(paths: &Paths) -> Self {
        Self { written: Written::new(paths) }
    }
}

#[async_trait]
impl KeyringEntries for SystemKeyringEntries {
    #[expect(
        clippy::disallowed_methods,
        reason = "the user chose this keyring entry as a place for the token"
    )]
    async fn write(&self, service: &str, account: &str, secret: &SecretText) -> Result<(), StoreProblem> {
        let entry = Entry { service: service.to_owned(), account: account.to_owned() };
        let secret = Zeroizing::new(secret.expose_secret().to_owned());
        let written = self.written.clone();
        off_thread(move || {
            let notes = written.of_entry(&entry.service, &entry.account);
            // Before the entry, so that whoever is cut off in between leaves no token that nobody takes away.
            notes.add(secret.as_bytes())?;
            write(&entry, secret.clone())?;
            // A sign-out in between has forgotten it.
            notes.add(secret.as_bytes()).map(drop)
        })
        .await
    }

    async fn remove(&self, service: &str, account: &str) -> Result<(), StoreProblem> {
        let entry = Entry { service: service.to_owned(), account: account.to_owned() };
        let written = self.written.clone();
        off_thread(move || {
            let notes = written.of_entry(&entry.service, &entry.account);
            let is_ours = notes.values()?;
            match read(&entry)? {
                Some(held) if !is_ours(held.as_bytes()) => {
                    Err(StoreProblem::Io("keyfob did not write what this entry holds, so it stays".into()))
                }
                Some(_) => remove(&entry).and_then(|()| notes.forget()),
                None => notes.forget(),
            }
        })
        .await
    }

    #[expect(clippy::disallowed_methods, reason = "compared with what the entry holds")]
    async fn holds(&self, service: &str, account: &str, secret: &SecretText) -> Result<bool, StoreProblem> {
        let entry = Entry { service: service.to_owned(), account: account.to_owned() };
        let wanted = Zeroizing::new(secret.expose_secret().to_owned());
        let written = self.written.clone();
        off_thread(move || {
            let holds = read(&entry)?.is_some_and(|held| *held == *wanted);
            if holds {
                written.of_entry(&entry.service, &entry.account).add(wanted.as_bytes())?;
            }
            Ok(holds)
        })
        .await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    threads::on_a_thread(work).await.unwrap_or_else(|error| Err(StoreProblem::Io(error.to_string())))
}

/// Asks the desktop to open its keyring, for as long as its own prompt stays open: only for a person who has just asked for it.
/// A prompt that was closed leaves it locked.
pub async fn unlock() -> Result<(), StoreProblem> {
    keyring::present()?;
    off_thread(keyring::unlock).await
}

/// Reads an entry; `None` where there is none in an unlocked keyring.
pub(crate) fn read(entry: &Entry) -> Result<Option<Zeroizing<String>>, StoreProblem> {
    let entry = entry.clone();
    bounded(move || keyring::read(&entry))
}

/// Writes an entry.
pub(crate) fn write(entry: &Entry, secret: Zeroizing<String>) -> Result<(), StoreProblem> {
    let entry = entry.clone();
    bounded(move || keyring::write(&entry, &secret))
}

/// Removes an entry; one that is not there is fine.
pub(crate) fn remove(entry: &Entry) -> Result<(), StoreProblem> {
    let entry = entry.clone();
    bounded(move || keyring::remove(&entry))
}

fn bounded<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    keyring::present()?;
    within_patience(call)
}

/// Runs `call` on a thread that is left behind if it takes longer than [`PATIENCE`].
fn within_patience<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    if UNANSWERED.fetch_add(1, Ordering::SeqCst) >= MOST_UNANSWERED {
        UNANSWERED.fetch_sub(1, Ordering::SeqCst);
        return Err(StoreProblem::Slow);
    }
    let answered = Answered;
    // No thread left (fault 39): a reported state, not a panic.
    let refused = |error: std::io::Error| StoreProblem::Io(format!("no thread for the keyring: {error}"));
    threads::are_left(MOST_STARTED).map_err(refused)?;
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name("keyring".into()).spawn(move || {
        let outcome = call();
        drop(answered);
        // The waiter may have gone; the answer is worth nothing then.
        let _ = sender.send(outcome);
    });
    thread.map_err(refused)?;
    receiver.recv_timeout(PATIENCE).unwrap_or(Err(StoreProblem::Slow))
}

/// Counts a call as answered when dropped, however it ends.
struct Answered;

impl Drop for Answered {
    fn drop(&mut self) {
        UNANSWERED.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V19, V23: a keyring that hangs is a reported state in time, a crowd of hanging calls does not grow without end, and one that
    /// hangs at a prompt holds no other call up: they share neither a connection nor a lock.
    #[test]
    fn a_keyring_that_hangs_is_slow_within_its_three_seconds() {
        let (release, hang) = mpsc::channel::<()>();
        let hang = std::sync::Arc::new(std::sync::Mutex::new(hang));
        let hanging = |hang: &std::sync::Arc<std::sync::Mutex<mpsc::Receiver<()>>>| {
            let hang = std::sync::Arc::clone(hang);
            within_patience(move || {
                let _ = hang.lock().unwrap().recv();
                Ok(())
            })
        };
        let began = std::time::Instant::now();
        std::thread::scope(|scope| {
            for caller in (0..30).map(|_| scope.spawn(|| hanging(&hang))).collect::<Vec<_>>() {
                assert_eq!(caller.join().unwrap(), Err(StoreProblem::Slow));
            }
        });
        assert!(began.elapsed() < Duration::from_millis(3500), "{:?}", began.elapsed());
        assert_eq!(UNANSWERED.load(Ordering::SeqCst), MOST_UNANSWERED);
        drop(release);
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while UNANSWERED.load(Ordering::SeqCst) > 0 || within_patience(|| Ok(())).is_err() {
            assert!(std::time::Instant::now() < deadline, "the calls that ended are still counted");
            std::thread::yield_now();
        }
        let (release, hang) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let hanging = scope.spawn(|| within_patience(move || Ok(hang.recv().is_err())));
            while UNANSWERED.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            for n in 0..100 {
                assert_eq!(within_patience(move || Ok(n)), Ok(n), "beside a prompt that nobody answers");
            }
            assert_eq!(UNANSWERED.load(Ordering::SeqCst), 1);
            drop(release);
            assert_eq!(hanging.join().unwrap(), Ok(true));
        });
    }
}
