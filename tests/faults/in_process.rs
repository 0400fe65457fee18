//! The same ports as the binary's, in the test's own process: another keyfob on the same store, and a hand on its clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use keyfob_agent::journeys::refresh_transaction::{Refreshed, refresh};
use keyfob_agent::journeys::sign_in::{OtherAccount, SignInOptions, SignedIn, sign_in};
use keyfob_agent::journeys::wish::Wish;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{Browser, CommitError, Notifier, Ports};
use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use keyfob_demo::Portal;
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_tests::{Keyfob, visit};
use url::Url;

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
    ports_in(&keyfob.home())
}

/// The same for a home without a user.
pub(crate) fn ports_in(home: &Path) -> Ports {
    let paths = Paths::resolve(Some(home.to_owned())).expect("a home");
    let mut composition = Composition::new(paths, Arc::new(Silent));
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

/// A browser that follows redirects in this process.
pub(crate) struct Follows;

#[async_trait]
impl Browser for Follows {
    async fn open(&self, url: &Url) -> Result<(), String> {
        let mut next = Some(url.clone());
        tokio::spawn(async move {
            while let Some(url) = next.take() {
                next = visit(&url).await.location.and_then(|location| url.join(&location).ok());
            }
        });
        Ok(())
    }
}

/// A profile at a portal, signed in to without a process or a screen.
pub(crate) async fn signed_in(ports: &Ports, profile: &str, portal: &Portal) -> Profile {
    let url = CheckedUrl::parse(&portal.mcp_url()).expect("a URL");
    let profile = Profile::new(name(profile), url);
    sign_in_to(ports, &profile).await.expect("a sign-in");
    profile
}

/// Signs in, at the portal that this profile names.
pub(crate) async fn sign_in_to(ports: &Ports, profile: &Profile) -> Result<SignedIn, Failure> {
    let ports = Ports { browser: Arc::new(Follows), ..ports.clone() };
    sign_in(&ports, profile, options()).await
}

/// A sign-in with a browser, and nobody to tell of it.
pub(crate) fn options() -> SignInOptions {
    SignInOptions {
        open_browser: true,
        timeout: Duration::from_secs(20),
        additional_scopes: ScopeSet::default(),
        pasted: None,
        other_account: OtherAccount::Refuse,
        progress: tokio::sync::mpsc::unbounded_channel().0,
    }
}

/// Renews the token that the record holds now.
pub(crate) async fn renew(ports: &Ports, profile: &Profile) -> Result<Refreshed, Failure> {
    let sign_in = record(ports, profile.name.as_str()).await.sign_in.expect("a sign-in");
    refresh(ports, profile, &sign_in.tokens.access_token.fingerprint(), Wish::Person).await
}
