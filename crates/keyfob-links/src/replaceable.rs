//! Entries of a client's configuration that a person made and that keyfob does better: a token written down in the clear, which
//! ends one day, or mcp-remote, which renews a sign-in of its own beside keyfob's.

use keyfob_agent::client_programs::ClientPrograms;
use keyfob_core::profile::Profile;
use serde_json::Value as Json;

use crate::client::{Client, Writing};
use crate::edit::{self, Format, Place};
use crate::mcp_remote;

/// How clients spell the address of a server.
pub(crate) const SPELLINGS: [&str; 5] = ["url", "serverUrl", "httpUrl", "uri", "server_url"];
/// How they spell the table of headers.
pub(crate) const HEADERS: [&str; 3] = ["headers", "http_headers", "requestOptions"];
/// How they spell a token beside the address.
pub(crate) const TOKENS: [&str; 3] = ["bearer_token", "bearerToken", "authorization_token"];

/// What such an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// It holds a bearer token in the clear.
    PlainToken,
    /// It starts mcp-remote.
    McpRemote,
}

impl Habit {
    /// As it stands in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::PlainToken => "plain-token",
            Self::McpRemote => "mcp-remote",
        }
    }

    /// For people, after the entry's name.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::PlainToken => "holds a token in the clear",
            Self::McpRemote => "runs mcp-remote",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaceable {
    /// Its name in the client, as the file spells it.
    pub name: String,
    /// The server's address, without what could be a key: a query.
    pub url: String,
    /// What it does.
    pub habit: Habit,
}

impl Replaceable {
    /// Whether keyfob's entry for this profile would do what this one does.
    pub fn is_for(&self, profile: &Profile) -> bool {
        profile.url.to_string() == self.url
    }
}

/// Those of one client, by name; none where its file cannot be read.
pub fn entries(client: &Client, machine: &dyn ClientPrograms) -> Vec<Replaceable> {
    let found = servers(client, machine);
    let replaceable = found.into_iter().filter_map(|(name, entry)| {
        let habit = habit(&entry)?;
        let url = address(&entry)?;
        (!name.starts_with("keyfob-")).then_some(Replaceable { name, url, habit })
    });
    replaceable.collect()
}

/// All servers of one client as its file has them, by name; none where it cannot be read.
pub(crate) fn servers(client: &Client, machine: &dyn ClientPrograms) -> Vec<(String, Json)> {
    let text = client.file(machine).and_then(|file| machine.read(&file).ok().flatten());
    let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) else { return Vec::new() };
    let (format, tables) = match &client.writing {
        Writing::File { format, tables, .. } => (*format, tables(&text)),
        Writing::Command { tables, .. } => (Format::Json, *tables),
        Writing::Snippet(_) => return Vec::new(),
    };
    let Some((name, outer)) = tables.split_last() else { return Vec::new() };
    match edit::read(&text, format, Place { tables: outer, name }) {
        Ok(Some(Json::Object(entries))) => entries.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The server that an entry leads to, by itself or by mcp-remote: the address alone, where it is one of the web.
pub(crate) fn address(entry: &Json) -> Option<String> {
    let written = SPELLINGS.iter().find_map(|spelling| entry.get(spelling)?.as_str().map(str::to_owned));
    bare(&written.or_else(|| mcp_remote::url_in(&words(entry)))?)
}

/// Neither user information nor a query or a fragment, which could be a key.
pub(crate) fn bare(text: &str) -> Option<String> {
    let mut url = keyfob_core::resource::CheckedUrl::parse(text).ok()?.url().clone();
    url.set_query(None);
    url.set_fragment(None);
    (url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

fn habit(entry: &Json) -> Option<Habit> {
    if mcp_remote::url_in(&words(entry)).is_some() {
        return Some(Habit::McpRemote);
    }
    let texts = |value: &Json| value.as_str().is_some_and(is_plain);
    let beside = TOKENS.iter().any(|name| entry.get(name).is_some_and(texts));
    let header = HEADERS.iter().filter_map(|name| entry.get(name)).any(|headers| {
        let headers = headers.get("headers").unwrap_or(headers);
        let members = headers.as_object().into_iter().flatten();
        members.into_iter().any(|(name, value)| {
            let token = value.as_str().and_then(|text| text.split_once(' '));
            let bearer = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            name.eq_ignore_ascii_case("authorization") && bearer.is_some_and(|(_, token)| is_plain(token))
        })
    });
    (beside || header).then_some(Habit::PlainToken)
}

/// A text itself, and not the name of a variable or a file.
fn is_plain(token: &str) -> bool {
    let token = token.trim();
    !token.is_empty() && !token.contains(['$', '{'])
}

/// What an entry starts, word by word.
pub(crate) fn words(entry: &Json) -> Vec<String> {
    let of = |name: &str| match entry.get(name) {
        Some(Json::String(word)) => vec![word.clone()],
        Some(Json::Array(words)) => words.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    ["command", "cmd", "args"].into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests;
