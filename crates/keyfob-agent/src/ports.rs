//! Every power the orchestration may use, one trait each. This page is the table of contents of the threat model: what is
//! not here, keyfob cannot do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use keyfob_core::grant::authorization_code::RedirectArrival;
use keyfob_core::grant::client_assertion::KeyKind;
use keyfob_core::grant::credential_request::CredentialRequest;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::profile::{LifetimeAnswer, Profile, RedirectHost};
use keyfob_core::secret::{AccessToken, PrivateKey, SecretText};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use url::Url;

use crate::journal::JournalEntry;
use crate::local_proxy::ClientKeys;
use crate::notice::Notice;

/// All ports together; cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// `profiles.toml`.
    pub settings: Arc<dyn ProfileSettings>,
    /// Sealed records and profile locks.
    pub store: Arc<dyn CredentialStore>,
    /// The network.
    pub http: Arc<dyn HttpClient>,
    /// The system browser.
    pub browser: Arc<dyn Browser>,
    /// Loopback listeners for redirects.
    pub loopback: Arc<dyn LoopbackBinder>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Signatures of clients that prove themselves by a key.
    pub signer: Arc<dyn AssertionSigner>,
    /// Desktop notifications.
    pub notifier: Arc<dyn Notifier>,
    /// What happened, without secrets.
    pub journal: Arc<dyn Journal>,
    /// Token files for other programs.
    pub token_files: Arc<dyn TokenFiles>,
    /// Keyring entries for other programs.
    pub keyring_entries: Arc<dyn KeyringEntries>,
    /// Commands of the user's that get new tokens.
    pub commands: Arc<dyn Commands>,
    /// Keys of the loopback proxy's clients.
    pub client_keys: Arc<dyn ClientKeys>,
    /// Sleep, wake and the network.
    pub power: Arc<dyn PowerEvents>,
    /// Names this machine; a record from another one is not renewed by itself (trust rule 12).
    pub machine_id: Arc<str>,
}

/// Reads and edits what the user wrote about profiles. Synchronous: one small file.
///
/// Errors are [`Failure::Usage`] with line and column for a file that cannot be understood, and
/// [`Failure::StoreUnavailable`] for one that cannot be read or written.
#[async_trait]
pub trait ProfileSettings: Send + Sync {
    /// All profiles, by name.
    fn list(&self) -> Result<Vec<Profile>, Failure>;
    /// Adds one; comments, order and unknown keys of the file stay. An existing name is [`Failure::Usage`].
    fn add(&self, profile: &Profile) -> Result<(), Failure>;
    /// Takes one out; [`Failure::NoSuchProfile`] where there is none.
    fn remove(&self, name: &ProfileName) -> Result<(), Failure>;
    /// Pauses or resumes background renewal.
    fn set_paused(&self, name: &ProfileName, paused: bool) -> Result<(), Failure>;
    /// Answers "when does this sign-in end?"; [`LifetimeAnswer::Open`] takes the answer back.
    fn set_sign_in_lifetime(&self, name: &ProfileName, answer: LifetimeAnswer) -> Result<(), Failure>;
    /// Changes whenever the file changes; compared, never ordered.
    fn version(&self) -> u64;
    /// Waits until the file may have changed; for ever where the system does not tell. One listener at a time.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}

/// Sealed records, one per profile, and the lock that keeps two keyfob processes from spending one refresh token.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The record, `None` where there is none. Only "not found" is empty; every other trouble is an error.
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem>;
    /// Writes durably if the stored generation is still `expected` (0: no record yet), and returns the new generation,
    /// `expected + 1`. On return the bytes are on disk.
    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError>;
    /// The names of all records, also of those whose profile is gone; the last written first.
    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem>;
    /// Deletes the record if the stored generation is still `expected`.
    async fn remove(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError>;
    /// Puts a record that does not open (damaged, or its key is gone) out of the way, so that its owner can begin anew. The
    /// file is kept under a name with the date, which is given; nothing deletes it. `None` where there was nothing in the
    /// way. A key that is gone is given up, so that the next commit makes a new one; should it come back, what it sealed
    /// opens again. What a newer keyfob wrote, or what is only out of reach, stays and is an error.
    async fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem>;
    /// Takes the profile's lock across all processes, waiting at most `patience`, else [`Temporary::Busy`]. Held until
    /// dropped, also over network calls; released by the kernel when the process dies.
    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure>;
    /// Where the sealing key lives, and whether it can be reached now.
    async fn status(&self) -> StoreStatus;
}

/// A held profile lock; dropping it releases it.
pub trait ProfileLock: Send + Sync {}

/// Why a commit did not happen. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Another writer was first; the stored generation is given.
    #[error("the record has moved on to generation {0}")]
    Conflict(u64),
    /// The store itself fails.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(_) => Temporary::Busy.into(),
            CommitError::Store(problem) => problem.into(),
        }
    }
}

