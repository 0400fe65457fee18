//! Loopback listeners for redirects (RFC 8252 §7.3): bound just before the browser opens, closed the moment they are
//! dropped. What a visitor says and sees is `visitor.rs`.

mod visitor;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::ports::{BindError, LoopbackBinder, LoopbackListener, Visit};
use keyfob_core::profile::RedirectHost;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Visitors that may be about to say something. One more, and the one that has been silent longest is shown the door:
/// strangers who say nothing must not keep the true redirect out (V7).
const SILENT_VISITORS: usize = 32;
/// Free ports tried until one is free in both families.
const FREE_PORTS: usize = 16;
/// A pause after a failed `accept`, so that running out of file descriptors (fault 39) is no busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLoopback;

#[async_trait]
impl LoopbackBinder for SystemLoopback {
    async fn bind(
        &self,
        host: RedirectHost,
        port: Option<u16>,
    ) -> Result<Box<dyn LoopbackListener>, BindError> {
        let bound = match host {
            RedirectHost::V4 => listen(Ipv4Addr::LOCALHOST.into(), port).map(|v4| (v4, None)),
            RedirectHost::V6 => listen(Ipv6Addr::LOCALHOST.into(), port).map(|v6| (v6, None)),
            RedirectHost::Localhost => both_families(port),
        };
        let (first, second) = bound.map_err(|error| why(&error, port))?;
        let address = first.local_addr().map_err(|error| why(&error, port))?;
        let (sender, visits) = mpsc::channel(SILENT_VISITORS);
        Ok(Box::new(Listener { address, first, second, silent: VecDeque::new(), sender, visits }))
    }
}

fn listen(ip: IpAddr, port: Option<u16>) -> io::Result<TcpListener> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Linux this shares no port with a live listener, and lets the next sign-in have the port (D13) while connections
    // of the last one are still in TIME_WAIT. Elsewhere it would let two programs listen side by side.
    #[cfg(target_os = "linux")]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(ip, port.unwrap_or(0)))?;
    socket.listen(64)
}

/// `localhost` may lead to either family: own both, or another program could take the redirect (V8).
fn both_families(port: Option<u16>) -> io::Result<(TcpListener, Option<TcpListener>)> {
    let mut tries = if port.is_some() { 1 } else { FREE_PORTS };
    loop {
        tries -= 1;
        let v4 = listen(Ipv4Addr::LOCALHOST.into(), port)?;
        let same_port = v4.local_addr()?.port();
        match listen(Ipv6Addr::LOCALHOST.into(), Some(same_port)) {
            Ok(v6) => return Ok((v4, Some(v6))),
            // Where there is no ::1, nobody else can be there.
            Err(error) if has_no_ipv6(&error) => return Ok((v4, None)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

fn has_no_ipv6(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::AddrNotAvailable
}

fn why(error: &io::Error, port: Option<u16>) -> BindError {
    match (error.kind(), port) {
        (io::ErrorKind::AddrInUse, Some(port)) => BindError::Taken(port),
        _ => BindError::Failed(format!("no port could be opened on this machine's loopback: {error}")),
    }
}

struct Listener {
    address: SocketAddr,
    first: TcpListener,
    second: Option<TcpListener>,
    silent: VecDeque<Silent>,
    sender: mpsc::Sender<Visit>,
    visits: mpsc::Receiver<Visit>,
}

/// A visitor whose request has not come in.
struct Silent {
    heard: Arc<AtomicBool>,
    task: AbortHandle,
}

#[async_trait]
impl LoopbackListener for Listener {
    fn address(&self) -> SocketAddr {
        self.address
    }

    /// Safe to cancel: visitors have tasks of their own, and those who come meanwhile wait in the kernel's queue.
    async fn accept(&mut self) -> Visit {
        loop {
            let accepted = tokio::select! {
                biased;
                Some(visit) = self.visits.recv() => return visit,
                accepted = self.first.accept() => accepted,
                accepted = accept_at(self.second.as_ref()) => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.receive(stream),
                Err(error) => {
                    tracing::warn!(%error, "the redirect listener could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn accept_at(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

impl Listener {
    /// Gives each visitor a task of its own, so that a slow one keeps nobody waiting.
    fn receive(&mut self, stream: TcpStream) {
        self.silent.retain(|visitor| !visitor.heard.load(Ordering::Acquire) && !visitor.task.is_finished());
        if self.silent.len() >= SILENT_VISITORS
            && let Some(longest) = self.silent.pop_front()
        {
            longest.task.abort();
        }
        let heard = Arc::new(AtomicBool::new(false));
        let task =
            tokio::spawn(visitor::serve(stream, Arc::clone(&heard), self.sender.clone())).abort_handle();
        self.silent.push_back(Silent { heard, task });
    }
}

#[cfg(test)]
mod tests;
