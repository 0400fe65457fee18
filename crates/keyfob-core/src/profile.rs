//! A profile as the user wrote it: one named sign-in to one protected resource. No secret is ever in it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

mod command;
mod marks;
mod redirect;

pub use command::{CommandDelivery, CommandInput, run_mark};
pub use marks::parse_marks;
pub use redirect::{RedirectChoice, RedirectHost};

use crate::discovery::authorization_server::ClientAuthentication;
use crate::failure::Failure;
use crate::grant::GrantKind;
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

impl ResourceParameter {
    /// A value of the user's own; `None` where it is no absolute URI, or has a fragment (D4, RFC 8707 §2).
    pub fn given(text: &str) -> Option<Self> {
        let usable = url::Url::parse(text).is_ok_and(|uri| uri.fragment().is_none());
        usable.then(|| Self::Given(text.to_owned()))
    }

    /// What [`ResourceParameter::given`] takes, for error messages.
    pub const EXPECTED: &str = "must be an absolute URI without a fragment (RFC 8707 §2)";
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
    /// A command that is run with each new token, once its owner has allowed it.
    Command(CommandDelivery),
}

impl DeliveryTarget {
    /// True where one would overwrite the other; of two commands, where they are one.
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Command(a), Self::Command(b)) => a == b,
            (
                Self::TokenFile { path, format: TokenFileFormat::Env { key } },
                Self::TokenFile { path: other, format: TokenFileFormat::Env { key: other_key } },
            ) => path == other && key == other_key,
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl std::fmt::Display for DeliveryTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TokenFile { path, .. } => f.write_str(path),
            Self::KeyringEntry { service, account, .. } => write!(f, "keyring {service}/{account}"),
            // Arguments may hold secrets of the user's own.
            Self::Command(command) => write!(f, "command {}", crate::server_text::shown(command.program())),
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
    /// The user's own template.
    Template {
        /// Absolute path of the template, `~` already expanded.
        template: String,
    },
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

    /// D4
    #[test]
    fn a_resource_of_the_users_own_is_absolute_and_has_no_fragment() {
        for good in ["https://api.example/mcp", "urn:example:api", "api://1234"] {
            assert_eq!(ResourceParameter::given(good), Some(ResourceParameter::Given(good.into())));
        }
        for bad in ["", "mcp", "/mcp", "api.example/mcp", "https://api.example/mcp#part"] {
            assert_eq!(ResourceParameter::given(bad), None, "{bad}");
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
