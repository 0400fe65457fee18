//! Having a running keeper's window ask before a browser opens for more scopes (D8).

use std::path::PathBuf;

use async_trait::async_trait;
use keyfob_agent::control::client::{ControlClient, ControlFailure};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use keyfob_core::server_text::shown;
use keyfob_platform::control_socket::{self, ControlStream};
use keyfob_platform::paths::Paths;
use keyfob_proxy::token_source::{Decision, StepUpQuestion};

use crate::context::HELLO_PATIENCE;
use crate::output;

/// The keeper of this home.
pub(super) struct AtTheWindow {
    socket: PathBuf,
}

impl AtTheWindow {
    pub(super) fn new(paths: &Paths) -> Self {
        Self { socket: paths.control_socket() }
    }

    /// A keeper with a window, where one runs and moves.
    async fn keeper(&self) -> Option<ControlClient<ControlStream>> {
        let opened = tokio::time::timeout(HELLO_PATIENCE, async {
            let mut keeper =
                ControlClient::open(control_socket::connect(&self.socket).await.ok()?).await.ok()?;
            let snapshot = keeper.snapshot().await.ok()?;
            (snapshot.agent.kind == Some(KeeperKind::App)).then_some(keeper)
        });
        opened.await.ok().flatten()
    }
}

#[async_trait]
impl StepUpQuestion for AtTheWindow {
    async fn ask(&self, profile: &ProfileName, wanted: &ScopeSet) -> Result<Decision, Failure> {
        let Some(mut keeper) = self.keeper().await else { return Ok(Decision::Nobody) };
        let scopes = shown(&wanted.to_wire().unwrap_or_default());
        output::note(&format!("`{profile}` needs more rights ({scopes}): decide in keyfob's window"));
        match keeper.step_up(profile.clone(), wanted.clone()).await {
            Ok(Some(KeeperKind::App)) => Ok(Decision::InTheWindow),
            Ok(_) | Err(ControlFailure::OtherVersion(_)) => Ok(Decision::Nobody),
            // Whether the window's user has seen the question is not known: no browser opens behind it.
            Err(failure) => Err(failure.into()),
        }
    }
}
