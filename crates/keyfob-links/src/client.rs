//! What all clients have in common: where their file is, which table holds the servers, what an entry looks like, and what a
//! person does afterwards so that the client sees it.

use std::path::PathBuf;

use keyfob_agent::client_programs::ClientPrograms;
use serde::{Deserialize, Serialize};

use crate::carried::Carried;
use crate::edit::Format;
use crate::entry::Value;

/// How a client gets a token that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// It runs `keyfob headers` before it connects.
    Helper,
    /// It speaks to the loopback proxy, which adds the token to each request.
    Proxy,
    /// It starts `keyfob connect` and speaks to that.
    Bridge,
}

impl Via {
    /// As typed on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::Proxy => "proxy",
            Self::Bridge => "bridge",
        }
    }
}

/// What is linked to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The profile.
    pub profile: String,
    /// The portal's own address.
    pub url: String,
    /// The absolute path of `keyfob`.
    pub program: String,
    /// The folder that holds keyfob's files, where it is not the usual one.
    pub home: Option<String>,
    /// The proxy's address for this client and profile, where there is a proxy.
    pub proxy: Option<String>,
    /// The way to link.
    pub via: Via,
    /// What goes on of the entry that makes room, where the way is the bridge.
    pub carried: Carried,
}

impl Wanted {
    /// The entry's name in every client.
    pub fn entry_name(&self) -> String {
        format!("keyfob-{}", self.profile)
    }

    /// What keyfob is started with, after the program itself.
    pub fn arguments(&self, command: &str) -> Vec<String> {
        let home = self.home.iter().flat_map(|home| ["--home".to_owned(), home.clone()]);
        let carried = if self.via == Via::Bridge { self.carried.arguments() } else { &[] };
        home.chain([command.to_owned(), self.profile.clone()]).chain(carried.iter().cloned()).collect()
    }

    /// One line for a shell: each word in double quotes where it needs them.
    pub fn command_line(&self, command: &str) -> String {
        let words = std::iter::once(self.program.clone()).chain(self.arguments(command));
        words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
    }

    /// The address to be written for a client that takes one: the proxy's, else the portal's.
    pub fn address(&self) -> &str {
        self.proxy.as_deref().unwrap_or(&self.url)
    }
}

/// Double quotes are understood by the shells of all three systems.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("\"{word}\"") }
}

/// How an entry gets into the client's configuration.
pub enum Writing {
    /// By an edit of its file.
    File {
        /// How the file is written.
        format: Format,
        /// Where it may be: the first that is there, else the first of all.
        places: fn(&dyn ClientPrograms) -> Vec<PathBuf>,
        /// The tables that lead to the servers, outermost first; some clients changed theirs, so the text decides.
        tables: fn(&str) -> &'static [&'static str],
    },
    /// By the client's own command, since it rewrites its file all the time.
    Command {
        /// The program.
        program: &'static str,
        /// Arguments that add the entry of this name; the entry comes as JSON on standard input.
        add: fn(&str) -> Vec<String>,
        /// Arguments that remove it.
        remove: fn(&str) -> Vec<String>,
        /// The file to look the entry up in; it is read and never written.
        places: fn(&dyn ClientPrograms) -> Vec<PathBuf>,
        /// The tables that lead to the servers there.
        tables: &'static [&'static str],
    },
    /// By hand: the client has nothing to be edited, and a person pastes a line.
    Snippet(fn(&Wanted) -> String),
}

/// One MCP client.
pub struct Client {
    /// As typed on the command line.
    pub id: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// The ways it can take, the best first.
    pub ways: &'static [Via],
    /// Whether it seems to be on this machine.
    pub installed: fn(&dyn ClientPrograms) -> bool,
    /// How the entry gets in.
    pub writing: Writing,
    /// The entry; only for ways that stand in `ways`.
    pub entry: fn(&Wanted) -> Value,
    /// What to do after a link, so that the client sees it.
    pub afterwards: &'static str,
    /// The same after its end.
    pub after_unlinking: &'static str,
    /// How it spells the table of variables for a program that it starts.
    pub environment: &'static str,
    /// The first version that runs a helper, where older ones are still about.
    pub helper_since: Option<&'static str>,
}

impl Client {
    /// The entry, with the variables that it needs.
    pub fn whole_entry(&self, wanted: &Wanted) -> Value {
        let mut entry = (self.entry)(wanted);
        let variables = wanted.carried.environment();
        if let (Via::Bridge, false, Value::Table(members)) = (wanted.via, variables.is_empty(), &mut entry) {
            let table = variables.iter().map(|(name, value)| (name.clone().into(), value.as_str().into()));
            members.push((self.environment.into(), Value::Table(table.collect())));
        }
        entry
    }

    /// The way to link where none is asked for: its best, or the one that carries what an entry says that makes room.
    pub fn way(&self, carried: &Carried) -> Via {
        let best = self.ways.first().copied().unwrap_or(Via::Bridge);
        if carried.what().is_some() && self.ways.contains(&Via::Bridge) { Via::Bridge } else { best }
    }

    /// What to do after a link that goes this way, and a word for whoever runs a version too old for it.
    pub fn after_linking(&self, via: Via) -> String {
        match (via, self.helper_since) {
            (Via::Helper, Some(version)) => {
                format!(
                    "{} {} before {version} knows no helper: link it with --via bridge.",
                    self.afterwards, self.name
                )
            }
            _ => self.afterwards.to_owned(),
        }
    }

    /// Where its file is on this machine: the first place that exists, else where a new one belongs.
    pub fn file(&self, machine: &dyn ClientPrograms) -> Option<PathBuf> {
        let (Writing::File { places, .. } | Writing::Command { places, .. }) = &self.writing else {
            return None;
        };
        let places = places(machine);
        places.iter().find(|place| machine.exists(place)).or_else(|| places.first()).cloned()
    }
}

/// `command`, then `args`: how every client starts a program.
pub(crate) fn bridge(wanted: &Wanted) -> [(&'static str, Value); 2] {
    [("command", wanted.program.clone().into()), ("args", wanted.arguments("connect").into())]
}
