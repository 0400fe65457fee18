//! Linking a profile to a client, and undoing it. A plan says what would change; only `carry_out` changes it.

use std::path::{Path, PathBuf};

use keyfob_agent::client_programs::{ClientPrograms, ReplaceError};
use keyfob_core::failure::StoreProblem;
use serde_json::Value as Json;
use similar::TextDiff;

use crate::client::{Client, Via, Wanted, Writing};
use crate::edit::{self, EditError, Format, Place};
use crate::ledger::{Ledger, Link, fingerprint};
use crate::proxied;

mod error;

pub use error::LinkError;

/// The links of one user.
pub struct Links<'a> {
    machine: &'a dyn ClientPrograms,
    /// keyfob's own folder for the ledger and for the files as they were before.
    folder: PathBuf,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    link: Link,
    step: Step,
    undo: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The file becomes this; `None`: it goes.
    File { was: Option<Vec<u8>>, becomes: Option<String> },
    /// The client's own command, after the one that takes our own earlier entry away, where there is one.
    Command { program: PathBuf, first: Option<Vec<String>>, arguments: Vec<String>, input: String },
}

impl Plan {
    /// What would change, for people: a diff, or the command that would run.
    pub fn shown(&self) -> String {
        match &self.step {
            Step::Command { program, first, arguments, input } => {
                let commands = first.iter().chain([arguments]);
                let lines = commands.map(|words| format!("{} {}\n", program.display(), words.join(" ")));
                lines.collect::<String>() + input
            }
            Step::File { was, becomes } => {
                let before = was.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let after = becomes.clone().unwrap_or_default();
                let file = self.link.file.as_deref().unwrap_or(Path::new("")).display().to_string();
                let diff = TextDiff::from_lines(before.as_ref(), after.as_str());
                masked(&diff.unified_diff().context_radius(2).header(&file, &file).to_string())
            }
        }
    }

    /// The entry alone, line by line behind `+` or `-`, without its neighbours, which may hold secrets of other servers, and
    /// without a proxy's key.
    pub fn entry_lines(&self) -> Vec<String> {
        let mut entry = serde_json::json!({ &self.link.name: self.link.entry });
        proxied::mask_keys(&mut entry);
        let sign = if self.undo { '-' } else { '+' };
        let text = serde_json::to_string_pretty(&entry).unwrap_or_default();
        text.lines().map(|line| format!("{sign} {line}")).collect()
    }

    /// The client's own command that would run, without what it is given.
    pub fn command(&self) -> Option<String> {
        let Step::Command { program, arguments, .. } = &self.step else { return None };
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some([&[name], arguments.get(..2).unwrap_or_default()].concat().join(" "))
    }

    /// The file that would change.
    pub fn file(&self) -> Option<&Path> {
        self.link.file.as_deref()
    }
}

impl<'a> Links<'a> {
    /// The links whose ledger is in `folder`.
    pub fn new(machine: &'a dyn ClientPrograms, folder: PathBuf) -> Self {
        Self { machine, folder }
    }

    fn ledger_file(&self) -> PathBuf {
        self.folder.join("links.json")
    }

