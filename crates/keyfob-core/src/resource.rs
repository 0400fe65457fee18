//! The protected resource's URL and identifier (RFC 8707 §2, RFC 9728), and which addresses may be spoken to over http.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use thiserror::Error;
use url::{Host, Position, Url};

use crate::server_text::is_invisible;

/// Why a text is no usable URL for keyfob.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnusableUrl {
    /// It cannot be parsed as an absolute URL.
    #[error("it is not an absolute URL, such as https://mcp.example.com/mcp")]
    NotAUrl,
    /// The scheme is neither https nor http.
    #[error("the scheme `{0}` is not https")]
    Scheme(String),
    /// Plain http to a host that is not loopback (B3, B4).
    #[error("plain http is accepted for 127.0.0.0/8, [::1] and localhost only; use https")]
    PlainHttp,
    /// The URL carries a user name or password.
    #[error("it carries a user name or password")]
    UserInfo,
    /// The URL carries a fragment.
    #[error("it carries a fragment (#…)")]
    Fragment,
    /// It holds blanks, control characters or others that nobody sees: the parser drops some of them without a word.
    #[error("it holds a blank, or a character that cannot be seen")]
    Invisible,
}

/// A URL that keyfob may speak to: https, or http to a literal loopback host; no user info, no fragment.
///
/// Keeps the text as it was written, because identifiers are compared byte by byte (A4, B2) and the URL type rewrites
/// `http://host:1` to `http://host:1/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedUrl {
    text: String,
    url: Url,
}

impl CheckedUrl {
    /// Parses and checks; whitespace around the text is no part of it.
    pub fn parse(text: &str) -> Result<Self, UnusableUrl> {
        let text = text.trim();
        if text.contains(is_invisible) {
            return Err(UnusableUrl::Invisible);
        }
        let url = Url::parse(text).map_err(|_| UnusableUrl::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(UnusableUrl::PlainHttp),
            other => return Err(UnusableUrl::Scheme(crate::server_text::shown(other))),
        }
        if url.host().is_none() {
            return Err(UnusableUrl::NotAUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UnusableUrl::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(UnusableUrl::Fragment);
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parsed form.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// True where the host is literal loopback: shown to people as *local*.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.url)
    }

    /// scheme://host:port, the web's origin.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// True where a token for this URL may be sent to `asked` (G2): the same scheme, host and port, and a path that is this
    /// one or lies below it. A path that a server could read as leading out again is outside.
    pub fn covers(&self, asked: &Url) -> bool {
        let path = asked.path().to_ascii_lowercase();
        let leads_out = ["..", "%2e", "%2f", "%5c"].iter().any(|way| path.contains(way));
        let prefix = self.url.path().trim_end_matches('/');
        let below = asked.path().strip_prefix(prefix).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        asked.origin() == self.url.origin() && asked.username().is_empty() && below && !leads_out
    }
}

impl std::fmt::Display for CheckedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for CheckedUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for CheckedUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// True for `localhost` and literal loopback addresses.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// True for addresses outside the public internet: private, loopback, link-local, unspecified, shared, multicast, and
/// all of those written as IPv4-mapped or NAT64 IPv6 (A9).
pub fn is_private_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || (a == 100 && (64..128).contains(&b)) // RFC 6598 shared space
                || a == 0
        }
        IpAddr::V6(v6) => {
            if let Some(mapped) = v6.to_ipv4_mapped().or_else(|| nat64(v6)) {
                return is_private_address(IpAddr::V4(mapped));
            }
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

/// RFC 6052 §2.1: 64:ff9b::/96 carries an IPv4 address in its last four bytes.
fn nat64(v6: std::net::Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    const PREFIX: [u8; 12] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    let octets = v6.octets();
    let last: [u8; 4] = octets[12..].try_into().ok()?;
    (octets[..12] == PREFIX).then(|| last.into())
}

/// How a published `resource` relates to the identifier keyfob asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceMatch {
    /// The same identifier (RFC 9728 §3.3).
    Exact,
    /// A parent path on the same origin, on a segment boundary (A5): accepted, shown, and sent as `resource`.
    ParentPath,
    /// Something else: the document is unusable (A4).
    Different,
}

/// Compares a published `resource` with the MCP server's URL (A4, A5).
///
/// Exact means byte-identical, or identical but for the one `/` that URL types append to an empty path and for capitals in
/// scheme and host. What names the usual port of its scheme is another identifier.
pub fn compare_resource(published: &str, expected: &CheckedUrl) -> ResourceMatch {
    if published == expected.as_str() || published == expected.url().as_str() {
        return ResourceMatch::Exact;
    }
    let Some(published) = unrepaired(published) else { return ResourceMatch::Different };
    let is_anonymous = published.username().is_empty() && published.password().is_none();
    let same_origin = published.origin() == expected.url().origin() && is_anonymous;
    if !same_origin || published.query().is_some() || published.fragment().is_some() {
        return ResourceMatch::Different;
    }
    if published.path() == expected.url().path() && expected.url().query().is_none() {
        return ResourceMatch::Exact;
    }
    let parent = published.path().trim_end_matches('/');
    match expected.url().path().strip_prefix(parent) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ResourceMatch::ParentPath,
        _ => ResourceMatch::Different,
    }
}

