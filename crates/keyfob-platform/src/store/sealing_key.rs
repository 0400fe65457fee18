//! The 32-byte keys that seal records, and where they live: the user's choice, recorded at the first sealing, never
//! weakened by itself. The record is looked at anew each time, so that a running keeper follows a key that was moved.

mod key_file;
mod keyring;
pub(super) mod leftovers;
pub(super) mod passphrase;
mod systemd_creds;

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use keyfob_agent::ports::StoreStatus;
use keyfob_core::failure::StoreProblem;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::backend::{Backend, Choice};
use super::key_record::{KeyRecord, Place};
use super::profile_lock;
use crate::entropy;
use crate::file_version::FileVersion;
use crate::paths::Paths;

/// The key, zeroed when dropped.
#[derive(Clone)]
pub(crate) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy::fill(&mut *bytes);
        Self(bytes)
    }

    fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Half of a SHA-256 over a label and the key: tells two keys apart and nothing about either.
    fn check(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"keyfob sealing key\0").chain_update(self.bytes()).finalize();
        entropy::hex_digits(&digest[..16])
    }
}

/// Asks a person for the passphrase; `None` where nobody can be asked.
pub type PassphrasePrompt = Box<dyn Fn() -> Option<Zeroizing<String>> + Send + Sync>;

/// Finds keys, each once per process.
pub struct SealingKeySource {
    paths: Paths,
    choice: Choice,
    /// The choice was the recorded one when this process began: from then on a move of the key is followed.
    agreed: AtomicBool,
    prompt: Option<PassphrasePrompt>,
    loaded: Mutex<HashMap<String, Loaded>>,
    read: Mutex<Option<(FileVersion, KeyRecord)>>,
    /// Attempts to load, ended ones.
    attempts: AtomicU64,
}

/// How the last attempt to load a key ended.
type Loaded = Result<SealingKey, StoreProblem>;

impl SealingKeySource {
    /// Nothing is read or asked for yet.
    pub fn new(paths: Paths, choice: Choice, prompt: Option<PassphrasePrompt>) -> Self {
        let (agreed, attempts) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { paths, choice, agreed, prompt, loaded: Mutex::default(), attempts, read: Mutex::default() }
    }

    /// The record as it is now; another choice than the recorded one is refused.
    pub(super) fn record(&self) -> Result<Option<KeyRecord>, StoreProblem> {
        let Some(record) = self.read()? else { return Ok(None) };
        if let (Some(wanted), Some(place)) = (self.choice.0, &record.current)
            && wanted != place.backend
            && !self.agreed.load(Ordering::SeqCst)
        {
            return Err(StoreProblem::OtherBackend {
                recorded: place.backend.as_str().into(),
                wanted: wanted.as_str().into(),
            });
        }
        self.agreed.store(true, Ordering::SeqCst);
        Ok(Some(record))
    }

