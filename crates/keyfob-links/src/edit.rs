//! One entry into a client's file and out of it again; every other byte stays.
//!
//! A file that cannot be understood is refused and never touched: not parseable, the same name twice (an editor would
//! change the first while the client reads the last), or something else where the table of servers should be. What was
//! written is read again by a second parser, and all other values are compared.

mod json;
mod toml;
mod yaml;

use serde_json::Value as Json;

use crate::entry::Value;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON to the letter: a comment or a comma too many would make the client refuse its whole file.
    Json,
    /// JSON with comments and commas after the last member.
    JsonWithComments,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Why a file was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It does not parse; where and why, in the parser's words.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The same name stands twice in one table.
    #[error("`{0}` stands in it twice")]
    Twice(String),
    /// Something else stands where a table belongs.
    #[error("`{0}` is not a table of names")]
    NotATable(String),
    /// An entry of this name is there, and it is not what keyfob would write.
    #[error("an entry `{0}` is there already and was not made by keyfob")]
    Taken(String),
    /// LF and CRLF in one file, in a format whose editor knows one of them.
    #[error("its lines end in two different ways")]
    MixedLineEnds,
    /// What the editor made of it reads differently in another place. Nothing was written.
    #[error("the change would have altered something else in it")]
    Disturbed,
}

/// The place of an entry: the tables that lead to it, and its name.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The names of the tables, outermost first.
    pub tables: &'a [&'a str],
    /// The entry's own name.
    pub name: &'a str,
}

/// The byte order mark some editors of Windows put first.
const MARK: &str = "\u{feff}";

/// The entry at this place as JSON; `None` where there is none, or the file is empty.
pub fn read(text: &str, format: Format, place: Place<'_>) -> Result<Option<Json>, EditError> {
    let whole = parse(text, format)?;
    let mut at = &whole;
    for table in place.tables {
        match at.get(table) {
            Some(inner) if inner.is_object() => at = inner,
            Some(Json::Null) | None => return Ok(None),
            Some(_) => return Err(EditError::NotATable((*table).into())),
        }
    }
    Ok(at.get(place.name).cloned())
}

/// The text with this entry added. An equal entry that is there changes nothing; another one of that name is
/// [`EditError::Taken`].
pub fn with_entry(text: &str, format: Format, place: Place<'_>, entry: &Value) -> Result<String, EditError> {
    match read(text, format, place)? {
        Some(there) if there == entry.to_json() => return Ok(text.to_owned()),
        Some(_) => return Err(EditError::Taken(place.name.into())),
        None => {}
    }
    let after = edited(text, format, |body| match format {
        Format::Json | Format::JsonWithComments => json::with_entry(body, format, place, entry),
        Format::Toml => toml::with_entry(body, place, entry),
        Format::Yaml => yaml::with_entry(body, place, entry),
    })?;
    let mut expected = parse(text, format)?;
    put(&mut expected, place, entry.to_json());
    undisturbed(&after, format, &expected)
}

/// The text with the entry as it stands at the same place of another text, in the same bytes; there must be none yet.
pub fn with_entry_of(text: &str, format: Format, place: Place<'_>, other: &str) -> Result<String, EditError> {
    let Some(entry) = read(other, format, place)? else { return Ok(text.to_owned()) };
    if read(text, format, place)?.is_some() {
        return Err(EditError::Taken(place.name.into()));
    }
    let other = other.strip_prefix(MARK).unwrap_or(other);
    let mut expected = parse(text, format)?;
    put(&mut expected, place, entry);
    if format == Format::Yaml {
        let by_lines =
            edited(text, format, |body| yaml::with_lines_of(body, place, other).ok_or(EditError::Disturbed));
        if let Ok(after) = by_lines.and_then(|after| undisturbed(&after, format, &expected)) {
            return Ok(after);
        }
    }
    let after = edited(text, format, |body| match format {
        Format::Json | Format::JsonWithComments => json::with_entry_of(body, format, place, other),
        Format::Toml => toml::with_entry_of(body, place, &other.replace("\r\n", "\n")),
        Format::Yaml => yaml::with_entry_of(body, place, other),
    })?;
    undisturbed(&after, format, &expected)
}

