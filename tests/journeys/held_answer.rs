//! A renewed token whose write is told as failed: it is the only copy, and it is neither lost nor revoked.

use std::sync::Arc;

use keyfob_agent::journeys::refresh_transaction::refresh;
use keyfob_agent::journeys::wish::Wish;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{Notifier, Ports};
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_tests::{DiskTrouble, Keyfob, TroubledStore, portal};

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

/// The ports of this user, in this process; the second commit from now is told as failed.
fn ports_with_trouble(keyfob: &Keyfob) -> Ports {
    let mut composition = Composition::new(Paths::resolve(Some(keyfob.home())).unwrap(), Arc::new(Silent));
    composition.store = Some(Choice::named("key-file").unwrap());
    let ports = composition.ports().unwrap();
    Ports { store: TroubledStore::at(2, DiskTrouble::NotSynced, ports.store.clone()), ..ports }
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
