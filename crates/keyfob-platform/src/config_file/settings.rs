//! `config.toml`: settings that belong to no profile.

use std::path::{Path, PathBuf};

use keyfob_core::failure::{Failure, Temporary};
use serde::Deserialize;
use toml_edit::{DocumentMut, Item};

use super::edit::replace;
use crate::paths::Paths;
use crate::store::backend::{Backend, Choice};
use crate::store::{atomic_file, problem, unreadable};
use crate::toml_source::{Source, syntax};

/// The whole file. Sections of other versions are tolerated; a typo in a known one is an error.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Settings {
    /// `[network]`
    #[serde(default)]
    pub network: NetworkSettings,
    /// `on_event`: a program and its arguments, told of each event of the keeper.
    #[serde(default)]
    pub on_event: Option<Vec<String>>,
    /// `[proxy]`
    #[serde(default)]
    pub proxy: ProxySettings,
    #[serde(default)]
    store: StoreSettings,
}

/// `[proxy]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxySettings {
    /// Where the loopback proxy listens; chosen at the first link that needs it.
    pub port: Option<u16>,
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
        let settings = Self::read_file(paths)?;
        let nameless = |command: &Vec<String>| command.first().is_none_or(String::is_empty);
        if settings.on_event.as_ref().is_some_and(nameless) {
            return Err(Failure::Usage(
                "config.toml: on_event names no program: [\"PROGRAM\", \"ARGUMENT\"]".into(),
            ));
        }
        Ok(settings)
    }

    fn read_file(paths: &Paths) -> Result<Self, Failure> {
        Self::text(&paths.config_toml())?.map_or_else(|| Ok(Self::default()), |text| Self::parse(&text))
    }

    fn text(path: &Path) -> Result<Option<String>, Failure> {
        match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            text => Ok(Some(text.map_err(|error| unreadable(&error, path))?)),
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        toml_edit::de::from_str(text)
            .map_err(|error| Source { text, file: "config.toml" }.error(error.span(), error.message()))
    }

    /// Where the file names a store, it names the new one from now on: a file that contradicts the store stops every command.
    pub(crate) fn follow_store_move(paths: &Paths, to: Backend) -> Result<(), Failure> {
        let path = paths.config_toml();
        let Some(text) = Self::text(&path)? else { return Ok(()) };
        if Self::parse(&text)?.store.backend.is_none_or(|named| named == to.as_str()) {
            return Ok(());
        }
        let mut document: DocumentMut = text.parse().map_err(|error| syntax(&error, &text, "config.toml"))?;
        if let Some(store) = document.get_mut("store").and_then(Item::as_table_like_mut) {
            replace(store, "backend", Some(to.as_str()));
        }
        Ok(atomic_file::replace_user_file(&path, document.to_string().as_bytes())?)
    }

    /// The proxy's port; where there is none yet, a free one is chosen and kept, because it stands in clients' files.
    pub fn kept_proxy_port(paths: &Paths) -> Result<u16, Failure> {
        let path = paths.config_toml();
        let text = Self::text(&path)?.unwrap_or_default();
        if let Some(port) = Self::parse(&text)?.proxy.port {
            return Ok(port);
        }
        let port = free_port()?;
        write_port(&path, &text, port)?;
        Ok(port)
    }

    /// Keeps a port that the user names. Nothing is written where another program has it.
    ///
    /// # Errors
    /// [`Temporary::PortTaken`]; a port that needs rights this account lacks; a file that cannot be read or written.
    pub fn keep_proxy_port(paths: &Paths, port: u16) -> Result<(), Failure> {
        let path = paths.config_toml();
        let text = Self::text(&path)?.unwrap_or_default();
        if Self::parse(&text)?.proxy.port == Some(port) {
            return Ok(());
        }
        if port < LOWEST_PORT {
            return Err(Failure::Usage(format!("a port between {LOWEST_PORT} and 65535, not {port}")));
        }
        if std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).is_err() {
            return Err(Temporary::PortTaken(port).into());
        }
        write_port(&path, &text, port)
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

/// Those below are the system's own.
const LOWEST_PORT: u16 = 1024;

/// Writes the port into the document and keeps what stands around it.
fn write_port(path: &Path, text: &str, port: u16) -> Result<(), Failure> {
    let mut document: DocumentMut = text.parse().map_err(|error| syntax(&error, text, "config.toml"))?;
    let section = document.entry("proxy").or_insert_with(toml_edit::table);
    if let Some(proxy) = section.as_table_like_mut() {
        let mut written = toml_edit::Value::from(i64::from(port));
        match proxy.get_mut("port").and_then(Item::as_value_mut) {
            Some(old) => {
                *written.decor_mut() = old.decor().clone();
                *old = written;
            }
            None => drop(proxy.insert("port", Item::Value(written))),
        }
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| problem(&error, folder))?;
    }
    Ok(atomic_file::replace_user_file(path, document.to_string().as_bytes())?)
}

/// Below the ports that systems give to outgoing connections, which would take a fixed one away at random.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

fn free_port() -> Result<u16, Failure> {
    let drawn = || {
        let mut random = [0; 2];
        crate::entropy::fill(&mut random);
        PORTS.start + u16::from_le_bytes(random) % (PORTS.end - PORTS.start)
    };
    let free = |port: &u16| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, *port)).is_ok();
    let found = std::iter::repeat_with(drawn).take(200).find(free);
    found.ok_or_else(|| Failure::Usage("no free port for the proxy: set [proxy] port in config.toml".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_users_own_is_kept_with_the_comments_around_it_and_a_taken_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::resolve(Some(folder.path().join("keyfob"))).unwrap();
        let port = Settings::kept_proxy_port(&paths).unwrap();
        let text = || std::fs::read_to_string(paths.config_toml()).unwrap();
        let commented = text().replace(&port.to_string(), &format!("{port} # in three clients"));
        std::fs::write(paths.config_toml(), format!("# mine\n{commented}")).unwrap();
        let other = free_port().unwrap();
        Settings::keep_proxy_port(&paths, other).unwrap();
        assert_eq!(text(), format!("# mine\n[proxy]\nport = {other} # in three clients\n"));
        let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).unwrap();
        let refused = Settings::keep_proxy_port(&paths, taken.local_addr().unwrap().port());
        assert_eq!(refused, Err(Temporary::PortTaken(port).into()));
        assert!(matches!(Settings::keep_proxy_port(&paths, 80), Err(Failure::Usage(_))));
        assert_eq!(Settings::kept_proxy_port(&paths), Ok(other));
    }
}
