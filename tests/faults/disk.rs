//! The real store on a disk that is full for one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{CommitError, CredentialStore, ProfileLock, StoreStatus};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;

pub(crate) struct FullOnce {
    store: Arc<dyn CredentialStore>,
    commits_until: AtomicU32,
}

impl FullOnce {
    /// The `nth` commit from now is refused, counted from 1.
    pub(crate) fn at(nth: u32, store: Arc<dyn CredentialStore>) -> Arc<Self> {
        Arc::new(Self { store, commits_until: AtomicU32::new(nth) })
    }
}

#[async_trait]
impl CredentialStore for FullOnce {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        self.store.read(profile).await
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        if self.commits_until.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(StoreProblem::Full("no room, this once".into()).into());
        }
        self.store.commit(profile, expected, credential).await
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
