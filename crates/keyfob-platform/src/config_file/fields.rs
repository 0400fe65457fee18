//! Reading one TOML table, key by key. Whatever is wrong is told with line and column and what was meant.

use chrono::TimeDelta;
use keyfob_core::failure::Failure;
use keyfob_core::profile::parse_duration;
use toml_edit::{Item, TableLike};

use crate::toml_source::Source;

/// What is wrong, without the place: for a value that is in no file yet.
pub(super) fn without_place(failure: Failure) -> Failure {
    match failure {
        Failure::Usage(text) => {
            Failure::Usage(text.split_once(": ").map_or(text.clone(), |(_, why)| why.to_owned()))
        }
        other => other,
    }
}

/// One table being read.
pub(super) struct Fields<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) table: &'a dyn TableLike,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a Source<'a>, item: &'a Item, known: &[&str]) -> Result<Self, Failure> {
        let table = item.as_table_like().ok_or_else(|| source.error(item.span(), "this must be a table"))?;
        for (key, item) in table.iter() {
            if !known.contains(&key) {
                let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
                return Err(source.error(span, &format!("unknown key `{key}`{}", did_you_mean(key, known))));
            }
        }
        Ok(Self { source, table })
    }

    pub(super) fn error(&self, key: &str, why: &str) -> Failure {
        self.source.error(self.table.get(key).and_then(Item::span), &format!("{key}: {why}"))
    }

    /// A failure at the name of a key, for keys that should not be there.
    pub(super) fn error_at_name(&self, key: &str, why: &str) -> Failure {
        self.source.error(self.table.key(key).and_then(toml_edit::Key::span), &format!("{key}: {why}"))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        item.as_str().map(Some).ok_or_else(|| self.error(key, "must be text in quotes"))
    }

    pub(super) fn owned(&self, key: &str) -> Result<Option<String>, Failure> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    /// A text that must say something.
    pub(super) fn some_text(&self, key: &str) -> Result<Option<String>, Failure> {
        let text = self.owned(key)?;
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            return Err(self.error(key, "is empty: leave the key out instead"));
        }
        Ok(text)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(false) };
        item.as_bool().ok_or_else(|| self.error(key, "must be true or false"))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let list = item.as_array().ok_or_else(|| self.error(key, "must be a list of texts"))?;
        let texts =
            list.iter().map(|value| value.as_str().ok_or_else(|| self.error(key, "must be a list of texts")));
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn duration(&self, key: &str) -> Result<Option<TimeDelta>, Failure> {
        self.text(key)?.map(|text| self.parse_duration(key, text)).transpose()
    }

    pub(super) fn parse_duration(&self, key: &str, text: &str) -> Result<TimeDelta, Failure> {
        parse_duration(text)
            .ok_or_else(|| self.error(key, &format!("`{text}` is no time span: write 60s, 5m, 2h or 7d")))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| self.error(key, &format!("`{text}` is not one of {}", known())))
    }

    pub(super) fn required(&self, key: &str, item: &Item) -> Result<&'a str, Failure> {
        self.text(key)?.ok_or_else(|| self.source.error(item.span(), &format!("`{key}` is missing here")))
    }
}

/// The nearest known key, where one is near.
fn did_you_mean(key: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|candidate| (distance(key, candidate), candidate)).min();
    nearest
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, near)| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
