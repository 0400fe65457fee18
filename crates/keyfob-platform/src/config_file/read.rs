//! From TOML to profiles. Whatever is wrong is told with line and column and what was meant.

use std::ops::Range;

use chrono::TimeDelta;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{
    Access, Delivery, DeliveryTarget, GrantKind, KeyringFormat, LifetimeAnswer, LifetimeFrom, NOT_KNOWN,
    Profile, RedirectChoice, RedirectHost, ResourceParameter, SignInLifetime, TokenFileFormat,
    parse_duration,
};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use toml_edit::{Document, Item, TableLike};

/// Keys of a profile. A key that is not here is a typo.
const KEYS: [&str; 22] = [
    "url",
    "label",
    "access",
    "grant",
    "remind",
    "sign_in_lifetime",
    "sign_in_lifetime_from",
    "deliver",
    "scopes",
    "audience",
    "resource",
    "issuer",
    "client_id",
    "client_auth",
    "client_metadata_url",
    "redirect",
    "extra_params",
    "margin",
    "private_network",
    "paused",
    "device",
    "note",
];

const DELIVERY_KEYS: [&str; 8] =
    ["kind", "path", "format", "time_zone", "key", "service", "account", "include_refresh_token"];

/// Reads a whole file.
pub(super) fn profiles(text: &str, file: &str) -> Result<Vec<Profile>, Failure> {
    let document = Document::parse(text).map_err(|error| syntax(&error, text, file))?;
    let source = Source { text, file };
    let Some(item) = document.get("profiles") else { return Ok(Vec::new()) };
    let table =
        item.as_table_like().ok_or_else(|| source.error(item.span(), "`profiles` must be a table"))?;
    let mut profiles =
        table.iter().map(|(name, item)| profile(&source, name, item)).collect::<Result<Vec<_>, _>>()?;
    profiles.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(profiles)
}

/// TOML that does not parse.
pub(super) fn syntax(error: &toml_edit::TomlError, text: &str, file: &str) -> Failure {
    Source { text, file }.error(error.span(), error.message())
}

struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    fn error(&self, span: Option<Range<usize>>, why: &str) -> Failure {
        let start = span.map_or(0, |span| span.start.min(self.text.len()));
        let before = &self.text[..self.text.floor_char_boundary(start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        Failure::Usage(format!("{}:{line}:{column}: {}", self.file, why.trim()))
    }
}

/// One table being read.
struct Fields<'a> {
    source: &'a Source<'a>,
    table: &'a dyn TableLike,
}

impl<'a> Fields<'a> {
    fn new(source: &'a Source<'a>, item: &'a Item, known: &[&str]) -> Result<Self, Failure> {
        let table = item.as_table_like().ok_or_else(|| source.error(item.span(), "this must be a table"))?;
        for (key, item) in table.iter() {
            if !known.contains(&key) {
                let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
                return Err(source.error(span, &format!("unknown key `{key}`{}", did_you_mean(key, known))));
            }
        }
        Ok(Self { source, table })
    }

    fn error(&self, key: &str, why: &str) -> Failure {
        self.source.error(self.table.get(key).and_then(Item::span), &format!("{key}: {why}"))
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        item.as_str().map(Some).ok_or_else(|| self.error(key, "must be text in quotes"))
    }

    fn owned(&self, key: &str) -> Result<Option<String>, Failure> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    fn flag(&self, key: &str) -> Result<bool, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(false) };
        item.as_bool().ok_or_else(|| self.error(key, "must be true or false"))
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, Failure> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let list = item.as_array().ok_or_else(|| self.error(key, "must be a list of texts"))?;
        let texts =
            list.iter().map(|value| value.as_str().ok_or_else(|| self.error(key, "must be a list of texts")));
        texts.collect::<Result<_, _>>().map(Some)
    }

    fn duration(&self, key: &str) -> Result<Option<TimeDelta>, Failure> {
        self.text(key)?.map(|text| self.parse_duration(key, text)).transpose()
    }

    fn parse_duration(&self, key: &str, text: &str) -> Result<TimeDelta, Failure> {
        parse_duration(text)
            .ok_or_else(|| self.error(key, &format!("`{text}` is no time span: write 60s, 5m, 2h or 7d")))
    }

    /// One of a few words.
    fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| self.error(key, &format!("`{text}` is not one of {}", known())))
    }

    fn required(&self, key: &str, item: &Item) -> Result<&'a str, Failure> {
        self.text(key)?.ok_or_else(|| self.source.error(item.span(), &format!("`{key}` is missing here")))
    }
}

