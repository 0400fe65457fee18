//! What a link, or the end of one, would change: shown to people before anything is changed.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use similar::TextDiff;

use crate::ledger::Link;
use crate::{proxied, replaceable};

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) link: Link,
    pub(super) step: Step,
    pub(super) undo: bool,
    /// Copies for the way back, to be kept in keyfob's own folder before anything is changed.
    pub(super) keep: Vec<(PathBuf, Vec<u8>)>,
    /// Entries of others that make room for keyfob's, or come back with its end.
    pub(super) others: Vec<(String, Json)>,
    /// Entries that made room for keyfob's and will not come back.
    pub(super) left: Vec<Left>,
}

/// An entry that made room for keyfob's and does not come back with the end of the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Why not, as a sentence without a stop.
    pub why: String,
    /// The copy in which it stands.
    pub kept: PathBuf,
}

/// How the change is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The file becomes this; `None`: it goes.
    File { was: Option<Vec<u8>>, becomes: Option<String> },
    /// The client's own command, so many times.
    Commands { program: PathBuf, runs: Vec<Run> },
}

/// One run of a client's own command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) arguments: Vec<String>,
    pub(super) input: String,
    /// What undoes it, where a later one fails.
    pub(super) back: Option<(Vec<String>, String)>,
    /// Its user may have done it already: then there is nothing in the way.
    pub(super) may_fail: bool,
}

impl Plan {
    /// What would change, for people: a diff, or the commands that would run. No bearer token and no proxy's key is in it.
    pub fn shown(&self) -> String {
        match &self.step {
            Step::Commands { program, runs } => {
                let line = |run: &Run| {
                    let words = format!("{} {}", program.display(), run.arguments.join(" "));
                    if run.input.is_empty() { words } else { format!("{words}\n{}", run.input) }
                };
                masked(&runs.iter().map(line).collect::<Vec<_>>().join("\n"))
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
    /// without a proxy's key. What makes room for it, or comes back for it, stands with it, without what could be a secret.
    pub fn entry_lines(&self) -> Vec<String> {
        let mut entry = serde_json::json!({ &self.link.name: self.link.entry });
        proxied::mask_keys(&mut entry);
        let (ours, theirs) = if self.undo { ('-', '+') } else { ('+', '-') };
        let others = self.others.iter().map(|(name, entry)| {
            let name = keyfob_core::server_text::shown(name);
            lines(theirs, &serde_json::json!({ name: replaceable::without_secrets(entry) }))
        });
        let others: Vec<String> = others.flatten().collect();
        let entry = lines(ours, &entry);
        if self.undo { [entry, others].concat() } else { [others, entry].concat() }
    }

    /// The client's own command that would run last, without what it is given.
    pub fn command(&self) -> Option<String> {
        let Step::Commands { program, runs } = &self.step else { return None };
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some([&[name], runs.last()?.arguments.get(..2).unwrap_or_default()].concat().join(" "))
    }

    /// The file that would change.
    pub fn file(&self) -> Option<&Path> {
        self.link.file.as_deref()
    }

    /// True where a link ends.
    pub fn undoes(&self) -> bool {
        self.undo
    }

    /// True where that file goes, since it was made for the link.
    pub fn removes_the_file(&self) -> bool {
        matches!(&self.step, Step::File { becomes: None, .. })
    }

    /// Entries that made room for keyfob's and will not come back.
    pub fn left(&self) -> &[Left] {
        &self.left
    }
}

fn lines(sign: char, entry: &Json) -> Vec<String> {
    let text = serde_json::to_string_pretty(entry).unwrap_or_default();
    text.lines().map(|line| format!("{sign} {line}")).collect()
}

/// The text without bearer tokens and proxies' keys: nobody needs to see a token to know which line goes.
pub(super) fn masked(text: &str) -> String {
    let after_bearer = |rest: &str| (!rest.starts_with(['$', '{'])).then_some(0);
    let text = masked_after(&proxied::masked_in_text(text), "bearer ", after_bearer);
    replaceable::TOKENS.iter().fold(text, |text, name| masked_after(&text, name, value_at))
}

/// The text with the word that begins `at` so many bytes behind each `mark` left out; `None` there: nothing is left out.
fn masked_after(text: &str, mark: &str, at: impl Fn(&str) -> Option<usize>) -> String {
    let mark = mark.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.to_ascii_lowercase().find(&mark) {
        let (before, behind) = rest.split_at(found + mark.len());
        let begin = at(behind);
        let (between, token) = behind.split_at(begin.unwrap_or_default());
        let end = token.find(['"', '\'', ',', '\n', '\r', '}', ']', ' ']).unwrap_or(token.len());
        shown.extend([before, between]);
        shown.push_str(if end == 0 || begin.is_none() { &token[..end] } else { "…" });
        rest = &token[end..];
    }
    shown + rest
}

/// Where the value begins behind a member's name, in any of the formats; `None` for another word, and for a variable's name.
fn value_at(behind: &str) -> Option<usize> {
    let assigned = behind.trim_start_matches(['"', '\'', ' ']).strip_prefix([':', '='])?;
    let value = assigned.trim_start_matches(['"', '\'', ' ']);
    (!value.starts_with(['$', '{'])).then_some(behind.len() - value.len())
}
