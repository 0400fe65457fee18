//! Sign-ins that another program keeps: what the words in its store mean. The store is only read; whose it is and where it
//! lies is told by the caller.

mod mcp_remote;
mod rival;
mod stores;
mod token_text;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::discovery::authorization_server::ClientAuthentication;
use crate::grant::id_token;
use crate::grant::token_endpoint::{ASSUMED_LIFETIME, TokenAnswer};
use crate::scope::ScopeSet;
use crate::secret::{AccessToken, ClientSecret, RefreshToken, is_header_safe};

pub use mcp_remote::{file_name as mcp_remote_file_name, sign_in as mcp_remote_sign_in};
pub use stores::{claude_code, codex, gemini, opencode};
pub use token_text::{TextHints, read as read_text};

/// Whose store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// mcp-remote's folder.
    McpRemote,
    /// Claude Code's credentials.
    ClaudeCode,
    /// Codex's credentials.
    Codex,
    /// opencode's MCP credentials.
    Opencode,
    /// Gemini CLI's MCP tokens.
    Gemini,
    /// A token file of some program.
    TokenFile,
    /// Pasted by a person.
    Pasted,
}

impl Source {
    /// The stores that have a place of their own.
    pub const STORES: [Self; 5] =
        [Self::McpRemote, Self::ClaudeCode, Self::Codex, Self::Opencode, Self::Gemini];

    /// As typed on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::McpRemote => "mcp-remote",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
            Self::Gemini => "gemini",
            Self::TokenFile => "token-file",
            Self::Pasted => "-",
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::McpRemote => "mcp-remote",
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Opencode => "opencode",
            Self::Gemini => "Gemini CLI",
            Self::TokenFile => "the program that wrote the file",
            Self::Pasted => "the program it was copied from",
        }
    }

    /// The store that is typed like this.
    pub fn parse(word: &str) -> Option<Self> {
        Self::STORES.into_iter().find(|source| source.word() == word)
    }
}

/// One sign-in of another program. Cannot be shown: its secrets are in their types.
#[derive(Debug, Clone)]
pub struct ForeignSignIn {
    /// Whose it is.
    pub source: Source,
    /// What that program calls the server, where it has a name.
    pub server: Option<String>,
    /// The MCP URL, where the store says.
    pub url: Option<String>,
    /// The issuer, where the store says.
    pub issuer: Option<String>,
    /// The token endpoint, where the store says.
    pub token_endpoint: Option<String>,
    /// The client it was given to, where the store says: without it, nothing can be renewed.
    pub client: Option<ForeignClient>,
    /// The access token.
    pub access_token: AccessToken,
    /// What renews it.
    pub refresh_token: Option<RefreshToken>,
    /// When the access token ends, where the store says.
    pub expires_at: Option<DateTime<Utc>>,
    /// Granted scopes, where the store says.
    pub scopes: Option<ScopeSet>,
}

/// The client that another program is at the server.
#[derive(Debug, Clone)]
pub struct ForeignClient {
    /// `client_id`.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Option<ClientSecret>,
    /// How it proves itself, where the store says.
    pub authentication: Option<ClientAuthentication>,
}

impl ForeignSignIn {
    /// True where keyfob can go on with it for as long as the sign-in lives.
    pub fn renews(&self) -> bool {
        self.refresh_token.is_some() && self.client.is_some()
    }

    /// What a token endpoint would have answered to give just this. A token whose end nobody knows is renewed before its first
    /// use where it can be, because it may be old; else it is taken for good for a short while.
    pub fn answer(&self, jwt_expiry: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TokenAnswer {
        let ends = [self.expires_at, jwt_expiry].into_iter().flatten().min();
        let unknown = if self.renews() { TimeDelta::zero() } else { ASSUMED_LIFETIME };
        TokenAnswer {
            access_token: self.access_token.clone(),
            lifetime: ends.map_or(unknown, |end| (end - now).max(TimeDelta::zero())),
            end_assumed: ends.is_none(),
            refresh_token: self.refresh_token.clone().filter(|_| self.client.is_some()),
            scopes: self.scopes.clone(),
            sign_in_ends_in: None,
            account: None,
        }
    }

    /// `exp` of an access token that is a JWT.
    #[expect(clippy::disallowed_methods, reason = "the claims of a JWT are looked at; nothing of it is kept")]
    pub fn jwt_expiry(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(id_token::expiry(self.access_token.expose_secret())?, 0)
    }
}

/// A member that goes by either of two names, as a text that is not empty.
fn text(object: &Map<String, Value>, names: [&str; 2]) -> Option<String> {
    let found = names.iter().find_map(|name| object.get(*name)?.as_str());
    found.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Both tokens; `None` where there is no access token that could stand in a header.
fn tokens(object: &Map<String, Value>) -> Option<(AccessToken, Option<RefreshToken>)> {
    let access = text(object, ["access_token", "accessToken"]).filter(|token| is_header_safe(token))?;
    let refresh = text(object, ["refresh_token", "refreshToken"]).map(RefreshToken::new);
    Some((AccessToken::new(access), refresh))
}

/// Scopes as one text or as a list.
fn scopes(object: &Map<String, Value>) -> Option<ScopeSet> {
    if let Some(text) = text(object, ["scope", "scopes"]) {
        return Some(ScopeSet::parse(&text));
    }
    let list = ["scope", "scopes"].iter().find_map(|name| object.get(*name)?.as_array())?;
    let names: Vec<_> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (!names.is_empty()).then(|| ScopeSet::from_names(names))
}

/// The client, with its secret where there is one.
fn client(object: &Map<String, Value>) -> Option<ForeignClient> {
    Some(ForeignClient {
        client_id: text(object, ["client_id", "clientId"])?,
        client_secret: text(object, ["client_secret", "clientSecret"]).map(ClientSecret::new),
        authentication: text(object, ["token_endpoint_auth_method", "tokenEndpointAuthMethod"])
            .and_then(|method| ClientAuthentication::parse(&method)),
    })
}

/// Since 1970, in seconds or milliseconds: programs differ, and some changed their minds.
fn epoch(value: &Value) -> Option<DateTime<Utc>> {
    /// In seconds this is the year 5138, in milliseconds 1973.
    const FIRST_MILLISECONDS: i64 = 100_000_000_000;
    #[expect(clippy::cast_possible_truncation, reason = "as saturates, and no such date exists")]
    let number = value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))?;
    match number {
        ..=0 => None,
        1..FIRST_MILLISECONDS => DateTime::from_timestamp(number, 0),
        _ => DateTime::from_timestamp_millis(number),
    }
}

/// The end as a number since 1970, under either spelling.
fn epoch_end(object: &Map<String, Value>) -> Option<DateTime<Utc>> {
    ["expires_at", "expiresAt"].iter().find_map(|name| epoch(object.get(*name)?))
}

/// A store that is no JSON object, in words.
fn not_understood(why: &str) -> String {
    format!("it is not understood: {why}")
}

#[cfg(test)]
mod tests;
