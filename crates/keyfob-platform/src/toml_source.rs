//! Where in a TOML file something is wrong: line and column, and what was meant.

use std::ops::Range;

use keyfob_core::failure::Failure;
use keyfob_core::server_text::shown;

/// TOML that does not parse.
pub(crate) fn syntax(error: &toml_edit::TomlError, text: &str, file: &str) -> Failure {
    Source { text, file }.error(error.span(), error.message())
}

/// The text being read, for telling where something is.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: &'a str,
}

impl Source<'_> {
    /// A failure at a place in the text.
    pub(crate) fn error(&self, span: Option<Range<usize>>, why: &str) -> Failure {
        let start = span.map_or(0, |span| span.start.min(self.text.len()));
        let before = &self.text[..self.text.floor_char_boundary(start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        // The words quote the file, which need not have been written by its owner (F12).
        let why = shown(&why.trim().replace('\n', " "));
        Failure::Usage(format!("{}:{line}:{column}: {why}", self.file))
    }
}
