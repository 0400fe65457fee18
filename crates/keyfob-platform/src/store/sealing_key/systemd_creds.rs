//! A key that systemd unseals for the service (`LoadCredentialEncrypted=`), bound to the machine or its TPM.

use std::path::PathBuf;

use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::SealingKey;

/// The credential's name in the unit.
const NAME: &str = "keyfob-sealing-key";

pub(super) fn load() -> Result<SealingKey, StoreProblem> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        StoreProblem::KeyMissing("systemd: CREDENTIALS_DIRECTORY is not set for this process".into())
    })?;
    let path = PathBuf::from(folder).join(NAME);
    let bytes = std::fs::read(&path)
        .map(Zeroizing::new)
        .map_err(|error| StoreProblem::KeyMissing(format!("{}: {error}", path.display())))?;
    SealingKey::from_slice(&bytes)
        .ok_or_else(|| StoreProblem::Damaged(format!("{} is not 32 bytes", path.display())))
}
