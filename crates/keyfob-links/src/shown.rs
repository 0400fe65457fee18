//! What of a client's file people are shown. The file may hold secrets of others in any shape, so that nothing is looked for and
//! left out: what is known to be harmless is shown, and all else is `…`.
//!
//! Harmless are names of members, brackets, truth values, what keyfob itself writes (but not a proxy's key), and, of the words of
//! others, kinds, programs, options without their values, and bare addresses where an address or an argument stands. The format's
//! parser says what is such a word; the lines are only searched for these. So a line in the middle of a longer text shows nothing
//! of it, whatever it looks like.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use crate::proxied;
use crate::replaceable::{SPELLINGS, bare};

/// In the place of what could be a secret.
const HIDDEN: &str = "…";
/// Kinds of servers and transports, as the clients spell them.
const KINDS: [&str; 16] = [
    "http",
    "https",
    "sse",
    "ws",
    "stdio",
    "local",
    "remote",
    "builtin",
    "platform",
    "http-first",
    "http-only",
    "sse-first",
    "sse-only",
    "streamable-http",
    "streamable_http",
    "streamableHttp",
];
/// Values that say nothing.
const LITERALS: [&str; 4] = ["", "true", "false", "null"];
/// Members that say which program is started.
const PROGRAMS: [&str; 2] = ["command", "cmd"];
/// So many letters and digits in one piece can be a key; versions and words are shorter.
const KEY_LIKE: usize = 16;

/// Tables in which any value may be a secret, in lower case and as far as their names begin with this.
const SECRET_TABLES: [&str; 5] = ["header", "http_header", "env", "auth", "oauth"];

/// What is harmless in certain texts.
#[derive(Default)]
pub(crate) struct Shown {
    /// How their members are called.
    names: HashSet<String>,
    /// Their harmless values, and how each is shown.
    values: HashMap<String, String>,
}

impl Shown {
    /// For texts that say this when they are read; `name` and `ours` are keyfob's own entry.
    pub(crate) fn of<'a>(read: impl IntoIterator<Item = &'a Json>, name: &str, ours: &Json) -> Self {
        let mut shown = Self::default();
        read.into_iter().for_each(|whole| shown.take(whole, None));
        shown.names.retain(|name| !is_key_like(name));
        shown.names.insert(name.to_owned());
        shown.take_ours(ours);
        shown
    }

    /// For another's entry alone, as it is read.
    pub(crate) fn of_theirs(entry: &Json) -> Self {
        let mut shown = Self::default();
        shown.take(entry, None);
        shown.names.retain(|name| !is_key_like(name));
        shown
    }

    /// Names, and what is harmless of the values, behind the name of their member or in a list.
    fn take(&mut self, value: &Json, behind: Option<&str>) {
        match value {
            Json::Object(members) => members.iter().for_each(|(name, value)| {
                self.names.insert(name.clone());
                if is_secret_table(name) {
                    names_in(value, &mut self.names);
                } else {
                    self.take(value, Some(name));
                }
            }),
            Json::Array(values) => values.iter().for_each(|value| self.take(value, None)),
            Json::String(text) => {
                if let Some(shown) = harmless(text, behind) {
                    self.values.insert(text.clone(), shown);
                }
            }
            _ => {}
        }
    }

    /// All of keyfob's own entry, but the key of a proxy.
    fn take_ours(&mut self, value: &Json) {
        names_in(value, &mut self.names);
        match value {
            Json::Object(members) => {
                // What was carried over from another's entry is not keyfob's.
                let own = members.iter().filter(|(name, value)| !value.is_object() || !is_secret_table(name));
                own.for_each(|(_, value)| self.take_ours(value));
            }
            Json::Array(values) => {
                let is_header = |at: usize| at > 0 && values[at - 1] == "--header";
                let own = values.iter().enumerate().filter(|(at, _)| !is_header(*at));
                own.for_each(|(_, value)| self.take_ours(value));
            }
            Json::String(text) => drop(self.values.insert(text.clone(), proxied::masked(text))),
            plain => drop(self.values.insert(plain.to_string(), plain.to_string())),
        }
    }

    /// The text, line by line.
    pub(crate) fn text(&self, text: &str) -> String {
        text.split('\n').map(|line| self.line(line)).collect::<Vec<_>>().join("\n")
    }

    /// One line of such a text.
    pub(crate) fn line(&self, line: &str) -> String {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        if let Some(mark) = ["#", "//"].into_iter().find(|mark| words.starts_with(mark)) {
            return format!("{indent}{mark} {HIDDEN}");
        }
        if self.is_heading(words) {
            return line.to_owned();
        }
        let (mut shown, mut rest) = (indent.to_owned(), words);
        while let Some(first) = rest.chars().next() {
            let (length, seen) = if let Some(length) = self.name_at(rest) {
                (length, rest[..length].to_owned())
            } else if first.is_whitespace() || is_bracket(first) || ":=".contains(first) {
                // A sign of assignment may stand behind a name that is not shown.
                (first.len_utf8(), first.to_string())
            } else if rest.starts_with("- ") {
                (2, "- ".to_owned())
            } else {
                self.value_at(rest)
            };
            shown.push_str(&seen);
            rest = &rest[length..];
        }
        shown
    }

    /// `[tables.of.toml]`
    fn is_heading(&self, words: &str) -> bool {
        let within = words.trim_end().strip_prefix('[').and_then(|words| words.strip_suffix(']'));
        within.is_some_and(|path| self.knows(path.trim_start_matches('[').trim_end_matches(']')))
    }

    /// A name, or several with dots between them.
    fn knows(&self, path: &str) -> bool {
        let plain = |segment: &str| segment.trim().trim_matches(['"', '\'']).to_owned();
        self.names.contains(path) || path.split('.').all(|segment| self.names.contains(&plain(segment)))
    }

    /// How long a name is that begins here, with its sign of assignment.
    fn name_at(&self, rest: &str) -> Option<usize> {
        if let Some((length, text)) = quoted(rest) {
            let after = rest[length..].trim_start();
            let is_name = after.starts_with([':', '=']) && self.names.contains(&text);
            return is_name.then_some(rest.len() - after.len() + 1);
        }
        let is_sign = |at: &usize| {
            let after = rest[at + 1..].chars().next();
            rest[*at..].starts_with('=') || after.is_none_or(char::is_whitespace)
        };
        let mut signs = rest.match_indices([':', '=']).map(|(at, _)| at).filter(is_sign);
        signs.find(|at| self.knows(rest[..*at].trim())).map(|at| at + 1)
    }

    /// How long the value is that begins here, and what is shown of it.
    fn value_at(&self, rest: &str) -> (usize, String) {
        if let Some((length, text)) = quoted(rest) {
            let shown = match self.value(&text) {
                Some(shown) if shown == text => rest[..length].to_owned(),
                shown => {
                    let quote = &rest[..1];
                    format!("{quote}{}{quote}", shown.unwrap_or(HIDDEN))
                }
            };
            return (length, shown);
        }
        let line = rest.trim_end();
        if let Some(shown) = self.value(line) {
            return (line.len(), shown.to_owned());
        }
        let piece = rest.split(is_bracket).next().unwrap_or_default().trim_end();
        (piece.len(), self.value(piece).unwrap_or(HIDDEN).to_owned())
    }

    fn value<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        if LITERALS.contains(&text) { Some(text) } else { self.values.get(text).map(String::as_str) }
    }
}