fn profile(source: &Source<'_>, name: &str, item: &Item) -> Result<Profile, Failure> {
    let fields = Fields::new(source, item, &KEYS)?;
    let name = ProfileName::parse(name).map_err(|error| source.error(item.span(), &error.to_string()))?;
    let url = CheckedUrl::parse(fields.required("url", item)?)
        .map_err(|error| fields.error("url", &error.to_string()))?;
    let mut profile = Profile::new(name, url);
    profile.label = fields.owned("label")?;
    profile.access = fields.word("access", &[("read", Access::Read), ("write", Access::Write)])?;
    profile.grant = grant(&fields)?.unwrap_or_default();
    profile.scopes =
        ScopeSet::from_names(fields.texts("scopes")?.unwrap_or_default().into_iter().map(str::to_owned));
    profile.audience = fields.owned("audience")?;
    profile.issuer = fields.owned("issuer")?;
    profile.resource = resource(&fields)?;
    client(&fields, &mut profile)?;
    profile.redirect = redirect(&fields)?;
    profile.extra_params = extra_params(&fields)?;
    if let Some(texts) = fields.texts("remind")? {
        profile.remind =
            texts.into_iter().map(|text| fields.parse_duration("remind", text)).collect::<Result<_, _>>()?;
    }
    profile.sign_in_lifetime = lifetime(&fields)?;
    profile.margin = fields.duration("margin")?.unwrap_or_default();
    profile.private_network = fields.flag("private_network")?;
    profile.paused = fields.flag("paused")?;
    profile.deliver = deliveries(source, &fields)?;
    Ok(profile)
}

fn grant(fields: &Fields<'_>) -> Result<Option<GrantKind>, Failure> {
    let words = [
        ("authorization-code", GrantKind::AuthorizationCode),
        ("device", GrantKind::Device),
        ("client-credentials", GrantKind::ClientCredentials),
    ];
    fields.word("grant", &words)
}

/// A text of the user's own, or `false` for "leave it out" (F11).
fn resource(fields: &Fields<'_>) -> Result<ResourceParameter, Failure> {
    match fields.table.get("resource") {
        None => Ok(ResourceParameter::Published),
        Some(item) if item.as_bool() == Some(false) => Ok(ResourceParameter::Omitted),
        Some(item) => match item.as_str() {
            Some(text) => Ok(ResourceParameter::Given(text.to_owned())),
            None => Err(fields.error("resource", "must be text, or false to leave it out")),
        },
    }
}

fn client(fields: &Fields<'_>, profile: &mut Profile) -> Result<(), Failure> {
    let words = [
        ("none", ClientAuthentication::None),
        ("basic", ClientAuthentication::ClientSecretBasic),
        ("post", ClientAuthentication::ClientSecretPost),
        ("private-key-jwt", ClientAuthentication::PrivateKeyJwt),
    ];
    profile.client.client_id = fields.owned("client_id")?;
    profile.client.authentication = fields.word("client_auth", &words)?;
    profile.client.metadata_url = fields.owned("client_metadata_url")?;
    if let Some(url) = &profile.client.metadata_url {
        keyfob_core::client_registration::metadata_document::check_client_id(url)
            .map_err(|failure| fields.error("client_metadata_url", &failure.to_string()))?;
    }
    Ok(())
}

/// `redirect = "localhost:7777/callback"`, every part but the host optional.
fn redirect(fields: &Fields<'_>) -> Result<RedirectChoice, Failure> {
    let Some(text) = fields.text("redirect")? else { return Ok(RedirectChoice::default()) };
    RedirectChoice::parse(text).ok_or_else(|| fields.error("redirect", RedirectHost::EXPECTED))
}

