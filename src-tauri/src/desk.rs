//! What the app keeps for its commands: the way to the keeper, the sign-ins it does, and the demo portals if they run.

mod adding;
pub(crate) mod busy;
mod copying;
pub(crate) mod examining;
pub(crate) mod files;
mod importing;
pub(crate) mod linking;
pub(crate) mod proxy_port;
pub(crate) mod reminding;
#[cfg(target_os = "linux")]
mod resting;
pub(crate) mod sign_ins;
pub(crate) mod store;
pub(crate) mod versions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use busy::Busy;
use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_agent::journeys::sign_in::{OtherAccount, SignInOptions, usual_timeout};
use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{Access, Profile};
use keyfob_core::resource::CheckedUrl;
use keyfob_demo::{Consent, Portal, PortalOptions};
use keyfob_platform::keeper::{Keeper, LAST_FLIGHT};
use keyfob_platform::paths::Paths;
use keyfob_proxy::loopback_proxy::RunningProxy;
use sign_ins::SignIns;
use store::TypedPassphrase;
use versions::Versions;

use crate::shell::clipboard::{DesktopClipboard, TokenClipboard};

/// Shared by all commands.
pub(crate) struct Desk {
    pub(crate) agent: AgentHandle,
    pub(crate) paths: Paths,
    pub(crate) sign_ins: SignIns,
    pub(crate) versions: Versions,
    passphrase: TypedPassphrase,
    clipboard: TokenClipboard,
    pub(crate) busy: Busy,
    /// Both run until the app ends them.
    proxy: Mutex<Option<RunningProxy>>,
    keeper: Mutex<Option<Keeper>>,
    demo: Mutex<Vec<Portal>>,
}

/// The demo's profiles in the app; removed when it ends.
const DEMO: [(&str, &str, Access); 2] =
    [("demo-readonly", "readonly", Access::Read), ("demo-admin", "admin", Access::Write)];

/// Told by the demo portals, as real ones tell it.
const SIGN_IN_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// How long the demo may take to be taken out of the profiles when the app ends; what stays is taken out by the next demo.
const DEMO_PATIENCE: Duration = Duration::from_secs(5);

impl Desk {
    /// What the app starts with. `busy` counts what must not be cut off.
    pub(crate) fn new(keeper: Keeper, paths: Paths, passphrase: TypedPassphrase, busy: Busy) -> Self {
        Self {
            sign_ins: SignIns::new(Arc::clone(&keeper.agent.ports().notifier)),
            agent: keeper.agent.clone(),
            versions: Versions::new(),
            busy,
            proxy: Mutex::default(),
            paths,
            passphrase,
            clipboard: TokenClipboard::new(
                Box::new(DesktopClipboard::default()),
                Arc::clone(&keeper.agent.ports().clock),
            ),
            keeper: Mutex::new(Some(keeper)),
            demo: Mutex::default(),
        }
    }

    /// Lets clients in through this proxy until the app ends.
    pub(crate) fn lets_in_through(&self, proxy: RunningProxy) {
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = Some(proxy);
    }

    /// Nothing was ever set up here.
    pub(crate) fn is_first_run(&self) -> bool {
        !self.paths.profiles_toml().exists()
    }

    /// Starts the two demo portals and makes a profile for each.
    pub(crate) async fn start_demo(&self) -> Result<(), Failure> {
        let mut portals = Vec::new();
        for (name, portal_name, access) in DEMO {
            let options = PortalOptions {
                name: portal_name.into(),
                consent: Consent::Page,
                scopes: ["openid", "read"].map(str::to_owned).to_vec(),
                sign_in_lifetime: Some(SIGN_IN_LIFETIME),
                ..PortalOptions::default()
            };
            let portal =
                Portal::start(options).await.map_err(|e| Failure::Bug(format!("the demo portal: {e}")))?;
            let name = ProfileName::parse(name).map_err(|error| Failure::Bug(error.to_string()))?;
            self.forget_demo_profile(&name).await;
            let mut profile = Profile::new(name, CheckedUrl::parse(&portal.mcp_url())?);
            profile.label = Some(format!("Demo portal ({portal_name})"));
            profile.access = Some(access);
            self.agent.add(&profile, None).await?;
            portals.push(portal);
        }
        *self.demo.lock().unwrap_or_else(PoisonError::into_inner) = portals;
        Ok(())
    }

    /// One from an earlier run points at a portal that is gone.
    async fn forget_demo_profile(&self, name: &ProfileName) {
        match self.agent.remove(name).await {
            Ok(_) | Err(Failure::NoSuchProfile(_)) => {}
            Err(failure) => tracing::warn!(%failure, profile = %name, "an old demo profile stays"),
        }
    }

    /// Ends the keeper as `keyfob agent` ends it: renewals under way reach the disk first, and nobody waits longer than
    /// [`LAST_FLIGHT`] for them. The demo leaves nothing behind. The journal says it, unless this app `goes_on` anew.
    pub(crate) async fn end(&self, goes_on: bool) {
        self.clipboard.end_all();
        if tokio::time::timeout(DEMO_PATIENCE, self.forget_demo()).await.is_err() {
            tracing::warn!("the demo's profiles stay until the next demo");
        }
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(keeper) = keeper else { return };
        let ports = keeper.agent.ports().clone();
        drop(self.proxy.lock().unwrap_or_else(PoisonError::into_inner).take());
        tracing::info!("the keeper ends; a renewal under way is waited for");
        if !keeper.stop(LAST_FLIGHT).await {
            tracing::warn!("a renewal was still under way; the next start takes it up at once");
        }
        if !goes_on {
            note(&ports, JournalEvent::KeeperStopped);
        }
    }

    async fn forget_demo(&self) {
        let portals = std::mem::take(&mut *self.demo.lock().unwrap_or_else(PoisonError::into_inner));
        if portals.is_empty() {
            return;
        }
        for name in DEMO.iter().filter_map(|(name, ..)| ProfileName::parse(name).ok()) {
            self.forget_demo_profile(&name).await;
        }
    }

    /// A sign-in in the system browser, or with a code where the profile is a device's. How it goes and why it failed stands
    /// in [`Desk::sign_ins`].
    pub(crate) async fn sign_in(&self, name: &ProfileName) -> Result<(), Failure> {
        let profile = find_profile(&*self.agent.ports().settings, name)?;
        let attempt = self.sign_ins.begin(&profile).ok_or(Temporary::Busy)?;
        let (options, heard) = SignInOptions::usual();
        let (questions, asked) = tokio::sync::mpsc::channel(1);
        let other_account = OtherAccount::Ask(questions);
        let options = SignInOptions { timeout: usual_timeout(profile.grant), other_account, ..options };
        let (outcome, ()) =
            tokio::join!(self.agent.sign_in(name.clone(), options), attempt.follow(heard, asked));
        attempt.ended(&outcome);
        outcome
    }

    /// Gives a sign-in up; one that has failed is forgotten.
    pub(crate) async fn cancel_sign_in(&self, name: &ProfileName) {
        self.sign_ins.dismiss(name);
        self.agent.cancel_sign_in(name.clone()).await;
    }

    /// Clients have asked for more than this sign-in has, and nobody has decided yet.
    pub(crate) fn is_asked_for_more(&self, name: &ProfileName) -> bool {
        self.agent.step_ups().borrow().contains_key(name)
    }
}

/// The keeper's own life, for the journal.
pub(crate) fn note(ports: &Ports, event: JournalEvent) {
    let detail = format!("app, pid {}", std::process::id());
    ports.journal.append(&JournalEntry::new(ports.clock.now().wall, event).saying(detail));
}
