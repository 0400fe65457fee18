//! The real store on a disk that is in trouble for one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{CommitError, CredentialStore, ProfileLock, StoreStatus};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;

/// What the disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskTrouble {
    /// It is full: nothing is written.
    Full,
    /// The last sync fails: the commit is told as failed although it is in its place.
    NotSynced,
}

/// A store with one commit in trouble.
pub struct TroubledStore {
    store: Arc<dyn CredentialStore>,
    trouble: DiskTrouble,
    commits_until: AtomicU32,
}

impl TroubledStore {
    /// The `nth` commit from now is in trouble, counted from 1.
    pub fn at(nth: u32, trouble: DiskTrouble, store: Arc<dyn CredentialStore>) -> Arc<Self> {
        Arc::new(Self { store, trouble, commits_until: AtomicU32::new(nth) })
    }
}

#[async_trait]
impl CredentialStore for TroubledStore {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        self.store.read(profile).await
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        if self.commits_until.fetch_sub(1, Ordering::SeqCst) != 1 {
            return self.store.commit(profile, expected, credential).await;
        }
        if self.trouble == DiskTrouble::Full {
            return Err(StoreProblem::Full("no room, this once".into()).into());
        }
        self.store.commit(profile, expected, credential).await?;
        Err(StoreProblem::Io("the folder could not be synced".into()).into())
    }

    async fn names(&self) -> Result<Vec<ProfileName>, StoreProblem> {
        self.store.names().await
    }

    async fn remove(&self, profile: &ProfileName, expected: u64) -> Result<(), CommitError> {
        self.store.remove(profile, expected).await
    }

    async fn set_aside(&self, profile: &ProfileName) -> Result<Option<String>, StoreProblem> {
        self.store.set_aside(profile).await
    }

    async fn lock(&self, profile: &ProfileName, patience: Duration) -> Result<Box<dyn ProfileLock>, Failure> {
        self.store.lock(profile, patience).await
    }

    async fn status(&self) -> StoreStatus {
        self.store.status().await
    }
}
