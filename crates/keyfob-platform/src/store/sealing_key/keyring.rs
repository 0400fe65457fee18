//! A key in the platform's keyring: Secret Service, Keychain, Credential Manager.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::SealingKey;
use crate::keyring_entries::{self, Entry};

/// The service name of all of keyfob's own entries.
const SERVICE: &str = "keyfob";

pub(super) fn load(key_id: &str) -> Result<SealingKey, StoreProblem> {
    let missing = || StoreProblem::KeyMissing(format!("the keyring (service {SERVICE}, account {key_id})"));
    let text = keyring_entries::read(&entry(key_id))?.ok_or_else(missing)?;
    let bytes = Zeroizing::new(STANDARD_NO_PAD.decode(text.trim()).map_err(|_| missing())?);
    SealingKey::from_slice(&bytes).ok_or_else(missing)
}

pub(super) fn store(key_id: &str, key: SealingKey) -> Result<SealingKey, StoreProblem> {
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(key.bytes()));
    keyring_entries::write(&entry(key_id), text).map(|()| key)
}

pub(super) fn remove(key_id: &str) -> Result<(), StoreProblem> {
    keyring_entries::remove(&entry(key_id))
}

/// Whether a keyring answers at all.
pub(super) fn reachable() -> Result<(), StoreProblem> {
    keyring_entries::read(&entry("probe")).map(|_| ())
}

fn entry(key_id: &str) -> Entry {
    Entry { service: SERVICE.into(), account: key_id.into() }
}
