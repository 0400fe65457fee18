//! Moving the sealing key to another place. It is a new key, because a copy of the old one may lie in a backup of the old
//! place. A kill at any point loses nothing: every record opens with the current or a former key, and the same command again
//! goes on where it was.
//!
//! 1. A new key is made in its place and read back from there.
//! 2. `store.toml` names it as current and the old one as former. Whoever seals from now on uses the new one.
//! 3. Record by record is sealed anew, under the lock of its writers.
//! 4. The old key is destroyed, then forgotten.

use std::sync::Arc;

use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;

use super::backend::{Backend, Choice};
use super::key_record::KeyRecord;
use super::sealed_store::{Files, LARGEST, SealedStore, replace_marked};
use super::sealing_key::{PassphrasePrompt, SealingKey, SealingKeySource, leftovers};
use super::{atomic_file, profile_lock, sealed_file};
use crate::config_file::Settings;
use crate::paths::Paths;

/// What a move did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where the key was; `None` where nothing had been sealed.
    pub from: Option<Backend>,
    /// Records sealed with the new key now.
    pub sealed: usize,
    /// Records that open with no key at hand. They stay as they are, and so does what is known of their key.
    pub unopened: Vec<ProfileName>,
}

/// Moves the key to `to`, or goes on with a move that was interrupted.
///
/// # Errors
/// The old key cannot be had, the new place does not take one, or a file cannot be written; the store is usable then as it
/// was before.
pub fn move_key(paths: &Paths, to: Backend, prompt: Option<PassphrasePrompt>) -> Result<Moved, Failure> {
    let keys = Arc::new(SealingKeySource::new(paths.clone(), Choice::default(), prompt));
    let files = SealedStore::new(paths.clone(), Arc::clone(&keys)).files();
    atomic_file::private_folder(&paths.locks_dir())?;
    let _only_mover = profile_lock::lock_for_write(&paths.locks_dir().join("store-move"))?;
    let before = keys.record()?;
    let from = before.as_ref().and_then(|record| record.places().next()).map(|place| place.backend);
    switch(paths, &keys, to)?;
    let (mut sealed, mut unopened) = (0, Vec::new());
    for name in files.names()? {
        if files.seal_anew(&name)? { sealed += 1 } else { unopened.push(name) }
    }
    if unopened.is_empty() {
        forget_former(paths, &keys)?;
    }
    Ok(Moved { from, sealed, unopened })
}

/// Steps 1 and 2, while nobody seals.
fn switch(paths: &Paths, keys: &SealingKeySource, to: Backend) -> Result<(), Failure> {
    let _alone = keys.alone()?;
    let record = keys.record()?;
    if let Some(current) = record.as_ref().and_then(|record| record.current.as_ref()) {
        // What cannot be opened cannot be sealed anew.
        keys.key_at(current)?;
        if current.backend == to {
            return Ok(());
        }
    }
    let known: Vec<_> = record.iter().flat_map(KeyRecord::places).cloned().collect();
    if !known.is_empty() {
        leftovers::sweep(paths, &known)?;
    }
    let new = keys.make(to)?;
    Settings::follow_store_move(paths, to)?;
    Ok(KeyRecord::new(Some(new), known).write(paths)?)
}

/// Step 4. A kill between the two leaves a former place without a key, which no record needs.
fn forget_former(paths: &Paths, keys: &SealingKeySource) -> Result<(), StoreProblem> {
    let _alone = keys.alone()?;
    let Some(record) = keys.record()?.filter(|record| !record.former.is_empty()) else { return Ok(()) };
    for place in &record.former {
        keys.destroy(place)?;
    }
    KeyRecord::new(record.current, Vec::new()).write(paths)
}

impl Files {
    /// Step 3 for one record; false where it does not open.
    fn seal_anew(&self, profile: &ProfileName) -> Result<bool, StoreProblem> {
        let lock = self.write_lock(profile)?;
        let path = self.path(profile);
        let Some(file) = atomic_file::read(&path, LARGEST)? else { return Ok(true) };
        if sealed_file::newer_format(&file).is_some() {
            return Ok(false);
        }
        let key: SealingKey = self.keys.existing()?;
        if sealed_file::open(&key, profile, &file).is_some() {
            return Ok(true);
        }
        let Ok(text) = self.open(self.keys.record()?.as_ref(), profile, &file) else { return Ok(false) };
        replace_marked(&lock, &path, &sealed_file::seal(&key, profile, &text)).map(|()| true)
    }
}

#[cfg(test)]
#[path = "moving_tests.rs"]
mod tests;