/// Where the sealing key lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// `secret-service`, `keychain`, `credential-manager`, `passphrase`, `key-file`, `systemd-creds`.
    pub backend: String,
    /// `keyring`, `passphrase`, `machine`, `account-only`.
    pub strength: String,
    /// Why it cannot be used now.
    pub problem: Option<StoreProblem>,
}

/// Which addresses a request may reach (A9). Checked when the connection is made, after name resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressGuard {
    /// Public addresses only.
    PublicOnly,
    /// Private and loopback ones too.
    Anywhere,
}

/// A request without stored credentials, save a bearer.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers; `Authorization` is set from `bearer` alone.
    pub headers: HeaderMap,
    /// The access token to send as `Authorization: Bearer …` (G1).
    pub bearer: Option<AccessToken>,
    /// The body, empty for none.
    pub body: Vec<u8>,
    /// Which addresses it may reach.
    pub guard: AddressGuard,
}

/// A whole answer.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most the limit.
    pub body: Vec<u8>,
}

/// An answer whose body is still coming.
pub struct StreamedResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body's pieces as they arrive.
    pub body: BoxStream<'static, Result<Vec<u8>, TransportFailure>>,
}

/// A request that got no whole answer, by what the server may have seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// Nothing left this machine: look-up, connection or TLS failed. Safe to repeat.
    #[error("{0}")]
    NotSent(String),
    /// Bytes left and no whole answer came: the server may have acted.
    #[error("{0}")]
    Cut(String),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The address may not be reached (A9). Nothing was sent.
    #[error("{0}")]
    Forbidden(String),
}

/// The network. No method ever follows a redirect (F10, B6): callers decide hop by hop.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// One request, the whole answer up to 1 MiB; 10 s to connect, 20 s in all.
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, TransportFailure>;
    /// A form with credentials, on a fresh connection that is not used again; no retry of any kind (trust rule 3).
    async fn post_credentials(
        &self,
        request: &CredentialRequest,
        guard: AddressGuard,
    ) -> Result<HttpResponse, TransportFailure>;
    /// Connects to `url`'s host and finishes TLS there, sends nothing, and closes: there is a way to it (trust rule 10).
    async fn reach(&self, url: &Url, guard: AddressGuard) -> Result<(), TransportFailure>;
    /// One request on a kept connection, the answer as a stream without a limit in size or time after its head.
    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse, TransportFailure>;
}

/// Opens the system browser, never a webview (D11).
#[async_trait]
pub trait Browser: Send + Sync {
    /// Opens an https or loopback URL; an error says why no browser could be started.
    async fn open(&self, url: &Url) -> Result<(), String>;
}

/// Binds loopback listeners for redirects.
#[async_trait]
pub trait LoopbackBinder: Send + Sync {
    /// Binds `host` at `port`, or at a free port. `localhost` means both families or nothing (V8).
    async fn bind(
        &self,
        host: RedirectHost,
        port: Option<u16>,
    ) -> Result<Box<dyn LoopbackListener>, BindError>;
}

/// Why a listener could not be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {0} is taken")]
    Taken(u16),
    /// The system says no.
    #[error("{0}")]
    Failed(String),
}

/// A bound listener; dropping it closes the port.
#[async_trait]
pub trait LoopbackListener: Send + Sync {
    /// Where it listens; the port is the redirect URI's.
    fn address(&self) -> SocketAddr;
    /// Waits for the next request; slow, broken or oversized ones are answered and dropped by the listener itself.
    async fn accept(&mut self) -> Visit;
}

/// A request at the listener, waiting for its page.
pub struct Visit {
    /// What was asked.
    pub arrival: RedirectArrival,
    /// Takes the page to show.
    pub reply: oneshot::Sender<Page>,
    /// Ends once the page is out, or nobody is there to take it: until then this process must live.
    pub shown: oneshot::Receiver<()>,
}

/// A page of our own: no third-party content, sent with `no-store`, `no-referrer` and a CSP of none (E8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Status code.
    pub status: u16,
    /// HTML.
    pub html: String,
}

