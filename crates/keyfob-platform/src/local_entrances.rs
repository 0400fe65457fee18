//! Where clients come in to the loopback proxy: 127.0.0.1 at the port of `config.toml`, and a Unix socket beside the keeper's
//! own, in the folder that only this user may enter. A port that another program has is tried again until it is free.

use std::net::Ipv4Addr;
use std::sync::Weak;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::local_proxy::{Entrance, LocalEntrances, LocalStream};
use keyfob_core::failure::{Failure, Temporary};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::config_file::Settings;
use crate::control_socket::{ControlListener, ControlStream};
use crate::hardening;
use crate::lease::Lease;
use crate::paths::Paths;

/// How often a port that another program has is tried again.
const TRY_EVERY: Duration = Duration::from_secs(30);
/// How long whoever listens may take to say that it is the proxy, and how much it may say.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_ANSWER: u64 = 4_096;
/// A pause after a failed accept, so that running out of descriptors is no busy loop (fault 39).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The proxy's listeners, as `config.toml` wants them.
pub struct LoopbackEntrances {
    paths: Paths,
    lease: Weak<Lease>,
    told: watch::Receiver<u64>,
    wanted: Option<u16>,
    port: Option<TcpListener>,
    socket: Option<ControlListener>,
    /// Said once, not at every try.
    complained: Option<Failure>,
}

impl LoopbackEntrances {
    /// Binds nothing yet. `told` changes when the settings may have.
    pub(crate) fn new(paths: Paths, lease: Weak<Lease>, mut told: watch::Receiver<u64>) -> Self {
        told.mark_changed();
        Self { paths, lease, told, wanted: None, port: None, socket: None, complained: None }
    }

    /// Listens where the settings say.
    async fn follow_settings(&mut self) {
        let outcome = match Settings::read(&self.paths) {
            Ok(settings) => self.listen(settings.proxy.port).await,
            Err(failure) => Err(failure),
        };
        let complaint = outcome.err();
        if let Some(failure) = complaint.as_ref().filter(|failure| self.complained.as_ref() != Some(failure))
        {
            tracing::error!(%failure, "the proxy does not listen");
        }
        self.complained = complaint;
    }

    async fn listen(&mut self, wanted: Option<u16>) -> Result<(), Failure> {
        if wanted != self.wanted {
            (self.port, self.wanted) = (None, wanted);
        }
        let Some(port) = wanted else {
            self.socket = None;
            return Ok(());
        };
        hardening::allow_many_descriptors();
        if self.port.is_none() {
            let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
            self.port = Some(bound.map_err(|error| match error.kind() {
                std::io::ErrorKind::AddrInUse => Failure::from(Temporary::PortTaken(port)),
                _ => Failure::Usage(format!("config.toml: [proxy] port {port}: {error}")),
            })?);
        }
        // Where there are no such sockets the port is all there is.
        if let Some(lease) = self.lease.upgrade().filter(|_| cfg!(unix) && self.socket.is_none()) {
            self.socket = Some(ControlListener::bind(&self.paths.proxy_socket(), &lease)?);
        }
        Ok(())
    }
}

#[async_trait]
impl LocalEntrances for LoopbackEntrances {
    async fn accept(&mut self) -> (Box<dyn LocalStream>, Entrance) {
        loop {
            let again = if self.complained.is_some() { TRY_EVERY } else { Duration::MAX };
            tokio::select! {
                stream = from_port(self.port.as_ref()) => {
                    return (Box::new(stream), Entrance::Port(self.wanted.unwrap_or_default()));
                }
                stream = from_socket(self.socket.as_ref()) => return (Box::new(stream), Entrance::Socket),
                changed = self.told.changed() => match changed {
                    Ok(()) => self.follow_settings().await,
                    // The keeper has ended, and nobody is let in any more.
                    Err(_) => std::future::pending().await,
                },
                () = tokio::time::sleep(again) => self.follow_settings().await,
            }
        }
    }
}

async fn from_port(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small messages go out at once; without it they are only slower.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "the proxy could not take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn from_socket(listener: Option<&ControlListener>) -> ControlStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "the proxy's socket could not take a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the proxy answers at this port, and not another program.
pub async fn answers_at(port: u16) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
        let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer).contains("\r\n\r\nkeyfob: "))
    };
    tokio::time::timeout(ANSWER_PATIENCE, asked).await.ok().flatten().unwrap_or(false)
}
