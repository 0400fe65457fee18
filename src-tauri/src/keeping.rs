//! What is there before any desktop: this app becomes the keeper, or finds one that is.

use std::sync::Arc;

use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::journal::JournalEvent;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::Keeper;
use keyfob_platform::paths::Paths;
use keyfob_proxy::loopback_proxy::LoopbackProxy;
use tokio::sync::mpsc;

use crate::desk::busy::Busy;
use crate::desk::store::TypedPassphrase;
use crate::desk::{self, Desk};
use crate::shell;
use crate::shell::notifications::{DesktopNotifier, Pressed};

/// The keeper, what it was asked, and who speaks to it.
pub(crate) struct Kept {
    pub(crate) desk: Desk,
    pub(crate) door: mpsc::UnboundedReceiver<DoorRequest>,
    pub(crate) pressed: mpsc::UnboundedReceiver<Pressed>,
}

/// Becomes the keeper, or goes on as the one it was `after_rest`; nothing where a first app runs already.
pub(crate) async fn keep(paths: Paths, after_rest: bool) -> Result<Option<Kept>, Failure> {
    if shell::shown_by_the_first(&paths).await {
        return Ok(None);
    }
    let busy = Busy::default();
    let (notifier, pressed) = DesktopNotifier::new(busy.clone());
    let passphrase = TypedPassphrase::default();
    let composition = Composition::new(paths.clone(), Arc::new(notifier));
    let ports = Composition { prompt: Some(passphrase.prompt()), ..composition }.ports()?;
    let mut keeper = Keeper::take_over(&paths, ports, KeeperKind::App).await?;
    if !after_rest {
        desk::note(keeper.agent.ports(), JournalEvent::KeeperStarted);
    }
    let door = keeper.take_door();
    let proxy = LoopbackProxy::start(keeper.proxy_ports(&paths)?)?;
    let desk = Desk::new(keeper, paths, passphrase, busy);
    desk.lets_in_through(proxy);
    Ok(Some(Kept { desk, door, pressed }))
}
