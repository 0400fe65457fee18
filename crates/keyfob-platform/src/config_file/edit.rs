//! Changes to `profiles.toml` that leave every other byte alone.

use chrono::TimeDelta;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{
    Access, CommandDelivery, CommandInput, Delivery, DeliveryTarget, KeyringFormat, LifetimeAnswer,
    LifetimeFrom, NOT_KNOWN, Profile, RedirectChoice, ResourceParameter, TokenFileFormat, default_reminders,
    duration_text,
};
use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item, RawString, Table, TableLike, Value, value,
};

/// Adds a table with the settings that differ from their defaults.
pub(super) fn add(document: &mut DocumentMut, profile: &Profile) -> Result<(), Failure> {
    let profiles = profiles(document)?;
    if profiles.contains_key(profile.name.as_str()) {
        return Err(Failure::Usage(format!("there is a profile `{}` already", profile.name)));
    }
    profiles.insert(profile.name.as_str(), Item::Table(table(profile)));
    Ok(())
}

/// Takes a table out.
pub(super) fn remove(document: &mut DocumentMut, name: &ProfileName) -> Result<(), Failure> {
    match profiles(document)?.remove(name.as_str()) {
        Some(_) => Ok(()),
        None => Err(Failure::NoSuchProfile(name.to_string())),
    }
}

/// Sets `paused = true`, or takes the key out.
pub(super) fn set_paused(
    document: &mut DocumentMut,
    name: &ProfileName,
    paused: bool,
) -> Result<(), Failure> {
    let table = profiles(document)?.get_mut(name.as_str()).and_then(Item::as_table_like_mut);
    let table = table.ok_or_else(|| Failure::NoSuchProfile(name.to_string()))?;
    if paused {
        table.insert("paused", value(true));
    } else {
        table.remove("paused");
    }
    Ok(())
}

fn profiles(document: &mut DocumentMut) -> Result<&mut Table, Failure> {
    let item = document.entry("profiles").or_insert_with(|| {
        let mut table = Table::new();
        // Only [profiles.NAME] headings are written, no empty [profiles].
        table.set_implicit(true);
        Item::Table(table)
    });
    item.as_table_mut().ok_or_else(|| {
        Failure::Usage("profiles.toml: `profiles` must be written as [profiles.NAME] tables".into())
    })
}

fn table(profile: &Profile) -> Table {
    let mut table = Table::new();
    let mut set = |key: &str, text: Option<&str>| {
        if let Some(text) = text {
            table.insert(key, value(text));
        }
    };
    set("url", Some(profile.url.as_str()));
    set("label", profile.label.as_deref());
    set(
        "access",
        profile.access.map(|access| match access {
            Access::Read => "read",
            Access::Write => "write",
        }),
    );
    set(
        "grant",
        match profile.grant {
            GrantKind::AuthorizationCode => None,
            GrantKind::Device => Some("device"),
            GrantKind::ClientCredentials => Some("client-credentials"),
        },
    );
    set("audience", profile.audience.as_deref());
    set("issuer", profile.issuer.as_deref());
    if profile.redirect != RedirectChoice::default() {
        set("redirect", Some(&profile.redirect.to_string()));
    }
    client(&mut table, profile);
    resource(&mut table, profile);
    times(&mut table, profile);
    if !profile.scopes.is_empty() {
        table.insert("scopes", value(profile.scopes.names().iter().collect::<Array>()));
    }
    if !profile.extra_params.is_empty() {
        let pairs = profile.extra_params.iter().map(|(name, text)| (name.as_str(), Value::from(text)));
        table.insert("extra_params", value(pairs.collect::<InlineTable>()));
    }
    for (key, set) in [("private_network", profile.private_network), ("paused", profile.paused)] {
        if set {
            table.insert(key, value(true));
        }
    }
    if !profile.deliver.is_empty() {
        let tables: ArrayOfTables = profile.deliver.iter().map(delivery).collect();
        table.insert("deliver", Item::ArrayOfTables(tables));
    }
    table
}

fn client(table: &mut Table, profile: &Profile) {
    replace(table, "client_id", profile.client.client_id.as_deref());
    replace(
        table,
        "client_auth",
        profile.client.authentication.map(|method| match method {
            ClientAuthentication::None => "none",
            ClientAuthentication::ClientSecretBasic => "basic",
            ClientAuthentication::ClientSecretPost => "post",
            ClientAuthentication::PrivateKeyJwt => "private-key-jwt",
        }),
    );
    replace(table, "client_metadata_url", profile.client.metadata_url.as_deref());
}

fn resource(table: &mut Table, profile: &Profile) {
    match &profile.resource {
        ResourceParameter::Published => {}
        ResourceParameter::Given(resource) => replace(table, "resource", Some(resource)),
        ResourceParameter::Omitted => {
            table.insert("resource", value(false));
        }
    }
}

