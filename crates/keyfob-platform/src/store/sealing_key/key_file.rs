//! A key in a file of mode 0600. It protects copies and backups of the store, not this account.

use std::path::Path;

use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::SealingKey;
use crate::store::atomic_file;

pub(super) fn load(path: &Path) -> Result<SealingKey, StoreProblem> {
    let bytes = atomic_file::read(path, 32)?.map(Zeroizing::new);
    let bytes = bytes.ok_or_else(|| StoreProblem::KeyMissing(path.display().to_string()))?;
    SealingKey::from_slice(&bytes).ok_or_else(|| StoreProblem::Damaged(path.display().to_string()))
}

pub(super) fn store(path: &Path, key: &SealingKey) -> Result<(), StoreProblem> {
    atomic_file::replace(path, key.bytes())
}
