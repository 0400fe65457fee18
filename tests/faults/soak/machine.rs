//! A machine whose time is made, whose clock people set, which sleeps and starts again, and whose disk refuses at times.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use keyfob_agent::ports::{
    Clock, CommitError, CredentialStore, Entropy, PowerEvent, PowerEvents, ProfileLock, StoreStatus,
};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::secret::RefreshToken;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Pseudo-random numbers from a seed (SplitMix64), so that a run can be had again.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn number(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// True so many times in a thousand.
    pub(crate) fn in_a_thousand(&self, times: u64) -> bool {
        self.below(1_000) < times
    }
}

/// What outlives a process and a boot.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) dice: Dice,
    /// True time up to the begin of this life, in milliseconds since the first.
    lived: AtomicU64,
    booted: AtomicU64,
    boots: AtomicU64,
    /// How far people have set the wall clock off.
    pub(crate) wall_off: AtomicI64,
    /// The store is locked until then.
    pub(crate) locked_until: AtomicU64,
    began: Mutex<Option<Instant>>,
    /// Told when a lid is opened.
    pub(crate) woke: Notify,
    /// The refresh token that each record holds durably.
    pub(crate) durable: Mutex<BTreeMap<ProfileName, RefreshToken>>,
    /// What must never be and was. A task of the keeper's cannot fail the test by itself.
    broken: Mutex<Vec<String>>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            dice: Dice::new(seed),
            lived: AtomicU64::new(0),
            booted: AtomicU64::new(0),
            boots: AtomicU64::new(1),
            wall_off: AtomicI64::new(0),
            locked_until: AtomicU64::new(0),
            began: Mutex::new(None),
            woke: Notify::new(),
            durable: Mutex::default(),
            broken: Mutex::default(),
        })
    }

    /// Remembers what must never be, unless `holds`.
    pub(crate) fn must(&self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.broken.lock().unwrap().push(format!("day {}: {}", self.time() / 86_400_000, words()));
        }
    }

    pub(crate) fn nothing_is_broken(&self) {
        let broken = self.broken.lock().unwrap();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// True time, in milliseconds since the machine was made.
    pub(crate) fn time(&self) -> u64 {
        let began = self.began.lock().unwrap();
        let now = began.map_or(Duration::ZERO, |began| began.elapsed());
        self.lived.load(Ordering::SeqCst) + u64::try_from(now.as_millis()).unwrap()
    }

    /// A life begins on the current runtime, so many milliseconds after the last one ended; `boots`: with a new boot.
    pub(crate) fn begin_life(&self, pause: u64, boots: bool) {
        self.pass(pause);
        if boots {
            self.boots.fetch_add(1, Ordering::SeqCst);
            self.booted.store(self.lived.load(Ordering::SeqCst), Ordering::SeqCst);
            // Time servers set the clock right at a start.
            self.wall_off.store(0, Ordering::SeqCst);
        }
        *self.began.lock().unwrap() = Some(Instant::now());
    }

    pub(crate) fn end_life(&self) {
        let time = self.time();
        *self.began.lock().unwrap() = None;
        self.lived.store(time, Ordering::SeqCst);
    }

    /// Time passes that no timer notices: sleep.
    pub(crate) fn pass(&self, milliseconds: u64) {
        self.lived.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn is_locked(&self) -> bool {
        self.time() < self.locked_until.load(Ordering::SeqCst)
    }

    pub(crate) fn moment(&self) -> Moment {
        let time = self.time();
        let wall = DateTime::from_timestamp(1_800_000_000, 0).unwrap()
            + TimeDelta::milliseconds(i64::try_from(time).unwrap() + self.wall_off.load(Ordering::SeqCst));
        let boot_ms = time - self.booted.load(Ordering::SeqCst) + 60_000;
        Moment { wall, boot_ms, boot_id: format!("boot {}", self.boots.load(Ordering::SeqCst)).into() }
    }
}

#[async_trait]
impl Clock for Machine {
    fn now(&self) -> Moment {
        self.moment()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[async_trait]
impl PowerEvents for Machine {
    async fn next(&self) -> PowerEvent {
        self.woke.notified().await;
        PowerEvent::Woke
    }
}

impl Entropy for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.dice.number().to_le_bytes()[0];
        }
    }
}

/// Made time stands while `work` waits for a thread of its own. The runtime moves its paused clock to the next timer as soon
/// as all of its tasks wait, and it knows of no thread but those it started itself.
async fn in_no_time<T>(work: impl Future<Output = T>) -> T {
    let (ends, until) = std::sync::mpsc::channel::<()>();
    let held = tokio::task::spawn_blocking(move || until.recv().is_ok());
    let outcome = work.await;
    drop(ends);
    held.await.expect("nothing in it can fail");
    outcome
}

/// The real store on a disk that is full at times, or says that it failed when it did not.
pub(crate) struct RefusingDisk {
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) machine: Arc<Machine>,
}

impl RefusingDisk {
    fn note(&self, profile: &ProfileName, credential: &Credential) {
        let token = credential.sign_in.as_ref().and_then(|sign_in| sign_in.tokens.refresh_token.clone());
        self.machine.durable.lock().unwrap().insert(profile.clone(), token.expect("a refresh token"));
    }
}

#[async_trait]
impl CredentialStore for RefusingDisk {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        if self.machine.is_locked() {
            return Err(StoreProblem::Locked);
        }
        in_no_time(self.store.read(profile)).await
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        if self.machine.dice.in_a_thousand(10) {
            return Err(StoreProblem::Full("no room, this once".into()).into());
        }
        let generation = in_no_time(self.store.commit(profile, expected, credential)).await?;
        self.note(profile, credential);
        if self.machine.dice.in_a_thousand(5) {
            return Err(StoreProblem::Io("told as failed, and done".into()).into());
        }
        Ok(generation)
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        in_no_time(self.store.names()).await
    }

    async fn remove(&self, profile: &ProfileName, _expected: u64) -> Result<(), CommitError> {
        self.machine.must(false, || format!("{profile} is removed, and nobody asked for it"));
        Ok(())
    }

    async fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        self.machine.must(false, || format!("{profile} is set aside, and nobody asked for it"));
        Ok(None)
    }

    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        self.store.lock(profile, patience).await
    }

    async fn status(&self) -> StoreStatus {
        in_no_time(self.store.status()).await
    }
}