fn extra_params(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Failure> {
    let Some(item) = fields.table.get("extra_params") else { return Ok(Vec::new()) };
    let refuse = || fields.error("extra_params", "must be a table of texts");
    let table = item.as_table_like().ok_or_else(refuse)?;
    let pair =
        |(name, item): (&str, &Item)| Ok((name.to_owned(), item.as_str().ok_or_else(refuse)?.to_owned()));
    table.iter().map(pair).collect()
}

/// A time span, or `not-known`: an answer, too.
fn lifetime(fields: &Fields<'_>) -> Result<LifetimeAnswer, Failure> {
    let words = [("sign-in", LifetimeFrom::SignIn), ("refresh", LifetimeFrom::Refresh)];
    let from = fields.word("sign_in_lifetime_from", &words)?.unwrap_or_default();
    match fields.text("sign_in_lifetime")? {
        None => Ok(LifetimeAnswer::Open),
        Some(NOT_KNOWN) => Ok(LifetimeAnswer::NotKnown),
        Some(text) => {
            let lifetime = fields.parse_duration("sign_in_lifetime", text)?;
            Ok(LifetimeAnswer::Known(SignInLifetime { lifetime, from }))
        }
    }
}

fn deliveries(source: &Source<'_>, fields: &Fields<'_>) -> Result<Vec<Delivery>, Failure> {
    let Some(item) = fields.table.get("deliver") else { return Ok(Vec::new()) };
    let tables = item
        .as_array_of_tables()
        .ok_or_else(|| fields.error("deliver", "write [[profiles.NAME.deliver]] tables"))?;
    let mut deliveries: Vec<Delivery> = Vec::new();
    for table in tables {
        let item = Item::Table(table.clone());
        let delivery = delivery(source, &item)?;
        if deliveries.iter().any(|earlier| earlier.target.to_string() == delivery.target.to_string()) {
            return Err(
                source.error(table.span(), &format!("the same target is given twice: {}", delivery.target))
            );
        }
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

fn delivery(source: &Source<'_>, item: &Item) -> Result<Delivery, Failure> {
    let fields = Fields::new(source, item, &DELIVERY_KEYS)?;
    let target = match fields.required("kind", item)? {
        "token-file" => DeliveryTarget::TokenFile {
            path: expanded(fields.required("path", item)?, &fields)?,
            format: file_format(&fields)?,
        },
        "keyring" => DeliveryTarget::KeyringEntry {
            service: fields.required("service", item)?.to_owned(),
            account: fields.required("account", item)?.to_owned(),
            format: fields
                .word("format", &[("bare", KeyringFormat::Bare), ("json", KeyringFormat::Json)])?
                .unwrap_or_default(),
        },
        other => return Err(fields.error("kind", &format!("`{other}` is not one of token-file, keyring"))),
    };
    Ok(Delivery { target, include_refresh_token: fields.flag("include_refresh_token")? })
}

fn file_format(fields: &Fields<'_>) -> Result<TokenFileFormat, Failure> {
    let utc = fields.word("time_zone", &[("utc", true), ("local", false)])?.unwrap_or_default();
    match fields.text("format")?.unwrap_or("keyfob") {
        "keyfob" => Ok(TokenFileFormat::Keyfob),
        "mcp-tokens" => Ok(TokenFileFormat::McpTokens { utc }),
        "credentials" => Ok(TokenFileFormat::Credentials),
        "bare" => Ok(TokenFileFormat::Bare),
        "env" => Ok(TokenFileFormat::Env {
            key: fields.owned("key")?.unwrap_or_else(|| "KEYFOB_ACCESS_TOKEN".into()),
        }),
        other => {
            let known = "keyfob, mcp-tokens, credentials, env, bare";
            Err(fields.error("format", &format!("`{other}` is not one of {known}")))
        }
    }
}

/// `~/` is the home folder; other paths must be absolute, because keyfob runs from anywhere.
fn expanded(path: &str, fields: &Fields<'_>) -> Result<String, Failure> {
    if let Some(rest) = path.strip_prefix("~/") {
        let home = std::env::var_os("HOME")
            .ok_or_else(|| fields.error("path", "there is no HOME to expand ~ with"))?;
        return Ok(std::path::PathBuf::from(home).join(rest).to_string_lossy().into_owned());
    }
    if std::path::Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    Err(fields.error("path", "must be absolute or begin with ~/"))
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
