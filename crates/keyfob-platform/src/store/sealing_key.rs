//! The 32-byte key that seals records, and where it lives: the user's choice, recorded at the first sealing, never
//! weakened by itself.

mod key_file;
mod keyring;
mod passphrase;
mod systemd_creds;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use keyfob_agent::ports::StoreStatus;
use keyfob_core::failure::StoreProblem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{atomic_file, profile_lock};
use crate::entropy;
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

/// Places a key can live in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// The platform's keyring.
    Keyring,
    /// Derived from a passphrase.
    Passphrase,
    /// A file of this account.
    KeyFile,
    /// A credential that systemd unseals for the service.
    SystemdCreds,
}

impl Backend {
    /// The name in `config.toml` and `KEYFOB_STORE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key-file",
            Self::SystemdCreds => "systemd-creds",
        }
    }

    fn shown(self) -> (&'static str, &'static str) {
        match self {
            Self::Keyring if cfg!(target_os = "macos") => ("keychain", "keyring"),
            Self::Keyring if cfg!(windows) => ("credential-manager", "keyring"),
            Self::Keyring => ("secret-service", "keyring"),
            Self::Passphrase => ("passphrase", "passphrase"),
            Self::KeyFile => ("key-file", "account-only"),
            Self::SystemdCreds => ("systemd-creds", "machine"),
        }
    }
}

/// What the user chose, if anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice(Option<Backend>);

impl Choice {
    /// Reads a name; an unknown one is refused with the known ones.
    pub fn named(name: &str) -> Result<Self, String> {
        [Backend::Keyring, Backend::Passphrase, Backend::KeyFile, Backend::SystemdCreds]
            .into_iter()
            .find(|backend| backend.as_str() == name)
            .map(|backend| Self(Some(backend)))
            .ok_or_else(|| {
                format!("`{name}` is no store: keyring, passphrase, key-file and systemd-creds are")
            })
    }
}

/// Asks a person for the passphrase; `None` where nobody can be asked.
pub type PassphrasePrompt = Box<dyn Fn() -> Option<Zeroizing<String>> + Send + Sync>;

/// What is recorded at the first sealing.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recorded {
    backend: Backend,
    /// Names this store's key, so that two homes never share or overwrite one.
    key_id: String,
    /// Tells another key in the same place from this one; `None` in stores made without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passphrase: Option<passphrase::Parameters>,
}

/// Finds the key, once per process.
pub struct SealingKeySource {
    paths: Paths,
    choice: Choice,
    prompt: Option<PassphrasePrompt>,
    loaded: Mutex<Option<Loaded>>,
    /// Attempts to load, ended ones.
    attempts: AtomicU64,
}

/// How the last attempt to load ended.
type Loaded = Result<SealingKey, StoreProblem>;

impl SealingKeySource {
    /// Nothing is read or asked for yet.
    pub fn new(paths: Paths, choice: Choice, prompt: Option<PassphrasePrompt>) -> Self {
        Self { paths, choice, prompt, loaded: Mutex::new(None), attempts: AtomicU64::new(0) }
    }

    /// The key of an existing store. Whoever waited for another caller's attempt shares its outcome, so that a keyring
    /// that hangs costs twenty profiles its 3 s once and not twenty times.
    pub(crate) fn existing(&self) -> Result<SealingKey, StoreProblem> {
        let seen = self.attempts.load(Ordering::SeqCst);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some(Ok(key)) => return Ok(key.clone()),
            Some(Err(problem)) if self.attempts.load(Ordering::SeqCst) != seen => return Err(problem.clone()),
            _ => {}
        }
        let outcome = self.load_recorded();
        *loaded = Some(outcome.clone());
        self.attempts.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    fn load_recorded(&self) -> Result<SealingKey, StoreProblem> {
        let recorded = self.recorded()?.ok_or_else(|| self.no_record())?;
        let key = self.load(&recorded)?;
        match &recorded.check {
            Some(check) if *check != key.check() => Err(StoreProblem::KeyMissing(format!(
                "its place ({}): another key is there now",
                recorded.backend.as_str()
            ))),
            _ => Ok(key),
        }
    }

