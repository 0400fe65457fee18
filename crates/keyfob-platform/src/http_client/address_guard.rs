//! Keeps metadata from leading into private networks (A9): names are resolved here and private addresses dropped, so that
//! the address that was checked is the address that is used.
//!
//! Behind an http proxy the proxy resolves names; then only literal addresses can be checked here.

use std::net::{IpAddr, SocketAddr};

use keyfob_agent::ports::{AddressGuard, TransportFailure};
use keyfob_core::resource::is_private_address;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

/// Resolves names to public addresses only.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnlyResolver;

#[derive(Debug, Error)]
#[error("`{0}` has a private address only, and this server may not lead there")]
struct PrivateOnly(String);

impl Resolve for PublicOnlyResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.into_iter().filter(|address| !is_private_address(address.ip())).collect();
            if public.is_empty() {
                return Err(PrivateOnly(name.as_str().to_owned()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Literal addresses are never resolved, so they are checked here.
pub(super) fn check_literal(url: &Url, guard: AddressGuard) -> Result<(), TransportFailure> {
    let ip: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(ip)) => Some(ip.into()),
        Some(Host::Ipv6(ip)) => Some(ip.into()),
        _ => None,
    };
    match ip {
        Some(ip) if guard == AddressGuard::PublicOnly && is_private_address(ip) => {
            Err(TransportFailure::Forbidden(format!("{ip} is a private address, and this server may not lead there")))
        }
        _ => Ok(()),
    }
}

/// The guard's own words, where it was the guard that stopped a request.
pub(super) fn forbidden(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if let Some(private) = inner.downcast_ref::<PrivateOnly>() {
            return Some(private.to_string());
        }
        cause = inner.source();
    }
    None
}
