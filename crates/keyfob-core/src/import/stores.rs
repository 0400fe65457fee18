//! The stores of four MCP clients: many sign-ins in one file, each under its server's name.

use serde_json::{Map, Value};

use super::{ForeignClient, ForeignSignIn, Source, client, epoch_end, not_understood, scopes, text, tokens};
use crate::discovery::parse_object;
use crate::secret::ClientSecret;

/// Claude Code: `mcpOAuth` holds entries by `NAME|HASH`; a client's secret lies in `mcpOAuthClientConfig` under the same key.
///
/// # Errors
/// Why the file is not understood.
pub fn claude_code(body: &[u8]) -> Result<Vec<ForeignSignIn>, String> {
    let file = parse_object(body).map_err(|why| not_understood(&why))?;
    let secrets = file.get("mcpOAuthClientConfig").and_then(Value::as_object);
    let secret_of = |key: &str| text(secrets?.get(key)?.as_object()?, ["clientSecret", "client_secret"]);
    let entries = file.get("mcpOAuth").and_then(Value::as_object);
    let found = entries.into_iter().flatten().filter_map(|(key, entry)| {
        let entry = entry.as_object()?;
        let mut found = sign_in(Source::ClaudeCode, entry, entry)?;
        let discovered = entry.get("discoveryState").and_then(Value::as_object);
        found.issuer = discovered.and_then(|state| text(state, ["authorizationServerUrl", "issuer"]));
        if let Some(client) = found.client.as_mut().filter(|client| client.client_secret.is_none()) {
            client.client_secret = secret_of(key).map(ClientSecret::new);
        }
        found.server = found.server.or_else(|| key.split('|').next().map(str::to_owned));
        Some(found)
    });
    Ok(found.collect())
}

/// Codex: a flat object of entries by `NAME|HASH`.
///
/// # Errors
/// Why the file is not understood.
pub fn codex(body: &[u8]) -> Result<Vec<ForeignSignIn>, String> {
    let file = parse_object(body).map_err(|why| not_understood(&why))?;
    let found = file.values().filter_map(|entry| {
        let entry = entry.as_object()?;
        // What it keeps in a keyring has the tokens one level deeper.
        let tokens = entry.get("token_response").and_then(Value::as_object).unwrap_or(entry);
        let mut found = sign_in(Source::Codex, entry, tokens)?;
        found.expires_at = found.expires_at.or_else(|| epoch_end(entry));
        Some(found)
    });
    Ok(found.collect())
}

/// opencode: entries by name, with `tokens` and `clientInfo`.
///
/// # Errors
/// Why the file is not understood.
pub fn opencode(body: &[u8]) -> Result<Vec<ForeignSignIn>, String> {
    let file = parse_object(body).map_err(|why| not_understood(&why))?;
    let found = file.iter().filter_map(|(name, entry)| {
        let entry = entry.as_object()?;
        let tokens = entry.get("tokens")?.as_object()?;
        let mut found = sign_in(Source::Opencode, entry, tokens)?;
        found.client = entry.get("clientInfo").and_then(Value::as_object).and_then(client);
        found.server = Some(name.clone());
        Some(found)
    });
    Ok(found.collect())
}

/// Gemini CLI: a list of entries, each with its `token`.
///
/// # Errors
/// Why the file is not understood.
pub fn gemini(body: &[u8]) -> Result<Vec<ForeignSignIn>, String> {
    let list = match serde_json::from_slice(body) {
        Ok(Value::Array(list)) => list,
        Ok(_) => return Err(not_understood("a list was expected")),
        Err(_) => return Err(not_understood("it is not JSON")),
    };
    let found = list.iter().filter_map(|entry| {
        let entry = entry.as_object()?;
        let tokens = entry.get("token")?.as_object()?;
        let mut found = sign_in(Source::Gemini, entry, tokens)?;
        found.token_endpoint = text(entry, ["tokenUrl", "token_url"]);
        Some(found)
    });
    Ok(found.collect())
}

/// `None` where there is no token: a sign-in that was begun and never finished.
fn sign_in(
    source: Source,
    entry: &Map<String, Value>,
    of_tokens: &Map<String, Value>,
) -> Option<ForeignSignIn> {
    let (access_token, refresh_token) = tokens(of_tokens)?;
    let found: Option<ForeignClient> = client(entry);
    Some(ForeignSignIn {
        source,
        server: text(entry, ["serverName", "server_name"]),
        url: text(entry, ["serverUrl", "server_url"]).or_else(|| text(entry, ["mcpServerUrl", "url"])),
        issuer: None,
        token_endpoint: None,
        client: found,
        access_token,
        refresh_token,
        expires_at: epoch_end(of_tokens),
        scopes: scopes(of_tokens),
    })
}
