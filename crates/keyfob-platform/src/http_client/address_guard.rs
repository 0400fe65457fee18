//! Keeps metadata from leading into private networks (A9): names are resolved here and private addresses dropped, so that
//! the address that was checked is the address that is used.
//!
//! Behind a proxy the proxy resolves names; then only literal addresses and `localhost` can be checked here.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name as HyperName;
use keyfob_agent::ports::{AddressGuard, TransportFailure};
use keyfob_core::resource::{is_loopback, is_private_address};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tower_service::Service;
use url::{Host, Url};

use crate::threads;

type Addresses = Vec<SocketAddr>;
type LookUp = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Addresses>> + Send + Sync>;

/// Resolves names to the addresses that may be reached.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    guard: AddressGuard,
    look_up: LookUp,
}

#[derive(Debug, Error)]
#[error("`{0}` has a private address only, and this server may not lead there")]
pub(super) struct PrivateOnly(String);

#[derive(Debug, Error)]
#[error("name not found: `{0}`")]
struct NameNotFound(String);

impl GuardedResolver {
    /// With the system's look-up.
    pub(super) fn new(guard: AddressGuard) -> Self {
        let look_up = |name: String| -> BoxFuture<'static, io::Result<Addresses>> {
            let asking = threads::on_a_thread(move || (name, 0).to_socket_addrs());
            Box::pin(async move { Ok(asking.await??.collect()) })
        };
        Self { guard, look_up: Arc::new(look_up) }
    }

    async fn addresses(self, name: String) -> Result<Addresses, Box<dyn std::error::Error + Send + Sync>> {
        let found = match (self.look_up)(name.clone()).await {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return Err(NameNotFound(name).into()),
            Err(error) => {
                tracing::debug!(%name, %error, "the look-up failed");
                return Err(NameNotFound(name).into());
            }
        };
        let allowed: Addresses = found.into_iter().filter(|address| self.allows(address.ip())).collect();
        if allowed.is_empty() { Err(PrivateOnly(name).into()) } else { Ok(allowed) }
    }

    fn allows(&self, ip: IpAddr) -> bool {
        self.guard == AddressGuard::Anywhere || !is_private_address(ip)
    }
}

/// For documents and kept connections.
impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(addresses.await?.into_iter()) as Addrs) })
    }
}

/// For the POST of credentials.
impl Service<HyperName> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: HyperName) -> Self::Future {
        let addresses = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move { Ok(addresses.await?.into_iter()) })
    }
}

/// Literal addresses are never resolved, so they are checked here.
pub(super) fn check_literal(url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
    let ip: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(ip)) => Some(ip.into()),
        Some(Host::Ipv6(ip)) => Some(ip.into()),
        _ => None,
    };
    if guard == AddressGuard::PublicOnly && (is_loopback(url) || ip.is_some_and(is_private_address)) {
        let host = url.host_str().unwrap_or_default();
        return Err(TransportFailure::Forbidden(format!(
            "{host} is a private address, and this server may not lead there"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(guard: AddressGuard, found: &'static [&'static str]) -> GuardedResolver {
        let look_up = move |_| -> BoxFuture<'static, io::Result<Addresses>> {
            let addresses = found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
            Box::pin(std::future::ready(Ok(addresses)))
        };
        GuardedResolver { guard, look_up: Arc::new(look_up) }
    }

    /// A9: a name that resolves to both is reached at its public address only, so rebinding gains nothing.
    #[tokio::test]
    async fn private_addresses_are_dropped_from_what_a_name_resolves_to() {
        let found: &[&str] = &["10.0.0.1", "::ffff:127.0.0.1", "192.0.0.9", "1.1.1.1", "169.254.169.254"];
        let public = resolver(AddressGuard::PublicOnly, found).addresses("a.example".into()).await.unwrap();
        assert!(public.iter().any(|address| address.ip().to_string() == "1.1.1.1"));
        assert!(public.iter().all(|address| !is_private_address(address.ip())), "{public:?}");
        let all = resolver(AddressGuard::Anywhere, found).addresses("a.example".into()).await.unwrap();
        assert_eq!(all.len(), found.len());
    }

    /// A9, fault 18
    #[tokio::test]
    async fn only_private_and_none_at_all_are_told_apart() {
        let private =
            resolver(AddressGuard::PublicOnly, &["fd00::1"]).addresses("a.example".into()).await.unwrap_err();
        assert!(private.downcast_ref::<PrivateOnly>().is_some());
        let nothing =
            resolver(AddressGuard::PublicOnly, &[]).addresses("a.example".into()).await.unwrap_err();
        assert_eq!(nothing.to_string(), "name not found: `a.example`");
    }
}
