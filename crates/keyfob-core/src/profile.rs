//! A profile as the user wrote it: one named sign-in to one protected resource. No secret is ever in it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::discovery::authorization_server::ClientAuthentication;
use crate::failure::Failure;
use crate::identity::ProfileName;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;

/// Settings of one profile, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The MCP server's URL.
    pub url: CheckedUrl,
    /// What people call it.
    pub label: Option<String>,
    /// Reading or writing; writing is shown in a warning colour.
    pub access: Option<Access>,
    /// How tokens are got.
    pub grant: GrantKind,
    /// The `resource` parameter (RFC 8707).
    pub resource: ResourceParameter,
    /// Scopes the user wants instead of the server's suggestion.
    pub scopes: ScopeSet,
    /// `audience`, for servers that want it beside or instead of `resource`.
    pub audience: Option<String>,
    /// The authorization server to use where the resource lists several.
    pub issuer: Option<String>,
    /// How keyfob becomes a client there.
    pub client: ClientChoice,
    /// The redirect's host, port and path, where the server pins them.
    pub redirect: RedirectChoice,
    /// Extra parameters of the authorization request, in order.
    pub extra_params: Vec<(String, String)>,
    /// When to warn before the sign-in ends, longest first.
    pub remind: Vec<TimeDelta>,
    /// How long a sign-in lives where the server does not say.
    pub sign_in_lifetime: LifetimeAnswer,
    /// Taken off a token's end where a server refuses early.
    pub margin: TimeDelta,
    /// Where tokens are written.
    pub deliver: Vec<Delivery>,
    /// True where the server may have a private address (A9).
    pub private_network: bool,
    /// True while background renewal is paused.
    pub paused: bool,
}

/// What the profile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Reading only.
    Read,
    /// Changing things.
    Write,
}

/// The grants keyfob knows. No implicit, no password grant (D12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// Browser and redirect (RFC 6749 §4.1).
    #[default]
    AuthorizationCode,
    /// A code typed on another device (RFC 8628).
    Device,
    /// No user at all (RFC 6749 §4.4).
    ClientCredentials,
}

/// What to send as `resource`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ResourceParameter {
    /// The published identifier (D3).
    #[default]
    Published,
    /// A value of the user's own.
    Given(String),
    /// Nothing, for servers that refuse the parameter (F11).
    Omitted,
}

/// How keyfob becomes a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientChoice {
    /// A client id the operator gave.
    pub client_id: Option<String>,
    /// The method to use with it.
    pub authentication: Option<ClientAuthentication>,
    /// A hosted client metadata document, whose URL is the client id.
    pub metadata_url: Option<String>,
}

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

/// The user's answer to "when does this sign-in end?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LifetimeAnswer {
    /// Not answered yet.
    #[default]
    Open,
    /// Answered: not known. It stays answered.
    NotKnown,
    /// Answered.
    Known(SignInLifetime),
}

impl LifetimeAnswer {
    /// Reads `30d` (after the sign-in) or `not-known`; anything else is [`Failure::Usage`].
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text == NOT_KNOWN {
            return Ok(Self::NotKnown);
        }
        let lifetime = parse_duration(text).filter(|lifetime| *lifetime > TimeDelta::zero());
        let lifetime = lifetime.ok_or_else(|| {
            let text = crate::server_text::shown(text);
            Failure::Usage(format!("`{text}` is no lifetime: write a time span such as 30d, or {NOT_KNOWN}"))
        })?;
        Ok(Self::Known(SignInLifetime { lifetime, from: LifetimeFrom::SignIn }))
    }
}

/// How "not known" is written in `profiles.toml` and on the command line.
pub const NOT_KNOWN: &str = "not-known";

/// A sign-in's lifetime as the user knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInLifetime {
    /// How long.
    pub lifetime: TimeDelta,
    /// From when.
    pub from: LifetimeFrom,
}

/// What a lifetime counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifetimeFrom {
    /// The sign-in: the end is fixed.
    #[default]
    SignIn,
    /// The last renewal: the end moves with each.
    Refresh,
}

