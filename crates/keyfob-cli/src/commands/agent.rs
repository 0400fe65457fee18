//! `keyfob agent`: the keeper without a screen.

mod install;
mod signals;
mod watched;

use std::sync::Arc;

use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::health::health;
use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::metrics::Metrics;
use keyfob_agent::ports::{Journal, Ports};
use keyfob_agent::snapshot::{KeeperKind, Snapshot};
use keyfob_core::failure::Failure;
use keyfob_platform::hardening;
use keyfob_platform::keeper::{Keeper, LAST_FLIGHT};
use keyfob_platform::local_pages::LocalListener;
use keyfob_platform::service_manager::ServiceManager;
use tokio::sync::watch;

use crate::arguments::Agent;
use crate::context::Context;
use crate::output;
use signals::Signals;
use watched::Watched;

pub(crate) async fn run(arguments: &Agent, context: &Context) -> Result<(), Failure> {
    if arguments.uninstall {
        return install::uninstall(arguments, context).await;
    }
    if arguments.install {
        return install::install(arguments, context).await;
    }
    if arguments.system {
        return Err(Failure::Usage("--system goes with --install or --uninstall".into()));
    }
    keep(arguments, context).await
}

async fn keep(arguments: &Agent, context: &Context) -> Result<(), Failure> {
    // Before anybody is told "ready": until then a signal ends the process on the spot, a renewal under way with it.
    let mut signals = Signals::listen();
    // Before any key is read.
    hardening::guard_this_process();
    let manager = ServiceManager::of_this_process();
    let listener = match &arguments.metrics {
        Some(address) => Some(LocalListener::bind(address).await?),
        None => None,
    };
    let mut ports = context.ports_with_a_person().await?.clone();
    let metrics = Arc::new(Metrics::new(Arc::clone(&ports.journal)));
    ports.journal = Arc::clone(&metrics) as Arc<dyn Journal>;
    let mut keeper = Keeper::start(&context.paths, ports, KeeperKind::Headless)?;
    let ports = keeper.agent.ports().clone();
    note(&ports, JournalEvent::KeeperStarted);
    if let Some(listener) = listener {
        output::note(&format!("metrics at http://{}/metrics", listener.address()));
        tokio::spawn(listener.serve(Arc::new(Watched { agent: keeper.agent.clone(), metrics })));
    }
    let telling = tokio::spawn(tell_status(manager.clone(), keeper.agent.snapshots()));
    manager.ready();
    output::note("ready");
    let why = tokio::select! {
        why = signals.next() => why,
        () = asked_to_step_down(&mut keeper) => "another keeper takes over",
    };
    manager.stopping();
    telling.abort();
    let unfinished = tokio::select! {
        finished = keeper.stop(LAST_FLIGHT) => !finished,
        _ = signals.next() => true,
    };
    note(&ports, JournalEvent::KeeperStopped);
    if unfinished {
        output::warning("a renewal was still under way; the next start takes it up at once");
    }
    output::note(&format!("ended: {why}"));
    Ok(())
}

/// Keeps the line that `systemctl status` shows.
async fn tell_status(manager: ServiceManager, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    let mut told = String::new();
    loop {
        let summary = health(&snapshots.borrow_and_update()).summary;
        if summary != told {
            manager.status(&summary);
            told = summary;
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

async fn asked_to_step_down(keeper: &mut Keeper) {
    while let Some(request) = keeper.door.recv().await {
        if request == DoorRequest::StepDown {
            return;
        }
    }
}

fn note(ports: &Ports, event: JournalEvent) {
    let detail = format!("headless, pid {}", std::process::id());
    ports.journal.append(&JournalEntry::new(ports.clock.now().wall, event).saying(detail));
}
