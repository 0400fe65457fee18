//! The same ports as the binary's, in the test's own process: another keyfob on the same store, and a hand on its clock.

use std::sync::Arc;

use chrono::TimeDelta;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{CommitError, Notifier, Ports};
use keyfob_core::credential::Credential;
use keyfob_core::identity::ProfileName;
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::sealing_key::Choice;
use keyfob_tests::Keyfob;

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

/// The folders of this user.
pub(crate) fn paths(keyfob: &Keyfob) -> Paths {
    Paths::resolve(Some(keyfob.home())).expect("a home")
}

/// The ports of this user, made anew: to the kernel's locks, another process.
pub(crate) fn ports(keyfob: &Keyfob) -> Ports {
    let mut composition = Composition::new(paths(keyfob), Arc::new(Silent));
    composition.store = Some(Choice::named("key-file").expect("a store"));
    composition.ports().expect("ports")
}

pub(crate) fn name(name: &str) -> ProfileName {
    ProfileName::parse(name).expect("a name")
}

/// The record as it is on disk.
pub(crate) async fn record(ports: &Ports, profile: &str) -> Credential {
    ports.store.read(&name(profile)).await.expect("a store").expect("a record")
}

/// Changes a record as another process would.
pub(crate) async fn change(ports: &Ports, profile: &str, change: impl Fn(&mut Credential)) {
    loop {
        let mut next = record(ports, profile).await;
        change(&mut next);
        match ports.store.commit(&name(profile), next.generation, &next).await {
            Err(CommitError::Conflict(_)) => {}
            done => {
                done.expect("written");
                return;
            }
        }
    }
}

/// Ends the life of the held access token now, so that nobody has to wait for it.
pub(crate) async fn expire(ports: &Ports, profile: &str) {
    change(ports, profile, |credential| {
        credential.sign_in.as_mut().expect("a sign-in").tokens.lifetime = TimeDelta::zero();
    })
    .await;
}
