//! Servers that clients on this machine are configured for already, to be offered for a profile.

use keyfob_agent::client_programs::ClientPrograms;
use serde_json::Value as Json;

use crate::client::{Client, Writing};
use crate::clients::ALL;
use crate::edit::{self, Format, Place};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// The client, as people call it.
    pub client: &'static str,
    /// Its name there.
    pub name: String,
    /// Its address, without what could be a key: user information and query.
    pub url: String,
}

/// How clients spell the address of a server.
const SPELLINGS: [&str; 5] = ["url", "serverUrl", "httpUrl", "uri", "server_url"];

/// Each address once, by the first client that has it; keyfob's own entries are left out, and so is a file that cannot be read.
pub fn servers(machine: &dyn ClientPrograms) -> Vec<FoundServer> {
    let mut found: Vec<FoundServer> = Vec::new();
    for client in ALL {
        for server in servers_of(client, machine) {
            if !found.iter().any(|other| other.url == server.url) {
                found.push(server);
            }
        }
    }
    found
}

fn servers_of(client: &'static Client, machine: &dyn ClientPrograms) -> Vec<FoundServer> {
    let text = client.file(machine).and_then(|file| machine.read(&file).ok().flatten());
    let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) else { return Vec::new() };
    let (format, tables) = match &client.writing {
        Writing::File { format, tables, .. } => (*format, tables(&text)),
        Writing::Command { tables, .. } => (Format::Json, *tables),
        Writing::Snippet(_) => return Vec::new(),
    };
    let Some((name, outer)) = tables.split_last() else { return Vec::new() };
    let Ok(Some(Json::Object(entries))) = edit::read(&text, format, Place { tables: outer, name }) else {
        return Vec::new();
    };
    let server = |(name, entry): (&String, &Json)| {
        let url = SPELLINGS.iter().find_map(|spelling| entry.get(spelling)?.as_str())?;
        let url = bare(url).filter(|_| !name.starts_with("keyfob-"))?;
        Some(FoundServer { client: client.name, name: keyfob_core::server_text::shown(name), url })
    };
    entries.iter().filter_map(server).collect()
}

/// The address alone, where it is one of the web and of no proxy on this machine.
fn bare(text: &str) -> Option<String> {
    let mut url = keyfob_core::resource::CheckedUrl::parse(text).ok()?.url().clone();
    url.set_query(None);
    (url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

#[cfg(test)]
mod tests;
