//! What a link, or the end of one, would change: shown to people before anything is changed.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::ledger::Link;
use crate::proxied;

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) link: Link,
    pub(super) step: Step,
    pub(super) undo: bool,
    /// Copies for the way back, to be kept in keyfob's own folder before anything is changed.
    pub(super) keep: Vec<(PathBuf, Vec<u8>)>,
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
    /// without a proxy's key.
    pub fn entry_lines(&self) -> Vec<String> {
        let mut entry = serde_json::json!({ &self.link.name: self.link.entry });
        proxied::mask_keys(&mut entry);
        let sign = if self.undo { '-' } else { '+' };
        let text = serde_json::to_string_pretty(&entry).unwrap_or_default();
        text.lines().map(|line| format!("{sign} {line}")).collect()
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

/// The text with what follows the word `Bearer` left out, and proxies' keys: nobody needs to see a token to know which line goes.
pub(super) fn masked(text: &str) -> String {
    let text = proxied::masked_in_text(text);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.to_ascii_lowercase().find("bearer ") {
        let (before, token) = rest.split_at(at + "bearer ".len());
        let end = token.find(['"', '\'', ',', '\n', '\r', '}', ']', ' ']).unwrap_or(token.len());
        shown.push_str(before);
        shown.push_str(if end == 0 || token.starts_with(['$', '{']) { &token[..end] } else { "…" });
        rest = &token[end..];
    }
    shown + rest
}
