//! Running a keeper on this machine: the lease, the control socket under it, and the actor behind it.

use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::control::client::{ControlClient, ControlFailure};
use keyfob_agent::control::hand_outs::HandOuts;
use keyfob_agent::control::server::{ControlServer, DoorRequest};
use keyfob_agent::control::under_way::UnderWay;
use keyfob_agent::ports::{Clock, Journal, Ports};
use keyfob_agent::proxy_ports::ProxyPorts;
use keyfob_agent::snapshot::KeeperKind;
use keyfob_core::failure::{Failure, Temporary};
use tokio::sync::mpsc;

use crate::client_keys::ClientKeysFile;
use crate::config_file::Settings;
use crate::control_socket::{self, ControlListener};
use crate::delivery_command::CommandsHere;
use crate::event_command::EventCommand;
use crate::hardening;
use crate::http_client::forwarding::ForwardingClient;
use crate::journal_beside::{self, OwnLines};
use crate::lease::Lease;
use crate::local_entrances::LoopbackEntrances;
use crate::paths::Paths;
use crate::program;
use crate::store::atomic_file;
use crate::system_clock::SystemClock;

/// How long a renewal under way may take to reach the disk once the keeper is told to end (fault 33).
pub const LAST_FLIGHT: Duration = Duration::from_secs(30);

/// How long another keeper may take to end its renewals and step down.
const STEP_DOWN_PATIENCE: Duration = Duration::from_secs(35);
/// How long it may take to say that it will.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// How often the lease is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// How often counted hand-outs are looked at while nobody asks.
const COUNTED_LOOK: Duration = Duration::from_mins(1);

/// A running keeper; dropping it ends its tasks and gives the lease back.
pub struct Keeper {
    /// The way to it.
    pub agent: AgentHandle,
    /// What clients ask of the program around it.
    pub door: mpsc::UnboundedReceiver<DoorRequest>,
    hand_outs: Arc<HandOuts>,
    under_way: UnderWay,
    tasks: [tokio::task::JoinHandle<()>; 3],
    lease: Arc<Lease>,
}

impl Keeper {
    /// Becomes this home's keeper.
    ///
    /// # Errors
    /// [`Temporary::Busy`] where another one runs.
    pub fn start(paths: &Paths, mut ports: Ports, kind: KeeperKind) -> Result<Self, Failure> {
        hardening::forbid_core_dumps();
        let on_event = Settings::read(paths)?.on_event;
        atomic_file::private_folder(paths.state_dir())?;
        let word = match kind {
            KeeperKind::App => "app",
            KeeperKind::Headless => "headless",
        };
        let lease = Lease::try_take(&paths.lease(), word)?.ok_or(Temporary::Busy)?;
        let listener = ControlListener::bind(&paths.bindable_control_socket()?, &lease)?;
        let written = journal_beside::from_now_on(paths);
        let own = Arc::new(OwnLines::new(ports.journal));
        ports.journal = Arc::clone(&own) as Arc<dyn Journal>;
        if let Some(command) = on_event {
            ports.journal = Arc::new(EventCommand::start(ports.journal, Arc::clone(&ports.clock), command));
        }
        ports.commands =
            Arc::new(CommandsHere::new(paths, Arc::clone(&ports.journal), Arc::clone(&ports.clock)));
        let journal = Arc::clone(&ports.journal);
        let agent = AgentHandle::start(ports, kind, std::process::id());
        let listening = journal_beside::listen(written, own, journal, agent.told());
        let (sender, door) = mpsc::unbounded_channel();
        let hand_outs = Arc::new(HandOuts::new(agent.ports()));
        let under_way = UnderWay::default();
        let server = ControlServer {
            agent: agent.clone(),
            kind,
            door: sender,
            hand_outs: Arc::clone(&hand_outs),
            under_way: under_way.clone(),
        };
        let tasks = [
            tokio::spawn(accept(listener, server)),
            tokio::spawn(tell_now_and_then(Arc::clone(&hand_outs))),
            tokio::spawn(listening),
        ];
        Ok(Self { agent, door, hand_outs, under_way, tasks, lease: Arc::new(lease) })
    }

    /// Becomes the keeper, asking a headless one to step down first.
    pub async fn take_over(paths: &Paths, ports: Ports, kind: KeeperKind) -> Result<Self, Failure> {
        if let Ok(stream) = control_socket::connect(&paths.control_socket()).await {
            // One that is frozen cannot be asked; its lease is waited for all the same.
            let asked = async { ControlClient::open(stream).await?.step_down().await };
            if let Ok(answer) = tokio::time::timeout(ANSWER_PATIENCE, asked).await {
                match answer {
                    // It may be gone before it has answered.
                    Ok(_) | Err(ControlFailure::Broken(_)) => {}
                    Err(failure) => return Err(failure.into()),
                }
            }
        }
        let started = tokio::time::timeout(STEP_DOWN_PATIENCE, async {
            loop {
                match Self::start(paths, ports.clone(), kind) {
                    Err(Failure::Temporary(Temporary::Busy)) => tokio::time::sleep(TRY_EVERY).await,
                    other => return other,
                }
            }
        });
        started.await.unwrap_or_else(|_| Err(Temporary::Busy.into()))
    }

    /// What a loopback proxy beside this keeper works with; its clients come in from now on and until the keeper has ended.
    ///
    /// # Errors
    /// Where the settings of the network cannot be read or used.
    pub fn proxy_ports(&self, paths: &Paths) -> Result<ProxyPorts<LoopbackEntrances>, Failure> {
        let entrances = LoopbackEntrances::new(paths.clone(), Arc::downgrade(&self.lease), self.agent.told());
        Ok(ProxyPorts {
            agent: self.agent.clone(),
            keys: Arc::new(ClientKeysFile::new(paths)),
            forwarder: Arc::new(ForwardingClient::new(
                &Settings::read(paths)?.network,
                Arc::clone(&self.agent.ports().clock),
            )?),
            entrances,
        })
    }

    /// The way to it and its door apart; the rest lives until the returned keeper is dropped.
    pub fn take_door(&mut self) -> mpsc::UnboundedReceiver<DoorRequest> {
        std::mem::replace(&mut self.door, mpsc::unbounded_channel().1)
    }

    /// Ends: renewals under way reach the disk first, if they do so within `patience`. False where one was cut short; its
    /// intent is on disk, and the next keeper takes it up.
    pub async fn stop(mut self, patience: Duration) -> bool {
        let stopped = tokio::time::timeout(patience, async {
            self.agent.stop().await;
            // Askers get what the last renewals gave, those included that the actor does not count.
            self.under_way.all_answered().await;
        });
        let stopped = stopped.await.is_ok();
        // The socket goes with the task that listens at it.
        for task in &mut self.tasks {
            task.abort();
            let _ = task.await;
        }
        stopped
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.hand_outs.tell_all();
    }
}

async fn tell_now_and_then(hand_outs: Arc<HandOuts>) {
    loop {
        SystemClock.nap(COUNTED_LOOK).await;
        hand_outs.tell_due();
    }
}

async fn accept(listener: ControlListener, server: ControlServer) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let server = server.clone();
                tokio::spawn(async move {
                    if let Err(error) = server.serve(stream, move || program::behind(peer.pid)).await {
                        tracing::debug!(%error, "a control connection ended");
                    }
                });
            }
            // Out of descriptors, say: wait a little instead of spinning.
            Err(error) => {
                tracing::warn!(%error, "the control socket could not take a connection");
                tokio::time::sleep(TRY_EVERY).await;
            }
        }
    }
}