    /// Every hand-out asks, and to open and understand the file takes longer than the rest of it: one that has not changed is
    /// not opened again.
    fn read(&self) -> Result<Option<KeyRecord>, StoreProblem> {
        let version = FileVersion::of(&self.paths.store_record()).ok().flatten();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, record)) = &*read
            && version.as_ref() == Some(known)
        {
            return Ok(Some(record.clone()));
        }
        let record = KeyRecord::read(&self.paths)?;
        *read = version.filter(FileVersion::is_settled).zip(record.clone());
        Ok(record)
    }

    /// The current key of an existing store.
    pub(super) fn existing(&self) -> Result<SealingKey, StoreProblem> {
        let current = self.record()?.and_then(|record| record.current).ok_or_else(|| self.no_record())?;
        self.key_at(&current)
    }

    /// The key that lives there. Whoever waited for another caller's attempt shares its outcome, so that a keyring that
    /// hangs costs twenty profiles its 3 s once and not twenty times.
    pub(super) fn key_at(&self, place: &Place) -> Result<SealingKey, StoreProblem> {
        let seen = self.attempts.load(Ordering::SeqCst);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match loaded.get(&place.key_id) {
            Some(Ok(key)) => return Ok(key.clone()),
            Some(Err(problem)) if self.attempts.load(Ordering::SeqCst) != seen => return Err(problem.clone()),
            _ => {}
        }
        let outcome = self.load_checked(place);
        loaded.insert(place.key_id.clone(), outcome.clone());
        self.attempts.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    fn load_checked(&self, place: &Place) -> Result<SealingKey, StoreProblem> {
        let key = self.load(place)?;
        if key.check() == place.check {
            return Ok(key);
        }
        let backend = place.backend.as_str();
        Err(StoreProblem::KeyMissing(format!("its place ({backend}): another key is there now")))
    }

    /// Sees to it that there is a key to seal with: a new one only where `nothing_sealed` says so, or where the old one was
    /// given up.
    pub(super) fn ready(
        &self,
        nothing_sealed: impl Fn() -> Result<bool, StoreProblem>,
    ) -> Result<(), StoreProblem> {
        match self.existing() {
            // Either nothing was ever sealed, or a first sealing broke off between its record and its key.
            Err(StoreProblem::KeyMissing(_)) if self.may_begin(&nothing_sealed)? => {}
            other => return other.map(|_| ()),
        }
        // Two processes that seal for the first time must agree on one key: look again under the lock.
        let _alone = self.alone()?;
        match self.existing() {
            Err(StoreProblem::KeyMissing(_)) if self.may_begin(&nothing_sealed)? => {
                let former = self.record()?.map(|record| record.former).unwrap_or_default();
                if nothing_sealed()? || !former.is_empty() {
                    leftovers::sweep(&self.paths, &former)?;
                }
                let place = self.make(self.wanted())?;
                KeyRecord::new(Some(place), former).write(&self.paths)
            }
            other => other.map(|_| ()),
        }
    }

    fn may_begin(
        &self,
        nothing_sealed: impl Fn() -> Result<bool, StoreProblem>,
    ) -> Result<bool, StoreProblem> {
        let given_up = self.record()?.is_some_and(|record| record.current.is_none());
        Ok(given_up || nothing_sealed()?)
    }

    /// Gives up a current key that is missing, so that the next sealing makes a new one. Its place is remembered: should it
    /// come back, what it sealed opens again. True where it was missing.
    pub(super) fn give_up_missing(&self) -> Result<bool, StoreProblem> {
        let _alone = self.alone()?;
        match self.existing() {
            Ok(_) => return Ok(false),
            Err(StoreProblem::KeyMissing(_)) => {}
            Err(problem) => return Err(problem),
        }
        let former = self.record()?.map(|record| record.places().cloned().collect()).unwrap_or_default();
        KeyRecord::new(None, former).write(&self.paths)?;
        Ok(true)
    }

    /// While this is held, the record does not change: what is being sealed is sealed with the current key.
    pub(super) fn steady(&self) -> Result<File, StoreProblem> {
        profile_lock::share_for_write(&self.lock_path())
    }

    /// Nobody seals while this is held.
    pub(super) fn alone(&self) -> Result<File, StoreProblem> {
        profile_lock::lock_for_write(&self.lock_path())
    }

    fn lock_path(&self) -> std::path::PathBuf {
        self.paths.locks_dir().join("sealing-key")
    }

    /// Backend, strength, and whether the key can be had now.
    pub(crate) fn status(&self) -> StoreStatus {
        let record = self.record();
        let current = record.as_ref().ok().and_then(|record| record.as_ref()?.current.as_ref());
        // What is recorded counts, also where another choice is refused.
        let place = self.read().ok().flatten().and_then(|record| record.current);
        let backend = place.map_or_else(|| self.wanted(), |place| place.backend);
        let problem = match (&record, current) {
            (Err(problem), _) => Some(problem.clone()),
            (Ok(_), Some(place)) => self.key_at(place).err(),
            // Nothing sealed yet: only say whether sealing could begin.
            (Ok(_), None) if backend == Backend::Keyring => keyring::reachable().err(),
            (Ok(_), None) => None,
        };
        let (backend, strength) = backend.shown();
        StoreStatus { backend: backend.into(), strength: strength.into(), problem }
    }

    fn wanted(&self) -> Backend {
        self.choice.0.unwrap_or(Backend::Keyring)
    }

    /// Sealed files and no record of how they were sealed.
    fn no_record(&self) -> StoreProblem {
        StoreProblem::KeyMissing(self.paths.store_record().display().to_string())
    }

    fn load(&self, place: &Place) -> Result<SealingKey, StoreProblem> {
        match place.backend {
            Backend::Keyring => keyring::load(&place.key_id),
            Backend::KeyFile => key_file::load(&self.paths.sealing_key_file(&place.key_id)),
            Backend::SystemdCreds => systemd_creds::load(&self.paths.systemd_credential(&place.key_id)),
            Backend::Passphrase => {
                let parameters = place.passphrase.as_ref().ok_or_else(|| self.no_record())?;
                parameters.derive(&passphrase::ask(self.prompt.as_ref())?)
            }
        }
    }

    /// A new key in its place, read back from there, before any record names it and anything is sealed with it.
    pub(super) fn make(&self, backend: Backend) -> Result<Place, StoreProblem> {
        let key_id = entropy::hex(8);
        let mut parameters = None;
        let key = match backend {
            Backend::Passphrase => {
                let (made, key) = passphrase::Parameters::new(&passphrase::ask(self.prompt.as_ref())?)?;
                parameters = Some(made);
                key
            }
            Backend::Keyring => keyring::store(&key_id, SealingKey::random())?,
            Backend::KeyFile => key_file::store(&self.paths.sealing_key_file(&key_id), SealingKey::random())?,
            Backend::SystemdCreds => systemd_creds::store(&self.paths.systemd_credential(&key_id))?,
        };
        let place = Place { backend, key_id, check: key.check(), passphrase: parameters };
        if backend != Backend::Passphrase {
            self.load_checked(&place)?;
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.insert(place.key_id.clone(), Ok(key));
        Ok(place)
    }

    /// Takes a key out of its place for good; one that is not there is fine.
    pub(super) fn destroy(&self, place: &Place) -> Result<(), StoreProblem> {
        match place.backend {
            Backend::Keyring => keyring::remove(&place.key_id),
            Backend::KeyFile => super::atomic_file::remove(&self.paths.sealing_key_file(&place.key_id)),
            Backend::SystemdCreds => {
                super::atomic_file::remove(&self.paths.systemd_credential(&place.key_id))
            }
            Backend::Passphrase => Ok(()),
        }
    }
}