fn times(table: &mut Table, profile: &Profile) {
    if profile.remind != default_reminders() {
        table.insert("remind", value(marks_array(&profile.remind)));
    }
    if !profile.margin.is_zero() {
        table.insert("margin", value(duration_text(profile.margin)));
    }
    lifetime(table, profile.sign_in_lifetime);
}

/// Writes the answer to "when does this sign-in end?", or takes it out.
fn lifetime(table: &mut dyn TableLike, answer: LifetimeAnswer) {
    let (text, from) = match answer {
        LifetimeAnswer::Open => (None, LifetimeFrom::SignIn),
        LifetimeAnswer::NotKnown => (Some(NOT_KNOWN.to_owned()), LifetimeFrom::SignIn),
        LifetimeAnswer::Known(known) => (Some(duration_text(known.lifetime)), known.from),
    };
    replace(table, "sign_in_lifetime", text.as_deref());
    replace(table, "sign_in_lifetime_from", (from == LifetimeFrom::Refresh).then_some("refresh"));
}

fn marks_array(marks: &[TimeDelta]) -> Array {
    marks.iter().map(|mark| duration_text(*mark)).collect()
}

/// Sets a text and keeps what stands around it, or takes the key out.
pub(super) fn replace(table: &mut dyn TableLike, key: &str, text: Option<&str>) {
    match text {
        Some(text) => put(table, key, text.into()),
        None => drop(table.remove(key)),
    }
}

/// Sets a value and keeps what stands around it.
fn put(table: &mut dyn TableLike, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(key, value(new))),
    }
}

/// The usual marks need no line, unless somebody has written a comment to the line that is there.
pub(super) fn set_reminders(
    document: &mut DocumentMut,
    name: &ProfileName,
    marks: &[TimeDelta],
) -> Result<(), Failure> {
    const KEY: &str = "remind";
    let table = profiles(document)?.get_mut(name.as_str()).and_then(Item::as_table_like_mut);
    let table = table.ok_or_else(|| Failure::NoSuchProfile(name.to_string()))?;
    if marks == default_reminders() && !is_commented(table, KEY) {
        table.remove(KEY);
    } else {
        put(table, KEY, marks_array(marks).into());
    }
    Ok(())
}

/// A comment stands above a key or behind its value.
fn is_commented(table: &dyn TableLike, key: &str) -> bool {
    let says =
        |text: Option<&RawString>| text.and_then(RawString::as_str).is_some_and(|text| text.contains('#'));
    let above = table.key(key).is_some_and(|key| says(key.leaf_decor().prefix()));
    above || table.get(key).and_then(Item::as_value).is_some_and(|value| says(value.decor().suffix()))
}

/// Answers "when does this sign-in end?".
pub(super) fn set_sign_in_lifetime(
    document: &mut DocumentMut,
    name: &ProfileName,
    answer: LifetimeAnswer,
) -> Result<(), Failure> {
    let table = profiles(document)?.get_mut(name.as_str()).and_then(Item::as_table_like_mut);
    lifetime(table.ok_or_else(|| Failure::NoSuchProfile(name.to_string()))?, answer);
    Ok(())
}

fn delivery(delivery: &Delivery) -> Table {
    let mut table = Table::new();
    match &delivery.target {
        DeliveryTarget::TokenFile { path, format } => {
            table.insert("kind", value("token-file"));
            table.insert("path", value(path));
            let (name, extra) = match format {
                TokenFileFormat::Keyfob => ("keyfob", None),
                TokenFileFormat::McpTokens { utc: false } => ("mcp-tokens", None),
                TokenFileFormat::McpTokens { utc: true } => ("mcp-tokens", Some(("time_zone", "utc"))),
                TokenFileFormat::Credentials => ("credentials", None),
                TokenFileFormat::Env { key } => ("env", Some(("key", key.as_str()))),
                TokenFileFormat::Bare => ("bare", None),
                TokenFileFormat::Template { template } => ("template", Some(("template", template.as_str()))),
            };
            table.insert("format", value(name));
            if let Some((key, text)) = extra {
                table.insert(key, value(text));
            }
        }
        DeliveryTarget::KeyringEntry { service, account, format } => {
            table.insert("kind", value("keyring"));
            table.insert("service", value(service));
            table.insert("account", value(account));
            if *format == KeyringFormat::Json {
                table.insert("format", value("json"));
            }
        }
        DeliveryTarget::Command(to) => command(&mut table, to),
    }
    if delivery.include_refresh_token {
        table.insert("include_refresh_token", value(true));
    }
    table
}

fn command(table: &mut Table, command: &CommandDelivery) {
    table.insert("kind", value("command"));
    table.insert("command", value(command.argv.iter().collect::<Array>()));
    let mut set = |key: &str, text: &str| drop(table.insert(key, value(text)));
    match &command.input {
        CommandInput::Bare => {}
        CommandInput::Env { key } => {
            set("format", "env");
            set("key", key);
        }
        CommandInput::Json => set("format", "json"),
        CommandInput::Variable { name } => set("variable", name),
    }
}
