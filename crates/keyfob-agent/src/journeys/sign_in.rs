//! Signing in, by whichever grant the profile has. The tokens are durable before anyone hears of them, and until then what
//! was held stays held.

mod browser;
mod device;
mod imported;
mod keeping;
mod machine;

use std::time::Duration;

use chrono::{DateTime, Utc};
use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::grant::device_code::DevicePrompt;
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::examine::Examined;
use super::{record, record_failure};
use crate::delivery::DeliveryReport;
use crate::journal::JournalEvent;
use crate::ports::Ports;

pub use imported::import;

/// How a sign-in is done.
pub struct SignInOptions {
    /// Open the system browser; else only tell the URL.
    pub open_browser: bool,
    /// Give up after this.
    pub timeout: Duration,
    /// Scopes to ask for beside the usual ones (step-up, D8).
    pub additional_scopes: ScopeSet,
    /// Redirect URLs that a person pastes, for machines without a browser.
    pub pasted: Option<mpsc::Receiver<String>>,
    /// What happens where another account signs in than the profile has now.
    pub other_account: OtherAccount,
    /// Hears how it goes.
    pub progress: mpsc::UnboundedSender<SignInProgress>,
}

/// What happens where another account signs in than the profile has now: whoever mistook the account in the browser would go on
/// to work, and to write, as somebody else.
#[derive(Debug, Clone)]
pub enum OtherAccount {
    /// The sign-in is declined, its tokens are given back to the server, and what was held stays.
    Refuse,
    /// It is as good as any.
    Take,
    /// A person is asked; without an answer it is refused.
    Ask(mpsc::Sender<AccountQuestion>),
}

/// Whether another account may take the place of the one before.
#[derive(Debug)]
pub struct AccountQuestion {
    /// The account so far.
    pub before: String,
    /// The one that signed in now.
    pub now: String,
    /// Takes the answer.
    pub answer: oneshot::Sender<bool>,
}

/// How far a sign-in is.
#[derive(Debug, Clone)]
pub enum SignInProgress {
    /// The server was looked up.
    LookedUp(Box<Examined>),
    /// The record held did not open; it is kept at this path.
    SetAside(String),
    /// keyfob is a client there.
    Registered,
    /// A person must visit this URL; `opened` says whether a browser was started, or why not.
    Visit {
        /// The authorization URL.
        url: Url,
        /// `Ok` where a browser was started.
        opened: Result<(), String>,
    },
    /// A person must type this code at its page; `opened` says whether a browser was started there, or why not.
    EnterCode {
        /// The code and where to type it.
        prompt: Box<DevicePrompt>,
        /// When the code ends.
        until: DateTime<Utc>,
        /// `Ok` where a browser was started.
        opened: Result<(), String>,
    },
    /// What was pasted is not the redirect that is waited for; why not.
    PastedInVain(&'static str),
    /// The redirect arrived; the code is being exchanged.
    Redirected,
    /// A place could not be written to; the sign-in stands.
    DeliveryFailed(DeliveryReport),
}

/// The default time to finish a sign-in in the browser.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(5);

/// How long a sign-in is waited for: a device's code lives as long as its server says.
pub fn usual_timeout(grant: GrantKind) -> Duration {
    if grant == GrantKind::Device { Duration::MAX } else { DEFAULT_TIMEOUT }
}

impl SignInOptions {
    /// The usual way: browser, five minutes. Progress goes to the returned receiver.
    pub fn usual() -> (Self, mpsc::UnboundedReceiver<SignInProgress>) {
        let (progress, receiver) = mpsc::unbounded_channel();
        let options = Self {
            open_browser: true,
            timeout: DEFAULT_TIMEOUT,
            additional_scopes: ScopeSet::default(),
            pasted: None,
            other_account: OtherAccount::Refuse,
            progress,
        };
        (options, receiver)
    }

    fn tell(&self, progress: SignInProgress) {
        // Nobody has to listen.
        let _ = self.progress.send(progress);
    }
}

/// A finished sign-in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The record as it is now.
    pub credential: Credential,
    /// How the token got to its places.
    pub deliveries: Vec<DeliveryReport>,
}

/// Signs `profile` in. Dropping the future gives the sign-in up; nothing is lost then.
pub async fn sign_in(ports: &Ports, profile: &Profile, options: SignInOptions) -> Result<SignedIn, Failure> {
    let began = ports.clock.now().boot_ms;
    let outcome = match profile.grant {
        GrantKind::ClientCredentials => Box::pin(machine::sign_in(ports, profile, options)).await,
        GrantKind::Device => Box::pin(device::sign_in(ports, profile, options)).await,
        GrantKind::AuthorizationCode => Box::pin(browser::sign_in(ports, profile, options)).await,
    };
    match &outcome {
        Ok(_) => record(ports, profile, JournalEvent::SignedIn, Some(began), None),
        Err(failure) => record_failure(ports, profile, JournalEvent::SignInFailed, Some(began), failure),
    }
    outcome
}