    /// The key of an existing store, or a new one where `nothing_sealed` says so.
    pub(crate) fn existing_or_new(
        &self,
        nothing_sealed: impl Fn() -> Result<bool, StoreProblem>,
    ) -> Result<SealingKey, StoreProblem> {
        match self.existing() {
            // Either nothing was ever sealed, or a first sealing broke off between its record and its key.
            Err(StoreProblem::KeyMissing(_)) if nothing_sealed()? => {}
            other => return other,
        }
        // Two processes that seal for the first time must agree on one key: look again under the lock.
        let _guard = profile_lock::lock_for_write(&self.paths.locks_dir().join("sealing-key"))?;
        match self.existing() {
            Err(StoreProblem::KeyMissing(_)) if nothing_sealed()? => self.make(),
            other => other,
        }
    }

    /// Backend, strength, and whether the key can be had now.
    pub(crate) fn status(&self) -> StoreStatus {
        let recorded = self.recorded();
        let backend = match &recorded {
            Ok(Some(recorded)) => recorded.backend,
            _ => self.wanted(),
        };
        let problem = match recorded {
            Err(problem) => Some(problem),
            Ok(Some(_)) => self.existing().err(),
            // Nothing sealed yet: only say whether sealing could begin.
            Ok(None) if backend == Backend::Keyring => keyring::reachable().err(),
            Ok(None) => None,
        };
        let (backend, strength) = backend.shown();
        StoreStatus { backend: backend.into(), strength: strength.into(), problem }
    }

    fn wanted(&self) -> Backend {
        self.choice.0.unwrap_or(Backend::Keyring)
    }

    fn recorded(&self) -> Result<Option<Recorded>, StoreProblem> {
        let path = self.paths.store_record();
        let Some(bytes) = atomic_file::read(&path, 64 * 1024)? else { return Ok(None) };
        let damaged = |why: String| StoreProblem::Damaged(format!("{}: {why}", path.display()));
        let text = String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        let recorded: Recorded =
            toml_edit::de::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        if self.choice.0.is_some_and(|wanted| wanted != recorded.backend) {
            return Err(StoreProblem::OtherBackend {
                recorded: recorded.backend.as_str().into(),
                wanted: self.wanted().as_str().into(),
            });
        }
        Ok(Some(recorded))
    }

    /// Sealed files and no record of how they were sealed.
    fn no_record(&self) -> StoreProblem {
        StoreProblem::KeyMissing(self.paths.store_record().display().to_string())
    }

    fn load(&self, recorded: &Recorded) -> Result<SealingKey, StoreProblem> {
        match recorded.backend {
            Backend::Keyring => keyring::load(&recorded.key_id),
            Backend::KeyFile => key_file::load(&self.key_file()),
            Backend::SystemdCreds => systemd_creds::load(),
            Backend::Passphrase => {
                let parameters = recorded.passphrase.as_ref().ok_or_else(|| self.no_record())?;
                parameters.derive(&passphrase::ask(self.prompt.as_ref())?)
            }
        }
    }

    /// The key is in its place before the record says so, and both before anything is sealed with it. Under the lock of
    /// the sealing key: what a killed attempt left half-way, key material maybe, goes first.
    fn make(&self) -> Result<SealingKey, StoreProblem> {
        atomic_file::sweep(&self.key_file())?;
        atomic_file::sweep(&self.paths.store_record())?;
        let mut recorded =
            Recorded { backend: self.wanted(), key_id: entropy::hex(8), check: None, passphrase: None };
        let key = match recorded.backend {
            Backend::Keyring => {
                let key = SealingKey::random();
                keyring::store(&recorded.key_id, &key)?;
                key
            }
            Backend::KeyFile => {
                let key = SealingKey::random();
                key_file::store(&self.key_file(), &key)?;
                key
            }
            Backend::SystemdCreds => systemd_creds::load()?,
            Backend::Passphrase => {
                let (parameters, key) = passphrase::Parameters::new(&passphrase::ask(self.prompt.as_ref())?)?;
                recorded.passphrase = Some(parameters);
                key
            }
        };
        recorded.check = Some(key.check());
        let text = toml_edit::ser::to_string_pretty(&recorded)
            .map_err(|error| StoreProblem::Io(format!("the store's record: {error}")))?;
        atomic_file::replace(&self.paths.store_record(), text.as_bytes())?;
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ok(key.clone()));
        Ok(key)
    }

    fn key_file(&self) -> PathBuf {
        self.paths.sealing_key_file()
    }
}