/// Time. Tests move it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Both clocks now.
    fn now(&self) -> Moment;
    /// Sleeps; may oversleep when the machine does.
    async fn sleep(&self, duration: Duration);
}

/// Sleep, wake and the network, as far as this machine tells.
#[async_trait]
pub trait PowerEvents: Send + Sync {
    /// The next event; waits for ever where the machine tells nothing. One listener at a time.
    async fn next(&self) -> PowerEvent;
}

/// What a machine tells about its power and its network.
pub enum PowerEvent {
    /// It goes to sleep as soon as the delay is dropped, or its patience (seconds) is at its end.
    SleepSoon(SleepDelay),
    /// It has woken.
    Woke,
    /// A network may have come up.
    NetworkUp,
}

/// Keeps the machine awake a little longer; dropping it lets it sleep.
pub struct SleepDelay(#[expect(dead_code, reason = "held until dropped, never read")] Box<dyn Send>);

impl SleepDelay {
    /// `lock` is whatever keeps the machine awake until it is dropped.
    pub fn new(lock: impl Send + 'static) -> Self {
        Self(Box::new(lock))
    }
}

/// Randomness of the operating system.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Signs with a client's private key (RFC 7523). Errors are words for the key's owner; they quote nothing of it.
pub trait AssertionSigner: Send + Sync {
    /// What kind of key it is; an error for one that could never sign.
    fn kind(&self, key: &PrivateKey) -> Result<KeyKind, String>;
    /// The signature over `input` (RFC 7515 §5.1), in the form that RFC 7518 wants.
    fn sign(&self, key: &PrivateKey, input: &SecretText) -> Result<Vec<u8>, String>;
}

/// Desktop notifications; never blocks, never fails a journey (fault 48).
pub trait Notifier: Send + Sync {
    /// Shows one.
    fn notify(&self, notice: &Notice);
}

/// The journal on disk: bounded, without secrets, never fails a journey.
pub trait Journal: Send + Sync {
    /// Adds an entry.
    fn append(&self, entry: &JournalEntry);
    /// The newest entries, oldest first, at most `limit`.
    fn read(&self, profile: Option<&ProfileName>, limit: usize) -> Vec<JournalEntry>;
}

/// Files for other programs: mode 0600 from the first system call, atomic, symlinks and foreign folders refused.
#[async_trait]
pub trait TokenFiles: Send + Sync {
    /// Writes the whole file.
    async fn write(&self, path: &str, contents: &SecretText) -> Result<(), StoreProblem>;
    /// Replaces or adds one line `KEY=value` in a `.env` file; every other byte stays.
    async fn write_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<(), StoreProblem>;
    /// Reads a template of the user's, which holds no secret.
    async fn read_template(&self, path: &str) -> Result<String, StoreProblem>;
    /// Removes a file keyfob wrote; one that is not there is fine.
    async fn remove(&self, path: &str) -> Result<(), StoreProblem>;
    /// Takes the line `KEY=…` out of a `.env` file.
    async fn remove_env_line(&self, path: &str, key: &str) -> Result<(), StoreProblem>;
    /// Checks, without writing, that `path` could be written.
    async fn check(&self, path: &str) -> Result<(), StoreProblem>;
    /// Local time's offset from UTC in seconds at that moment, for formats without a zone.
    fn local_offset(&self, at: &Moment) -> i32;
}

/// Keyring entries for other programs; every call answers within 3 s.
#[async_trait]
pub trait KeyringEntries: Send + Sync {
    /// Writes an entry.
    async fn write(&self, service: &str, account: &str, secret: &SecretText) -> Result<(), StoreProblem>;
    /// Removes an entry; one that is not there is fine.
    async fn remove(&self, service: &str, account: &str) -> Result<(), StoreProblem>;
}

/// Runs the commands that the user allowed to get new tokens: never through a shell, each in a process group of its own
/// that is ended as a whole after 10 s. How it went is written to the journal.
pub trait Commands: Send + Sync {
    /// Begins one; never waits for it (fault 38).
    fn begin(&self, run: CommandRun);
}

/// A command about to run.
#[derive(Debug)]
pub struct CommandRun {
    /// The profile whose token it gets.
    pub profile: ProfileName,
    /// The program and its arguments, as the user wrote them.
    pub argv: Vec<String>,
    /// The variable that holds `secret`; `None` where it is written to standard input.
    pub variable: Option<String>,
    /// What the command is given.
    pub secret: SecretText,
}
