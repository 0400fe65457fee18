//! The keys by which linked clients use the loopback proxy. A file in keyfob's own folder (0600 from its first byte) holds
//! their SHA-256; the keys themselves stand in the clients' own configurations and nowhere else that the proxy reads.
//!
//! A key opens one profile for one client, so that undoing a link takes back exactly what the link gave.

mod seen_file;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyfob_agent::local_proxy::ProxyDoors;
use keyfob_agent::ports::{ClientKeys, Opened};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{Fingerprint, ProxyKey};
use serde::{Deserialize, Serialize};

use self::seen_file::SeenFile;

use crate::config_file::Settings;
use crate::entropy;
use crate::paths::Paths;
use crate::store::{atomic_file, profile_lock};

/// 192 random bits: V6 wants 128.
const KEY_BYTES: usize = 24;
/// Largest file that is read: more links than any desk has.
const LARGEST: u64 = 1024 * 1024;

/// The file of keys.
pub struct ClientKeysFile {
    file: PathBuf,
    lock: PathBuf,
    known: Mutex<Known>,
}

/// The keys as they were read, and what the file looked like then.
#[derive(Default)]
struct Known {
    file: Option<SeenFile>,
    keys: Vec<(Fingerprint, Arc<Opened>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    client: String,
    profile: ProfileName,
    #[serde(with = "digits")]
    sha256: Fingerprint,
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    keys: Vec<Key>,
}

impl ClientKeysFile {
    /// Nothing is read yet.
    pub fn new(paths: &Paths) -> Self {
        let (file, lock) = (paths.client_keys(), paths.locks_dir().join("client-keys"));
        Self { file, lock, known: Mutex::default() }
    }

    /// Makes a key that opens nothing yet.
    pub fn draw() -> ProxyKey {
        ProxyKey::new(entropy::hex(KEY_BYTES))
    }

    /// From now on `key` opens this profile for this client, and an earlier one of the two opens nothing.
    pub fn keep(&self, key: &ProxyKey, client: &str, profile: &ProfileName) -> Result<(), StoreProblem> {
        let made = Key { client: client.to_owned(), profile: profile.clone(), sha256: key.fingerprint() };
        self.change(|earlier| earlier.is_of(client, profile), Some(made))
    }

    /// Whether a key of this client and profile opens anything.
    pub fn knows(&self, client: &str, profile: &ProfileName) -> Result<bool, StoreProblem> {
        Ok(self.read()?.iter().any(|key| key.is_of(client, profile)))
    }

    /// Takes the key of this client and profile back; none is fine.
    pub fn revoke(&self, client: &str, profile: &ProfileName) -> Result<(), StoreProblem> {
        self.take_back(|key| key.is_of(client, profile))
    }

    fn take_back(&self, goes: impl Fn(&Key) -> bool) -> Result<(), StoreProblem> {
        if !self.read()?.iter().any(&goes) {
            return Ok(());
        }
        self.change(goes, None)
    }

    fn change(&self, goes: impl Fn(&Key) -> bool, made: Option<Key>) -> Result<(), StoreProblem> {
        for folder in [&self.file, &self.lock].into_iter().filter_map(|path| path.parent()) {
            atomic_file::private_folder(folder)?;
        }
        let _guard = profile_lock::lock_for_write(&self.lock)?;
        let others = self.read()?.into_iter().filter(|key| !goes(key));
        let file = File { keys: others.chain(made).collect() };
        let text = serde_json::to_vec_pretty(&file).map_err(|error| StoreProblem::Io(error.to_string()))?;
        atomic_file::sweep(&self.file)?;
        atomic_file::replace(&self.file, &text)
    }

    fn read(&self) -> Result<Vec<Key>, StoreProblem> {
        let Some(bytes) = atomic_file::read(&self.file, LARGEST)? else { return Ok(Vec::new()) };
        let damaged = |error| StoreProblem::Damaged(format!("{}: {error}", self.file.display()));
        Ok(serde_json::from_slice::<File>(&bytes).map_err(damaged)?.keys)
    }

    /// The keys as they are on disk now; a file that cannot be read opens nothing.
    fn current(&self) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.file.as_ref().is_some_and(|file| file.is_as_it_was(&self.file)) {
            let file = SeenFile::see(&self.file);
            let keys = self.read().unwrap_or_else(|problem| {
                tracing::warn!(%problem, "the clients' keys cannot be read; none opens anything");
                Vec::new()
            });
            *known = Known { file, keys: keys.into_iter().map(Key::opening).collect() };
        }
        known
    }
}

impl Key {
    fn is_of(&self, client: &str, profile: &ProfileName) -> bool {
        self.client == client && self.profile == *profile
    }

    fn opening(self) -> (Fingerprint, Arc<Opened>) {
        (self.sha256, Arc::new(Opened { client: self.client, profile: self.profile }))
    }
}

impl ClientKeys for ClientKeysFile {
    fn opens(&self, presented: &Fingerprint) -> Option<Arc<Opened>> {
        // Digests, each compared to its end and all of them: how long it takes says nothing about any key.
        let differing = |digest: &Fingerprint| {
            digest.iter().zip(presented).fold(0, |differing, (a, b)| differing | (a ^ b))
        };
        let known = self.current();
        let found = known.keys.iter().fold(
            None,
            |found, (digest, opened)| {
                if differing(digest) == 0 { Some(opened) } else { found }
            },
        );
        found.map(Arc::clone)
    }

