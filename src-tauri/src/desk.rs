//! What the app keeps for its commands: the way to the keeper, and the demo portals if they run.

use std::sync::Mutex;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journeys::sign_in::SignInOptions;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{Access, Profile};
use keyfob_core::resource::CheckedUrl;
use keyfob_demo::{Consent, Portal, PortalOptions};
use keyfob_platform::paths::Paths;
use tauri::{AppHandle, Manager};

/// Shared by all commands.
pub(crate) struct Desk {
    pub(crate) agent: AgentHandle,
    pub(crate) paths: Paths,
    demo: Mutex<Vec<Portal>>,
}

/// The demo's profiles in the app; removed when it ends.
const DEMO: [(&str, &str, Access); 2] =
    [("demo-readonly", "readonly", Access::Read), ("demo-admin", "admin", Access::Write)];

/// Told by the demo portals, as real ones tell it.
const SIGN_IN_LIFETIME: std::time::Duration = std::time::Duration::from_hours(30 * 24);

impl Desk {
    pub(crate) fn new(agent: AgentHandle, paths: Paths) -> Self {
        Self { agent, paths, demo: Mutex::default() }
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
        *self.demo.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = portals;
        Ok(())
    }

    /// One from an earlier run points at a portal that is gone.
    async fn forget_demo_profile(&self, name: &ProfileName) {
        match self.agent.remove(name).await {
            Ok(_) | Err(Failure::NoSuchProfile(_)) => {}
            Err(failure) => tracing::warn!(%failure, profile = %name, "an old demo profile stays"),
        }
    }

    /// Ends the keeper; renewals under way reach the disk first. The demo leaves nothing behind.
    pub(crate) async fn end(&self) {
        let portals =
            std::mem::take(&mut *self.demo.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if !portals.is_empty() {
            for name in DEMO.iter().filter_map(|(name, ..)| ProfileName::parse(name).ok()) {
                self.forget_demo_profile(&name).await;
            }
        }
        self.agent.stop().await;
    }

    /// A sign-in in the system browser.
    pub(crate) async fn sign_in(&self, name: ProfileName) -> Result<(), Failure> {
        let (options, _progress) = SignInOptions::usual();
        self.agent.sign_in(name, options).await
    }
}

/// A sign-in asked for in the tray's menu or a notification: failures show in the window.
pub(crate) fn sign_in_from_outside(app: &AppHandle, name: ProfileName) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(failure) = app.state::<Desk>().sign_in(name.clone()).await {
            tracing::warn!(%failure, profile = %name, "a sign-in failed");
            crate::shell::windows::show_logged(&app);
        }
    });
}
