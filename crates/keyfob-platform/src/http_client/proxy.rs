//! Which proxy a request goes through, and the tunnel through it.
//!
//! Loopback is never asked of a proxy: it would be the proxy's own loopback.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use keyfob_agent::ports::TransportFailure;
use keyfob_core::failure::Failure;
use keyfob_core::resource::is_loopback;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use url::{Position, Url};

use crate::config_file::NetworkSettings;

/// Largest head of a proxy's answer.
const LARGEST_HEAD: usize = 8 * 1024;

/// The user's proxy, else the environment's or the system's.
#[derive(Debug)]
pub(super) struct ProxyRule(Matcher);

impl ProxyRule {
    /// # Errors
    /// [`Failure::Usage`] for a proxy that is no http or https URL.
    pub(super) fn new(settings: &NetworkSettings) -> Result<Self, Failure> {
        let Some(proxy) = &settings.proxy else { return Ok(Self(Matcher::from_system())) };
        let usable =
            Url::parse(proxy).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !usable {
            return Err(Failure::Usage("config.toml: [network] proxy is no http:// or https:// URL".into()));
        }
        Ok(Self(Matcher::builder().all(proxy.as_str()).build()))
    }

    /// The proxy for this URL, if any.
    ///
    /// # Errors
    /// [`TransportFailure::NotSent`] for a kind of proxy keyfob does not speak to.
    pub(super) fn for_url(&self, url: &Url) -> Result<Option<Intercept>, TransportFailure> {
        let uri: Option<Uri> = url[..Position::AfterPath].parse().ok();
        if is_loopback(url) {
            return Ok(None);
        }
        let Some(intercept) = uri.and_then(|uri| self.0.intercept(&uri)) else { return Ok(None) };
        match intercept.uri().scheme_str() {
            Some("http" | "https") => Ok(Some(intercept)),
            scheme => Err(TransportFailure::NotSent(format!(
                "the system's proxy speaks `{}`; keyfob speaks to http and https proxies only",
                scheme.unwrap_or_default()
            ))),
        }
    }
}

/// Asks the proxy for a tunnel to `target` (`host:port`; RFC 9110 §9.3.6). Nothing of ours is sent before it stands.
pub(super) async fn tunnel<S>(stream: &mut S, target: &str, proxy: &Intercept) -> Result<(), TransportFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = proxy.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let broken = |error: std::io::Error| {
        TransportFailure::NotSent(format!("the proxy hung up: {}", super::cause::cause(&error)))
    };
    stream.write_all(&request).await.map_err(broken)?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LARGEST_HEAD {
            return Err(TransportFailure::NotSent("the proxy's answer has no end".into()));
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let status = response.parse(&head).ok().and(response.code);
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => {
            Err(TransportFailure::NotSent("the proxy wants a sign-in of its own (status 407)".into()))
        }
        Some(status) => {
            Err(TransportFailure::NotSent(format!("the proxy refused the connection (status {status})")))
        }
        None => Err(TransportFailure::NotSent("the proxy's answer is no HTTP".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(proxy: &str) -> Result<ProxyRule, Failure> {
        ProxyRule::new(&NetworkSettings { proxy: Some(proxy.into()), ..NetworkSettings::default() })
    }

    #[test]
    fn loopback_never_goes_through_a_proxy() {
        let rule = rule("http://proxy.example:3128").unwrap();
        for local in ["http://127.0.0.1:1/x", "http://[::1]/", "http://localhost:9/"] {
            assert!(rule.for_url(&local.parse().unwrap()).unwrap().is_none(), "{local}");
        }
        let through = rule.for_url(&"https://a.example/token?x=1".parse().unwrap()).unwrap().unwrap();
        assert_eq!(through.uri().host(), Some("proxy.example"));
    }

    #[test]
    fn a_proxy_that_is_none_is_a_mistake_in_the_file() {
        for bad in ["proxy.example", "socks5://a.example", "", "http://"] {
            assert!(matches!(rule(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
