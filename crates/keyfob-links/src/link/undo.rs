//! The way back from a link: the file as it was where nobody touched it since, else keyfob's entry alone taken out, and what made
//! room for it put back.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::plan::{Left, Plan, Run, Step};
use super::{LinkError, Links, absent};
use crate::client::{Client, Writing};
use crate::edit::{self, Format, Place};
use crate::ledger::{Link, Replaced, fingerprint};

/// A file after a link's end.
struct Undone {
    was: Option<Vec<u8>>,
    becomes: Option<String>,
    back: Vec<(String, Json)>,
    left: Vec<Left>,
}

impl Links<'_> {
    /// What undoing would change.
    pub fn plan_undo(&self, client: &'static Client, profile: &str) -> Result<Plan, LinkError> {
        let ledger = self.ledger()?;
        let link = ledger.find(client.id, profile).ok_or(LinkError::NotLinked(client.name))?.clone();
        match &client.writing {
            Writing::Command { .. } => self.plan_undo_by_command(client, link),
            Writing::File { format, .. } => {
                let Undone { was, becomes, back, left } = self.undone(&link, *format)?;
                let step = Step::File { was, becomes };
                Ok(Plan { link, step, format: *format, undo: true, keep: Vec::new(), others: back, left })
            }
            Writing::Snippet(_) => Err(LinkError::NotLinked(client.name)),
        }
    }

    /// What made room comes back first: where that fails, the link stays.
    fn plan_undo_by_command(&self, client: &'static Client, link: Link) -> Result<Plan, LinkError> {
        let Writing::Command { program, add, remove, tables, .. } = &client.writing else {
            return Err(LinkError::NotLinked(client.name));
        };
        let program = self.machine.program(program).ok_or_else(|| absent(client, program))?;
        let (mut runs, mut others, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for replaced in &link.replaced {
            let place = Place { tables, name: &replaced.name };
            let is_there = self.entry_there(client, place)?.is_some();
            match self.kept_text(replaced).and_then(|kept| entry_in(&kept, Format::Json, place)) {
                _ if is_there => left.push(left_as(replaced, "another entry has its name by now")),
                Err(why) => left.push(left_as(replaced, &why)),
                Ok(entry) => {
                    let back = Some((remove(&replaced.name), String::new()));
                    let (arguments, input) = (add(&replaced.name), entry.to_string());
                    runs.push(Run { arguments, input, back, may_fail: false });
                    others.push((replaced.name.clone(), entry));
                }
            }
        }
        runs.push(Run { arguments: remove(&link.name), input: String::new(), back: None, may_fail: false });
        let step = Step::Commands { program, runs };
        Ok(Plan { link, step, format: Format::Json, undo: true, keep: Vec::new(), others, left })
    }

    fn undone(&self, link: &Link, format: Format) -> Result<Undone, LinkError> {
        let (was, becomes) = self.without_ours(link, format)?;
        let (mut becomes, mut back, mut left) = (becomes, Vec::new(), Vec::new());
        for replaced in &link.replaced {
            let text = becomes.clone().unwrap_or_default();
            match self.brought_back(&text, format, link, replaced) {
                Ok((with_it, entry)) => {
                    becomes = Some(with_it);
                    back.push((replaced.name.clone(), entry));
                }
                Err(why) => left.push(left_as(replaced, &why)),
            }
        }
        Ok(Undone { was, becomes, back, left })
    }

    /// Byte for byte as before where nobody touched it since, else with the entry alone taken out.
    fn without_ours(
        &self,
        link: &Link,
        format: Format,
    ) -> Result<(Option<Vec<u8>>, Option<String>), LinkError> {
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

    /// The text with the entry that made room, in its own bytes, and that entry; unchanged where it never went or is there again.
    fn brought_back(
        &self,
        text: &str,
        format: Format,
        link: &Link,
        replaced: &Replaced,
    ) -> Result<(String, Json), String> {
        let tables: Vec<&str> = link.tables.iter().map(String::as_str).collect();
        let place = Place { tables: &tables, name: &replaced.name };
        let words = |problem: edit::EditError| problem.to_string();
        let kept = self.kept_text(replaced)?;
        let entry = entry_in(&kept, format, place)?;
        let with_it = match edit::read(text, format, place).map_err(words)? {
            Some(there) if there == entry => text.to_owned(),
            Some(_) => return Err("another entry has its name by now".into()),
            None => edit::with_entry_of(text, format, place, &kept).map_err(words)?,
        };
        Ok((with_it, entry))
    }

    fn kept_text(&self, replaced: &Replaced) -> Result<String, String> {
        let kept = self.read(&replaced.kept).map_err(|problem| problem.to_string())?;
        let kept = kept.ok_or("the copy that was kept of it is gone")?;
        String::from_utf8(kept).map_err(|_| "the copy that was kept of it is not UTF-8".into())
    }
}

fn entry_in(kept: &str, format: Format, place: Place<'_>) -> Result<Json, String> {
    let found = edit::read(kept, format, place).map_err(|problem| problem.to_string())?;
    found.ok_or_else(|| "the copy that was kept does not have it".into())
}

fn left_as(replaced: &Replaced, why: &str) -> Left {
    let kept: PathBuf = replaced.kept.clone();
    Left { name: replaced.name.clone(), why: why.into(), kept }
}
