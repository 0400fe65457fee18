//! A machine without a machine: records in memory, a clock that tests move, a browser that goes where servers send it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyfob_agent::journal::JournalEntry;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{
    AssertionSigner, BindError, Browser, Clock, CommitError, CredentialStore, Entropy, Journal,
    KeyringEntries, LoopbackBinder, LoopbackListener, Notifier, Ports, PowerEvent, PowerEvents, ProfileLock,
    ProfileSettings, StoreStatus, TokenFiles, Visit,
};
use keyfob_agent::ports::{ClientKeys, Opened};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use keyfob_core::grant::authorization_code::RedirectArrival;
use keyfob_core::grant::client_assertion::KeyKind;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::profile::{LifetimeAnswer, Profile, RedirectHost};
use keyfob_core::secret::{Fingerprint, PrivateKey, SecretText};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::network::{Network, Servers};

/// The doubles behind the ports, to look at.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) ports: Ports,
    pub(crate) network: Arc<Network>,
    pub(crate) store: Arc<Records>,
    pub(crate) browser: Arc<FollowingBrowser>,
}

impl Machine {
    /// A machine whose network leads to `servers`.
    pub(crate) fn with(servers: Arc<dyn Servers>, profiles: Vec<Profile>) -> Self {
        let network = Network::to(Arc::clone(&servers));
        let store = Arc::new(Records::default());
        let door = Arc::new(Door::default());
        let browser =
            Arc::new(FollowingBrowser { servers, door: Arc::clone(&door), opened: Mutex::default() });
        let clock = Arc::new(PausedClock { began: tokio::time::Instant::now() });
        let ports = Ports {
            settings: Arc::new(Written(profiles)),
            store: Arc::clone(&store) as Arc<dyn CredentialStore>,
            http: Arc::clone(&network) as Arc<dyn keyfob_agent::ports::HttpClient>,
            browser: Arc::clone(&browser) as Arc<dyn Browser>,
            loopback: door,
            clock,
            entropy: Arc::new(Counted::default()),
            signer: Arc::new(Deaf),
            notifier: Arc::new(Deaf),
            journal: Arc::new(Deaf),
            token_files: Arc::new(Deaf),
            keyring_entries: Arc::new(Deaf),
            commands: Arc::new(Deaf),
            client_keys: Arc::new(Deaf),
            power: Arc::new(Deaf),
            machine_id: "this machine".into(),
        };
        Self { ports, network, store, browser }
    }

    /// The record of a profile.
    pub(crate) fn record(&self, profile: &Profile) -> Option<Credential> {
        self.store.now.lock().unwrap().get(&profile.name).cloned()
    }
}

/// Records in memory.
#[derive(Default)]
pub(crate) struct Records {
    now: Mutex<BTreeMap<ProfileName, Credential>>,
    locks: Mutex<BTreeMap<ProfileName, Arc<tokio::sync::Mutex<()>>>>,
    /// Every record that was ever durable, oldest first.
    pub(crate) written: Mutex<Vec<Credential>>,
    pub(crate) removals: AtomicU64,
}

struct Locked(#[expect(dead_code, reason = "held, never looked at")] tokio::sync::OwnedMutexGuard<()>);

impl ProfileLock for Locked {}

#[async_trait]
impl CredentialStore for Records {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        Ok(self.now.lock().unwrap().get(profile).cloned())
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        let mut records = self.now.lock().unwrap();
        let stored = records.get(profile).map_or(0, |record| record.generation);
        if stored != expected {
            return Err(CommitError::Conflict(stored));
        }
        let next = Credential { generation: expected + 1, ..credential.clone() };
        self.written.lock().unwrap().push(next.clone());
        records.insert(profile.clone(), next);
        Ok(expected + 1)
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        Ok(self.now.lock().unwrap().keys().cloned().collect())
    }

    async fn remove(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        let mut records = self.now.lock().unwrap();
        match records.get(profile).map(|record| record.generation) {
            Some(stored) if stored != expected => Err(CommitError::Conflict(stored)),
            _ => {
                self.removals.fetch_add(1, Ordering::Relaxed);
                records.remove(profile);
                Ok(())
            }
        }
    }

    async fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        self.removals.fetch_add(1, Ordering::Relaxed);
        let gone = self.now.lock().unwrap().remove(profile);
        Ok(gone.map(|_| "nowhere".to_owned()))
    }

    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        let lock = Arc::clone(self.locks.lock().unwrap().entry(profile.clone()).or_default());
        match tokio::time::timeout(patience, lock.lock_owned()).await {
            Ok(guard) => Ok(Box::new(Locked(guard))),
            Err(_) => Err(Temporary::Busy.into()),
        }
    }

    async fn status(&self) -> StoreStatus {
        StoreStatus { backend: "memory".into(), strength: "none".into(), problem: None }
    }
}

/// The loopback listener: who holds its address can knock.
#[derive(Default)]
pub(crate) struct Door {
    knocks: Mutex<Option<mpsc::UnboundedSender<RedirectArrival>>>,
}

struct Listening {
    address: SocketAddr,
    knocks: mpsc::UnboundedReceiver<RedirectArrival>,
}

#[async_trait]
impl LoopbackBinder for Door {
    async fn bind(
        &self,
        _host: RedirectHost,
        port: Option<u16>,
    ) -> Result<Box<dyn LoopbackListener>, BindError> {
        let (sender, knocks) = mpsc::unbounded_channel();
        *self.knocks.lock().unwrap() = Some(sender);
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(40_123)));
        Ok(Box::new(Listening { address, knocks }))
    }
}

