//! Telling the user that a sign-in ends, needs them, or has an end that nobody knows; and "remind me tomorrow".
//!
//! What is told stands in the record before it is told, so that another process or the next start does not say it again. It
//! is written under the profile's lock: a generation that moves during a renewal would cost the renewed token.

use std::time::Duration;

use keyfob_core::credential::Credential;
use keyfob_core::credential::Reminded;
use keyfob_core::failure::Failure;
use keyfob_core::profile::{Profile, duration_text};
use keyfob_core::reminders::{Reminder, Situation};

use super::manage_registration::with_renewed_secret;
use super::record;
use crate::journal::JournalEvent;
use crate::notice::{Notice, NoticeKind};
use crate::ports::{CommitError, Ports};

/// A renewal may hold the lock; the reminder has time and is tried again at the next look.
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of a look.
#[derive(Debug)]
pub enum Told {
    /// Nothing was due any more, or another writer was first: look again later.
    Nothing,
    /// Told; the record stands like this.
    Durably(Credential),
    /// Told, but the store does not take it: the caller remembers for as long as it lives.
    InMemory(Credential),
}

/// Tells what is due for `profile`, at most one thing.
///
/// # Errors
/// The lock is held by a renewal, or the store cannot be read: nothing was told.
pub async fn remind(ports: &Ports, profile: &Profile) -> Result<Told, Failure> {
    let _lock = ports.store.lock(&profile.name, PATIENCE).await?;
    let Some(credential) = ports.store.read(&profile.name).await? else { return Ok(Told::Nothing) };
    let credential = without_need(ports, profile, credential).await;
    let now = ports.clock.now();
    let situation = Situation { profile, credential: &credential, now: &now };
    let Some(reminder) = situation.due() else { return Ok(Told::Nothing) };
    let told = match commit(ports, profile, &credential, situation.told(&reminder)).await {
        Ok(next) => Told::Durably(next),
        Err(CommitError::Conflict(_)) => return Ok(Told::Nothing),
        // A full disk must not swallow the reminder.
        Err(CommitError::Store(problem)) => {
            tracing::warn!(profile = %profile.name, %problem, "a reminder could not be noted");
            Told::InMemory(Credential { reminded: Box::new(situation.told(&reminder)), ..credential.clone() })
        }
    };
    ports.notifier.notify(&notice(profile, NoticeKind::from(&reminder)));
    record(ports, profile, JournalEvent::Reminded, None, Some(detail(&reminder)));
    Ok(told)
}

/// A registration that is about to end is renewed where its server does so in place: then nobody has to be told. A mark is
/// told once, so that no server is asked more often than its user would be.
async fn without_need(ports: &Ports, profile: &Profile, credential: Credential) -> Credential {
    let now = ports.clock.now();
    match (Situation { profile, credential: &credential, now: &now }).due() {
        Some(Reminder::RegistrationEnds { .. }) => with_renewed_secret(ports, profile, credential).await,
        _ => credential,
    }
}

/// Says no more about the profile's end until tomorrow.
pub async fn tomorrow(ports: &Ports, profile: &Profile) -> Result<(), Failure> {
    let _lock = ports.store.lock(&profile.name, Duration::from_secs(30)).await?;
    let Some(credential) = ports.store.read(&profile.name).await? else { return Ok(()) };
    let now = ports.clock.now();
    let snoozed = Situation { profile, credential: &credential, now: &now }.snoozed();
    commit(ports, profile, &credential, snoozed).await?;
    Ok(())
}

/// A notice about a profile.
pub(crate) fn notice(profile: &Profile, kind: NoticeKind) -> Notice {
    let label = profile.label.clone().unwrap_or_else(|| profile.name.to_string());
    Notice { profile: Some(profile.name.clone()), label, kind }
}

async fn commit(
    ports: &Ports,
    profile: &Profile,
    before: &Credential,
    reminded: Reminded,
) -> Result<Credential, CommitError> {
    let next = Credential { reminded: Box::new(reminded), ..before.clone() };
    let generation = ports.store.commit(&profile.name, before.generation, &next).await?;
    Ok(Credential { generation, ..next })
}

fn detail(reminder: &Reminder) -> String {
    match reminder {
        Reminder::SignInEnds { at, mark, source, .. } => {
            format!(
                "{} before the sign-in ends at {} ({})",
                duration_text(*mark),
                at.to_rfc3339(),
                source.word()
            )
        }
        Reminder::SignInNeeded { told_before: 0, .. } => "sign in again".to_owned(),
        Reminder::SignInNeeded { told_before, .. } => {
            format!("sign in again, said {told_before} times before")
        }
        Reminder::RegistrationEnds { at, mark, .. } => {
            format!("{} before the registration ends at {}", duration_text(*mark), at.to_rfc3339())
        }
        Reminder::EndUnknown => "asked when the sign-in ends".to_owned(),
    }
}
