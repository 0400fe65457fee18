//! `config.toml`: settings that belong to no profile.

use std::path::PathBuf;

use keyfob_core::failure::Failure;
use serde::Deserialize;

use crate::paths::Paths;
use crate::store::problem;
use crate::store::sealing_key::Choice;

/// The whole file. Sections of other versions are tolerated; a typo in a known one is an error.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Settings {
    /// `[network]`
    #[serde(default)]
    pub network: NetworkSettings,
    #[serde(default)]
    store: StoreSettings,
}

/// `[network]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// An http proxy for everything; else the system's.
    pub proxy: Option<String>,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// A client certificate with its key, PEM.
    pub client_certificate: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreSettings {
    backend: Option<String>,
}

impl Settings {
    /// Reads the file; none means all defaults.
    pub fn read(paths: &Paths) -> Result<Self, Failure> {
        let path = paths.config_toml();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|error| problem(&error, &path))?,
        };
        toml_edit::de::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let before = &text[..text.floor_char_boundary(start)];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            Failure::Usage(format!("config.toml:{line}:{column}: {}", error.message().trim()))
        })
    }

    /// The user's choice of store: `KEYFOB_STORE` beats `[store] backend`.
    pub fn store_choice(&self) -> Result<Choice, Failure> {
        let named = std::env::var("KEYFOB_STORE")
            .ok()
            .filter(|name| !name.is_empty())
            .or_else(|| self.store.backend.clone());
        named.map_or(Ok(Choice::default()), |name| Choice::named(&name).map_err(Failure::Usage))
    }
}
