//! Clients on this machine, their links, and what a link would change, as the window gets them. No key of the proxy is among it.

use keyfob_agent::foreign_stores::Seen;
use keyfob_core::import::Source;
use keyfob_core::server_text::shown;
use keyfob_links::client::{Client, Via};
use keyfob_links::found::FoundServer;
use keyfob_links::ledger::Link;
use keyfob_links::link::Left;
use keyfob_links::replaceable::{Habit, Replaceable};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::under_way::client_name;
use crate::desk::linking::Prepared;

/// How a client gets its token.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Via"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum ViaShown {
    Helper,
    Proxy,
    Bridge,
}

impl From<Via> for ViaShown {
    fn from(via: Via) -> Self {
        match via {
            Via::Helper => Self::Helper,
            Via::Proxy => Self::Proxy,
            Via::Bridge => Self::Bridge,
        }
    }
}

impl From<ViaShown> for Via {
    fn from(via: ViaShown) -> Self {
        match via {
            ViaShown::Helper => Self::Helper,
            ViaShown::Proxy => Self::Proxy,
            ViaShown::Bridge => Self::Bridge,
        }
    }
}

/// A link that was made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct LinkShown {
    profile: String,
    client: String,
    client_name: String,
    via: ViaShown,
}

impl From<&Link> for LinkShown {
    fn from(link: &Link) -> Self {
        Self {
            profile: link.profile.clone(),
            client: link.client.clone(),
            client_name: client_name(&link.client).to_owned(),
            via: link.via.into(),
        }
    }
}

/// A client that is here.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct ClientShown {
    id: String,
    name: String,
    /// The best first.
    ways: Vec<ViaShown>,
    /// How it is linked to the profile that was asked for.
    linked: Option<ViaShown>,
    /// Entries that do for that profile what keyfob does better.
    replaceable: Vec<ReplaceableShown>,
}

/// An entry of a client that keyfob's could take the place of.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Replaceable"))]
pub(crate) struct ReplaceableShown {
    /// As the client's file spells it.
    entry: String,
    /// The same for people's eyes.
    name: String,
    why: HabitShown,
}

/// What such an entry does.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Habit"))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HabitShown {
    PlainToken,
    McpRemote,
}

impl From<Replaceable> for ReplaceableShown {
    fn from(entry: Replaceable) -> Self {
        let why = match entry.habit {
            Habit::PlainToken => HabitShown::PlainToken,
            Habit::McpRemote => HabitShown::McpRemote,
        };
        Self { name: shown(&entry.name), entry: entry.name, why }
    }
}

impl ClientShown {
    pub(crate) fn new(client: &Client, entries: Vec<Replaceable>, profile: &str, links: &[Link]) -> Self {
        let linked = links.iter().find(|link| link.client == client.id && link.profile == profile);
        Self {
            id: client.id.to_owned(),
            name: client.name.to_owned(),
            ways: client.ways.iter().copied().map(ViaShown::from).collect(),
            linked: linked.map(|link| link.via.into()),
            replaceable: entries.into_iter().map(ReplaceableShown::from).collect(),
        }
    }
}

/// A server that a client is configured for.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "FoundServer"))]
pub(crate) struct FoundServerShown {
    client_name: String,
    name: String,
    url: String,
}

impl From<FoundServer> for FoundServerShown {
    fn from(found: FoundServer) -> Self {
        Self { client_name: found.client.to_owned(), name: found.name, url: found.url }
    }
}

/// A sign-in of another program that can be taken over.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Importable"))]
pub(crate) struct ImportableShown {
    /// As it is asked for.
    source: String,
    program: String,
    url: String,
    /// keyfob can go on with it; else it ends with its access token.
    renews: bool,
}

impl ImportableShown {
    pub(crate) fn of(seen: Seen) -> Option<Self> {
        let program = Source::parse(seen.source)?.name().to_owned();
        Some(Self { source: seen.source.to_owned(), program, url: seen.url?, renews: seen.renews })
    }
}

/// What a link, or the end of one, would change.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "LinkPlan"))]
pub(crate) struct PlanShown {
    via: ViaShown,
    file: Option<String>,
    /// The client's own command that would run.
    command: Option<String>,
    /// The entry, each line behind `+` or `-`; or the lines to run by hand.
    lines: Vec<String>,
    /// Nothing can be edited: a person runs the lines.
    by_hand: bool,
    /// An entry made before gives way.
    replaces: bool,
    /// Entries that made room for keyfob's and do not come back with its end.
    left: Vec<LeftShown>,
    /// What of an entry that makes room goes on, and what does not.
    notes: Vec<String>,
    /// What to do afterwards.
    afterwards: String,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "LeftOut"))]
pub(crate) struct LeftShown {
    name: String,
    why: String,
    /// The copy in which it stands.
    file: String,
}

impl From<&Left> for LeftShown {
    fn from(left: &Left) -> Self {
        Self { name: shown(&left.name), why: left.why.clone(), file: left.kept.display().to_string() }
    }
}

impl PlanShown {
    pub(crate) fn new(prepared: &Prepared, replaces: bool) -> Self {
        let client = prepared.client;
        let afterwards = match &prepared.plan {
            Ok(plan) if plan.undoes() => client.after_unlinking.to_owned(),
            _ => client.after_linking(prepared.via),
        };
        let via = prepared.via.into();
        match &prepared.plan {
            Ok(plan) => Self {
                via,
                file: plan.file().map(|file| file.display().to_string()),
                command: plan.command(),
                lines: plan.entry_lines(),
                by_hand: false,
                replaces,
                left: plan.left().iter().map(LeftShown::from).collect(),
                notes: prepared.notes.clone(),
                afterwards,
            },
            Err(snippet) => Self {
                via,
                file: None,
                command: None,
                lines: snippet.lines().map(str::to_owned).collect(),
                by_hand: true,
                replaces: false,
                left: Vec::new(),
                notes: Vec::new(),
                afterwards,
            },
        }
    }
}
