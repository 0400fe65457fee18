//! YAML by `yaml-edit`, which is young: what it wrote is read again by another parser before it is believed.

mod put_back;

use std::str::FromStr;

use serde_json::Value as Json;
use yaml_edit::{Document, Mapping, YamlFile};

use super::{EditError, Place};
use crate::entry::Value;

pub(super) fn parse(body: &str) -> Result<Json, EditError> {
    // Without the lines themselves, which may hold a secret.
    serde_saphyr::from_str(body)
        .map_err(|error| EditError::Unreadable(error.without_snippet().to_string().trim().to_owned()))
}

fn document(body: &str) -> Result<(YamlFile, Document), EditError> {
    let unreadable = |why: &str| EditError::Unreadable(why.to_owned());
    let file =
        YamlFile::from_str(body).map_err(|_| unreadable("it is YAML of a shape that keyfob cannot edit"))?;
    let mut documents = file.documents();
    let (Some(first), None) = (documents.next(), documents.next()) else {
        return Err(unreadable("it holds more than one document"));
    };
    Ok((file, first))
}

pub(super) fn with_entry(body: &str, place: Place<'_>, entry: &Value) -> Result<String, EditError> {
    let [table] = place.tables else { return Err(EditError::NotATable(place.tables.join("."))) };
    let block = block(place.name, entry, 2);
    if body.trim().is_empty() {
        return Ok(format!("{table}:\n{block}"));
    }
    // A table that is missing comes at the end, as text, since there is nothing to disturb.
    let at_the_end = || {
        let end = if body.ends_with('\n') { "" } else { "\n" };
        Ok(format!("{body}{end}{table}:\n{block}"))
    };
    if parse(body)? == Json::Null {
        // Comments alone.
        return at_the_end();
    }
    let (file, document) = document(body)?;
    let whole = document.as_mapping().ok_or_else(|| EditError::NotATable("the whole file".into()))?;
    if !whole.contains_key(*table) {
        return at_the_end();
    }
    let is_empty = whole.get_mapping(*table).is_none_or(|inner| inner.is_empty());
    if is_empty && let Some(text) = with_lines_of(body, place, &format!("{table}:\n{block}")) {
        return Ok(text);
    }
    if let Some(inner) = whole.get_mapping(*table) {
        let made = Document::from_str(&self::block(place.name, entry, 0))
            .ok()
            .and_then(|made| made.as_mapping()?.get_mapping(place.name));
        let made = made.ok_or_else(|| EditError::Unreadable("the new entry".into()))?;
        inner.set(place.name, made);
    }
    Ok(file.to_string())
}

/// With the lines of the entry that stands at this place of another text; `None` where one of them is not written line by line.
pub(super) fn with_lines_of(body: &str, place: Place<'_>, other: &str) -> Option<String> {
    let [table] = place.tables else { return None };
    put_back::with_entry_of(body, table, place.name, other)
}

/// With the entry that stands at this place of another text, in the style of the table into which it goes.
pub(super) fn with_entry_of(body: &str, place: Place<'_>, other: &str) -> Result<String, EditError> {
    let [table] = place.tables else { return Err(EditError::NotATable(place.tables.join("."))) };
    let (_other, kept) = document(other)?;
    let (file, here) = document(body)?;
    let table_of = |document: &Document| document.as_mapping()?.get_mapping(*table);
    let entry = table_of(&kept).and_then(|table| table.get_mapping(place.name));
    match (table_of(&here), entry) {
        (Some(inner), Some(entry)) => inner.set(place.name, entry),
        _ => return Err(EditError::NotATable((*table).into())),
    }
    Ok(file.to_string())
}

pub(super) fn without_entry(body: &str, place: Place<'_>, made: usize) -> Result<String, EditError> {
    let [table] = place.tables else { return Err(EditError::NotATable(place.tables.join("."))) };
    let (file, document) = document(body)?;
    let whole = document.as_mapping().ok_or_else(|| EditError::NotATable("the whole file".into()))?;
    let inner: Mapping = whole.get_mapping(*table).ok_or_else(|| EditError::NotATable((*table).into()))?;
    inner.remove(place.name);
    if made > 0 && inner.is_empty() {
        whole.remove(*table);
    }
    Ok(file.to_string())
}

/// The entry as block YAML, indented; texts are written as JSON, which YAML reads as the same text.
fn block(name: &str, entry: &Value, indent: usize) -> String {
    let space = " ".repeat(indent);
    match entry {
        Value::Table(members) if !members.is_empty() => {
            let inner: String = members.iter().map(|(name, value)| block(name, value, indent + 2)).collect();
            format!("{space}{name}:\n{inner}")
        }
        plain => format!("{space}{name}: {}\n", plain.to_json()),
    }
}
