//! Tokens in a text of unknown make: a token file of keyfob's shapes or the like, or what a person pastes.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{ForeignSignIn, Source, client, epoch_end, not_understood, scopes, text, tokens};
use crate::discovery::parse_object;
use crate::secret::{AccessToken, RefreshToken, is_header_safe};

/// What the text does not say itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextHints<'a> {
    /// The variable to take from a `.env` file.
    pub key: Option<&'a str>,
    /// Local time's offset from UTC in seconds, for times without a zone.
    pub local_offset: i32,
}

/// Reads JSON in any of the usual spellings, a line `KEY=token` of a `.env` file, or the tokens alone, each on a line: first the
/// access token, then the refresh token. `now` is when a stated lifetime began, unless the text says.
///
/// # Errors
/// Why it is not understood; nothing of the text is quoted but the names of variables.
pub fn read(
    source: Source,
    body: &[u8],
    hints: TextHints<'_>,
    now: DateTime<Utc>,
) -> Result<ForeignSignIn, String> {
    let whole = std::str::from_utf8(body).map_err(|_| not_understood("it is not UTF-8"))?;
    let whole = whole.trim_start_matches('\u{feff}').trim();
    if whole.starts_with('{') {
        let object = parse_object(whole.as_bytes()).map_err(|why| not_understood(&why))?;
        return from_json(source, &object, hints, now);
    }
    let lines: Vec<&str> = whole.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (access, refresh) = match (&lines[..], hints.key) {
        (lines, Some(key)) => (variable(lines, Some(key))?, None),
        ([access], None) if !is_assignment(access) => (bare(access)?, None),
        ([access, refresh], None) if !is_assignment(access) => (bare(access)?, Some(bare(refresh)?)),
        (lines, None) => (variable(lines, None)?, None),
    };
    Ok(found(source, AccessToken::new(access), refresh.map(RefreshToken::new)))
}

fn from_json(
    source: Source,
    whole: &Map<String, Value>,
    hints: TextHints<'_>,
    now: DateTime<Utc>,
) -> Result<ForeignSignIn, String> {
    // Inspectors copy the tokens inside of something larger.
    let inner = ["tokens", "token", "token_response"].iter().find_map(|name| whole.get(*name)?.as_object());
    let object = if tokens(whole).is_some() { whole } else { inner.unwrap_or(whole) };
    let (access, refresh) =
        tokens(object).ok_or_else(|| not_understood("there is no `access_token` that could be used"))?;
    let of_client = ["client", "clientInfo", "client_info", "client_information", "clientInformation"];
    let of_client = of_client.iter().find_map(|name| whole.get(*name)?.as_object());
    Ok(ForeignSignIn {
        url: text(whole, ["url", "serverUrl"])
            .or_else(|| text(whole, ["server_url", "mcpServerUrl"]))
            .or_else(|| text(whole, ["resource", "resource"])),
        issuer: text(whole, ["issuer", "issuer"]),
        token_endpoint: text(whole, ["token_endpoint", "tokenUrl"]),
        client: client(whole).or_else(|| client(of_client?)),
        expires_at: end(object, hints.local_offset, now),
        scopes: scopes(object),
        ..found(source, access, refresh)
    })
}

fn found(source: Source, access_token: AccessToken, refresh_token: Option<RefreshToken>) -> ForeignSignIn {
    ForeignSignIn {
        source,
        server: None,
        url: None,
        issuer: None,
        token_endpoint: None,
        client: None,
        access_token,
        refresh_token,
        expires_at: None,
        scopes: None,
    }
}

fn bare(token: &str) -> Result<String, String> {
    if is_header_safe(token) { Ok(token.to_owned()) } else { Err(not_understood("that is no token")) }
}

/// `NAME=…`, as no token begins.
fn is_assignment(line: &str) -> bool {
    assignment(line).is_some()
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// The variable of this name, else the one that looks like a token's.
fn variable(lines: &[&str], key: Option<&str>) -> Result<String, String> {
    let all: Vec<_> = lines.iter().filter_map(|line| assignment(line)).collect();
    if let Some(key) = key {
        let found = all.iter().find(|(name, _)| *name == key).ok_or_else(|| format!("it has no `{key}`"))?;
        return bare(found.1);
    }
    let likely: Vec<_> =
        all.iter().filter(|(name, _)| name.contains("TOKEN") || name.contains("JWT")).collect();
    match likely[..] {
        [(_, value)] => bare(value),
        [] => Err(not_understood("neither JSON, nor a line KEY=token, nor a token alone")),
        _ => {
            let names: Vec<_> = likely.iter().map(|(name, _)| *name).collect();
            Err(format!("it has several tokens, {}: say which with --key", names.join(", ")))
        }
    }
}

/// When the access token ends: a date, a number since 1970, or a lifetime from its own beginning or from now.
fn end(object: &Map<String, Value>, local_offset: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let date = |names| text(object, names).and_then(|text| date(&text, local_offset));
    let lifetime = || {
        let seconds = ["expires_in", "expiresIn"].iter().find_map(|name| object.get(*name)?.as_i64())?;
        let began = date(["created_at", "createdAt"]).unwrap_or(now);
        began.checked_add_signed(TimeDelta::try_seconds(seconds)?)
    };
    date(["expires_at", "expiresAt"]).or_else(|| epoch_end(object)).or_else(lifetime)
}

/// RFC 3339, or without a zone in local time.
fn date(text: &str, local_offset: i32) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let naive = text.parse::<NaiveDateTime>().ok()?;
    let at = naive.and_local_timezone(FixedOffset::east_opt(local_offset)?).single()?;
    Some(at.with_timezone(&Utc))
}
