//! JSON, with comments and without, by `jsonc-parser`'s tree that keeps every byte.

use std::collections::HashSet;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value as Json;

use super::{EditError, Format, Place};
use crate::entry::Value;

/// What the clients' own parsers take, and no more.
fn options(format: Format) -> ParseOptions {
    let relaxed = format == Format::JsonWithComments;
    ParseOptions {
        allow_comments: relaxed,
        allow_trailing_commas: relaxed,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn tree(body: &str, format: Format) -> Result<CstRootNode, EditError> {
    CstRootNode::parse(body, &options(format)).map_err(|error| EditError::Unreadable(error.to_string()))
}

/// By serde_json; comments and last commas are blanked out first.
pub(super) fn parse(body: &str, format: Format) -> Result<Json, EditError> {
    if let Some(value) = tree(body, format)?.value() {
        names_are_single(&value)?;
    }
    let strict = if format == Format::Json { body.to_owned() } else { blanked(body) };
    serde_json::from_str(&strict).map_err(|error| EditError::Unreadable(error.to_string()))
}

/// The same name twice in one table: most readers take the last, and an editor would change the first.
fn names_are_single(value: &CstNode) -> Result<(), EditError> {
    if let Some(object) = value.as_object() {
        let mut seen = HashSet::new();
        for member in object.properties() {
            let name = member.decoded_name().unwrap_or_default();
            if let Some(inner) = member.value() {
                names_are_single(&inner)?;
            }
            if !seen.insert(name.clone()) {
                return Err(EditError::Twice(name));
            }
        }
    }
    value.as_array().map_or(Ok(()), |array| array.elements().iter().try_for_each(names_are_single))
}

/// The text with spaces in place of comments and of commas after a last member.
fn blanked(body: &str) -> String {
    let mut bytes = body.as_bytes().to_vec();
    let (mut at, mut last_comma) = (0, None);
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => end_of_text(&bytes, at),
            (b'/', Some(b'/')) => blank(&mut bytes, at, |rest| rest.iter().position(|b| *b == b'\n')),
            (b'/', Some(b'*')) => {
                blank(&mut bytes, at, |rest| rest.windows(2).position(|w| w == b"*/").map(|at| at + 2))
            }
            _ => at + 1,
        };
        match bytes[at] {
            b',' => last_comma = Some(at),
            b'}' | b']' => {
                if let Some(comma) = last_comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => last_comma = None,
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn blank(bytes: &mut [u8], start: usize, length: impl Fn(&[u8]) -> Option<usize>) -> usize {
    let end = length(&bytes[start..]).map_or(bytes.len(), |length| start + length);
    bytes[start..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    end
}

pub(super) fn with_entry(
    body: &str,
    format: Format,
    place: Place<'_>,
    entry: &Value,
) -> Result<String, EditError> {
    if body.trim().is_empty() {
        return Ok(fresh(body, place, entry));
    }
    let root = tree(body, format)?;
    let mut object = root.object_value().ok_or_else(|| EditError::NotATable("the whole file".into()))?;
    for table in place.tables {
        object = inner(&object, table)?;
    }
    object.append(place.name, input(entry));
    Ok(root.to_string())
}

/// Stands for a value until that is put in as text.
const STAND_IN: &str = "keyfob puts an entry here";

/// With the value that stands at this place of another text, as it is written there.
pub(super) fn with_entry_of(
    body: &str,
    format: Format,
    place: Place<'_>,
    other: &str,
) -> Result<String, EditError> {
    let absent = || EditError::NotATable(place.name.into());
    let mut object = tree(other, format)?.object_value().ok_or_else(absent)?;
    for table in place.tables {
        object = object.get(table).and_then(|table| table.value()?.as_object()).ok_or_else(absent)?;
    }
    let value = object.get(place.name).and_then(|member| member.value()).ok_or_else(absent)?.to_string();
    if body.contains(STAND_IN) {
        return Err(EditError::Disturbed);
    }
    let with_stand_in = with_entry(body, format, place, &Value::Text(STAND_IN.into()))?;
    Ok(with_stand_in.replacen(&format!("\"{STAND_IN}\""), &value, 1))
}

/// The table of this name, made where there is none.
fn inner(object: &CstObject, table: &str) -> Result<CstObject, EditError> {
    let wrong = || EditError::NotATable(table.into());
    let Some(member) = object.get(table) else {
        let made = object.append(table, CstInputValue::Object(Vec::new()));
        return made.value().and_then(|value| value.as_object()).ok_or_else(wrong);
    };
    match member.value() {
        Some(value) if value.as_object().is_some() => value.as_object().ok_or_else(wrong),
        Some(value) if value.as_null_keyword().is_some() => {
            member.set_value(CstInputValue::Object(Vec::new()));
            member.value().and_then(|value| value.as_object()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// A file of its own, indented by two as the clients themselves write.
fn fresh(body: &str, place: Place<'_>, entry: &Value) -> String {
    let root = CstRootNode::parse("{\n}\n", &ParseOptions::default());
    let made = root.ok().and_then(|root| {
        let mut object = root.object_value()?;
        for table in place.tables {
            object = inner(&object, table).ok()?;
        }
        object.append(place.name, input(entry));
        Some(root.to_string())
    });
    made.unwrap_or_else(|| body.to_owned())
}

pub(super) fn without_entry(
    body: &str,
    format: Format,
    place: Place<'_>,
    made: usize,
) -> Result<String, EditError> {
    let root = tree(body, format)?;
    let mut path = Vec::new();
    let mut object = root.object_value().ok_or_else(|| EditError::NotATable("the whole file".into()))?;
    for table in place.tables {
        let member = object.get(table).ok_or_else(|| EditError::NotATable((*table).into()))?;
        let within = member.value().and_then(|value| value.as_object());
        object = within.ok_or_else(|| EditError::NotATable((*table).into()))?;
        path.push((member, object.clone()));
    }
    if let Some(member) = object.get(place.name) {
        member.remove();
    }
    for (member, object) in path.into_iter().rev().take(made) {
        if !object.properties().is_empty() {
            break;
        }
        member.remove();
    }
    close_up(&root);
    Ok(root.to_string())
}

/// An outermost table that is left empty keeps its brackets and no lines between them that the removal left.
fn close_up(root: &CstRootNode) {
    let Some(object) = root.object_value() else { return };
    let has_more = object.children().iter().any(|child| child.as_comment().is_some());
    if !object.properties().is_empty() || has_more {
        return;
    }
    let lines: Vec<_> = object.children().into_iter().filter(CstNode::is_whitespace).collect();
    lines.into_iter().for_each(CstNode::remove);
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Text(text) => CstInputValue::String(text.clone()),
        Value::Flag(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::List(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Table(members) => CstInputValue::Object(
            members.iter().map(|(name, value)| (name.to_string(), input(value))).collect(),
        ),
    }
}
