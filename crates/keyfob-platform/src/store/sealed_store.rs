//! One sealed file per profile (sealed_file.rs), replaced by compare-and-swap on its generation.
//!
//! No earlier copy is kept: its refresh token is spent in most cases, so that presenting it would end the whole sign-in at
//! the server (RFC 9700 §4.14.2), and it would outlive a sign-out. A record that does not open stays where it is, for a
//! backup to be laid over it, until its owner gives it up: then it is set aside under a name with the date.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{CommitError, CredentialStore, ProfileLock, StoreStatus};
use keyfob_core::credential::{Credential, UnreadableCredential};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{Fingerprint, SecretText};
use sha2::{Digest, Sha256};

use super::key_record::KeyRecord;
use super::profile_lock::{self, Turns};
use super::sealing_key::SealingKeySource;
use super::{atomic_file, sealed_file};
use crate::paths::Paths;
use crate::threads;

/// A record with a few 64 kB tokens fits; anything larger is not ours.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// The store on disk.
pub struct SealedStore {
    paths: Paths,
    keys: Arc<SealingKeySource>,
    turns: Turns,
    unsettled: Arc<Unsettled>,
}

/// Records that are in place although their commit failed (the last sync did), by the digest of the file. When the same
/// commit is tried again, it has lost to nobody but itself.
type Unsettled = Mutex<HashMap<ProfileName, Fingerprint>>;

impl SealedStore {
    /// Opens the store; nothing is read or asked for yet.
    pub fn new(paths: Paths, keys: Arc<SealingKeySource>) -> Self {
        Self { paths, keys, turns: Turns::default(), unsettled: Arc::default() }
    }

    pub(super) fn files(&self) -> Files {
        Files {
            paths: self.paths.clone(),
            keys: Arc::clone(&self.keys),
            unsettled: Arc::clone(&self.unsettled),
        }
    }

    /// Runs file work off the async threads: disks may be slow, and a keyring slower.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, CommitError> + Send + 'static,
    ) -> Result<T, CommitError> {
        let files = self.files();
        threads::on_a_thread_or_here(move || work(&files))
            .await
            .unwrap_or_else(|error| Err(StoreProblem::Io(format!("the store: {error}")).into()))
    }
}

#[async_trait]
impl CredentialStore for SealedStore {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        let profile = profile.clone();
        self.off_thread(move |files| Ok(files.read(&profile)?)).await.map_err(only_store)
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        let (profile, credential) = (profile.clone(), credential.clone());
        self.off_thread(move |files| files.commit(&profile, expected, credential)).await
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        self.off_thread(|files| Ok(files.names()?)).await.map_err(only_store)
    }

    async fn remove(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        let profile = profile.clone();
        self.off_thread(move |files| files.remove(&profile, expected)).await
    }

    async fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        let profile = profile.clone();
        self.off_thread(move |files| Ok(files.set_aside(&profile)?)).await.map_err(only_store)
    }

    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        atomic_file::private_folder(&self.paths.locks_dir())?;
        atomic_file::private_folder(&self.paths.credentials_dir())?;
        let first = self.paths.locks_dir().join(format!("{profile}.lock"));
        let second = self.paths.credentials_dir().join(format!(".{profile}.lock"));
        profile_lock::take(&self.turns, [&first, &second], patience).await
    }

    async fn status(&self) -> StoreStatus {
        let keys = Arc::clone(&self.keys);
        let status = threads::on_a_thread_or_here(move || keys.status()).await;
        status.unwrap_or_else(|error| StoreStatus {
            backend: "unknown".into(),
            strength: "unknown".into(),
            problem: Some(StoreProblem::Io(error.to_string())),
        })
    }
}

fn only_store(error: CommitError) -> StoreProblem {
    match error {
        CommitError::Store(problem) => problem,
        CommitError::Conflict(_) => StoreProblem::Io(error.to_string()),
    }
}

