//! What keyfob itself keeps: what the user wrote about profiles, and the sealed records with their locks.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{LifetimeAnswer, Profile};
use serde::{Deserialize, Serialize};

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
    /// Sets how long before the end the user is told, longest first; the usual marks ([`default_reminders`]) need no line.
    ///
    /// [`default_reminders`]: keyfob_core::profile::default_reminders
    fn set_reminders(&self, name: &ProfileName, marks: &[TimeDelta]) -> Result<(), Failure>;
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
