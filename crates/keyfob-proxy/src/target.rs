//! Where a request goes: its path, held against the profile's URL. The token belongs to that scheme, host, port and path and to
//! what lies below it (G2); a path that leaves it, or that a server could read as leaving it, leads nowhere.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use keyfob_agent::journeys::guard_of;
use keyfob_agent::ports::AddressGuard;
use keyfob_core::profile::Profile;
use url::{Position, Url};

/// Names below a server's root that clients try when they look for a sign-in.
const SIGN_IN_PATHS: [&str; 3] = ["/register", "/authorize", "/token"];

/// A profile's server.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    scheme: Scheme,
    authority: Authority,
    path: String,
    query: Option<String>,
    /// The profile's own URL, made once: most requests want nothing else.
    whole: PathAndQuery,
    /// What a request says of where it goes (RFC 9110 §7.2), made once as well.
    pub(crate) host: HeaderValue,
    /// Which addresses its requests may reach.
    pub(crate) guard: AddressGuard,
}

impl Target {
    /// `None` for a URL that no request can carry.
    pub(crate) fn of(profile: &Profile) -> Option<Self> {
        let uri: Uri = profile.url.url().as_str().parse().ok()?;
        let parts = uri.into_parts();
        let whole = parts.path_and_query?;
        let authority = parts.authority?;
        Some(Self {
            scheme: parts.scheme?,
            host: HeaderValue::from_str(host(profile.url.url())).ok()?,
            authority,
            path: whole.path().to_owned(),
            query: whole.query().map(str::to_owned),
            whole,
            guard: guard_of(profile),
        })
    }

    /// The URI for what followed the profile in a request's path: nothing, or a path at the server that is the profile's own
    /// or lies below it. A query of the profile's URL stays, and the request's is added.
    pub(crate) fn uri(&self, rest: &str, query: Option<&str>) -> Option<Uri> {
        let own = matches!(rest, "" | "/") || rest == self.path;
        let wanted = match query {
            None if own => self.whole.clone(),
            _ => self.joined(if own { &self.path } else { self.below(rest)? }, query)?,
        };
        let made = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        made.path_and_query(wanted).build().ok()
    }

    fn joined(&self, path: &str, query: Option<&str>) -> Option<PathAndQuery> {
        let queries: Vec<&str> = self.query.as_deref().into_iter().chain(query).collect();
        if queries.is_empty() {
            return path.parse().ok();
        }
        format!("{path}?{}", queries.join("&")).parse().ok()
    }

    fn below<'a>(&self, rest: &'a str) -> Option<&'a str> {
        let parent = self.path.trim_end_matches('/');
        let is_below = rest.strip_prefix(parent)?.starts_with('/');
        let looks_for_sign_in =
            SIGN_IN_PATHS.contains(&rest) || rest.split('/').any(|segment| segment == ".well-known");
        (is_below && !looks_for_sign_in && !leaves(rest)).then_some(rest)
    }
}

/// The host, and the port where it is not the scheme's own.
fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// True for a path with a segment of dots, in any spelling that some server undoes.
fn leaves(path: &str) -> bool {
    let mut path = path.to_owned();
    // Twice encoded is twice undone by a server behind a server; more is nobody's address.
    for _ in 0..3 {
        if path.split(['/', '\\']).any(|segment| matches!(segment.split(';').next(), Some("." | ".."))) {
            return true;
        }
        if !path.contains('%') {
            return false;
        }
        path = decoded(&path);
    }
    true
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let encoded = |at: usize| {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%')?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let byte = encoded(at);
        plain.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::identity::ProfileName;
    use keyfob_core::resource::CheckedUrl;

    fn target(url: &str) -> Target {
        let name = ProfileName::parse("work").unwrap();
        Target::of(&Profile::new(name, CheckedUrl::parse(url).unwrap())).unwrap()
    }

    fn uri(url: &str, rest: &str, query: Option<&str>) -> Option<String> {
        target(url).uri(rest, query).map(|uri| uri.to_string())
    }

    /// G2
    #[test]
    fn a_request_reaches_the_profiles_path_and_what_lies_below_it() {
        let portal = "https://portal.example:8443/mcp";
        for rest in ["", "/", "/mcp"] {
            assert_eq!(uri(portal, rest, None).as_deref(), Some(portal), "{rest}");
        }
        assert_eq!(uri(portal, "/mcp/a%20b", None).unwrap(), format!("{portal}/a%20b"));
        assert_eq!(uri(portal, "/mcp", Some("a=1")).unwrap(), format!("{portal}?a=1"));
        assert_eq!(uri("https://p.example", "/sse", None).unwrap(), "https://p.example/sse");
        let with_query = "https://p.example/mcp?tenant=7";
        assert_eq!(uri(with_query, "", None).unwrap(), with_query);
        assert_eq!(uri(with_query, "/mcp/x", Some("a=1")).unwrap(), "https://p.example/mcp/x?tenant=7&a=1");
    }

    #[test]
    fn a_request_names_its_host_and_a_port_that_is_not_the_schemes_own() {
        let named = |url| target(url).host;
        assert_eq!(named("https://portal.example:443/mcp"), "portal.example");
        assert_eq!(named("https://portal.example:8443/mcp?a=1"), "portal.example:8443");
        assert_eq!(named("http://[::1]:4117/mcp"), "[::1]:4117");
    }

    /// G2: no spelling leaves it.
    #[test]
    fn a_path_beside_or_above_the_profiles_own_leads_nowhere() {
        for rest in [
            "/admin",
            "/mcpx",
            "/MCP",
            "//mcp",
            "/mcp/../admin",
            "/mcp/./x",
            "/mcp/..",
            "/mcp/%2e%2e/admin",
            "/mcp/%2E./admin",
            "/mcp/..%2fadmin",
            "/mcp/..%5cadmin",
            "/mcp/..\\admin",
            "/mcp/%252e%252e/admin",
            "/mcp/%25252e%25252e%25252fadmin",
            "/mcp/..;/admin",
            "@evil.example/mcp",
            "/mcp@evil.example/../x",
        ] {
            assert_eq!(uri("https://portal.example/mcp", rest, None), None, "{rest}");
        }
    }

    #[test]
    fn what_looks_for_a_sign_in_leads_nowhere() {
        for rest in
            ["/.well-known/oauth-protected-resource", "/register", "/token", "/authorize", "/x/.well-known/y"]
        {
            assert_eq!(uri("https://portal.example", rest, None), None, "{rest}");
        }
        assert_eq!(uri("https://portal.example/mcp", "/mcp/.well-known/openid-configuration", None), None);
    }
}
