//! The places that the sealing key can live in, and the user's choice among them.

use serde::{Deserialize, Serialize};

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
    /// A credential that systemd seals to this machine.
    SystemdCreds,
}

impl Backend {
    /// The name in `config.toml`, `KEYFOB_STORE` and `keyfob store move`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key-file",
            Self::SystemdCreds => "systemd-creds",
        }
    }

    /// Reads a name; an unknown one is refused with the known ones.
    pub fn named(name: &str) -> Result<Self, String> {
        [Self::Keyring, Self::Passphrase, Self::KeyFile, Self::SystemdCreds]
            .into_iter()
            .find(|backend| backend.as_str() == name)
            .ok_or_else(|| {
                format!("`{name}` is no store: keyring, passphrase, key-file and systemd-creds are")
            })
    }

    /// Its name and its strength, as `status` says them.
    pub(super) fn shown(self) -> (&'static str, &'static str) {
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
pub struct Choice(pub(super) Option<Backend>);

impl Choice {
    /// As [`Backend::named`].
    pub fn named(name: &str) -> Result<Self, String> {
        Backend::named(name).map(|backend| Self(Some(backend)))
    }
}
