//! The 32-byte key that seals records, and where it lives: the user's choice, recorded at the first sealing, never
//! weakened by itself.

mod key_file;
mod keyring;
mod passphrase;
mod systemd_creds;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use keyfob_agent::ports::StoreStatus;
use keyfob_core::failure::StoreProblem;
use serde::{Deserialize, Serialize};
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passphrase: Option<passphrase::Parameters>,
}

/// Finds the key, once per process.
pub struct SealingKeySource {
    paths: Paths,
    choice: Choice,
    prompt: Option<PassphrasePrompt>,
    loaded: Mutex<Option<SealingKey>>,
}

impl SealingKeySource {
    /// Nothing is read or asked for yet.
    pub fn new(paths: Paths, choice: Choice, prompt: Option<PassphrasePrompt>) -> Self {
        Self { paths, choice, prompt, loaded: Mutex::new(None) }
    }

    /// The key of an existing store.
    pub(crate) fn existing(&self) -> Result<SealingKey, StoreProblem> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*loaded {
            return Ok(key.clone());
        }
        let recorded = self.recorded()?.ok_or_else(|| self.no_record())?;
        let key = self.load(&recorded)?;
        *loaded = Some(key.clone());
        Ok(key)
    }

    /// The key of an existing store, or a new one where nothing was ever sealed.
    pub(crate) fn existing_or_new(&self, nothing_sealed: bool) -> Result<SealingKey, StoreProblem> {
        if self.loaded.lock().unwrap_or_else(PoisonError::into_inner).is_some() || !nothing_sealed {
            return self.existing();
        }
        // Two processes that seal for the first time must agree on one key.
        let _guard = profile_lock::lock_for_write(&self.paths.locks_dir().join("sealing-key"))?;
        match self.recorded()? {
            Some(_) => match self.existing() {
                // A first sealing that broke off between its record and its key: nothing is sealed, so begin again.
                Err(StoreProblem::KeyMissing(_)) => self.make(),
                other => other,
            },
            None => self.make(),
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

    /// The key is in its place before the record says so, and both before anything is sealed with it.
    fn make(&self) -> Result<SealingKey, StoreProblem> {
        let mut recorded = Recorded { backend: self.wanted(), key_id: entropy::hex(8), passphrase: None };
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
        let text = toml_edit::ser::to_string_pretty(&recorded)
            .map_err(|error| StoreProblem::Io(format!("the store's record: {error}")))?;
        atomic_file::replace(&self.paths.store_record(), text.as_bytes())?;
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(key)
    }

    fn key_file(&self) -> PathBuf {
        self.paths.sealing_key_file()
    }
}
