//! The ports of the loopback proxy alone: where its clients come in, the addresses they are given, and the way out to the
//! servers. What their keys open is among the ports of all.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{AccessToken, ProxyKey};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ports::{AddressGuard, TransportFailure};

/// A body on its way through: pieces as they come, never the whole.
pub type PassingBody = UnsyncBoxBody<Bytes, TransportFailure>;

/// A connection of a client on this machine.
pub trait LocalStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> LocalStream for S {}

/// Where a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// The loopback listener at this port: anybody on this machine, and every web page in a browser here.
    Port(u16),
    /// The Unix socket: programs of this user, as the system has checked.
    Socket,
}

/// The listeners of the proxy.
#[async_trait]
pub trait LocalEntrances: Send + Sync {
    /// The next connection. Waits while nothing listens: no port was chosen yet, or another program has it.
    async fn accept(&mut self) -> (Box<dyn LocalStream>, Entrance);
}

/// The proxy's addresses for clients that are linked through it: its port, and a key for each client and profile.
pub trait ProxyDoors: Send + Sync {
    /// The port that was chosen, if one was.
    fn chosen_port(&self) -> Result<Option<u16>, Failure>;

    /// The same; where none was, one that is free, kept from now on.
    fn kept_port(&self) -> Result<u16, Failure>;

    /// A key that opens nothing yet.
    fn draw(&self) -> ProxyKey;

    /// Whether a key of this client and profile opens anything.
    fn knows(&self, client: &str, profile: &ProfileName) -> Result<bool, StoreProblem>;

    /// From now on `key` opens this profile for this client, and an earlier one of the two opens nothing.
    fn keep(&self, key: &ProxyKey, client: &str, profile: &ProfileName) -> Result<(), StoreProblem>;

    /// Takes the key of this client and profile back; none is fine.
    fn revoke(&self, client: &str, profile: &ProfileName) -> Result<(), StoreProblem>;
}

/// Passes requests on to servers, on kept connections; it follows no redirect and repeats nothing that was sent.
#[async_trait]
pub trait Forwarder: Send + Sync {
    /// One request to its absolute URI with `Authorization: Bearer …` (G1); any such header in it is replaced. Gives the
    /// answer's head as soon as it is there, the body as a stream without a limit in size or time.
    async fn forward(
        &self,
        request: Request<PassingBody>,
        bearer: &AccessToken,
        guard: AddressGuard,
    ) -> Result<Response<PassingBody>, TransportFailure>;
}
