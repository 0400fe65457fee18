//! `[[profiles.NAME.deliver]]`: where tokens are written.

use keyfob_core::failure::Failure;
use keyfob_core::profile::{
    CommandDelivery, CommandInput, Delivery, DeliveryTarget, KeyringFormat, TokenFileFormat,
};
use toml_edit::Item;

use super::fields::Fields;
use crate::toml_source::Source;

const KEYS: [&str; 11] = [
    "kind",
    "path",
    "format",
    "time_zone",
    "key",
    "service",
    "account",
    "include_refresh_token",
    "command",
    "variable",
    "template",
];

/// All of them, in order.
pub(super) fn deliveries(source: &Source<'_>, fields: &Fields<'_>) -> Result<Vec<Delivery>, Failure> {
    let Some(item) = fields.table.get("deliver") else { return Ok(Vec::new()) };
    let tables = item
        .as_array_of_tables()
        .ok_or_else(|| fields.error("deliver", "write [[profiles.NAME.deliver]] tables"))?;
    let mut deliveries: Vec<Delivery> = Vec::new();
    for table in tables {
        let item = Item::Table(table.clone());
        let delivery = delivery(source, &item)?;
        if deliveries.iter().any(|earlier| earlier.target.is_same_place(&delivery.target)) {
            return Err(
                source.error(table.span(), &format!("the same target is given twice: {}", delivery.target))
            );
        }
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

fn delivery(source: &Source<'_>, item: &Item) -> Result<Delivery, Failure> {
    let fields = Fields::new(source, item, &KEYS)?;
    let target = match fields.required("kind", item)? {
        "token-file" => DeliveryTarget::TokenFile {
            path: expanded("path", fields.required("path", item)?, &fields)?,
            format: file_format(&fields)?,
        },
        "keyring" => DeliveryTarget::KeyringEntry {
            service: said(&fields, "service", item)?,
            account: said(&fields, "account", item)?,
            format: fields
                .word("format", &[("bare", KeyringFormat::Bare), ("json", KeyringFormat::Json)])?
                .unwrap_or_default(),
        },
        "command" => DeliveryTarget::Command(command(&fields, item)?),
        other => {
            let known = "token-file, keyring, command";
            return Err(fields.error("kind", &format!("`{other}` is not one of {known}")));
        }
    };
    Ok(Delivery { target, include_refresh_token: fields.flag("include_refresh_token")? })
}

/// `command = ["/path/to/program", "argument"]`: never a line for a shell.
fn command(fields: &Fields<'_>, item: &Item) -> Result<CommandDelivery, Failure> {
    let expected = "must be an array of texts, the absolute path of a program first";
    let Some(words) = fields.table.get("command") else {
        return Err(fields.source.error(item.span(), &format!("command {expected}")));
    };
    let words = words.as_array().ok_or_else(|| fields.error("command", expected))?;
    let argv: Option<Vec<String>> = words.iter().map(|word| word.as_str().map(str::to_owned)).collect();
    let mut argv = argv.filter(|argv| !argv.is_empty()).ok_or_else(|| fields.error("command", expected))?;
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(fields.error("command", "an argument cannot hold a NUL"));
    }
    // A bare name would be another program as soon as PATH is another.
    argv[0] = expanded("command", &argv[0], fields)?;
    if let Some(key) = ["path", "time_zone", "service", "account", "include_refresh_token"]
        .into_iter()
        .find(|key| fields.table.contains_key(key))
    {
        return Err(fields.error_at_name(key, "is not for commands"));
    }
    let format = fields.word("format", &[("bare", "bare"), ("env", "env"), ("json", "json")])?;
    if format != Some("env") && fields.table.contains_key("key") {
        return Err(fields.error_at_name("key", "is for format `env` alone"));
    }
    let input = match (fields.text("variable")?, format) {
        (Some(_), Some(_)) => {
            return Err(fields.error("variable", "either a variable or a format on standard input"));
        }
        (Some(_), None) => CommandInput::Variable { name: variable(fields, "variable")? },
        (None, Some("env")) => CommandInput::Env { key: variable(fields, "key")? },
        (None, Some("json")) => CommandInput::Json,
        (None, _) => CommandInput::Bare,
    };
    Ok(CommandDelivery { argv, input })
}

fn said(fields: &Fields<'_>, key: &str, item: &Item) -> Result<String, Failure> {
    fields.required(key, item)?;
    Ok(fields.some_text(key)?.unwrap_or_default())
}

/// Letters, digits and underscores, as every shell takes them.
fn variable(fields: &Fields<'_>, name: &str) -> Result<String, Failure> {
    let Some(key) = fields.text(name)? else { return Ok("KEYFOB_ACCESS_TOKEN".into()) };
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(key.to_owned());
    }
    Err(fields.error(name, "must be the name of a variable: letters, digits and _"))
}

fn file_format(fields: &Fields<'_>) -> Result<TokenFileFormat, Failure> {
    let format = fields.text("format")?.unwrap_or("keyfob");
    for (key, only) in [("key", "env"), ("time_zone", "mcp-tokens"), ("template", "template")] {
        if format != only && fields.table.contains_key(key) {
            return Err(fields.error_at_name(key, &format!("is for format `{only}` alone")));
        }
    }
    let utc = fields.word("time_zone", &[("utc", true), ("local", false)])?.unwrap_or_default();
    match format {
        "keyfob" => Ok(TokenFileFormat::Keyfob),
        "mcp-tokens" => Ok(TokenFileFormat::McpTokens { utc }),
        "credentials" => Ok(TokenFileFormat::Credentials),
        "bare" => Ok(TokenFileFormat::Bare),
        "env" => Ok(TokenFileFormat::Env { key: variable(fields, "key")? }),
        "template" => {
            let Some(template) = fields.text("template")? else {
                return Err(fields.error("format", "`template` needs the path of yours: template = \"…\""));
            };
            Ok(TokenFileFormat::Template { template: expanded("template", template, fields)? })
        }
        other => {
            let known = "keyfob, mcp-tokens, credentials, env, bare, template";
            Err(fields.error("format", &format!("`{other}` is not one of {known}")))
        }
    }
}

/// `~/` is the home folder; other paths must be absolute, because keyfob runs from anywhere.
fn expanded(key: &str, path: &str, fields: &Fields<'_>) -> Result<String, Failure> {
    if let Some(rest) = path.strip_prefix("~/") {
        let home =
            std::env::var_os("HOME").ok_or_else(|| fields.error(key, "there is no HOME to expand ~ with"))?;
        return Ok(std::path::PathBuf::from(home).join(rest).to_string_lossy().into_owned());
    }
    if std::path::Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    Err(fields.error(key, "must be absolute or begin with ~/"))
}
