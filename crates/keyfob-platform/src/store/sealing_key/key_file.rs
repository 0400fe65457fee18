//! A key in a file of mode 0600. It protects copies and backups of the store, not this account.

use std::path::Path;

use keyfob_core::failure::StoreProblem;
use zeroize::Zeroizing;

use super::SealingKey;
use crate::store::atomic_file;

/// More than a key, so that a longer file is told as what it is.
const MOST: u64 = 4096;

pub(super) fn load(path: &Path) -> Result<SealingKey, StoreProblem> {
    let missing = |why: &str| StoreProblem::KeyMissing(format!("{}{why}", path.display()));
    let bytes = atomic_file::read(path, MOST)?.map(Zeroizing::new).ok_or_else(|| missing(""))?;
    SealingKey::from_slice(&bytes).ok_or_else(|| missing(": what is there is no key any more"))
}

pub(super) fn store(path: &Path, key: SealingKey) -> Result<SealingKey, StoreProblem> {
    atomic_file::replace(path, key.bytes()).map(|()| key)
}
