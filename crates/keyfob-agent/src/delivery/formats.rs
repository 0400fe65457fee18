//! The shapes in which a token is written for other programs (the product's contract).

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use keyfob_core::credential::SignIn;
use keyfob_core::profile::{CommandInput, KeyringFormat, TokenFileFormat};
use keyfob_core::secret::SecretText;
use serde_json::json;

use super::template;

/// The tokens of one sign-in, about to be written.
pub struct Tokens<'a> {
    /// The sign-in.
    pub sign_in: &'a SignIn,
    /// Whether the refresh token goes along.
    pub include_refresh_token: bool,
    /// Local time's offset from UTC in seconds, for formats without a zone.
    pub local_offset: i32,
}

#[expect(
    clippy::disallowed_methods,
    reason = "token files and keyring entries are where the user sends the token"
)]
impl Tokens<'_> {
    /// A token file's whole contents.
    pub fn file(&self, format: &TokenFileFormat) -> SecretText {
        match format {
            TokenFileFormat::Keyfob => self.keyfob(),
            TokenFileFormat::McpTokens { utc } => self.mcp_tokens(*utc),
            TokenFileFormat::Credentials => self.credentials(),
            // A template is filled by `Tokens::from_template`.
            TokenFileFormat::Bare | TokenFileFormat::Env { .. } | TokenFileFormat::Template { .. } => {
                SecretText::new(format!("{}\n", self.sign_in.tokens.access_token.expose_secret()))
            }
        }
    }

    /// A keyring entry's secret.
    pub fn keyring(&self, format: KeyringFormat) -> SecretText {
        match format {
            KeyringFormat::Bare => self.bare(),
            KeyringFormat::Json => self.keyfob(),
        }
    }

    /// The user's own template with the tokens in their places.
    pub fn from_template(&self, template: &str) -> Result<SecretText, String> {
        let tokens = &self.sign_in.tokens;
        let value = |name: &str| match name {
            "access_token" => Some(tokens.access_token.expose_secret().to_owned()),
            "refresh_token" => Some(self.refresh_token().to_owned()),
            "expires_at" => Some(rfc3339(tokens.expires_at())),
            "expires_at_s" => Some(tokens.expires_at().timestamp().to_string()),
            "expires_at_ms" => Some(tokens.expires_at().timestamp_millis().to_string()),
            "scope" => Some(
                tokens.scopes.as_ref().and_then(keyfob_core::scope::ScopeSet::to_wire).unwrap_or_default(),
            ),
            "resource" => Some(self.sign_in.resource.clone()),
            _ => None,
        };
        template::filled(template, value).map(SecretText::new)
    }

    /// What a command reads on its standard input.
    pub fn command_input(&self, input: &CommandInput) -> SecretText {
        let token = self.sign_in.tokens.access_token.expose_secret();
        match input {
            CommandInput::Bare | CommandInput::Variable { .. } => SecretText::new(format!("{token}\n")),
            CommandInput::Env { key } => SecretText::new(format!("{key}={token}\n")),
            CommandInput::Json => self.keyfob(),
        }
    }

    /// The token alone.
    pub fn bare(&self) -> SecretText {
        SecretText::new(self.sign_in.tokens.access_token.expose_secret().to_owned())
    }

    fn keyfob(&self) -> SecretText {
        let mut object = json!({
            "access_token": self.sign_in.tokens.access_token.expose_secret(),
            "token_type": "Bearer",
            "expires_at": rfc3339(self.sign_in.tokens.expires_at()),
            "scope": self.sign_in.tokens.scopes.as_ref().and_then(keyfob_core::scope::ScopeSet::to_wire),
            "resource": self.sign_in.resource,
        });
        if self.include_refresh_token {
            object["refresh_token"] = json!(self.refresh_token());
        }
        pretty(&object)
    }

    fn mcp_tokens(&self, utc: bool) -> SecretText {
        let time = |at: DateTime<Utc>| {
            let offset = if utc { 0 } else { self.local_offset };
            let zone = FixedOffset::east_opt(offset).unwrap_or_else(|| chrono::Offset::fix(&Utc));
            at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string()
        };
        pretty(&json!({
            "access_token": self.sign_in.tokens.access_token.expose_secret(),
            "refresh_token": self.refresh_token(),
            "expires_at": time(self.sign_in.tokens.expires_at()),
            "created_at": time(self.sign_in.tokens.obtained.wall),
        }))
    }

    fn credentials(&self) -> SecretText {
        pretty(&json!({
            "access_token": self.sign_in.tokens.access_token.expose_secret(),
            "refresh_token": self.refresh_token(),
            "expires_at": self.sign_in.tokens.expires_at().timestamp_millis(),
        }))
    }

    /// Empty unless the user wants it handed out.
    fn refresh_token(&self) -> &str {
        let token = self.sign_in.tokens.refresh_token.as_ref().filter(|_| self.include_refresh_token);
        token.map(keyfob_core::secret::RefreshToken::expose_secret).unwrap_or_default()
    }
}

/// RFC 3339 in UTC, whole seconds.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn pretty(object: &serde_json::Value) -> SecretText {
    SecretText::new(format!("{object:#}\n"))
}
