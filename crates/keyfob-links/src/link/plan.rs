//! What a link, or the end of one, would change: shown to people before anything is changed.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use similar::{Change, TextDiff};

use crate::edit::{self, Format};
use crate::ledger::Link;
use crate::shown::Shown;

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) link: Link,
    pub(super) step: Step,
    /// How the file is written.
    pub(super) format: Format,
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
    /// What would change, for people: a diff, or the commands that would run. Of what keyfob did not write itself only what is
    /// harmless is in it, and of keyfob's own lines no proxy's key.
    pub fn shown(&self) -> String {
        match &self.step {
            Step::Commands { program, runs } => {
                let run = |run: &Run| self.shown_run(program, run);
                runs.iter().map(run).collect::<Vec<_>>().join("\n")
            }
            Step::File { was, becomes } => {
                let before = was.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                self.shown_difference(&before, becomes.as_deref().unwrap_or_default())
            }
        }
    }

    fn shown_run(&self, program: &Path, run: &Run) -> String {
        let words = format!("{} {}", program.display(), run.arguments.join(" "));
        let given: Json = serde_json::from_str(&run.input).unwrap_or_default();
        let input = Shown::of([&given], &self.link.name, &self.link.entry).text(&run.input);
        if input.is_empty() { words } else { format!("{words}\n{input}") }
    }

    /// Compared as it is, and shown without what could be a secret: two texts that differ in one are two.
    fn shown_difference(&self, before: &str, after: &str) -> String {
        let read = [before, after].map(|text| edit::whole(text, self.format).unwrap_or_default());
        let shown = Shown::of(&read, &self.link.name, &self.link.entry);
        let file = self.link.file.as_deref().unwrap_or(Path::new("")).display().to_string();
        let mut lines = vec![format!("--- {file}"), format!("+++ {file}")];
        let difference = TextDiff::from_lines(before, after);
        for hunk in difference.unified_diff().context_radius(2).iter_hunks() {
            lines.push(hunk.header().to_string());
            let line =
                |change: Change<&str>| format!("{}{}", change.tag(), shown.line(change.value().trim_end()));
            lines.extend(hunk.iter_changes().map(line));
        }
        lines.join("\n")
    }

    /// The entry alone, line by line behind `+` or `-`, without its neighbours, which may hold secrets of other servers, and
    /// without a proxy's key. What makes room for it, or comes back for it, stands with it, without what could be a secret.
    pub fn entry_lines(&self) -> Vec<String> {
        let entry = serde_json::json!({ &self.link.name: self.link.entry });
        let own = Shown::of([], &self.link.name, &self.link.entry).text(&pretty(&entry));
        let (ours, theirs) = if self.undo { ('-', '+') } else { ('+', '-') };
        let others = self.others.iter().map(|(name, entry)| {
            let entry = serde_json::json!({ keyfob_core::server_text::shown(name): entry });
            let shown = Shown::of_theirs(&entry);
            lines(theirs, &shown.text(&pretty(&entry)))
        });
        let others: Vec<String> = others.flatten().collect();
        let entry = lines(ours, &own);
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

fn pretty(entry: &Json) -> String {
    serde_json::to_string_pretty(entry).unwrap_or_default()
}

fn lines(sign: char, text: &str) -> Vec<String> {
    text.lines().map(|line| format!("{sign} {line}")).collect()
}
