//! Finds the keyfob commands of README.md and docs/*.md: whole lines of a terminal, and every command named in passing.

use std::path::{Path, PathBuf};

/// A page of the documentation.
pub(super) struct Page {
    /// `README.md`, `docs/store.md`
    pub(super) name: String,
    text: String,
}

/// Languages of blocks that people type or paste into a terminal.
const TERMINAL: [&str; 4] = ["console", "sh", "bash", "shell"];
/// Those, and where programs are told to call keyfob.
const HOLDING_COMMANDS: [&str; 5] = ["console", "sh", "bash", "shell", "ini"];

/// README and every page beside it in docs.
pub(super) fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let entries = std::fs::read_dir(root.join("docs")).expect("docs");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.push(root.join("README.md"));
    paths.sort();
    let page = |path: PathBuf| Page {
        name: path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned(),
        text: std::fs::read_to_string(&path).expect("UTF-8"),
    };
    paths.into_iter().map(page).collect()
}

impl Page {
    /// Lines that somebody types whole and that begin with keyfob: `keyfob …`, `NAME=value keyfob …`; in the order of the page.
    pub(super) fn typed(&self) -> Vec<String> {
        let in_terminals = self.in_blocks(&TERMINAL);
        in_terminals.into_iter().filter(|line| after_variables(line).starts_with("keyfob ")).collect()
    }

    /// Every `keyfob …` of the page, from lines and from text between backticks, without what a shell does around it.
    pub(super) fn named(&self) -> Vec<String> {
        let in_blocks = self.in_blocks(&HOLDING_COMMANDS);
        let mut named: Vec<_> = in_blocks.iter().flat_map(|line| calls(line)).collect();
        let prose = self.text.lines().scan(false, |inside, line| {
            *inside ^= line.trim_start().starts_with("```");
            Some(if *inside { "" } else { line })
        });
        for span in prose.flat_map(|line| line.split('`').skip(1).step_by(2)) {
            named.extend(calls(&span.replace("\\|", "|")));
        }
        named
    }

    /// The lines of blocks in these languages, continued ones joined; of a `console` only what stands behind a `$`.
    fn in_blocks(&self, languages: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut language: Option<&str> = None;
        let mut begun = String::new();
        for line in self.text.lines().map(str::trim_start) {
            if let Some(info) = line.strip_prefix("```") {
                language = if language.is_none() { Some(info.trim()) } else { None };
                continue;
            }
            let Some(language) = language.filter(|language| languages.contains(language)) else { continue };
            let typed =
                if language == "console" && begun.is_empty() { line.strip_prefix("$ ") } else { Some(line) };
            let Some(typed) = typed else { continue };
            begun.push_str(typed.trim_end_matches('\\'));
            if !typed.ends_with('\\') {
                lines.push(std::mem::take(&mut begun));
            }
        }
        lines
    }
}

/// What comes after `NAME=value `, as often as it stands there.
fn after_variables(line: &str) -> &str {
    let is_variable = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
    };
    match line.split_once(' ') {
        Some((word, rest)) if is_variable(word) => after_variables(rest),
        _ => line,
    }
}

/// The calls of keyfob in a line, each up to where the shell takes over, and without the command that `exec` runs.
fn calls(line: &str) -> Vec<String> {
    let mut calls = Vec::new();
    for (at, _) in line.match_indices("keyfob ") {
        let begins_a_word = line[..at].ends_with([' ', '!', '"', '(']) || at == 0;
        let is_named_by = line[..at].ends_with("enable ") || line[..at].ends_with("status ");
        if begins_a_word && !is_named_by {
            let rest = &line[at + "keyfob ".len()..];
            let end =
                [" | ", " > ", " && ", " # ", " -- ", "; "].iter().filter_map(|stop| rest.find(stop)).min();
            calls.push(rest[..end.unwrap_or(rest.len())].trim_end_matches(['"', ')']).trim().to_owned());
        }
    }
    calls
}