#[async_trait]
impl LoopbackListener for Listening {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn accept(&mut self) -> Visit {
        let Some(arrival) = self.knocks.recv().await else { return std::future::pending().await };
        let (reply, _page) = oneshot::channel();
        let (_shown, shown) = oneshot::channel();
        Visit { arrival, reply, shown }
    }
}

/// A browser whose user agrees to everything.
pub(crate) struct FollowingBrowser {
    servers: Arc<dyn Servers>,
    door: Arc<Door>,
    /// The pages it was asked to open.
    pub(crate) opened: Mutex<Vec<Url>>,
}

#[async_trait]
impl Browser for FollowingBrowser {
    async fn open(&self, url: &Url) -> Result<(), String> {
        self.opened.lock().unwrap().push(url.clone());
        for redirect in self.servers.visited(url) {
            let arrival = RedirectArrival {
                method: "GET".into(),
                host: redirect.authority().to_owned(),
                path: redirect.path().to_owned(),
                query: redirect.query().unwrap_or_default().to_owned(),
            };
            if let Some(door) = &*self.door.knocks.lock().unwrap() {
                let _ = door.send(arrival);
            }
        }
        Ok(())
    }
}

/// Tokio's own time, which tests pause: it passes when everybody waits.
struct PausedClock {
    began: tokio::time::Instant,
}

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Moment {
        let passed = TimeDelta::from_std(self.began.elapsed()).unwrap_or_default();
        let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).expect("a date");
        let boot_ms = u64::try_from(passed.num_milliseconds()).unwrap_or_default();
        Moment { wall: start + passed, boot_ms, boot_id: "boot".into() }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Never the same twice.
#[derive(Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut random = crate::dice::Dice::new(self.0.fetch_add(1, Ordering::Relaxed));
            chunk.copy_from_slice(&random.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// `profiles.toml`, as it was at the start.
struct Written(Vec<Profile>);

impl ProfileSettings for Written {
    fn list(&self) -> Result<Vec<Profile>, Failure> {
        Ok(self.0.clone())
    }
    fn add(&self, _profile: &Profile) -> Result<(), Failure> {
        Ok(())
    }
    fn remove(&self, _name: &ProfileName) -> Result<(), Failure> {
        Ok(())
    }
    fn set_paused(&self, _name: &ProfileName, _paused: bool) -> Result<(), Failure> {
        Ok(())
    }
    fn set_sign_in_lifetime(&self, _name: &ProfileName, _answer: LifetimeAnswer) -> Result<(), Failure> {
        Ok(())
    }
    fn set_reminders(&self, _name: &ProfileName, _marks: &[chrono::TimeDelta]) -> Result<(), Failure> {
        Ok(())
    }
    fn version(&self) -> u64 {
        0
    }
}

/// Takes everything and keeps nothing.
struct Deaf;

impl Notifier for Deaf {
    fn notify(&self, _notice: &Notice) {}
}

impl Journal for Deaf {
    fn append(&self, _entry: &JournalEntry) {}
    fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
        Vec::new()
    }
}

#[async_trait]
impl TokenFiles for Deaf {
    async fn write(&self, _path: &str, _contents: &SecretText) -> Result<(), StoreProblem> {
        Ok(())
    }
    async fn write_env_line(&self, _path: &str, _key: &str, _value: &SecretText) -> Result<(), StoreProblem> {
        Ok(())
    }
    async fn read_template(&self, _path: &str) -> Result<String, StoreProblem> {
        Ok(String::new())
    }
    async fn remove(&self, _path: &str) -> Result<(), StoreProblem> {
        Ok(())
    }
    async fn remove_env_line(&self, _path: &str, _key: &str) -> Result<(), StoreProblem> {
        Ok(())
    }
    async fn check(&self, _path: &str) -> Result<(), StoreProblem> {
        Ok(())
    }
    fn local_offset(&self, _at: &Moment) -> i32 {
        0
    }
}

impl keyfob_agent::ports::Commands for Deaf {
    fn begin(&self, _run: keyfob_agent::ports::CommandRun) {}
    fn has_run(&self, _profile: &ProfileName, _mark: &keyfob_core::secret::Fingerprint) -> bool {
        false
    }
    fn forget(&self, _profile: &ProfileName) {}
}

#[async_trait]
impl KeyringEntries for Deaf {
    async fn write(&self, _service: &str, _account: &str, _secret: &SecretText) -> Result<(), StoreProblem> {
        Ok(())
    }
    async fn remove(&self, _service: &str, _account: &str) -> Result<(), StoreProblem> {
        Ok(())
    }
}

impl ClientKeys for Deaf {
    fn opens(&self, _: &Fingerprint) -> Option<Arc<Opened>> {
        None
    }
    fn revoke_all(&self, _: &ProfileName) -> Result<(), StoreProblem> {
        Ok(())
    }
}

#[async_trait]
impl PowerEvents for Deaf {
    async fn next(&self) -> PowerEvent {
        std::future::pending().await
    }
}

impl AssertionSigner for Deaf {
    fn kind(&self, _key: &PrivateKey) -> Result<KeyKind, String> {
        Err("nobody here has a key".into())
    }

    fn sign(&self, _key: &PrivateKey, _input: &SecretText) -> Result<Vec<u8>, String> {
        Err("nobody here has a key".into())
    }
}
