//! `keyfob agent`: the keeper without a screen.

use keyfob_agent::control::server::DoorRequest;
use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::Failure;
use keyfob_platform::keeper::{Keeper, LAST_FLIGHT};

use crate::context::Context;
use crate::output;

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    // Before anybody is told "ready": until then a signal ends the process on the spot, a renewal under way with it.
    let mut signals = Signals::listen();
    let ports = context.ports()?;
    let mut keeper = Keeper::start(&context.paths, ports.clone(), KeeperKind::Headless)?;
    note(context, JournalEvent::KeeperStarted)?;
    output::note("ready");
    let why = tokio::select! {
        why = signals.next() => why,
        () = asked_to_step_down(&mut keeper) => "another keeper takes over",
    };
    let unfinished = tokio::select! {
        finished = keeper.stop(LAST_FLIGHT) => !finished,
        _ = signals.next() => true,
    };
    note(context, JournalEvent::KeeperStopped)?;
    if unfinished {
        output::warning("a renewal was still under way; the next start takes it up at once");
    }
    output::note(&format!("ended: {why}"));
    Ok(())
}

async fn asked_to_step_down(keeper: &mut Keeper) {
    while let Some(request) = keeper.door.recv().await {
        if request == DoorRequest::StepDown {
            return;
        }
    }
}

/// What asks the keeper to end: SIGTERM and SIGINT, or the interrupt key. Caught from the moment when this is made.
struct Signals {
    #[cfg(unix)]
    caught: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        let caught =
            if let (Ok(terminate), Ok(interrupt)) = both { Some([terminate, interrupt]) } else { None };
        Self { caught }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        let Some([terminate, interrupt]) = &mut self.caught else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => "terminated",
            _ = interrupt.recv() => "interrupted",
        }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "interrupted"
    }
}

fn note(context: &Context, event: JournalEvent) -> Result<(), Failure> {
    let ports = context.ports()?;
    let detail = format!("headless, pid {}", std::process::id());
    ports.journal.append(&JournalEntry::new(ports.clock.now().wall, event).saying(detail));
    Ok(())
}