/// The text without the entry at this place; tables that `made` names (the innermost ones of the place) go too when they
/// are left empty. Without such an entry the text stays as it is.
pub fn without_entry(text: &str, format: Format, place: Place<'_>, made: usize) -> Result<String, EditError> {
    if read(text, format, place)?.is_none() {
        return Ok(text.to_owned());
    }
    let after = edited(text, format, |body| match format {
        Format::Json | Format::JsonWithComments => json::without_entry(body, format, place, made),
        Format::Toml => toml::without_entry(body, place, made),
        Format::Yaml => yaml::without_entry(body, place, made),
    })?;
    let expected = |made| {
        parse(text, format).map(|mut whole| {
            take(&mut whole, place, made);
            whole
        })
    };
    match undisturbed(&after, format, &expected(made)?) {
        // A table of TOML that has no header of its own is gone with the last entry in it.
        Err(EditError::Disturbed) if format == Format::Toml => {
            undisturbed(&after, format, &expected(place.tables.len())?)
        }
        other => other,
    }
}

/// How many of the place's tables the text lacks: these are made with the entry.
pub fn tables_to_make(text: &str, format: Format, place: Place<'_>) -> Result<usize, EditError> {
    let whole = parse(text, format)?;
    let mut at = Some(&whole);
    let there = place.tables.iter().take_while(|table| {
        at = at.and_then(|table_of| table_of.get(**table)).filter(|inner| inner.is_object());
        at.is_some()
    });
    Ok(place.tables.len() - there.count())
}

/// Whether nothing but white space and the outermost brackets is in it.
pub fn is_empty(text: &str, format: Format) -> bool {
    parse(text, format).is_ok_and(|whole| whole.as_object().is_some_and(serde_json::Map::is_empty))
}

/// Sets the mark and the line ends aside where the editor of the format would lose them.
fn edited(
    text: &str,
    format: Format,
    edit: impl FnOnce(&str) -> Result<String, EditError>,
) -> Result<String, EditError> {
    let (mark, body) = text.strip_prefix(MARK).map_or(("", text), |body| (MARK, body));
    if format != Format::Toml || !body.contains("\r\n") {
        return Ok(format!("{mark}{}", edit(body)?));
    }
    if body.matches('\n').count() != body.matches("\r\n").count() {
        return Err(EditError::MixedLineEnds);
    }
    let after = edit(&body.replace("\r\n", "\n"))?;
    Ok(format!("{mark}{}", after.replace('\n', "\r\n")))
}

/// The whole file as JSON, read by a parser that is not the one which edits; an empty file is an empty table.
fn parse(text: &str, format: Format) -> Result<Json, EditError> {
    let body = text.strip_prefix(MARK).unwrap_or(text);
    let whole = match format {
        _ if body.trim().is_empty() => return Ok(Json::Object(serde_json::Map::new())),
        Format::Json | Format::JsonWithComments => json::parse(body, format)?,
        Format::Toml => toml::parse(body)?,
        Format::Yaml => yaml::parse(body)?,
    };
    match whole {
        Json::Object(_) => Ok(whole),
        // A YAML file of comments alone.
        Json::Null if format == Format::Yaml => Ok(Json::Object(serde_json::Map::new())),
        _ => Err(EditError::NotATable("the whole file".into())),
    }
}

/// The whole file as JSON.
pub(crate) fn whole(text: &str, format: Format) -> Result<Json, EditError> {
    parse(text, format)
}

fn put(whole: &mut Json, place: Place<'_>, entry: Json) {
    let mut at = whole;
    for table in place.tables {
        let Some(members) = at.as_object_mut() else { return };
        let inner = members.entry(*table).or_insert_with(|| Json::Object(serde_json::Map::new()));
        if inner.is_null() {
            *inner = Json::Object(serde_json::Map::new());
        }
        at = inner;
    }
    if let Some(members) = at.as_object_mut() {
        members.insert(place.name.to_owned(), entry);
    }
}

fn take(whole: &mut Json, place: Place<'_>, made: usize) {
    let Some((outer, rest)) = place.tables.split_first() else {
        if let Some(members) = whole.as_object_mut() {
            members.remove(place.name);
        }
        return;
    };
    let Some(members) = whole.as_object_mut() else { return };
    let Some(inner) = members.get_mut(*outer) else { return };
    take(inner, Place { tables: rest, ..place }, made);
    // `made` counts from the innermost table.
    let is_made = rest.len() < made;
    if is_made && inner.as_object().is_some_and(serde_json::Map::is_empty) {
        members.remove(*outer);
    }
}

fn undisturbed(after: &str, format: Format, expected: &Json) -> Result<String, EditError> {
    match parse(after, format) {
        Ok(found) if found == *expected => Ok(after.to_owned()),
        _ => Err(EditError::Disturbed),
    }
}

#[cfg(test)]
mod tests;