    /// What was linked so far.
    pub fn ledger(&self) -> Result<Ledger, LinkError> {
        let file = self.ledger_file();
        let Some(bytes) = self.read(&file)? else { return Ok(Ledger::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|error| LinkError::File { file, problem: EditError::Unreadable(error.to_string()) })
    }

    /// What linking would change. A link that is there by another way is replaced.
    pub fn plan(&self, client: &'static Client, wanted: &Wanted) -> Result<Plan, LinkError> {
        self.plan_replacing(client, wanted, None)
    }

    /// As [`Links::plan`], and the entry of another name goes where keyfob's comes.
    pub fn plan_replacing(
        &self,
        client: &'static Client,
        wanted: &Wanted,
        other: Option<&str>,
    ) -> Result<Plan, LinkError> {
        if !client.ways.contains(&wanted.via) {
            return Err(LinkError::NoSuchWay { client: client.name, ways: ways(client) });
        }
        if wanted.via == Via::Proxy && wanted.proxy.is_none() {
            return Err(LinkError::NoProxy);
        }
        let entry = (client.entry)(wanted);
        if let Some(there) = self.ledger()?.find(client.id, &wanted.profile)
            && there.entry == entry.to_json()
        {
            return Err(LinkError::Linked(client.name));
        }
        match &client.writing {
            Writing::File { .. } => self.plan_edit(client, wanted, other),
            Writing::Command { program, remove, .. } if other.is_some() => {
                let name = other.unwrap_or_default().to_owned();
                let command = format!("{program} {}", remove(&name).join(" "));
                Err(LinkError::ReplacedByHand { client: client.name, name, command })
            }
            Writing::Command { program, add, remove, tables, .. } => {
                let program = self.machine.program(program).ok_or_else(|| absent(program))?;
                let name = wanted.entry_name();
                let first = self.ledger()?.find(client.id, &wanted.profile).map(|link| remove(&link.name));
                let input = entry.to_json().to_string();
                let step = Step::Command { program, first, arguments: add(&name), input };
                let link = Link { file: None, ..self.link(client, wanted, tables, entry.to_json()) };
                Ok(Plan { link, step, undo: false })
            }
            Writing::Snippet(_) => {
                Err(LinkError::NoSuchWay { client: client.name, ways: "a line to run".into() })
            }
        }
    }

    fn plan_edit(
        &self,
        client: &'static Client,
        wanted: &Wanted,
        other: Option<&str>,
    ) -> Result<Plan, LinkError> {
        let Writing::File { format, tables, .. } = &client.writing else { return Err(LinkError::NoProxy) };
        let format = *format;
        let file = client.file(self.machine).unwrap_or_default();
        let (was, text) = self.text(&file)?;
        let (tables, name, entry) = (tables(&text), wanted.entry_name(), (client.entry)(wanted));
        let place = Place { tables, name: &name };
        let refused = |problem| LinkError::File { file: file.clone(), problem };
        let ours = self.ledger()?.find(client.id, &wanted.profile).cloned();
        // Our own entry of an earlier link, untouched, makes room for the new one.
        let base = match &ours {
            Some(link) if edit::read(&text, format, place).map_err(refused)? == Some(link.entry.clone()) => {
                edit::without_entry(&text, format, place, 0).map_err(refused)?
            }
            _ => text.clone(),
        };
        let base = match other {
            Some(name) => taken_out(&base, format, Place { tables, name }, &file)?,
            None => base,
        };
        let made = edit::tables_to_make(&base, format, place).map_err(refused)?;
        let becomes = edit::with_entry(&base, format, place, &entry).map_err(refused)?;
        let mut link = Link { file: Some(file), made, ..self.link(client, wanted, tables, entry.to_json()) };
        link.after = fingerprint(becomes.as_bytes());
        link.before = was.as_deref().map(|was| self.backup(was));
        if let Some(earlier) = ours {
            // The way back leads to the file as it was before the first link, not to our own entry.
            (link.before, link.made) = (earlier.before, earlier.made);
        }
        Ok(Plan { link, step: Step::File { was, becomes: Some(becomes) }, undo: false })
    }

    /// What undoing would change.
    pub fn plan_undo(&self, client: &'static Client, profile: &str) -> Result<Plan, LinkError> {
        let ledger = self.ledger()?;
        let link = ledger.find(client.id, profile).ok_or(LinkError::NotLinked(client.name))?.clone();
        if let Writing::Command { program, remove, .. } = &client.writing {
            let program = self.machine.program(program).ok_or_else(|| absent(program))?;
            let (arguments, input) = (remove(&link.name), String::new());
            let step = Step::Command { program, first: None, arguments, input };
            return Ok(Plan { link, step, undo: true });
        }
        let Writing::File { format, .. } = &client.writing else {
            return Err(LinkError::NotLinked(client.name));
        };
        let (was, becomes) = self.undone(&link, *format)?;
        Ok(Plan { link, step: Step::File { was, becomes }, undo: true })
    }

    /// The file without the entry: byte for byte as before where nobody touched it since, else with the entry alone taken out.
    fn undone(&self, link: &Link, format: Format) -> Result<(Option<Vec<u8>>, Option<String>), LinkError> {
        let file = link.file.clone().unwrap_or_default();
        let (was, text) = self.text(&file)?;
        let Some(bytes) = &was else { return Ok((None, None)) };
        if fingerprint(bytes) == link.after {
            let Some(before) = &link.before else { return Ok((was, None)) };
            if let Some(before) = self.read(before)? {
                return Ok((was, Some(String::from_utf8_lossy(&before).into_owned())));
            }
        }
        let tables: Vec<&str> = link.tables.iter().map(String::as_str).collect();
        let place = Place { tables: &tables, name: &link.name };
        let refused = |problem| LinkError::File { file: file.clone(), problem };
        match edit::read(&text, format, place).map_err(refused)? {
            None => return Ok((was, Some(text))),
            Some(entry) if entry == link.entry => {}
            Some(_) => return Err(LinkError::Changed { name: link.name.clone(), file }),
        }
        let without = edit::without_entry(&text, format, place, link.made).map_err(refused)?;
        let is_ours_alone = link.before.is_none() && edit::is_empty(&without, format);
        Ok((was, (!is_ours_alone).then_some(without)))
    }

    /// Does what the plan says, and writes it down.
    pub fn carry_out(&self, plan: &Plan) -> Result<(), LinkError> {
        let ledger = self.ledger()?;
        match &plan.step {
            Step::Command { program, first, arguments, input } => {
                if let Some(first) = first {
                    // Its user may have taken it away already: then there is nothing in the way.
                    let _ = self.machine.run(program, first, "");
                    self.write_ledger(&ledger.without_profile(&plan.link))?;
                }
                self.machine.run(program, arguments, input).map_err(LinkError::Command)?;
            }
            Step::File { was, becomes } => {
                self.write(&plan.link, was.as_deref(), becomes.as_deref(), plan.undo)?;
            }
        }
        let next = if plan.undo { ledger.without(&plan.link) } else { ledger.with(plan.link.clone()) };
        self.write_ledger(&next)
    }

    fn write(
        &self,
        link: &Link,
        was: Option<&[u8]>,
        becomes: Option<&str>,
        undo: bool,
    ) -> Result<(), LinkError> {
        let file = link.file.clone().unwrap_or_default();
        if let (Some(before), Some(was), false) = (&link.before, was, undo)
            && !self.machine.exists(before)
        {
            replaced(before, self.machine.replace(before, None, was))?;
        }
        let done = match (was, becomes) {
            (Some(was), Some(becomes)) if was == becomes.as_bytes() => Ok(()),
            (was, Some(becomes)) => self.machine.replace(&file, was, becomes.as_bytes()),
            (Some(was), None) => self.machine.remove(&file, was),
            (None, None) => Ok(()),
        };
        replaced(&file, done)
    }

    fn write_ledger(&self, ledger: &Ledger) -> Result<(), LinkError> {
        let file = self.ledger_file();
        let was = self.read(&file)?;
        let mut bytes = serde_json::to_vec_pretty(ledger).unwrap_or_default();
        bytes.push(b'\n');
        replaced(&file, self.machine.replace(&file, was.as_deref(), &bytes))
    }

    fn link(&self, client: &Client, wanted: &Wanted, tables: &[&str], entry: Json) -> Link {
        Link {
            client: client.id.into(),
            profile: wanted.profile.clone(),
            via: wanted.via,
            file: client.file(self.machine),
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            name: wanted.entry_name(),
            entry,
            made: 0,
            before: None,
            after: String::new(),
        }
    }

    /// One copy of each state of a file, in keyfob's own folder: clients' folders are synchronised and committed.
    fn backup(&self, bytes: &[u8]) -> PathBuf {
        self.folder.join("before").join(fingerprint(bytes))
    }

    fn text(&self, file: &Path) -> Result<(Option<Vec<u8>>, String), LinkError> {
        let was = self.read(file)?;
        let text = String::from_utf8(was.clone().unwrap_or_default()).map_err(|_| LinkError::File {
            file: file.to_owned(),
            problem: EditError::Unreadable("it is not UTF-8".into()),
        })?;
        Ok((was, text))
    }

    fn read(&self, file: &Path) -> Result<Option<Vec<u8>>, LinkError> {
        let failed =
            |problem: StoreProblem| LinkError::Store { file: file.to_owned(), problem: problem.into() };
        self.machine.read(file).map_err(failed)
    }
}

fn replaced(file: &Path, done: Result<(), ReplaceError>) -> Result<(), LinkError> {
    done.map_err(|problem| LinkError::Store { file: file.to_owned(), problem })
}

/// The text with what follows the word `Bearer` left out: nobody needs to see a token to know which line goes.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("bearer ") {
        let (before, token) = rest.split_at(at + "bearer ".len());
        let end = token.find(['"', '\'', ',', '\n', '\r', '}', ']', ' ']).unwrap_or(token.len());
        shown.push_str(before);
        shown.push_str(if end == 0 || token.starts_with(['$', '{']) { &token[..end] } else { "…" });
        rest = &token[end..];
    }
    shown + rest
}

/// The text without an entry of somebody else's, which must be there.
fn taken_out(text: &str, format: Format, place: Place<'_>, file: &Path) -> Result<String, LinkError> {
    let refused = |problem| LinkError::File { file: file.to_owned(), problem };
    if edit::read(text, format, place).map_err(refused)?.is_none() {
        return Err(LinkError::NothingToReplace { name: place.name.to_owned(), file: file.to_owned() });
    }
    edit::without_entry(text, format, place, 0).map_err(refused)
}

fn absent(program: &str) -> LinkError {
    LinkError::Command(format!("`{program}` is not on the path"))
}

fn ways(client: &Client) -> String {
    let words = client.ways.iter().map(|way| way.word());
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(crate) mod tests;
