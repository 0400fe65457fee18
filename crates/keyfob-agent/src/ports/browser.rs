//! The browser in which a person signs in, and the way back from it.

use std::net::SocketAddr;

use async_trait::async_trait;
use keyfob_core::grant::authorization_code::RedirectArrival;
use keyfob_core::profile::RedirectHost;
use tokio::sync::oneshot;
use url::Url;

/// Opens the system browser, never a webview (D11).
#[async_trait]
pub trait Browser: Send + Sync {
    /// Opens an https or loopback URL; an error says why no browser could be started.
    async fn open(&self, url: &Url) -> Result<(), String>;
}

/// Binds loopback listeners for redirects.
#[async_trait]
pub trait LoopbackBinder: Send + Sync {
    /// Binds `host` at `port`, or at a free port. `localhost` means both families or nothing (V8).
    async fn bind(
        &self,
        host: RedirectHost,
        port: Option<u16>,
    ) -> Result<Box<dyn LoopbackListener>, BindError>;
}

/// Why a listener could not be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {0} is taken")]
    Taken(u16),
    /// The system says no.
    #[error("{0}")]
    Failed(String),
}

/// A bound listener; dropping it closes the port.
#[async_trait]
pub trait LoopbackListener: Send + Sync {
    /// Where it listens; the port is the redirect URI's.
    fn address(&self) -> SocketAddr;
    /// Waits for the next request; slow, broken or oversized ones are answered and dropped by the listener itself.
    async fn accept(&mut self) -> Visit;
}

/// A request at the listener, waiting for its page.
pub struct Visit {
    /// What was asked.
    pub arrival: RedirectArrival,
    /// Takes the page to show.
    pub reply: oneshot::Sender<Page>,
    /// Ends once the page is out, or nobody is there to take it: until then this process must live.
    pub shown: oneshot::Receiver<()>,
}

/// A page of our own: no third-party content, sent with `no-store`, `no-referrer` and a CSP of none (E8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Status code.
    pub status: u16,
    /// HTML.
    pub html: String,
}
