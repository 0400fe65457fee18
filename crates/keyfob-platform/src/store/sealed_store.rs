//! One sealed file per profile: a header line, a nonce, and the credential under XChaCha20-Poly1305, bound to the header
//! and the profile's name, so that a file moved from one profile to another does not open.
//!
//! No earlier copy is kept: its refresh token is spent in most cases, so that presenting it would end the whole sign-in at
//! the server (RFC 9700 §4.14.2), and it would outlive a sign-out. A record that does not open stays where it is, for a
//! backup to be laid over it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use keyfob_agent::ports::{CommitError, CredentialStore, ProfileLock, StoreStatus};
use keyfob_core::credential::{Credential, UnreadableCredential};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{Fingerprint, SecretText};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::atomic_file;
use super::profile_lock::{self, Turns};
use super::sealing_key::{SealingKey, SealingKeySource};
use crate::entropy;
use crate::paths::Paths;

const HEADER: &[u8] = b"keyfob-sealed 1\n";
/// The number in [`HEADER`].
const FORMAT: u32 = 1;
const NONCE: usize = 24;
/// A record with a few 64 kB tokens fits; anything larger is not ours.
const LARGEST: u64 = 4 * 1024 * 1024;

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

    fn files(&self) -> Files {
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
        tokio::task::spawn_blocking(move || work(&files)).await.unwrap_or_else(|error| {
            Err(StoreProblem::Io(format!("the store's thread ended: {error}")).into())
        })
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

    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        atomic_file::private_folder(&self.paths.locks_dir())?;
        atomic_file::private_folder(&self.paths.credentials_dir())?;
        let first = self.paths.locks_dir().join(format!("{profile}.lock"));
        let second = self.paths.credentials_dir().join(format!(".{profile}.lock"));
        profile_lock::take(&self.turns, [&first, &second], patience).await
    }

    async fn status(&self) -> StoreStatus {
        let keys = Arc::clone(&self.keys);
        let status = tokio::task::spawn_blocking(move || keys.status()).await;
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
struct Files {
    paths: Paths,
    keys: Arc<SealingKeySource>,
    unsettled: Arc<Unsettled>,
}

impl Files {
    fn path(&self, profile: &ProfileName) -> PathBuf {
        self.paths.sealed_record(profile)
    }

    /// Only "not found" is empty; every other trouble is an error (V29).
    fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        let path = self.path(profile);
        let Some(sealed) = atomic_file::read(&path, LARGEST)? else { return Ok(None) };
        if let Some(newer) = newer_format(&sealed) {
            return Err(StoreProblem::Newer(newer));
        }
        let key = self.keys.existing()?;
        let damaged = || StoreProblem::Damaged(format!("{} (kept as it is)", path.display()));
        let text = open(&key, profile, &sealed).ok_or_else(damaged)?;
        match Credential::from_plaintext(&text) {
            Ok(credential) => Ok(Some(credential)),
            Err(UnreadableCredential::Newer(schema)) => Err(StoreProblem::Newer(schema)),
            Err(UnreadableCredential::Malformed(_)) => Err(damaged()),
        }
    }

    fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: Credential,
    ) -> Result<u64, CommitError> {
        let _guard = self.write_lock(profile)?;
        match self.expect_generation(profile, expected) {
            Err(CommitError::Conflict(stored)) if stored == expected + 1 && self.is_unsettled(profile)? => {}
            checked => checked?,
        }
        let next = Credential { generation: expected + 1, ..credential };
        let key = self.keys.existing_or_new(|| self.nothing_sealed())?;
        let sealed = seal(&key, profile, &next.to_plaintext());
        let path = self.path(profile);
        atomic_file::sweep(&path)?;
        let written = atomic_file::replace(&path, &sealed);
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

    fn write_lock(&self, profile: &ProfileName) -> Result<std::fs::File, StoreProblem> {
        atomic_file::private_folder(&self.paths.credentials_dir())?;
        atomic_file::private_folder(&self.paths.locks_dir())?;
        profile_lock::lock_for_write(&self.paths.locks_dir().join(format!("{profile}.write")))
    }

    fn expect_generation(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        let stored = self.read(profile)?.map_or(0, |credential| credential.generation);
        if stored == expected { Ok(()) } else { Err(CommitError::Conflict(stored)) }
    }

    fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        Ok(self.sealed_files()?.iter().filter_map(|name| ProfileName::parse(name).ok()).collect())
    }

    /// Also a file whose name is no profile's keeps a new key away.
    fn nothing_sealed(&self) -> Result<bool, StoreProblem> {
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

/// The number in the header of a file that a later keyfob wrote in another format (fault 37).
fn newer_format(file: &[u8]) -> Option<u32> {
    let line = file.strip_prefix(b"keyfob-sealed ")?.split(|byte| *byte == b'\n').next()?;
    let number = std::str::from_utf8(line).ok()?.parse().ok()?;
    (number > FORMAT).then_some(number)
}

fn bound_data(profile: &ProfileName) -> Vec<u8> {
    [HEADER, profile.as_str().as_bytes()].concat()
}

#[expect(clippy::disallowed_methods, reason = "the record's text is about to be sealed")]
fn seal(key: &SealingKey, profile: &ProfileName, text: &SecretText) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    entropy::fill(&mut nonce);
    let payload = Payload { msg: text.expose_secret().as_bytes(), aad: &bound_data(profile) };
    // This AEAD fails only for messages of more than 256 GB.
    let sealed = cipher(key).encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
    [HEADER, &nonce, &sealed].concat()
}

fn open(key: &SealingKey, profile: &ProfileName, file: &[u8]) -> Option<SecretText> {
    let (nonce, sealed) = file.strip_prefix(HEADER)?.split_at_checked(NONCE)?;
    let payload = Payload { msg: sealed, aad: &bound_data(profile) };
    let text = Zeroizing::new(cipher(key).decrypt(XNonce::from_slice(nonce), payload).ok()?);
    Some(SecretText::new(std::str::from_utf8(&text).ok()?.to_owned()))
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

#[cfg(test)]
#[path = "sealed_store_tests.rs"]
mod tests;
