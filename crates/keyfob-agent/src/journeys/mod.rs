//! What the user does, one file each. A journey owns no state: it reads and commits records through the ports and gives
//! its result back. The same functions serve the keeper and a CLI that finds no keeper.

pub mod approve;
pub mod client_metadata;
pub mod doctor;
pub mod examine;
pub mod hand_out;
pub mod profiles;
pub mod refresh_transaction;
pub mod remind;
pub mod remove;
pub mod revoke;
pub mod sign_in;
pub mod sign_out;
pub mod wish;

mod account;
mod client_proof;
mod fetch_document;
mod landing_page;
mod look_up_time;
mod manage_registration;
mod redirect_port;
mod register;
mod repeats;

use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::failure::{Failure, SignInNeeded, StoreProblem, Temporary};
use keyfob_core::grant::token_endpoint::HttpAnswer;
use keyfob_core::profile::Profile;

use crate::journal::{JournalEntry, JournalEvent};
use crate::ports::{AddressGuard, HttpResponse, Ports, TransportFailure};

/// Which addresses this profile's requests may reach (A9).
pub fn guard_of(profile: &Profile) -> AddressGuard {
    if profile.may_reach_private_addresses() { AddressGuard::Anywhere } else { AddressGuard::PublicOnly }
}

/// The failure to show for a request without a whole answer.
pub(crate) fn transport_failure(failure: TransportFailure) -> Failure {
    match failure {
        TransportFailure::NotSent(why) => Temporary::Offline(why).into(),
        TransportFailure::Cut(why) => Temporary::Cut(why).into(),
        TransportFailure::TooLarge(_) => Temporary::ServerTrouble(failure.to_string()).into(),
        TransportFailure::Forbidden(why) => keyfob_core::failure::Incompatibility::PrivateAddress(why).into(),
    }
}

/// What the rules need of an HTTP answer. `X-Retry-After` counts as `Retry-After` (seen in the wild).
pub(crate) fn as_http_answer(response: &HttpResponse) -> HttpAnswer<'_> {
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    HttpAnswer {
        status: response.status,
        retry_after: header("retry-after").or_else(|| header("x-retry-after")),
        body: &response.body,
    }
}

/// The sign-in this profile can use: there is one, and it is for this profile's URL (V10).
pub(crate) fn usable_sign_in<'a>(
    credential: Option<&'a Credential>,
    profile: &Profile,
) -> Result<&'a SignIn, Failure> {
    let credential = credential.ok_or(SignInNeeded::SignedOut)?;
    match (&credential.sign_in, credential.sign_in_for(&profile.url)) {
        (_, Some(sign_in)) => Ok(sign_in),
        (Some(_), None) => Err(SignInNeeded::Moved.into()),
        (None, None) => Err(SignInNeeded::SignedOut.into()),
    }
}

/// Puts a record that does not open out of the way of an owner who gives it up; any other problem is the failure it is.
/// Gives the path where it is kept, `None` where nothing is in the way any more.
pub(crate) async fn set_aside(
    ports: &Ports,
    profile: &Profile,
    problem: StoreProblem,
) -> Result<Option<String>, Failure> {
    match problem {
        StoreProblem::Damaged(_) | StoreProblem::KeyMissing(_) => {
            Ok(ports.store.set_aside(&profile.name).await?)
        }
        other => Err(other.into()),
    }
}

/// Writes one line of the journal; `began` is a reading of the boot clock in milliseconds.
pub(crate) fn record(
    ports: &Ports,
    profile: &Profile,
    event: JournalEvent,
    began: Option<u64>,
    detail: Option<String>,
) {
    let entry = timed(ports, profile, event, began);
    ports.journal.append(&JournalEntry { detail, ..entry });
}

/// The same for what failed: with the cause as a code and in words.
pub(crate) fn record_failure(
    ports: &Ports,
    profile: &Profile,
    event: JournalEvent,
    began: Option<u64>,
    failure: &Failure,
) {
    ports.journal.append(&timed(ports, profile, event, began).because(failure));
}

fn timed(ports: &Ports, profile: &Profile, event: JournalEvent, began: Option<u64>) -> JournalEntry {
    let now = ports.clock.now();
    let duration_ms = began.map(|began| now.boot_ms.saturating_sub(began));
    JournalEntry { duration_ms, ..JournalEntry::new(now.wall, event).about(&profile.name) }
}

/// A number in -1.0..=1.0 from the system's randomness, to spread renewals and retries.
pub(crate) fn jitter(ports: &Ports) -> f64 {
    let mut byte = [0u8; 1];
    ports.entropy.fill(&mut byte);
    f64::from(byte[0]) / 127.5 - 1.0
}
