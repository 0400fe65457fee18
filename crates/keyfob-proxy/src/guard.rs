//! Who may come in to the loopback proxy. A loopback address is no authentication (V3 to V5): web pages, other users of this
//! machine and containers can reach it, so a request needs a key, and is refused before that where a browser sent it for a
//! page (`Origin`, `Sec-Fetch-Site`) or where its `Host` is not exactly ours (DNS rebinding).
//!
//! A stranger without a key gets a bare 401 (G3): it is no client, and nothing in the answer asks it to sign in. A client that
//! holds a key never sees one, see `refusal.rs`.

use http::header::{HOST, HeaderMap, ORIGIN};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use keyfob_agent::local_proxy::Entrance;
use keyfob_core::secret::ProxyKey;

/// The key's place where it does not stand in the path: `/p/PROFILE/…` with this header.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("x-keyfob-key");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Paths that clients ask for when they look for a sign-in of their own. A plain 404 without a body ends that look; anything
/// else was taken for an authorization server.
const SIGN_IN_PATHS: [&str; 4] = ["register", "authorize", "token", ".well-known"];

/// A request that may be looked at, once its key opens its profile.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    /// As presented, opened by nobody yet.
    pub(crate) key: ProxyKey,
    /// As named in the path.
    pub(crate) profile: &'a str,
}

/// Why a request is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// A web page sent it: 403.
    WebPage,
    /// It does not name this listener: 403.
    OtherHost,
    /// A way of asking that is of no use here: 405.
    Method,
    /// There is nothing here: 404, empty.
    Nothing,
    /// No key: 401.
    NoKey,
}

/// Looks at the head alone, in the order Origin, Host, method, path, key.
pub(crate) fn admit(head: &Parts, entrance: Entrance) -> Result<Admitted<'_>, Stranger> {
    if is_from_a_page(&head.headers, entrance) {
        return Err(Stranger::WebPage);
    }
    if let Entrance::Port(port) = entrance {
        // A request line with an authority is one for another proxy.
        if head.uri.authority().is_some() || !is_our_host(&head.headers, port) {
            return Err(Stranger::OtherHost);
        }
    }
    // TRACE would show the token to whoever asks, CONNECT opens tunnels.
    if matches!(head.method, Method::TRACE | Method::CONNECT) {
        return Err(Stranger::Method);
    }
    let path = head.uri.path();
    let mut parts = path.splitn(3, '/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("c"), Some(rest)) => {
            let (key, rest) = rest.split_once('/').ok_or(Stranger::NoKey)?;
            Ok(Admitted { key: ProxyKey::new(key.to_owned()), profile: profile_in(rest) })
        }
        (Some("p"), Some(rest)) => {
            let key = only(&head.headers, &KEY_HEADER).and_then(|key| key.to_str().ok());
            let key = key.ok_or(Stranger::NoKey)?.to_owned();
            Ok(Admitted { key: ProxyKey::new(key), profile: profile_in(rest) })
        }
        (Some(first), _) if SIGN_IN_PATHS.contains(&first) => Err(Stranger::Nothing),
        _ => Err(Stranger::NoKey),
    }
}

/// What follows the profile in the path of an admitted request; may be empty.
pub(crate) fn rest_of(path: &str) -> &str {
    let before = if path.starts_with("/c/") { 3 } else { 2 };
    path.match_indices('/').nth(before).and_then(|(at, _)| path.get(at..)).unwrap_or_default()
}

/// `work/mcp/x` is about `work`.
fn profile_in(path: &str) -> &str {
    path.split_once('/').map_or(path, |(profile, _)| profile)
}

/// Browsers name the page's origin, or say at least that it is not ours. The port is nobody's page: it serves none, so the
/// only origins allowed are its own, which some clients send for the server they speak to.
fn is_from_a_page(headers: &HeaderMap, entrance: Entrance) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE)
        && !matches!(site.as_bytes(), b"none" | b"same-origin")
    {
        return true;
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return false };
    let Entrance::Port(port) = entrance else { return true };
    let authority = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
    origins.next().is_some() || !authority.is_some_and(|authority| names_port(authority, port))
}

fn is_our_host(headers: &HeaderMap, port: u16) -> bool {
    only(headers, &HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| names_port(host, port))
}

/// `127.0.0.1:PORT` or `localhost:PORT`, and nothing that a resolver could turn into them.
fn names_port(authority: &str, port: u16) -> bool {
    let Some((host, digits)) = authority.split_once(':') else { return false };
    let is_port = digits.parse() == Ok(port) && !digits.starts_with(['0', '+']);
    is_port && (host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost"))
}

/// The header, where it stands there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
