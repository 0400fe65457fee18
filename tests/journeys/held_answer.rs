//! A renewed token whose write is told as failed: it is the only copy, and it is neither lost nor revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::journeys::refresh_transaction::refresh;
use keyfob_agent::journeys::wish::Wish;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{CommitError, CredentialStore, Notifier, Ports, ProfileLock, StoreStatus};
use keyfob_core::credential::Credential;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_tests::{Keyfob, portal};

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

/// The real store, but one commit is told as failed although it is in its place, as when the last sync fails.
struct OneCommitToldAsFailed {
    store: Arc<dyn CredentialStore>,
    commits_until: AtomicU32,
}

#[async_trait]
impl CredentialStore for OneCommitToldAsFailed {
    async fn read(&self, profile: &ProfileName) -> Result<Option<Credential>, StoreProblem> {
        self.store.read(profile).await
    }

    async fn commit(
        &self,
        profile: &ProfileName,
        expected: u64,
        credential: &Credential,
    ) -> Result<u64, CommitError> {
        let done = self.store.commit(profile, expected, credential).await?;
        if self.commits_until.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(StoreProblem::Io("the folder could not be synced".into()).into());
        }
        Ok(done)
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

/// The ports of this user, in this process; the second commit from now is told as failed.
fn ports_with_trouble(keyfob: &Keyfob) -> Ports {
    let mut composition = Composition::new(Paths::resolve(Some(keyfob.home())).unwrap(), Arc::new(Silent));
    composition.store = Some(Choice::named("key-file").unwrap());
    let ports = composition.ports().unwrap();
    let store = OneCommitToldAsFailed { store: Arc::clone(&ports.store), commits_until: AtomicU32::new(2) };
    Ports { store: Arc::new(store), ..ports }
}

/// Fault 26, trust rule 5: the intent is the first commit and the answer the second; what "failed" is met again as its own.
#[tokio::test]
async fn an_answer_whose_write_is_told_as_failed_and_was_done_is_kept_and_never_revoked() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let ports = ports_with_trouble(&keyfob);
    let profile = ports.settings.list().unwrap().remove(0);
    let before = ports.store.read(&profile.name).await.unwrap().unwrap();
    let old = before.sign_in.unwrap().tokens.access_token.fingerprint();

    let refreshed = refresh(&ports, &profile, &old, Wish::Person).await.unwrap();

    assert_eq!(refreshed.failure, None);
    let new = refreshed.credential.sign_in.unwrap().tokens.access_token.fingerprint();
    assert_ne!(new, old);
    let stored = ports.store.read(&profile.name).await.unwrap().unwrap();
    assert_eq!(stored.sign_in.unwrap().tokens.access_token.fingerprint(), new);
    assert_eq!(refreshed.credential.generation, stored.generation);
    let seen = portal.record().seen();
    assert_eq!((seen.revoked.len(), seen.refreshes.renewed, seen.refreshes.repeated), (0, 1, 0));
    keyfob.must(["refresh", "a"]).await;
    assert_eq!(portal.record().seen().refreshes.reused, 0);
}