    fn revoke_all(&self, profile: &ProfileName) -> Result<(), StoreProblem> {
        self.take_back(|key| key.profile == *profile)
    }
}

/// A digest as lower-case hexadecimal digits.
mod digits {
    use keyfob_core::secret::Fingerprint;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(digest: &Fingerprint, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&crate::entropy::hex_digits(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Fingerprint, D::Error> {
        let text = String::deserialize(from)?;
        let byte =
            |at: usize| text.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        let whole = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
        whole.ok_or_else(|| D::Error::custom("no SHA-256"))
    }
}

/// The proxy's addresses on this machine.
pub struct ProxyDoorsHere {
    paths: Paths,
    keys: ClientKeysFile,
}

impl ProxyDoorsHere {
    /// Nothing is read yet.
    pub fn new(paths: &Paths) -> Self {
        Self { paths: paths.clone(), keys: ClientKeysFile::new(paths) }
    }
}

impl ProxyDoors for ProxyDoorsHere {
    fn chosen_port(&self) -> Result<Option<u16>, Failure> {
        Ok(Settings::read(&self.paths)?.proxy.port)
    }

    fn kept_port(&self) -> Result<u16, Failure> {
        Settings::kept_proxy_port(&self.paths)
    }

    fn draw(&self) -> ProxyKey {
        ClientKeysFile::draw()
    }

    fn knows(&self, client: &str, profile: &ProfileName) -> Result<bool, StoreProblem> {
        self.keys.knows(client, profile)
    }

    fn keep(&self, key: &ProxyKey, client: &str, profile: &ProfileName) -> Result<(), StoreProblem> {
        self.keys.keep(key, client, profile)
    }

    fn revoke(&self, client: &str, profile: &ProfileName) -> Result<(), StoreProblem> {
        self.keys.revoke(client, profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProfileName {
        ProfileName::parse(text).unwrap()
    }

    fn issued(keys: &ClientKeysFile, client: &str, profile: &ProfileName) -> ProxyKey {
        let key = ClientKeysFile::draw();
        keys.keep(&key, client, profile).unwrap();
        key
    }

    fn desk() -> (tempfile::TempDir, Paths, ClientKeysFile) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::resolve(Some(folder.path().join("keyfob"))).unwrap();
        let keys = ClientKeysFile::new(&paths);
        (folder, paths, keys)
    }

    /// V6
    #[test]
    fn a_key_opens_its_one_profile_until_it_is_taken_back_or_replaced() {
        let (_folder, paths, keys) = desk();
        let (work, admin) = (name("work"), name("admin"));
        assert_eq!(keys.opens(&ProxyKey::new("any".into()).fingerprint()), None);
        let first = issued(&keys, "zed", &work);
        let other = issued(&keys, "zed", &admin);
        let opened = Arc::new(Opened { client: "zed".into(), profile: work.clone() });
        assert_eq!(keys.opens(&first.fingerprint()), Some(Arc::clone(&opened)));
        let second = issued(&ClientKeysFile::new(&paths), "zed", &work);
        assert_eq!(keys.opens(&first.fingerprint()), None, "another process has replaced it");
        assert_eq!(keys.opens(&second.fingerprint()), Some(opened));
        keys.revoke("zed", &work).unwrap();
        assert_eq!(keys.opens(&second.fingerprint()), None);
        assert_eq!(keys.opens(&other.fingerprint()).unwrap().profile, admin);
        keys.revoke("nobody", &work).unwrap();
        keys.revoke_all(&admin).unwrap();
        assert_eq!(keys.opens(&other.fingerprint()), None);
    }

    /// V6: 192 bits of the system's randomness, and the file holds no key.
    #[test]
    fn keys_are_random_and_the_file_holds_their_digests_alone() {
        let (_folder, paths, keys) = desk();
        let made: Vec<ProxyKey> = (0..64).map(|n| issued(&keys, &format!("c{n}"), &name("a"))).collect();
        let text = std::fs::read_to_string(paths.client_keys()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for key in &made {
            let key = key.expose_secret();
            assert_eq!(key.len(), 2 * KEY_BYTES);
            assert!(!text.contains(key) && seen.insert(key.to_owned()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = std::fs::metadata(paths.client_keys()).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o7777, 0o600);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_opens_nothing_and_is_not_overwritten() {
        let (_folder, paths, keys) = desk();
        let key = issued(&keys, "zed", &name("a"));
        assert!(keys.opens(&key.fingerprint()).is_some());
        std::fs::write(paths.client_keys(), "{\"keys\":[{\"client\":7}]}").unwrap();
        assert_eq!(keys.opens(&key.fingerprint()), None);
        assert!(matches!(keys.keep(&key, "zed", &name("b")), Err(StoreProblem::Damaged(_))));
        assert!(std::fs::read_to_string(paths.client_keys()).unwrap().contains("\"client\":7"));
    }
}
