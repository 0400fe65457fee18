//! Linking a profile to a client, and undoing it. A plan says what would change; only `carry_out` changes it.

use std::path::{Path, PathBuf};

use keyfob_agent::client_programs::{ClientPrograms, ReplaceError};
use keyfob_core::failure::StoreProblem;
use serde_json::Value as Json;

use crate::carried::Carried;
use crate::client::{Client, Via, Wanted, Writing};
use crate::edit::{self, EditError, Format, Place};
use crate::ledger::{Ledger, Link, Replaced, fingerprint};

mod copies;
mod error;
mod plan;
mod undo;

pub use error::LinkError;
pub use plan::{Left, Plan};
use plan::{Run, Step};

/// The links of one user.
pub struct Links<'a> {
    machine: &'a dyn ClientPrograms,
    /// keyfob's own folder for the ledger and for the files as they were before.
    folder: PathBuf,
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
        let entry = client.whole_entry(wanted);
        if other.is_none()
            && let Some(there) = self.ledger()?.find(client.id, &wanted.profile)
            && there.entry == entry.to_json()
            && self.is_there(client, there)?
        {
            return Err(LinkError::Linked(client.name));
        }
        match &client.writing {
            Writing::File { .. } => self.plan_edit(client, wanted, other),
            Writing::Command { .. } => self.plan_command(client, wanted, other),
            Writing::Snippet(_) => {
                Err(LinkError::NoSuchWay { client: client.name, ways: "a line to run".into() })
            }
        }
    }

    /// Clients lose entries, and so do their users: what the ledger says is not always so.
    fn is_there(&self, client: &Client, link: &Link) -> Result<bool, LinkError> {
        let tables: Vec<&str> = link.tables.iter().map(String::as_str).collect();
        Ok(self.entry_there(client, Place { tables: &tables, name: &link.name })?.is_some())
    }

    /// What stands at this place of a client's file now. One that only the client's own command writes is not judged.
    fn entry_there(&self, client: &Client, place: Place<'_>) -> Result<Option<Json>, LinkError> {
        let Some(file) = client.file(self.machine) else { return Ok(None) };
        let (_, text) = self.text(&file)?;
        match &client.writing {
            Writing::File { format, .. } => {
                edit::read(&text, *format, place).map_err(|problem| LinkError::File { file, problem })
            }
            Writing::Command { .. } => Ok(edit::read(&text, Format::Json, place).unwrap_or_default()),
            Writing::Snippet(_) => Ok(None),
        }
    }

    /// What an entry that makes room, or keyfob's own that is there, says beyond the server and its token.
    pub fn carried(
        &self,
        client: &'static Client,
        profile: &str,
        other: Option<&str>,
    ) -> Result<Carried, LinkError> {
        let tables: &[&str] = match &client.writing {
            Writing::File { tables, .. } => {
                let file = client.file(self.machine).unwrap_or_default();
                tables(&self.text(&file)?.1)
            }
            Writing::Command { tables, .. } => tables,
            Writing::Snippet(_) => return Ok(Carried::default()),
        };
        let own = self.ledger()?.find(client.id, profile).map(|link| Carried::of(&link.entry));
        let Some(name) = other else { return Ok(own.unwrap_or_default()) };
        let there = self.entry_there(client, Place { tables, name })?;
        let theirs = there.map(|entry| Carried::of(&entry)).filter(|carried| *carried != Carried::default());
        Ok(theirs.or(own).unwrap_or_default())
    }

    fn plan_command(
        &self,
        client: &'static Client,
        wanted: &Wanted,
        other: Option<&str>,
    ) -> Result<Plan, LinkError> {
        let Writing::Command { program, add, remove, tables, .. } = &client.writing else {
            return Err(LinkError::NoProxy);
        };
        let program = self.machine.program(program).ok_or_else(|| absent(client, program))?;
        let entry = client.whole_entry(wanted).to_json();
        let mut link = Link { file: None, ..self.link(client, wanted, tables, entry) };
        let (mut runs, mut keep, mut others) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(earlier) = self.ledger()?.find(client.id, &wanted.profile) {
            let input = String::new();
            runs.push(Run { arguments: remove(&earlier.name), input, back: None, may_fail: true });
            link.replaced.clone_from(&earlier.replaced);
        }
        if let Some(name) = other {
            let there = self.entry_there(client, Place { tables, name })?;
            let file = client.file(self.machine).unwrap_or_default();
            let there = there.ok_or(LinkError::NothingToReplace { name: name.to_owned(), file })?;
            let back = Some((add(name), there.to_string()));
            runs.push(Run { arguments: remove(name), input: String::new(), back, may_fail: false });
            let at_its_place = tables.iter().rev().fold(
                serde_json::json!({ name: there }),
                |inner, table| serde_json::json!({ *table: inner }),
            );
            keep.push(self.copy(at_its_place.to_string().as_bytes()));
            link.replaced.extend(keep.iter().map(|(kept, _)| made_room(name, kept)));
            others.push((name.to_owned(), there));
        }
        let input = link.entry.to_string();
        runs.push(Run { arguments: add(&link.name), input, back: None, may_fail: false });
        let step = Step::Commands { program, runs };
        Ok(Plan { link, step, format: Format::Json, undo: false, keep, others, left: Vec::new() })
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
        let (tables, name, entry) = (tables(&text), wanted.entry_name(), client.whole_entry(wanted));
        let place = Place { tables, name: &name };
        let refused = |problem| LinkError::File { file: file.clone(), problem };
        let ours = self.ledger()?.find(client.id, &wanted.profile).cloned();
        let mut link =
            Link { file: Some(file.clone()), ..self.link(client, wanted, tables, entry.to_json()) };
        let mut keep: Vec<_> = was.iter().map(|was| self.copy(was)).collect();
        let mut base = text.clone();
        // Our own entry of an earlier link, untouched, makes room for the new one.
        if let Some(earlier) = &ours
            && edit::read(&text, format, place).map_err(refused)?.as_ref() == Some(&earlier.entry)
        {
            base = edit::without_entry(&text, format, place, 0).map_err(refused)?;
        }
        link.made = edit::tables_to_make(&base, format, place).map_err(refused)?;
        link.before = keep.first().map(|(kept, _)| kept.clone());
        if let Some(earlier) = ours {
            (link.made, link.replaced) = (earlier.made, earlier.replaced);
            link.before = if was.as_deref().is_some_and(|was| fingerprint(was) == earlier.after) {
                // The way back leads to the file as it was before the first link, not to our own entry.
                earlier.before
            } else {
                // Somebody changed the file between the links, and the change stays.
                let without = edit::without_entry(&text, format, place, link.made).map_err(refused)?;
                keep.push(self.copy(without.as_bytes()));
                keep.last().map(|(kept, _)| kept.clone())
            };
        }
        let mut others = Vec::new();
        if let Some(other) = other {
            let (without, entry) = taken_out(&base, format, Place { tables, name: other }, &file)?;
            base = without;
            others.push((other.to_owned(), entry));
            link.replaced.extend(keep.first().map(|(kept, _)| made_room(other, kept)));
        }
        let becomes = edit::with_entry(&base, format, place, &entry).map_err(refused)?;
        link.after = fingerprint(becomes.as_bytes());
        let step = Step::File { was, becomes: Some(becomes) };
        Ok(Plan { link, step, format, undo: false, keep, others, left: Vec::new() })
    }

    /// Does what the plan says, and writes it down.
    pub fn carry_out(&self, plan: &Plan) -> Result<(), LinkError> {
        let ledger = self.ledger()?;
        for (kept, bytes) in &plan.keep {
            if !self.machine.exists(kept) {
                replaced(kept, self.machine.replace(kept, None, bytes))?;
            }
        }
        match &plan.step {
            Step::Commands { program, runs } => {
                if !plan.undo && ledger.find(&plan.link.client, &plan.link.profile).is_some() {
                    // The earlier entry goes first, whatever comes of the new one.
                    self.write_ledger(&ledger.without_profile(&plan.link))?;
                }
                self.run_all(program, runs, &plan.link.client)?;
            }
            Step::File { was, becomes } => {
                self.write(&plan.link, was.as_deref(), becomes.as_deref())?;
            }
        }
        let next = if plan.undo { ledger.without(&plan.link) } else { ledger.with(plan.link.clone()) };
        self.write_ledger(&next)?;
        self.drop_copies(plan, &ledger, &next)
    }

    /// One after the other; where one fails, those before it are undone as far as they can be.
    fn run_all(&self, program: &Path, runs: &[Run], client: &str) -> Result<(), LinkError> {
        for (number, run) in runs.iter().enumerate() {
            let ran = self.machine.run(program, &run.arguments, &run.input);
            if run.may_fail {
                continue;
            }
            let Err(mut why) = ran else { continue };
            for (arguments, input) in runs[..number].iter().rev().filter_map(|run| run.back.as_ref()) {
                if let Err(again) = self.machine.run(program, arguments, input) {
                    why = format!("{why}; and what went before it could not be undone: {again}");
                }
            }
            let client =
                crate::clients::named(client).map_or_else(|| client.into(), |client| client.name.into());
            return Err(LinkError::Command { client, why });
        }
        Ok(())
    }

    fn write(&self, link: &Link, was: Option<&[u8]>, becomes: Option<&str>) -> Result<(), LinkError> {
        let file = link.file.clone().unwrap_or_default();
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
            replaced: Vec::new(),
        }
    }

    /// One copy of each state of a file, in keyfob's own folder: clients' folders are synchronised and committed.
    fn copy(&self, bytes: &[u8]) -> (PathBuf, Vec<u8>) {
        (self.folder.join("before").join(fingerprint(bytes)), bytes.to_vec())
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

/// The text without an entry of somebody else's, which must be there, and that entry.
fn taken_out(text: &str, format: Format, place: Place<'_>, file: &Path) -> Result<(String, Json), LinkError> {
    let refused = |problem| LinkError::File { file: file.to_owned(), problem };
    let Some(entry) = edit::read(text, format, place).map_err(refused)? else {
        return Err(LinkError::NothingToReplace { name: place.name.to_owned(), file: file.to_owned() });
    };
    Ok((edit::without_entry(text, format, place, 0).map_err(refused)?, entry))
}

fn made_room(name: &str, kept: &Path) -> Replaced {
    Replaced { name: name.to_owned(), kept: kept.to_owned() }
}

fn absent(client: &Client, program: &str) -> LinkError {
    LinkError::NoCommand { client: client.name, program: program.to_owned() }
}

fn ways(client: &Client) -> String {
    let words = client.ways.iter().map(|way| way.word());
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod replaced_tests;
#[cfg(test)]
pub(crate) mod tests;
