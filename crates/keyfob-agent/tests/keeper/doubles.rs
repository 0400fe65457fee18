//! One double per port, each as small as the reminders allow; a request nobody planned fails the test.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use keyfob_agent::journal::JournalEntry;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{
    AddressGuard, AssertionSigner, BindError, Browser, Clock, CommandRun, Commands, CommitError,
    CredentialStore, Entropy, HttpClient, HttpRequest, HttpResponse, Journal, KeyringEntries, LoopbackBinder,
    LoopbackListener, Notifier, Ports, PowerEvent, PowerEvents, ProfileLock, StoreStatus, StreamedResponse,
    TokenFiles, TransportFailure,
};
use keyfob_agent::ports::{ClientKeys, Opened};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::grant::client_assertion::KeyKind;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::profile::{Profile, RedirectHost};
use keyfob_core::secret::{Fingerprint, PrivateKey, SecretText};
use tokio::time::Instant;
use url::Url;

/// Everything the keeper can reach, and what it did there.
pub(crate) struct World {
    began: Instant,
    skew: Mutex<Skew>,
    pub(crate) profiles: Mutex<Vec<Profile>>,
    pub(crate) settings_version: AtomicU64,
    pub(crate) records: Mutex<HashMap<ProfileName, Credential>>,
    /// Every write is refused with this.
    pub(crate) refuses: Mutex<Option<StoreProblem>>,
    /// Every read is refused with this.
    pub(crate) locked: Mutex<Option<StoreProblem>>,
    pub(crate) told: Mutex<Vec<(TimeDelta, Notice)>>,
    pub(crate) written: Mutex<Vec<JournalEntry>>,
    /// Reads of the store so far, those under way, and the most that were under way at once.
    pub(crate) reads: [AtomicU64; 3],
    /// How often the keyring entry was written, and whether it holds what was written last.
    pub(crate) entry: Mutex<(u32, bool)>,
    busy: Mutex<HashMap<ProfileName, Arc<tokio::sync::Mutex<()>>>>,
}

/// What the machine's clocks say besides the time the test lives through.
struct Skew {
    /// A closed lid: both clocks run, no timer does.
    slept: TimeDelta,
    /// Somebody set the wall clock.
    wall: TimeDelta,
    boot: u32,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            skew: Mutex::new(Skew { slept: TimeDelta::zero(), wall: TimeDelta::zero(), boot: 1 }),
            profiles: Mutex::default(),
            settings_version: AtomicU64::new(0),
            records: Mutex::default(),
            refuses: Mutex::default(),
            locked: Mutex::default(),
            told: Mutex::default(),
            written: Mutex::default(),
            reads: Default::default(),
            entry: Mutex::default(),
            busy: Mutex::default(),
        })
    }

    pub(crate) fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            settings: self.clone(),
            store: self.clone(),
            http: self.clone(),
            browser: self.clone(),
            loopback: self.clone(),
            clock: self.clone(),
            entropy: self.clone(),
            signer: self.clone(),
            notifier: self.clone(),
            journal: self.clone(),
            token_files: self.clone(),
            keyring_entries: self.clone(),
            commands: self.clone(),
            client_keys: self.clone(),
            power: self.clone(),
            machine_id: "machine".into(),
        }
    }

    /// The time since the test began, as a right clock shows it.
    pub(crate) fn passed(&self) -> TimeDelta {
        let lived = TimeDelta::from_std(self.began.elapsed()).unwrap();
        lived + held(&self.skew).slept
    }

    pub(crate) fn close_the_lid_for(&self, time: TimeDelta) {
        held(&self.skew).slept += time;
    }

    pub(crate) fn set_wall_clock_by(&self, by: TimeDelta) {
        held(&self.skew).wall += by;
    }

    pub(crate) fn reboot(&self) {
        held(&self.skew).boot += 1;
    }

    pub(crate) fn told(&self) -> Vec<(TimeDelta, Notice)> {
        std::mem::take(&mut held(&self.told))
    }
}

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Moment {
        let passed = self.passed();
        let skew = held(&self.skew);
        Moment {
            wall: DateTime::from_timestamp(1_800_000_000, 0).unwrap() + passed + skew.wall,
            boot_ms: u64::try_from(passed.num_milliseconds()).unwrap(),
            boot_id: skew.boot.to_string().into(),
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Notifier for World {
    fn notify(&self, notice: &Notice) {
        let passed = self.passed();
        held(&self.told).push((passed, notice.clone()));
    }
}

impl Journal for World {
    fn append(&self, entry: &JournalEntry) {
        held(&self.written).push(entry.clone());
    }

    fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
        held(&self.written).clone()
    }
}

struct Turn(#[expect(dead_code, reason = "held, never read")] tokio::sync::OwnedMutexGuard<()>);

impl ProfileLock for Turn {}

#[async_trait]
impl CredentialStore for World {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        let [all, under_way, most] = &self.reads;
        all.fetch_add(1, SeqCst);
        most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
        // Others run meanwhile, as they do while a disk is waited for.
        tokio::task::yield_now().await;
        under_way.fetch_sub(1, SeqCst);
        match held(&self.locked).clone() {
            Some(problem) => Err(problem),
            None => Ok(held(&self.records).get(profile).cloned()),
        }
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        if let Some(problem) = held(&self.refuses).clone() {
            return Err(problem.into());
        }
        let mut records = held(&self.records);
        let stored = records.get(profile).map_or(0, |c| c.generation);
        if stored != expected {
            return Err(CommitError::Conflict(stored));
        }
        // Through the sealed form, as on a disk.
        let mut written = Credential::from_plaintext(&credential.to_plaintext()).unwrap();
        written.generation = expected + 1;
        records.insert(profile.clone(), written);
        Ok(expected + 1)
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        Ok(held(&self.records).keys().cloned().collect())
    }

    async fn remove(&self, _profile: &ProfileName, _expected: u64) -> Result<(), CommitError> {
        unplanned()
    }

    async fn set_aside(&self, _profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        unplanned()
    }

    async fn lock(
        &self,
        profile: &ProfileName,
        _patience: Duration,
    ) -> Result<Box<dyn ProfileLock>, Failure> {
        let busy = Arc::clone(held(&self.busy).entry(profile.clone()).or_default());
        Ok(Box::new(Turn(busy.lock_owned().await)))
    }

    async fn status(&self) -> StoreStatus {
        let problem = held(&self.locked).clone();
        StoreStatus { backend: "key-file".into(), strength: "account-only".into(), problem }
    }
}

#[async_trait]
impl HttpClient for World {
    async fn fetch(&self, _request: HttpRequest) -> Result<HttpResponse, TransportFailure> {
        unplanned()
    }

    async fn post_credentials(
        &self,
        _request: &CredentialRequest,
        _guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure> {
        unplanned()
    }

    async fn reach(&self, _url: &Url, _guard: AddressGuard) -> Result<(), TransportFailure> {
        unplanned()
    }

    async fn open(&self, _request: HttpRequest) -> Result<StreamedResponse, TransportFailure> {
        unplanned()
    }
}

impl ClientKeys for World {
    fn opens(&self, _: &Fingerprint) -> Option<Arc<Opened>> {
        None
    }
    fn revoke_all(&self, _: &ProfileName) -> Result<(), StoreProblem> {
        Ok(())
    }
}

#[async_trait]
impl PowerEvents for World {
    async fn next(&self) -> PowerEvent {
        std::future::pending().await
    }
}

#[async_trait]
impl Browser for World {
    async fn open(&self, _url: &Url) -> Result<(), String> {
        unplanned()
    }
}

#[async_trait]
impl LoopbackBinder for World {
    async fn bind(
        &self,
        _host: RedirectHost,
        _port: Option<u16>,
    ) -> Result<Box<dyn LoopbackListener>, BindError> {
        let _: SocketAddr = unplanned();
        unplanned()
    }
}

impl Entropy for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(127);
    }
}