/// A place an access token is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where.
    pub target: DeliveryTarget,
    /// Also the refresh token: possible and warned about, because a second refresher breaks rotation.
    pub include_refresh_token: bool,
}

/// Kinds of places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeliveryTarget {
    /// A file of mode 0600.
    TokenFile {
        /// Absolute path, `~` already expanded.
        path: String,
        /// Its shape.
        format: TokenFileFormat,
    },
    /// An entry in the platform's keyring.
    KeyringEntry {
        /// Service name.
        service: String,
        /// Account name.
        account: String,
        /// Bare token or JSON.
        format: KeyringFormat,
    },
}

impl std::fmt::Display for DeliveryTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TokenFile { path, .. } => f.write_str(path),
            Self::KeyringEntry { service, account, .. } => write!(f, "keyring {service}/{account}"),
        }
    }
}

/// Shapes of token files (product contract).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TokenFileFormat {
    /// keyfob's own JSON.
    Keyfob,
    /// As Python token managers read it; times without zone.
    McpTokens {
        /// Write UTC instead of local time.
        utc: bool,
    },
    /// As Node MCP servers read it; epoch milliseconds.
    Credentials,
    /// One `KEY=token` line in a `.env`.
    Env {
        /// The variable.
        key: String,
    },
    /// The token and a newline.
    Bare,
}

/// Shapes of keyring entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyringFormat {
    /// The token alone.
    #[default]
    Bare,
    /// Format `keyfob`.
    Json,
}

/// Reminders where the user named none.
pub fn default_reminders() -> Vec<TimeDelta> {
    vec![TimeDelta::days(7), TimeDelta::days(1), TimeDelta::hours(2)]
}

impl Profile {
    /// A profile with every setting at its default.
    pub fn new(name: ProfileName, url: CheckedUrl) -> Self {
        Self {
            name,
            url,
            label: None,
            access: None,
            grant: GrantKind::default(),
            resource: ResourceParameter::default(),
            scopes: ScopeSet::default(),
            audience: None,
            issuer: None,
            client: ClientChoice::default(),
            redirect: RedirectChoice::default(),
            extra_params: Vec::new(),
            remind: default_reminders(),
            sign_in_lifetime: LifetimeAnswer::Open,
            margin: TimeDelta::zero(),
            deliver: Vec::new(),
            private_network: false,
            paused: false,
        }
    }

    /// True where private addresses may be reached: the profile's own URL is loopback, or the user said so (A9).
    pub fn may_reach_private_addresses(&self) -> bool {
        self.private_network || self.url.is_local()
    }

    /// What to send as `resource`, given the published identifier.
    pub fn resource_parameter<'a>(&'a self, published: &'a str) -> Option<&'a str> {
        match &self.resource {
            ResourceParameter::Published => Some(published),
            ResourceParameter::Given(value) => Some(value),
            ResourceParameter::Omitted => None,
        }
    }
}

/// Reads `90s`, `5m`, `2h`, `7d`.
pub fn parse_duration(text: &str) -> Option<TimeDelta> {
    let (digits, unit) = text.split_at(text.len().checked_sub(1).filter(|i| text.is_char_boundary(*i))?);
    let amount: i64 = digits.parse().ok().filter(|n| *n >= 0)?;
    match unit {
        "s" => TimeDelta::try_seconds(amount),
        "m" => TimeDelta::try_minutes(amount),
        "h" => TimeDelta::try_hours(amount),
        "d" => TimeDelta::try_days(amount),
        _ => None,
    }
}

/// Writes what [`parse_duration`] reads, in the largest whole unit.
pub fn duration_text(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    for (size, unit) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if seconds != 0 && seconds % size == 0 {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
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

    #[test]
    fn durations_read_back_as_written() {
        for text in ["7d", "2h", "5m", "61s", "0s"] {
            assert_eq!(duration_text(parse_duration(text).unwrap()), text);
        }
        for bad in ["", "5", "d", "-1d", "5 d", "1w", "9999999999999999d", "5ä"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
