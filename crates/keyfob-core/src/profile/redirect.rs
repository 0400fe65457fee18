//! The redirect of a profile: which loopback address, port and path (RFC 8252 §7.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which loopback address the redirect uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectChoice {
    /// Host as written in the redirect URI.
    pub host: RedirectHost,
    /// A fixed port, else any free one.
    pub port: Option<u16>,
    /// The path.
    pub path: String,
}

impl Default for RedirectChoice {
    fn default() -> Self {
        Self { host: RedirectHost::default(), port: None, path: "/callback".into() }
    }
}

impl RedirectChoice {
    /// The path for a client that registers itself at `issuer`: each issuer has one of its own (D14, RFC 8252 §8.10), so that
    /// a code cannot be led from one server's sign-in into another's. Whoever pins port or path has the path as written.
    pub fn path_at(&self, issuer: &str) -> String {
        if self.port.is_some() || self.path != Self::default().path {
            return self.path.clone();
        }
        let digest = Sha256::digest(issuer.as_bytes());
        format!("{}/{}", self.path, URL_SAFE_NO_PAD.encode(&digest[..9]))
    }

    /// Reads `HOST[:PORT][/PATH]`, such as `127.0.0.1`, `localhost:7777`, `[::1]:7777/callback`.
    pub fn parse(text: &str) -> Option<Self> {
        let (authority, path) = match text.find('/') {
            Some(at) => (&text[..at], text[at..].to_owned()),
            None => (text, Self::default().path),
        };
        let hosts = [RedirectHost::V4, RedirectHost::V6, RedirectHost::Localhost];
        let (host, port) =
            hosts.into_iter().find_map(|host| Some((host, authority.strip_prefix(host.as_str())?)))?;
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?),
        };
        // RFC 6749 §3.1.2: no fragment; what goes into a URI needs no blanks, and a query is the server's to add.
        let plain = !path.contains(|c: char| matches!(c, '?' | '#') || !c.is_ascii_graphic());
        plain.then_some(Self { host, port, path })
    }
}

impl std::fmt::Display for RedirectChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.host.as_str())?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

/// Loopback hosts a redirect may name (RFC 8252 §7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RedirectHost {
    /// The default.
    #[default]
    #[serde(rename = "127.0.0.1")]
    V4,
    /// IPv6 loopback.
    #[serde(rename = "[::1]")]
    V6,
    /// For servers that insist on the name; both families are bound then (V8).
    #[serde(rename = "localhost")]
    Localhost,
}

impl RedirectHost {
    /// What a redirect must look like, for error messages.
    pub const EXPECTED: &str = "write 127.0.0.1, localhost or [::1], then [:PORT][/PATH]";

    /// As written in a URI.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "127.0.0.1",
            Self::V6 => "[::1]",
            Self::Localhost => "localhost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_reads_host_port_and_path() {
        let full = RedirectChoice { host: RedirectHost::Localhost, port: Some(7777), path: "/cb".into() };
        assert_eq!(RedirectChoice::parse("localhost:7777/cb"), Some(full.clone()));
        assert_eq!(full.to_string(), "localhost:7777/cb");
        assert_eq!(RedirectChoice::parse("[::1]").unwrap().host, RedirectHost::V6);
        for bad in [
            "example.com",
            "127.0.0.1:0",
            "127.0.0.1:x",
            "127.0.0.1x",
            "",
            "[::1]/a?b",
            "[::1]/a b",
            "[::1]/#",
        ] {
            assert_eq!(RedirectChoice::parse(bad), None, "{bad}");
        }
    }

    /// D14
    #[test]
    fn each_issuer_has_a_redirect_path_unless_it_is_pinned() {
        let path = |redirect: &str, issuer| RedirectChoice::parse(redirect).unwrap().path_at(issuer);
        let one = path("127.0.0.1", "https://one.example");
        assert!(one.starts_with("/callback/") && one.len() == 22, "{one}");
        assert_eq!(one, path("localhost", "https://one.example"));
        assert_ne!(one, path("127.0.0.1", "https://one.example/"));
        for pinned in ["127.0.0.1:7777", "127.0.0.1/cb"] {
            assert!(!path(pinned, "https://one.example").starts_with("/callback/"));
        }
    }
}