/// The parser repairs what it reads (`https:/a`, `https:a`, a backslash, a tab); what is shown to people is the text itself. So
/// only text is read that the parser leaves as it is, but for the `/` of an empty path and for capitals in scheme and host.
fn unrepaired(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let (server, rest) = url.as_str().split_at(url[..Position::BeforePath].len());
    let (of_server, of_rest) = text.split_at_checked(server.len())?;
    let is_as_written =
        of_server.eq_ignore_ascii_case(server) && (of_rest == rest || (of_rest.is_empty() && rest == "/"));
    is_as_written.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> CheckedUrl {
        CheckedUrl::parse(text).unwrap()
    }

    /// A4, F12: the URL parser drops and repairs; what it read is not what would be sent and shown.
    #[test]
    fn an_identifier_with_something_hidden_in_it_is_another_one() {
        let expected = url("https://a.example/mcp");
        for published in [
            "https://a.exa\u{feff}mple/mcp",
            "https://a.example/m\tcp",
            "https://a.example\u{200b}/mcp",
            "https://eve@a.example/mcp",
            "https:\\\\a.example\\mcp",
            " https://a.example/mcp",
            "https:/a.example/mcp",
            "https:a.example/mcp",
            "https:///a.example/mcp",
            "https://a.example/./mcp",
            "https://a.example:443/mcp",
        ] {
            assert_eq!(compare_resource(published, &expected), ResourceMatch::Different, "{published:?}");
        }
        for hidden in ["https://a.exa\u{feff}mple", "https://a.example/m\tcp", "https://a.example/\u{202e}x"]
        {
            assert_eq!(CheckedUrl::parse(hidden), Err(UnusableUrl::Invisible), "{hidden:?}");
        }
        assert_eq!(
            CheckedUrl::parse(" https://a.example \n").map(|url| url.to_string()),
            Ok("https://a.example".into())
        );
    }

    /// B3, B4
    #[test]
    fn http_is_for_literal_loopback_only() {
        for ok in [
            "https://a.example/mcp",
            "http://127.0.0.1:1/x",
            "http://[::1]:2",
            "http://localhost",
            "http://127.9.9.9",
        ] {
            assert!(CheckedUrl::parse(ok).is_ok(), "{ok}");
        }
        assert_eq!(CheckedUrl::parse("http://a.example"), Err(UnusableUrl::PlainHttp));
        assert_eq!(CheckedUrl::parse("http://localhost.evil.example"), Err(UnusableUrl::PlainHttp));
        assert_eq!(CheckedUrl::parse("file:///etc/passwd"), Err(UnusableUrl::Scheme("file".into())));
        assert_eq!(CheckedUrl::parse("mcpr.example.com/mcp"), Err(UnusableUrl::NotAUrl));
        assert_eq!(CheckedUrl::parse("https://u:p@a.example"), Err(UnusableUrl::UserInfo));
        assert_eq!(CheckedUrl::parse("https://a.example/#x"), Err(UnusableUrl::Fragment));
    }

    /// A4, A5
    #[test]
    fn a_resource_matches_exactly_or_as_a_parent_on_a_segment_boundary() {
        let mcp = url("https://a.example/team/mcp");
        for (published, expected) in [
            ("https://a.example/team/mcp", ResourceMatch::Exact),
            ("https://a.example/team", ResourceMatch::ParentPath),
            ("https://a.example", ResourceMatch::ParentPath),
            ("https://a.example/", ResourceMatch::ParentPath),
            ("https://a.example/te", ResourceMatch::Different),
            ("https://a.example/team/mcp/x", ResourceMatch::Different),
            ("https://b.example/team/mcp", ResourceMatch::Different),
            ("http://a.example/team/mcp", ResourceMatch::Different),
            ("https://a.example:8443/team/mcp", ResourceMatch::Different),
            ("https://a.example/team?x", ResourceMatch::Different),
            ("nonsense", ResourceMatch::Different),
        ] {
            assert_eq!(compare_resource(published, &mcp), expected, "{published}");
        }
        assert_eq!(compare_resource("http://127.0.0.1:9", &url("http://127.0.0.1:9")), ResourceMatch::Exact);
        assert_eq!(compare_resource("http://127.0.0.1:9/", &url("http://127.0.0.1:9")), ResourceMatch::Exact);
    }

    /// G2
    #[test]
    fn a_token_is_for_the_same_origin_and_the_path_below_its_own() {
        let portal = url("https://a.example/team/mcp");
        for inside in [
            "https://a.example/team/mcp",
            "https://A.example:443/team/mcp/",
            "https://a.example/team/mcp/x?y",
        ] {
            assert!(portal.covers(&Url::parse(inside).unwrap()), "{inside}");
        }
        for outside in [
            "https://a.example/team",
            "https://a.example/team/mcpx",
            "https://a.example/team/mcp/../admin",
            "https://a.example/team/mcp/..%2fadmin",
            "https://a.example/team/mcp/%2E%2E%5Cadmin",
            "http://a.example/team/mcp",
            "https://a.example:8443/team/mcp",
            "https://a.example@b.example/team/mcp",
            "https://u@a.example/team/mcp",
            "https://b.a.example/team/mcp",
        ] {
            assert!(!portal.covers(&Url::parse(outside).unwrap()), "{outside}");
        }
        assert!(url("https://a.example").covers(&Url::parse("https://a.example/any/path").unwrap()));
    }

    /// A9
    #[test]
    fn private_space_is_seen_through_mapped_addresses() {
        for private in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fd00::1",
            "100.64.0.1",
            "0.0.0.0",
        ] {
            assert!(is_private_address(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(!is_private_address(public.parse().unwrap()), "{public}");
        }
    }
}
