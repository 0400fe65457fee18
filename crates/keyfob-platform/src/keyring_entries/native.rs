//! Keychain and Credential Manager, through the `keyring` crate. Not run here.

use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::Entry;

/// Both are part of the system.
#[expect(clippy::unnecessary_wraps, reason = "the Secret Service may be absent")]
pub(super) fn present() -> Result<(), StoreProblem> {
    Ok(())
}

/// The system asks by itself where a secret is read.
#[expect(clippy::unnecessary_wraps, reason = "the Secret Service may stay locked")]
pub(super) fn unlock() -> Result<(), StoreProblem> {
    Ok(())
}

pub(super) fn read(entry: &Entry) -> Result<Option<Zeroizing<String>>, StoreProblem> {
    match open(entry)?.get_password() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(problem(&error)),
    }
}

pub(super) fn write(entry: &Entry, secret: &str) -> Result<(), StoreProblem> {
    open(entry)?.set_password(secret).map_err(|error| problem(&error))
}

pub(super) fn remove(entry: &Entry) -> Result<(), StoreProblem> {
    match open(entry)?.delete_credential() {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(problem(&error)),
    }
}

fn open(entry: &Entry) -> Result<keyring::Entry, StoreProblem> {
    keyring::Entry::new(&entry.service, &entry.account).map_err(|error| problem(&error))
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