#[async_trait]
impl TokenFiles for World {
    async fn write(&self, _path: &str, _contents: &SecretText) -> Result<(), StoreProblem> {
        unplanned()
    }

    async fn write_env_line(&self, _path: &str, _key: &str, _value: &SecretText) -> Result<(), StoreProblem> {
        unplanned()
    }

    async fn read_template(&self, _path: &str) -> Result<String, StoreProblem> {
        unplanned()
    }

    async fn remove(&self, _path: &str) -> Result<(), StoreProblem> {
        unplanned()
    }

    async fn remove_env_line(&self, _path: &str, _key: &str) -> Result<(), StoreProblem> {
        unplanned()
    }

    async fn check(&self, _path: &str) -> Result<(), StoreProblem> {
        unplanned()
    }

    fn local_offset(&self, _at: &Moment) -> i32 {
        0
    }
}

impl Commands for World {
    fn begin(&self, run: CommandRun) {
        panic!("nobody planned {run:?}");
    }

    fn has_run(&self, _profile: &ProfileName, _mark: &Fingerprint) -> bool {
        unplanned()
    }

    fn forget(&self, _profile: &ProfileName) {}
}

#[async_trait]
impl KeyringEntries for World {
    async fn write(&self, _service: &str, _account: &str, _secret: &SecretText) -> Result<(), StoreProblem> {
        let mut entry = held(&self.entry);
        *entry = (entry.0 + 1, true);
        Ok(())
    }

    async fn remove(&self, _service: &str, _account: &str) -> Result<(), StoreProblem> {
        // Somebody else's by then, as far as this double can tell.
        if !std::mem::take(&mut held(&self.entry).1) {
            return Err(StoreProblem::Io("keyfob did not write what this entry holds, so it stays".into()));
        }
        Ok(())
    }

    async fn holds(
        &self,
        _service: &str,
        _account: &str,
        _secret: &SecretText,
    ) -> Result<bool, StoreProblem> {
        Ok(held(&self.entry).1)
    }
}

#[track_caller]
pub(crate) fn unplanned<T>() -> T {
    panic!("nobody planned this call")
}

impl AssertionSigner for World {
    fn kind(&self, _key: &PrivateKey) -> Result<KeyKind, String> {
        Err("nobody here has a key".into())
    }

    fn sign(&self, _key: &PrivateKey, _input: &SecretText) -> Result<Vec<u8>, String> {
        Err("nobody here has a key".into())
    }
}
