//! `keyfob agent`: the keeper without a screen.

mod install;
pub(in crate::commands) mod signals;
mod watched;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::health::health;
use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::metrics::Metrics;
use keyfob_agent::ports::{Journal, Ports};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_platform::hardening;
use keyfob_platform::keeper::{Keeper, LAST_FLIGHT};
use keyfob_platform::lease::{Lease, LeaseHolder};
use keyfob_platform::local_pages::LocalListener;
use keyfob_platform::service_manager::ServiceManager;
use keyfob_platform::start_up_code;
use keyfob_proxy::loopback_proxy::LoopbackProxy;

use crate::arguments::Agent;
use crate::context::Context;
use crate::{exit_code, output};
use signals::Signals;
use watched::Watched;

/// How long the first look at all records may take before the keeper calls itself ready all the same: half of what systemd
/// waits for a start, and more than ten thousand records take.
const READ_PATIENCE: Duration = Duration::from_secs(45);

/// How often the status line may change.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Gives the exit code.
pub(crate) async fn run(arguments: &Agent, context: &Context) -> Result<u8, Failure> {
    if arguments.uninstall {
        return install::uninstall(arguments, context).await.map(|()| 0);
    }
    if arguments.install {
        return install::install(arguments, context).await.map(|()| 0);
    }
    if arguments.system {
        return Err(Failure::Usage("--system goes with --install or --uninstall".into()));
    }
    keep(arguments, context).await
}

async fn keep(arguments: &Agent, context: &Context) -> Result<u8, Failure> {
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
    let mut keeper = match Keeper::start(&context.paths, ports, KeeperKind::Headless) {
        Err(failure @ Failure::Temporary(Temporary::Busy)) => {
            tell_of_the_other(Lease::holder(&context.paths.lease()));
            return Ok(exit_code::of(&failure));
        }
        started => started?,
    };
    let proxy = LoopbackProxy::start(keeper.proxy_ports(&context.paths)?)?;
    let ports = keeper.agent.ports().clone();
    note(&ports, JournalEvent::KeeperStarted);
    if let Some(listener) = listener {
        output::note(&format!("metrics at http://{}/metrics", listener.address()));
        tokio::spawn(listener.serve(Arc::new(Watched { agent: keeper.agent.clone(), metrics })));
    }
    let agent = keeper.agent.clone();
    let why = tokio::select! {
        why = signals.next() => why,
        () = asked_to_step_down(&mut keeper) => "another keeper takes over",
        never = tell_manager(&manager, &agent) => match never {},
    };
    manager.stopping();
    drop(proxy);
    let unfinished = tokio::select! {
        finished = keeper.stop(LAST_FLIGHT) => !finished,
        _ = signals.next() => true,
    };
    note(&ports, JournalEvent::KeeperStopped);
    if unfinished {
        output::warning("a renewal was still under way; the next start takes it up at once");
    }
    output::note(&format!("ended: {why}"));
    Ok(0)
}

/// A lease that another keeper holds is busy with no profile of anybody's.
fn tell_of_the_other(holder: Option<LeaseHolder>) {
    let Some(LeaseHolder { pid, kind }) = holder else {
        return output::failure_saying("a keeper runs already", "keyfob status shows it");
    };
    let instead = match kind.as_str() {
        "app" => "quit the tray app first".to_owned(),
        _ => format!("end that one first: kill {pid}"),
    };
    output::failure_saying(
        &format!("a keeper runs already (pid {pid})"),
        &format!("nothing is left to do, it renews every profile; to have one here instead, {instead}"),
    );
}

/// At the start there is no last good `profiles.toml`: the keeper looks after nothing until it is mended.
fn warn_of_broken_settings(agent: &AgentHandle) {
    if let Some(problem) = &agent.snapshots().borrow().settings_problem {
        output::warning(&format!("profiles.toml cannot be read, so no sign-in is kept alive: {problem}"));
        output::hint("mend it there; the keeper takes it up by itself");
    }
}

/// "Ready" is a promise: whoever asks now finds the profiles as they are. A store that hangs does not hold it back for ever.
/// From then on the line that `systemctl status` shows is kept.
async fn tell_manager(manager: &ServiceManager, agent: &AgentHandle) -> Infallible {
    if tokio::time::timeout(READ_PATIENCE, agent.has_read()).await.is_err() {
        output::warning("the store is slow: not every profile has been read yet");
    }
    warn_of_broken_settings(agent);
    manager.ready();
    output::note("ready");
    start_up_code::let_go();
    let mut snapshots = agent.snapshots();
    let mut told = String::new();
    loop {
        let summary = health(&snapshots.borrow_and_update(), agent.ports().clock.now().wall).summary;
        if summary != told {
            manager.status(&summary);
            told = summary;
        }
        // All profiles are looked at for this sentence, so not at each of many changes.
        tokio::time::sleep(TELL_EVERY).await;
        if snapshots.changed().await.is_err() {
            return std::future::pending().await;
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
