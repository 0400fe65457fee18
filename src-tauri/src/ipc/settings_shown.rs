//! What the settings view shows beside the preferences: the loopback proxy, files. Paths and names, no contents.

use keyfob_platform::store::backend::Backend;
use keyfob_platform::store::moving::Moved;
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::file_kind::FileKind;
use super::linked::LinkShown;
use crate::desk::files::Place;
use crate::desk::proxy_port::PortChanged;

/// All of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Settings"))]
pub(crate) struct SettingsShown {
    pub(crate) proxy: ProxyShown,
    pub(crate) files: Vec<FileShown>,
}

/// The loopback proxy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "LocalProxy"))]
pub(crate) struct ProxyShown {
    /// `null` until the first link needs one.
    pub(crate) port: Option<u16>,
    /// It answers at that port.
    pub(crate) listens: bool,
    /// Whose configuration names that port.
    pub(crate) links: Vec<LinkShown>,
}

/// A file or folder that keyfob writes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "FilePlace"))]
pub(crate) struct FileShown {
    kind: FileKind,
    path: String,
    /// The profile or program it is for.
    about: Option<String>,
    /// It is there now.
    there: bool,
}

impl From<Place> for FileShown {
    fn from(place: Place) -> Self {
        Self {
            kind: place.kind,
            there: place.path.symlink_metadata().is_ok(),
            path: place.path.to_string_lossy().into_owned(),
            about: place.about,
        }
    }
}

/// What became of a new port for the loopback proxy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "PortChanged"))]
pub(crate) struct PortChangedShown {
    listens: bool,
    /// Programs whose configuration still names the old port, each with the reason.
    left: Vec<String>,
}

impl From<PortChanged> for PortChangedShown {
    fn from(changed: PortChanged) -> Self {
        Self { listens: changed.listens, left: changed.left }
    }
}

/// Places the key can be kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "StoreBackend"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BackendShown {
    Keyring,
    Passphrase,
    KeyFile,
    SystemdCreds,
}

impl From<BackendShown> for Backend {
    fn from(backend: BackendShown) -> Self {
        match backend {
            BackendShown::Keyring => Self::Keyring,
            BackendShown::Passphrase => Self::Passphrase,
            BackendShown::KeyFile => Self::KeyFile,
            BackendShown::SystemdCreds => Self::SystemdCreds,
        }
    }
}

/// What a move of the key did.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct StoreMoved {
    /// Records that are sealed anew.
    sealed: usize,
    /// Profiles whose record opened with no key; it is kept as it was.
    unopened: Vec<String>,
    /// Another place that the environment names: it must go from there, or the next start refuses the store.
    environment: Option<String>,
}

impl StoreMoved {
    pub(crate) fn new(moved: &Moved, to: BackendShown) -> Self {
        let named = std::env::var("KEYFOB_STORE").ok();
        Self {
            sealed: moved.sealed,
            unopened: moved.unopened.iter().map(ToString::to_string).collect(),
            environment: named.filter(|other| !other.is_empty() && other != Backend::from(to).as_str()),
        }
    }
}