/// What is shown of a value of others behind this name, or behind none where it is one of a list.
fn harmless(text: &str, behind: Option<&str>) -> Option<String> {
    if KINDS.contains(&text) {
        return Some(text.to_owned());
    }
    match behind {
        Some(name) if PROGRAMS.contains(&name) => is_program(text).then(|| text.to_owned()),
        Some(name) if SPELLINGS.contains(&name) => address(text),
        Some(_) => None,
        None if is_option(text) || is_start(text) => Some(text.to_owned()),
        None => address(text),
    }
}

fn is_secret_table(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_TABLES.iter().any(|table| lower.starts_with(table))
}

fn names_in(value: &Json, names: &mut HashSet<String>) {
    match value {
        Json::Object(members) => members.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            names_in(value, names);
        }),
        Json::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        _ => {}
    }
}

/// The text in quotes that begins here and ends in this line: how long it is with its quotes, and what it says.
fn quoted(rest: &str) -> Option<(usize, String)> {
    let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first))?;
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' && quote == '"' {
            is_escaped = true;
        } else if c == quote {
            let whole = &rest[..=at];
            let text = serde_json::from_str(whole).unwrap_or_else(|_| whole[1..at].to_owned());
            return Some((at + 1, text));
        }
    }
    None
}

fn is_bracket(c: char) -> bool {
    "{}[],".contains(c)
}

/// Letters and digits in one piece, long enough for a key.
fn is_key_like(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|piece| {
        piece.len() >= KEY_LIKE
            && piece.contains(|c: char| c.is_ascii_digit())
            && piece.contains(char::is_alphabetic)
    })
}

/// `--with-words` or `-x`; a key may begin with a dash as well.
fn is_option(text: &str) -> bool {
    let is_word = |word: &str| word.len() <= 32 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    match text.strip_prefix("--") {
        Some(word) => !word.is_empty() && is_word(word),
        None => text.strip_prefix('-').is_some_and(|one| one.len() == 1 && one.is_ascii()),
    }
}

/// What starts mcp-remote.
fn is_start(text: &str) -> bool {
    let version =
        |text: &str| text.len() <= 12 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    text == "npx" || text == "mcp-remote" || text.strip_prefix("mcp-remote@").is_some_and(version)
}

/// One word or path, and no line for a shell, which may set variables.
fn is_program(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./\\:@+".contains(c);
    text.chars().all(is_plain) && !text.contains("://") && !is_key_like(text)
}

/// Scheme, host and path, without what in the path could be a key.
fn address(text: &str) -> Option<String> {
    let bare = proxied::masked(&bare(text)?);
    let (scheme, rest) = bare.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let segments: Vec<_> =
        path.split('/').map(|segment| if is_word(segment) { segment } else { HIDDEN }).collect();
    let shown = format!("{scheme}://{host}/{}", segments.join("/"));
    // As it was written, where nothing is left out.
    Some(if shown.trim_end_matches('/') == text.trim_end_matches('/') { text.to_owned() } else { shown })
}

/// A word or a version, and no key.
fn is_word(segment: &str) -> bool {
    let has_digits = segment.contains(|c: char| c.is_ascii_digit());
    segment.len() <= if has_digits { 8 } else { 24 } && !segment.contains('%')
}

#[cfg(test)]
mod tests;