/// The blocking half.
pub(super) struct Files {
    pub(super) paths: Paths,
    pub(super) keys: Arc<SealingKeySource>,
    unsettled: Arc<Unsettled>,
}

impl Files {
    pub(super) fn path(&self, profile: &ProfileName) -> PathBuf {
        self.paths.sealed_record(profile)
    }

    /// Only "not found" is empty; every other trouble is an error (V29).
    fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        let Some(text) = self.opened(profile)? else { return Ok(None) };
        match Credential::from_plaintext(&text) {
            Ok(credential) => Ok(Some(credential)),
            Err(UnreadableCredential::Newer(schema)) => Err(StoreProblem::Newer(schema)),
            Err(UnreadableCredential::Malformed(_)) => Err(self.damaged(profile)),
        }
    }

    fn damaged(&self, profile: &ProfileName) -> StoreProblem {
        StoreProblem::Damaged(format!("{} (kept as it is)", self.path(profile).display()))
    }

    /// The record's text. Between the file and the key a move of the key may go on: what does not open counts only when
    /// both are still the same.
    fn opened(&self, profile: &ProfileName) -> Result<Option<SecretText>, StoreProblem> {
        let mut failed: Option<(Vec<u8>, Option<KeyRecord>, StoreProblem)> = None;
        loop {
            let Some(file) = atomic_file::read(&self.path(profile), LARGEST)? else { return Ok(None) };
            if let Some(newer) = sealed_file::newer_format(&file) {
                return Err(StoreProblem::Newer(newer));
            }
            let record = self.keys.record()?;
            if let Some((before, record_before, problem)) = failed
                && (before == file && record_before == record)
            {
                return Err(problem);
            }
            match self.open(record.as_ref(), profile, &file) {
                Ok(text) => return Ok(Some(text)),
                Err(problem) => failed = Some((file, record, problem)),
            }
        }
    }

    /// Tries the current key and then former ones. A key that cannot be had is the more hopeful reason than damage.
    pub(super) fn open(
        &self,
        record: Option<&KeyRecord>,
        profile: &ProfileName,
        file: &[u8],
    ) -> Result<SecretText, StoreProblem> {
        let mut problem = None;
        for place in record.into_iter().flat_map(KeyRecord::places) {
            match self.keys.key_at(place) {
                Ok(key) => match sealed_file::open(&key, profile, file) {
                    Some(text) => return Ok(text),
                    None => continue,
                },
                Err(unreachable) => problem.get_or_insert(unreachable),
            };
        }
        let no_key_known = record.is_none_or(|record| record.places().next().is_none());
        Err(match problem {
            Some(problem) => problem,
            None if no_key_known => StoreProblem::KeyMissing(self.paths.store_record().display().to_string()),
            None => self.damaged(profile),
        })
    }

    fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: Credential,
    ) -> Result<u64, CommitError> {
        let lock = self.write_lock(profile)?;
        match self.expect_generation(profile, expected) {
            Err(CommitError::Conflict(stored)) if stored == expected + 1 && self.is_unsettled(profile)? => {}
            checked => checked?,
        }
        let next = Credential { generation: expected + 1, ..credential };
        self.keys.ready(|| self.nothing_sealed())?;
        let _steady = self.keys.steady()?;
        let sealed = sealed_file::seal(&self.keys.existing()?, profile, &next.to_plaintext());
        let written = replace_marked(&lock, &self.path(profile), &sealed);
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) => unsettled.remove(profile),
            Err(_) => unsettled.insert(profile.clone(), Sha256::digest(&sealed).into()),
        };
        written?;
        Ok(next.generation)
    }

    /// True where the file in place is what this process wrote when its last commit failed.
    fn is_unsettled(&self, profile: &ProfileName) -> Result<bool, StoreProblem> {
        let stored = atomic_file::read(&self.path(profile), LARGEST)?.unwrap_or_default();
        let unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(unsettled.get(profile).is_some_and(|digest| *digest == Fingerprint::from(Sha256::digest(&stored))))
    }

    fn remove(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        let _guard = self.write_lock(profile)?;
        self.expect_generation(profile, expected)?;
        atomic_file::sweep(&self.path(profile))?;
        Ok(atomic_file::remove(&self.path(profile))?)
    }

    /// A record that opens, or that a newer keyfob wrote, stays; so does one whose key is only out of reach.
    fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        let _guard = self.write_lock(profile)?;
        // Trouble with the record of keys is not this profile's.
        self.keys.record()?;
        let key_given_up = match self.read(profile) {
            Ok(Some(_)) => return Ok(None),
            Err(StoreProblem::Damaged(_)) => false,
            Ok(None) | Err(StoreProblem::KeyMissing(_)) => self.keys.give_up_missing()?,
            Err(problem) => return Err(problem),
        };
        let path = self.path(profile);
        let aside = atomic_file::set_aside(&path)?;
        tracing::warn!(profile = %profile, key_given_up, aside = ?aside, "a record that does not open was set aside");
        Ok(aside.map(|aside| aside.display().to_string()))
    }

    pub(super) fn write_lock(&self, profile: &ProfileName) -> Result<File, StoreProblem> {
        atomic_file::private_folder(&self.paths.credentials_dir())?;
        atomic_file::private_folder(&self.paths.locks_dir())?;
        profile_lock::lock_for_write(&self.paths.locks_dir().join(format!("{profile}.write")))
    }

    fn expect_generation(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        let stored = self.read(profile)?.map_or(0, |credential| credential.generation);
        if stored == expected { Ok(()) } else { Err(CommitError::Conflict(stored)) }
    }

    /// The last written first. Whoever asks for all looks through the whole folder: what a power cut left goes with it.
    pub(super) fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        let files = self.sealed_files()?;
        if !files.is_empty() {
            atomic_file::sweep_folder(&self.paths.credentials_dir())?;
        }
        let names = files.iter().filter_map(|name| ProfileName::parse(name).ok());
        // One that went away meanwhile comes last; whoever reads it sees that it is gone.
        let written =
            |name: &ProfileName| std::fs::metadata(self.path(name)).and_then(|found| found.modified()).ok();
        let mut dated: Vec<_> = names.map(|name| (written(&name), name)).collect();
        dated.sort_by(|(one, _), (other, _)| other.cmp(one));
        Ok(dated.into_iter().map(|(_, name)| name).collect())
    }

    /// Also a file whose name is no profile's keeps a new key away.
    pub(super) fn nothing_sealed(&self) -> Result<bool, StoreProblem> {
        Ok(self.sealed_files()?.is_empty())
    }

    /// Names of sealed files without their ending. A listing that breaks off is an error, never a shorter list (V29).
    fn sealed_files(&self) -> Result<Vec<String>, StoreProblem> {
        let folder = self.paths.credentials_dir();
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| super::problem(&error, &folder))?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: std::io::Result<Vec<_>> = names.collect();
        let names = names.map_err(|error| super::problem(&error, &folder))?;
        Ok(names.iter().filter_map(|name| Some(name.strip_suffix(".sealed")?.to_owned())).collect())
    }
}

/// Replaces a record under its write lock. The lock's file is marked meanwhile, so that the next writer knows of one that was
/// killed and looks for what it left; a look at each commit would make it dearer with every profile there is.
pub(super) fn replace_marked(lock: &File, path: &Path, sealed: &[u8]) -> Result<(), StoreProblem> {
    if lock.metadata().is_ok_and(|found| found.len() > 0) {
        atomic_file::sweep(path)?;
    }
    // A disk that takes no mark is no reason to refuse a token.
    let _ = lock.set_len(1);
    atomic_file::replace(path, sealed)?;
    let _ = lock.set_len(0);
    Ok(())
}

#[cfg(test)]
#[path = "sealed_store_tests.rs"]
mod tests;
