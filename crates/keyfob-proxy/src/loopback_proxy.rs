//! The loopback proxy: clients that cannot hold a changing token speak to it, and it adds the token to each request. It starts no
//! program, keeps no session and no cookie, and logs neither headers nor bodies (V3, G9).

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use keyfob_agent::local_proxy::{Entrance, LocalEntrances, LocalStream};
use keyfob_agent::ports::Clock;
use keyfob_agent::proxy_ports::ProxyPorts;
use keyfob_core::failure::Failure;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::awakening::Awakenings;
use crate::connection_timer::ConnectionTimer;
use crate::forward::Forwarding;
use crate::ready_tokens::ReadyTokens;
use crate::request_body::Room;
use crate::taken_tokens::TakenTokens;

/// Connections at once; a further one waits. Each open stream is one.
const MOST_CONNECTIONS: usize = 4_096;
/// A connection without a request, or with half a head, is closed after so long.
const HEAD_PATIENCE: Duration = Duration::from_mins(5);

/// The proxy.
pub struct LoopbackProxy {
    forwarding: Arc<Forwarding>,
    /// Places for connections; [`serve`](Self::serve) holds the one for the next.
    room: Arc<Semaphore>,
}

impl LoopbackProxy {
    /// Serves linked clients until the answer is dropped, in a thread of its own, so that a request crosses no threads on its
    /// way through and back.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start<E: LocalEntrances + 'static>(ports: ProxyPorts<E>) -> Result<RunningProxy, Failure> {
        let ProxyPorts { agent, keys, forwarder, entrances } = ports;
        let clock = Arc::clone(&agent.ports().clock);
        let tokens = ReadyTokens::new(agent);
        let forwarding = Arc::new(Forwarding {
            keys,
            forwarder,
            tokens,
            room: Room::default(),
            taken: TakenTokens::default(),
            awakenings: Awakenings::default(),
        });
        let proxy = Self { forwarding, room: Arc::new(Semaphore::new(MOST_CONNECTIONS)) };
        let started = proxy.in_a_thread(entrances, clock);
        started.map_err(|error| Failure::Bug(format!("no thread for the proxy: {error}")))
    }

    fn in_a_thread(
        self,
        entrances: impl LocalEntrances + 'static,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<RunningProxy> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (running, ended) = oneshot::channel();
        let room = Arc::clone(&self.room);
        let forwarding = Arc::clone(&self.forwarding);
        let thread = std::thread::Builder::new().name("keyfob-proxy".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = self.serve(entrances) => {}
                    () = forwarding.awakenings.tell(&*clock) => {}
                    _ = ended => {}
                }
            });
            // A look-up of a name that hangs keeps nobody waiting.
            runtime.shutdown_background();
        })?;
        Ok(RunningProxy { running: Some(running), thread: Some(thread), room })
    }

    async fn serve(self, mut entrances: impl LocalEntrances) {
        let mut conversations = JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&self.room).acquire_owned().await else { return };
            let (stream, entrance) = entrances.accept().await;
            while conversations.try_join_next().is_some() {}
            let forwarding = Arc::clone(&self.forwarding);
            conversations.spawn(async move {
                converse(stream, entrance, forwarding).await;
                drop(place);
            });
        }
    }
}

/// A proxy at work; dropped, it lets nobody in any more, and connections end where they are.
pub struct RunningProxy {
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    room: Arc<Semaphore>,
}

impl RunningProxy {
    /// No client is connected.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.room.available_permits() + 1 >= MOST_CONNECTIONS
    }
}

impl Drop for RunningProxy {
    /// Waits until the listeners are closed and the socket is gone.
    fn drop(&mut self) {
        drop(self.running.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn converse(stream: Box<dyn LocalStream>, entrance: Entrance, forwarding: Arc<Forwarding>) {
    let answer = service_fn(|request| {
        let forwarding = &forwarding;
        async move { Ok::<_, Infallible>(forwarding.answer(request, entrance).await) }
    });
    let mut connection = hyper::server::conn::http1::Builder::new();
    connection.timer(ConnectionTimer::default()).header_read_timeout(HEAD_PATIENCE);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "a client's connection ended");
    }
}
