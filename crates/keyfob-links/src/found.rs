//! Servers that clients on this machine are configured for already, to be offered for a profile.

use keyfob_agent::client_programs::ClientPrograms;

use crate::clients::ALL;
use crate::replaceable;

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

/// Each address once, by the first client that has it, by itself or through mcp-remote; keyfob's own entries are left out, and so
/// is a file that cannot be read.
pub fn servers(machine: &dyn ClientPrograms) -> Vec<FoundServer> {
    let mut found: Vec<FoundServer> = Vec::new();
    for client in ALL {
        for (name, entry) in replaceable::servers(client, machine) {
            let Some(url) = replaceable::address(&entry).filter(|_| !name.starts_with("keyfob-")) else {
                continue;
            };
            if !found.iter().any(|other| other.url == url) {
                found.push(FoundServer {
                    client: client.name,
                    name: keyfob_core::server_text::shown(&name),
                    url,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
