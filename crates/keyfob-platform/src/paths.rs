//! Where keyfob keeps its files. Found from `--home`, `KEYFOB_HOME`, the XDG folders or `$HOME`, never from
//! `XDG_RUNTIME_DIR`, because some clients start helpers with a stripped environment.

mod own_files;
mod where_toml;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;

use crate::entropy;
use crate::store::atomic_file;

pub use own_files::OwnFile;

/// Longest socket path the system takes (`sun_path` holds 108 bytes with its end, 104 on macOS).
const LONGEST_SOCKET_PATH: usize = 100;

/// All places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    config: PathBuf,
    data: PathBuf,
    state: PathBuf,
    /// What `--home` said, made absolute.
    told_by: Option<PathBuf>,
    /// XDG variables name other folders than the usual ones.
    differ: bool,
}

impl Paths {
    /// Everything under `home` where given, or in the folders that a `where.toml` given as `home` names; else the platform's
    /// usual folders.
    pub fn resolve(home: Option<PathBuf>) -> Result<Self, Failure> {
        Self::from_environment(home, |name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_environment(
        home: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Failure> {
        if let Some(home) = home {
            let home = std::path::absolute(&home)
                .map_err(|error| Failure::Usage(format!("--home {}: {error}", home.display())))?;
            if home.is_file() || home.ends_with(where_toml::NAME) {
                return where_toml::read(&home);
            }
            let (data, state) = (home.join("data"), home.join("state"));
            return Ok(Self { config: home.clone(), data, state, told_by: Some(home), differ: false });
        }
        let user = variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
            .map(PathBuf::from)
            .ok_or_else(|| Failure::Usage("there is no home folder: set HOME, or give --home DIR".into()))?;
        if cfg!(target_os = "macos") {
            return Ok(Self::usual(&user.join("Library/Application Support/keyfob")));
        }
        if cfg!(windows) {
            let local = variable("LOCALAPPDATA").map_or_else(|| user.join("AppData/Local"), PathBuf::from);
            return Ok(Self::usual(&local.join("keyfob")));
        }
        let mut differ = false;
        let mut folder = |name: &str, usual: &str| {
            let usual = user.join(usual);
            let named = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            differ |= named.as_ref().is_some_and(|named| *named != usual);
            named.unwrap_or(usual).join("keyfob")
        };
        let config = folder("XDG_CONFIG_HOME", ".config");
        let data = folder("XDG_DATA_HOME", ".local/share");
        let state = folder("XDG_STATE_HOME", ".local/state");
        Ok(Self { config, data, state, told_by: None, differ })
    }

    /// The one folder of systems that have no others.
    fn usual(folder: &Path) -> Self {
        let (data, state) = (folder.join("data"), folder.join("state"));
        Self { config: folder.to_owned(), data, state, told_by: None, differ: false }
    }

    /// What a program that does not see this environment must give as `--home` to find the same folders; `None` where it
    /// finds them by itself. Where XDG variables name them, `where.toml` is written.
    pub fn home_argument(&self) -> Result<Option<PathBuf>, StoreProblem> {
        if self.differ { where_toml::keep(self).map(Some) } else { Ok(self.told_by.clone()) }
    }

    /// Where those folders are written down for such programs; `None` where they need it not.
    pub fn where_toml(&self) -> Option<PathBuf> {
        self.differ.then(|| self.state.join(where_toml::NAME))
    }

    /// What the user may edit.
    pub fn profiles_toml(&self) -> PathBuf {
        self.config.join("profiles.toml")
    }

    /// Settings that belong to no profile.
    pub fn config_toml(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Sealed records.
    pub fn credentials_dir(&self) -> PathBuf {
        self.data.join("credentials")
    }

    /// The sealed record of one profile.
    pub fn sealed_record(&self, profile: &ProfileName) -> PathBuf {
        self.credentials_dir().join(format!("{profile}.sealed"))
    }

    /// Permanent lock files, next to the store and never per environment.
    pub fn locks_dir(&self) -> PathBuf {
        self.data.join("locks")
    }

    /// Where the sealing key lives, and earlier ones that may still be needed.
    pub fn store_record(&self) -> PathBuf {
        self.data.join("store.toml")
    }

    /// The folder of records, keys and locks.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// A sealing key of the `key-file` backend.
    pub fn sealing_key_file(&self, key_id: &str) -> PathBuf {
        self.data.join(format!("sealing-{key_id}.key"))
    }

    /// A sealing key of the `systemd-creds` backend, encrypted by systemd.
    pub fn systemd_credential(&self, key_id: &str) -> PathBuf {
        self.data.join(format!("sealing-{key_id}.cred"))
    }

    /// The journal.
    pub fn journal_dir(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// Where a machine id of our own lies, on systems without one.
    pub fn machine_id_file(&self) -> PathBuf {
        self.state.join("machine-id")
    }

    /// The ledger of links into clients' configurations, and those files as they were before.
    pub fn links_dir(&self) -> PathBuf {
        self.state.join("links")
    }

    /// Which runs of the user's commands have come to their end.
    pub fn command_marks(&self) -> PathBuf {
        self.state.join("commands")
    }

    /// Hashes of what keyfob wrote for other programs.
    pub fn written_marks(&self) -> PathBuf {
        self.state.join("written")
    }

    /// SHA-256 of the keys by which clients use the loopback proxy.
    pub fn client_keys(&self) -> PathBuf {
        self.data.join("client-keys.json")
    }

    /// The keeper's lease.
    pub fn lease(&self) -> PathBuf {
        self.state.join("keeper.lock")
    }

    /// The tray app's own preferences.
    pub fn app_preferences(&self) -> PathBuf {
        self.state.join("app-preferences.json")
    }

    /// The control socket, in a folder of its own that only this user may enter.
    pub fn control_socket(&self) -> PathBuf {
        let path = self.state.join("run").join("keeper.sock");
        if path.as_os_str().len() <= LONGEST_SOCKET_PATH {
            return path;
        }
        std::fs::read_to_string(self.socket_pointer()).map_or(path, |text| PathBuf::from(text.trim()))
    }

    /// The same for the keeper that is about to bind it: a path too long for the system moves to a private folder under
    /// the temp folder, and the state folder remembers where.
    pub fn bindable_control_socket(&self) -> Result<PathBuf, StoreProblem> {
        let path = self.control_socket();
        if path.as_os_str().len() <= LONGEST_SOCKET_PATH
            && (!self.socket_path_is_too_long() || path.parent().is_some_and(Path::exists))
        {
            return Ok(path);
        }
        let folder = std::env::temp_dir().join(format!("keyfob-{}", entropy::hex(8)));
        atomic_file::private_folder(&folder)?;
        let path = folder.join("keeper.sock");
        atomic_file::replace(&self.socket_pointer(), path.to_string_lossy().as_bytes())?;
        Ok(path)
    }

    /// The loopback proxy's socket, in the same folder.
    pub fn proxy_socket(&self) -> PathBuf {
        self.control_socket().with_file_name("proxy.sock")
    }

    /// Records where the socket really is when its usual path is too long.
    fn socket_pointer(&self) -> PathBuf {
        self.state.join("control-socket")
    }

    /// True where the usual socket path is longer than the system takes.
    fn socket_path_is_too_long(&self) -> bool {
        self.state.join("run").join("keeper.sock").as_os_str().len() > LONGEST_SOCKET_PATH
    }

    /// The folder of state files.
    pub fn state_dir(&self) -> &Path {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_folders_are_used_and_fall_back_to_home() {
        let variables = |name: &str| match name {
            "HOME" => Some(OsString::from("/h")),
            "XDG_DATA_HOME" => Some(OsString::from("/d")),
            "XDG_STATE_HOME" => Some(OsString::from("relative")),
            _ => None,
        };
        let paths = Paths::from_environment(None, variables).unwrap();
        assert_eq!(paths.profiles_toml(), PathBuf::from("/h/.config/keyfob/profiles.toml"));
        assert_eq!(paths.credentials_dir(), PathBuf::from("/d/keyfob/credentials"));
        assert_eq!(paths.lease(), PathBuf::from("/h/.local/state/keyfob/keeper.lock"));
    }

    #[test]
    fn folders_named_by_the_environment_are_found_again_through_where_toml() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let differing = Paths::from_environment(None, |name| match name {
            "HOME" => Some(at("home").into()),
            "XDG_DATA_HOME" => Some(at("my data").into()),
            _ => None,
        });
        let differing = differing.unwrap();
        let told = differing.home_argument().unwrap().unwrap();
        assert_eq!(told, at("home/.local/state/keyfob/where.toml"));
        let again = Paths::from_environment(Some(told.clone()), |_| None).unwrap();
        assert_eq!(
            (again.profiles_toml(), again.credentials_dir(), again.lease()),
            (differing.profiles_toml(), differing.credentials_dir(), differing.lease())
        );
        assert_eq!(again.home_argument(), Ok(Some(told)));
        let usual = |name: &str| match name {
            "HOME" => Some(OsString::from("/h")),
            "XDG_STATE_HOME" => Some(OsString::from("/h/.local/state")),
            _ => None,
        };
        assert_eq!(Paths::from_environment(None, usual).unwrap().home_argument(), Ok(None));
        let named = Paths::resolve(Some(at("here"))).unwrap();
        assert_eq!(named.home_argument(), Ok(Some(at("here"))));
    }

    #[test]
    fn a_where_toml_that_names_no_folders_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("where.toml");
        let said = || Paths::resolve(Some(path.clone())).unwrap_err().to_string();
        assert!(said().contains("where.toml: No such file"), "{}", said());
        for (text, expected) in [
            ("config = \"/c\"\ndata = \"/d\"\n", "where.toml:1:1: missing field `state`"),
            ("config = \"/c\"\ndata = 7\n", "where.toml:2:8: invalid type"),
            ("config = \"/c\"\ndata = \"d\"\nstate = \"/s\"\n", "`d` must be an absolute path"),
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(said().contains(expected), "{}", said());
        }
    }

    /// fault 11
    #[test]
    fn neither_socket_nor_locks_depend_on_the_runtime_folder() {
        let with = Paths::from_environment(None, |name| (name == "HOME").then(|| "/h".into())).unwrap();
        let asks_for = |name: &str| assert_ne!(name, "XDG_RUNTIME_DIR");
        let without = Paths::from_environment(None, |name| {
            asks_for(name);
            (name == "HOME").then(|| "/h".into())
        });
        assert_eq!(without.unwrap(), with);
    }
}
