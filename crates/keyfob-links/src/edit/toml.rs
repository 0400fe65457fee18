//! TOML by `toml_edit`; comments, order and dotted keys stay.

use std::ops::Range;

use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table};

use super::{EditError, Place};
use crate::entry::Value;

fn document(body: &str) -> Result<DocumentMut, EditError> {
    body.parse().map_err(|error: toml_edit::TomlError| unreadable(body, error.message(), error.span()))
}

/// Where and why, without the line itself, which may hold a secret.
fn unreadable(body: &str, why: &str, span: Option<Range<usize>>) -> EditError {
    let before = span.and_then(|span| body.get(..span.start)).unwrap_or_default();
    EditError::Unreadable(format!("line {}: {why}", before.matches('\n').count() + 1))
}

/// TOML forbids a name twice, so that its own parser refuses such a file.
pub(super) fn parse(body: &str) -> Result<Json, EditError> {
    toml_edit::de::from_str(body)
        .map_err(|error: toml_edit::de::Error| unreadable(body, error.message(), error.span()))
}

pub(super) fn with_entry(body: &str, place: Place<'_>, entry: &Value) -> Result<String, EditError> {
    let Value::Table(members) = entry else { return Err(EditError::NotATable(place.name.into())) };
    let mut made = Table::new();
    for (name, value) in members {
        made.insert(name, Item::Value(plain(value)));
    }
    made.decor_mut().set_prefix(if body.trim().is_empty() { "" } else { "\n" });
    with_item(body, place, Item::Table(made))
}

/// With the item that stands at this place of another text, as it is written there.
pub(super) fn with_entry_of(body: &str, place: Place<'_>, other: &str) -> Result<String, EditError> {
    let other = document(other)?;
    let mut item = Some(other.as_item());
    for name in place.tables.iter().chain([&place.name]) {
        item = item.and_then(|item| item.get(name));
    }
    let mut item = item.cloned().ok_or_else(|| EditError::NotATable(place.name.into()))?;
    if let Item::Table(table) = &mut item {
        // At the end, and not where it stood among other tables.
        table.set_position(None);
    }
    with_item(body, place, item)
}

fn with_item(body: &str, place: Place<'_>, item: Item) -> Result<String, EditError> {
    let mut document = document(body)?;
    let mut table = document.as_table_mut();
    for name in place.tables {
        let inner = table.entry(name).or_insert_with(|| {
            let mut made = Table::new();
            // No header of its own: the entry's names the whole path.
            made.set_implicit(true);
            Item::Table(made)
        });
        table = inner.as_table_mut().ok_or_else(|| EditError::NotATable((*name).into()))?;
    }
    table.insert(place.name, item);
    let text = document.to_string();
    Ok(if body.is_empty() || body.ends_with('\n') { text } else { joined(body, &text) })
}

/// A last line without an end: the new table must not stand on it, and `toml_edit` may have ended it for us.
fn joined(body: &str, text: &str) -> String {
    match text.strip_prefix(body) {
        Some(added) if !added.starts_with('\n') => format!("{body}\n{added}"),
        _ => text.to_owned(),
    }
}

pub(super) fn without_entry(body: &str, place: Place<'_>, made: usize) -> Result<String, EditError> {
    let mut document = document(body)?;
    take(document.as_table_mut(), place, made);
    Ok(document.to_string())
}

fn take(table: &mut Table, place: Place<'_>, made: usize) {
    let Some((outer, rest)) = place.tables.split_first() else {
        table.remove(place.name);
        return;
    };
    let Some(inner) = table.get_mut(outer).and_then(Item::as_table_mut) else { return };
    take(inner, Place { tables: rest, ..place }, made);
    if rest.len() < made && inner.is_empty() {
        table.remove(outer);
    }
}

fn plain(value: &Value) -> toml_edit::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) => i64::from(*number).into(),
        Value::List(values) => toml_edit::Value::Array(values.iter().map(plain).collect::<Array>()),
        Value::Table(members) => {
            let inline: InlineTable =
                members.iter().map(|(name, value)| (name.as_ref(), plain(value))).collect();
            toml_edit::Value::InlineTable(inline)
        }
    }
}
