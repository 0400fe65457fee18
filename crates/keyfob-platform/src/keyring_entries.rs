//! Entries in the platform's keyring, through the `keyring` crate. Every call runs on a thread of its own and answers
//! within 3 s: keyrings hang on prompts nobody sees (V19).

use std::sync::mpsc;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::KeyringEntries;
use keyfob_core::failure::StoreProblem;
use keyfob_core::secret::SecretText;
use zeroize::Zeroizing;

/// Longest wait for the keyring.
const PATIENCE: Duration = Duration::from_secs(3);

/// Names an entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) service: String,
    pub(crate) account: String,
}

/// The platform's keyring as a place for tokens of other programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeyringEntries;

#[async_trait]
impl KeyringEntries for SystemKeyringEntries {
    #[expect(
        clippy::disallowed_methods,
        reason = "the user chose this keyring entry as a place for the token"
    )]
    async fn write(&self, service: &str, account: &str, secret: &SecretText) -> Result<(), StoreProblem> {
        let entry = Entry { service: service.to_owned(), account: account.to_owned() };
        let secret = Zeroizing::new(secret.expose_secret().to_owned());
        off_thread(move || write(&entry, secret)).await
    }

    async fn remove(&self, service: &str, account: &str) -> Result<(), StoreProblem> {
        let entry = Entry { service: service.to_owned(), account: account.to_owned() };
        off_thread(move || bounded(move || ignore_missing(open(&entry)?.delete_credential()))).await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreProblem::Io(error.to_string())))
}

/// Reads an entry; `None` where there is none.
pub(crate) fn read(entry: &Entry) -> Result<Option<Zeroizing<String>>, StoreProblem> {
    let entry = entry.clone();
    bounded(move || match open(&entry)?.get_password() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(problem(&error)),
    })
}

/// Writes an entry.
pub(crate) fn write(entry: &Entry, secret: Zeroizing<String>) -> Result<(), StoreProblem> {
    let entry = entry.clone();
    bounded(move || open(&entry)?.set_password(&secret).map_err(|error| problem(&error)))
}

fn open(entry: &Entry) -> Result<keyring::Entry, StoreProblem> {
    keyring::Entry::new(&entry.service, &entry.account).map_err(|error| problem(&error))
}

fn ignore_missing(outcome: keyring::Result<()>) -> Result<(), StoreProblem> {
    match outcome {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(problem(&error)),
    }
}

/// Runs `call` on a thread that is left behind if it takes longer than [`PATIENCE`].
fn bounded<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, StoreProblem> + Send + 'static,
) -> Result<T, StoreProblem> {
    session_bus()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // The waiter may have gone; the answer is worth nothing then.
        let _ = sender.send(call());
    });
    receiver.recv_timeout(PATIENCE).unwrap_or(Err(StoreProblem::Slow))
}

/// Without a session bus there is no Secret Service, and looking for one would take seconds (fault 32).
#[cfg(all(unix, not(target_os = "macos")))]
fn session_bus() -> Result<(), StoreProblem> {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty()) {
        return Ok(());
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    let usual = runtime.map(|folder| folder.join("bus"));
    if usual.is_some_and(|bus| bus.exists()) {
        return Ok(());
    }
    Err(StoreProblem::NoKeyring("there is no session bus".into()))
}

#[cfg(any(windows, target_os = "macos"))]
fn session_bus() -> Result<(), StoreProblem> {
    Ok(())
}

fn problem(error: &keyring::Error) -> StoreProblem {
    match error {
        keyring::Error::NoStorageAccess(_) => StoreProblem::Locked,
        keyring::Error::NoDefaultStore | keyring::Error::NotSupportedByStore(_) => {
            StoreProblem::NoKeyring(error.to_string())
        }
        keyring::Error::PlatformFailure(cause) => StoreProblem::NoKeyring(cause.to_string()),
        other => StoreProblem::Io(format!("the keyring: {other}")),
    }
}
