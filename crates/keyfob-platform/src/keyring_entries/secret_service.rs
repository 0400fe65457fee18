//! The Secret Service of Linux desktops (GNOME Keyring, KWallet, KeePassXC), one connection for each call.
//!
//! `keyring` does not serve here: it makes one connection for the life of the process, so that a keyring which starts late
//! or starts again is never found (fault 30), and it unlocks by a prompt, under a mutex, that may never end (V19). Entries
//! are found by the same two attributes, so that either reads what the other wrote.

use std::collections::HashMap;

use keyfob_core::failure::StoreProblem;
use secret_service::blocking::{Item, SecretService};
use secret_service::{EncryptionType, Error};
use zeroize::Zeroizing;

use super::Entry;

/// What libsecret's own tools show as text.
const CONTENT_TYPE: &str = "text/plain";

/// Without a session bus there is no Secret Service, and looking for one would take seconds (fault 32).
pub(super) fn present() -> Result<(), StoreProblem> {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty()) {
        return Ok(());
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    if runtime.is_some_and(|folder| folder.join("bus").exists()) {
        return Ok(());
    }
    Err(StoreProblem::NoKeyring("there is no session bus".into()))
}

pub(super) fn read(entry: &Entry) -> Result<Option<Zeroizing<String>>, StoreProblem> {
    let service = connect()?;
    let Some(item) = unlocked(&service, entry)? else { return Ok(None) };
    let bytes = Zeroizing::new(item.get_secret().map_err(problem)?);
    let text =
        std::str::from_utf8(&bytes).map_err(|_| StoreProblem::Io("the keyring's entry is no text".into()))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

pub(super) fn write(entry: &Entry, secret: &str) -> Result<(), StoreProblem> {
    let service = connect()?;
    if let Some(item) = unlocked(&service, entry)? {
        return item.set_secret(secret.as_bytes(), CONTENT_TYPE).map_err(problem);
    }
    let collection = match service.get_default_collection() {
        Err(Error::NoResult) => return Err(StoreProblem::NoKeyring("there is no default keyring".into())),
        collection => collection.map_err(problem)?,
    };
    let label = format!("{} ({})", entry.service, entry.account);
    let made = collection.create_item(&label, attributes(entry), secret.as_bytes(), true, CONTENT_TYPE);
    made.map(|_| ()).map_err(problem)
}

pub(super) fn remove(entry: &Entry) -> Result<(), StoreProblem> {
    match unlocked(&connect()?, entry)? {
        Some(item) => item.delete().map_err(problem),
        None => Ok(()),
    }
}

/// Waits for the desktop's prompt.
pub(super) fn unlock() -> Result<(), StoreProblem> {
    let service = connect()?;
    let collection = match service.get_default_collection() {
        Err(Error::NoResult) => return Err(StoreProblem::NoKeyring("there is no default keyring".into())),
        collection => collection.map_err(problem)?,
    };
    collection.unlock().map_err(problem)?;
    if collection.is_locked().map_err(problem)? { Err(StoreProblem::Locked) } else { Ok(()) }
}

/// The exchange is encrypted on the bus, so that no trace of bus traffic holds a secret.
fn connect() -> Result<SecretService<'static>, StoreProblem> {
    SecretService::connect(EncryptionType::Dh).map_err(problem)
}

fn attributes(entry: &Entry) -> HashMap<&str, &str> {
    HashMap::from([("service", entry.service.as_str()), ("username", entry.account.as_str())])
}

/// The entry, if it can be read without a prompt. Whether a keyring is locked is asked and never changed: the prompt to
/// unlock it may never end.
fn unlocked<'a>(service: &'a SecretService<'a>, entry: &Entry) -> Result<Option<Item<'a>>, StoreProblem> {
    let found = service.search_items(attributes(entry)).map_err(problem)?;
    if let Some(item) = found.unlocked.into_iter().next() {
        return Ok(Some(item));
    }
    // Some keyrings hide what is in a locked collection: "not found" counts only where the default one is open.
    if !found.locked.is_empty() || default_is_locked(service)? {
        return Err(StoreProblem::Locked);
    }
    Ok(None)
}

fn default_is_locked<'a>(service: &'a SecretService<'a>) -> Result<bool, StoreProblem> {
    match service.get_default_collection() {
        Ok(collection) => collection.is_locked().map_err(problem),
        Err(Error::NoResult) => Ok(false),
        Err(error) => Err(problem(error)),
    }
}

fn problem(error: Error) -> StoreProblem {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => StoreProblem::Locked,
        Error::Unavailable => StoreProblem::NoKeyring("no program offers the Secret Service".into()),
        Error::Zbus(error) => StoreProblem::NoKeyring(error.to_string()),
        Error::ZbusFdo(error) => StoreProblem::NoKeyring(error.to_string()),
        other => StoreProblem::Io(format!("the keyring: {other}")),
    }
}
