//! What a trial sign-in is kept in: a store and a journal that end with the walk. Nothing of it reaches a disk.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;

use crate::journal::JournalEntry;
use crate::ports::{CommitError, CredentialStore, Journal, ProfileLock, StoreStatus};

/// A store of one record.
pub(super) struct PassingStore(Mutex<Option<Credential>>);

impl PassingStore {
    pub(super) fn holding(record: Option<Credential>) -> Self {
        Self(Mutex::new(record))
    }

    fn record(&self) -> MutexGuard<'_, Option<Credential>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect_generation(&self, expected: u64) -> Result<(), CommitError> {
        let current = self.record().as_ref().map_or(0, |record| record.generation);
        if current == expected { Ok(()) } else { Err(CommitError::Conflict(current)) }
    }
}

/// One walk has one record, and nobody to share it with.
struct NobodyElse;

impl ProfileLock for NobodyElse {}

#[async_trait]
impl CredentialStore for PassingStore {
    async fn read(&self, _profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        Ok(self.record().clone())
    }

    async fn commit(
        &self,
        _profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        self.expect_generation(expected)?;
        let generation = expected + 1;
        *self.record() = Some(Credential { generation, ..credential.clone() });
        Ok(generation)
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        Ok(Vec::new())
    }

    async fn remove(&self, _profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        self.expect_generation(expected)?;
        *self.record() = None;
        Ok(())
    }

    async fn set_aside(&self, _profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        Ok(None)
    }

    async fn lock(&self, _: &ProfileName, _: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        Ok(Box::new(NobodyElse))
    }

    async fn status(&self) -> StoreStatus {
        StoreStatus { backend: "memory".into(), strength: "none".into(), problem: None }
    }
}

/// A trial is no part of a profile's story.
pub(super) struct NoJournal;

impl Journal for NoJournal {
    fn append(&self, _entry: &JournalEntry) {}

    fn read(&self, _profile: Option<&ProfileName>, _limit: usize) -> Vec<JournalEntry> {
        Vec::new()
    }
}
