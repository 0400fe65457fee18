//! Every power the orchestration may use, one trait each. This page is the table of contents of the threat model: what is
//! not here, keyfob cannot do.

mod browser;
mod client_keys;
mod machine;
mod network;
mod places;
mod records;
mod telling;

use std::sync::Arc;

pub use browser::{BindError, Browser, LoopbackBinder, LoopbackListener, Page, Visit};
pub use client_keys::{ClientKeys, Opened};
pub use machine::{AssertionSigner, Clock, Entropy, PowerEvent, PowerEvents, SleepDelay};
pub use network::{AddressGuard, HttpClient, HttpRequest, HttpResponse, StreamedResponse, TransportFailure};
pub use places::{CommandRun, Commands, KeyringEntries, TokenFiles};
pub use records::{CommitError, CredentialStore, ProfileLock, ProfileSettings, StoreStatus};
pub use telling::{Journal, Notifier};

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
