//! From TOML to profiles. Whatever is wrong is told with line and column and what was meant.

use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{
    Access, LifetimeAnswer, LifetimeFrom, NOT_KNOWN, Profile, RedirectChoice, RedirectHost,
    ResourceParameter, SignInLifetime,
};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::scope::ScopeSet;
use toml_edit::{Document, Item};

use super::deliveries::deliveries;
use super::fields::Fields;
use crate::toml_source::{Source, syntax};

/// Keys of a profile. A key that is not here is a typo.
const KEYS: [&str; 20] = [
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
];

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

fn profile(source: &Source<'_>, name: &str, item: &Item) -> Result<Profile, Failure> {
    let fields = Fields::new(source, item, &KEYS)?;
    let name = ProfileName::parse(name).map_err(|error| source.error(item.span(), &error.to_string()))?;
    let url = CheckedUrl::parse(fields.required("url", item)?)
        .map_err(|error| fields.error("url", &error.to_string()))?;
    let mut profile = Profile::new(name, url);
    profile.label = fields.some_text("label")?;
    profile.access = fields.word("access", &[("read", Access::Read), ("write", Access::Write)])?;
    profile.grant = grant(&fields)?.unwrap_or_default();
    profile.scopes = scopes(&fields)?;
    profile.audience = fields.some_text("audience")?;
    profile.issuer = issuer(&fields)?;
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

/// A name that could not be sent is told; nothing is left out silently (RFC 6749 §3.3).
fn scopes(fields: &Fields<'_>) -> Result<ScopeSet, Failure> {
    let names = fields.texts("scopes")?.unwrap_or_default();
    if let Some(name) = names.iter().find(|name| ScopeSet::from_names([(**name).to_owned()]).is_empty()) {
        return Err(fields.error("scopes", &format!("`{name}` is no scope: one name without blanks each")));
    }
    Ok(ScopeSet::from_names(names.into_iter().map(str::to_owned)))
}

/// RFC 8414 §2: https, neither query nor fragment.
fn issuer(fields: &Fields<'_>) -> Result<Option<String>, Failure> {
    let Some(text) = fields.text("issuer")? else { return Ok(None) };
    let url = CheckedUrl::parse(text).map_err(|error| fields.error("issuer", &error.to_string()))?;
    if url.url().query().is_some() {
        return Err(fields.error("issuer", "an issuer has no query (RFC 8414 §2)"));
    }
    Ok(Some(text.to_owned()))
}

/// A text of the user's own, or `false` for "leave it out" (F11).
fn resource(fields: &Fields<'_>) -> Result<ResourceParameter, Failure> {
    match fields.table.get("resource") {
        None => Ok(ResourceParameter::Published),
        Some(item) if item.as_bool() == Some(false) => Ok(ResourceParameter::Omitted),
        Some(item) => match item.as_str() {
            Some(text) => ResourceParameter::given(text)
                .ok_or_else(|| fields.error("resource", ResourceParameter::EXPECTED)),
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
    profile.client.client_id = fields.some_text("client_id")?;
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

/// What keyfob itself puts into the authorization request; a second one would undo what it protects.
const OWN_PARAMETERS: [&str; 10] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "request",
    "request_uri",
];

fn extra_params(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Failure> {
    let Some(item) = fields.table.get("extra_params") else { return Ok(Vec::new()) };
    let table =
        item.as_table_like().ok_or_else(|| fields.error("extra_params", "must be a table of texts"))?;
    let parameters = Fields { source: fields.source, table };
    let pair = |(name, _): (&str, &Item)| {
        if OWN_PARAMETERS.contains(&name) {
            return Err(parameters.error_at_name(name, "keyfob sets this parameter itself"));
        }
        Ok((name.to_owned(), parameters.owned(name)?.unwrap_or_default()))
    };
    table.iter().map(pair).collect()
}

/// A time span, or `not-known`: an answer, too.
fn lifetime(fields: &Fields<'_>) -> Result<LifetimeAnswer, Failure> {
    let words = [("sign-in", LifetimeFrom::SignIn), ("refresh", LifetimeFrom::Refresh)];
    let from = fields.word("sign_in_lifetime_from", &words)?.unwrap_or_default();
    match fields.text("sign_in_lifetime")? {
        None if fields.table.contains_key("sign_in_lifetime_from") => {
            Err(fields.error_at_name("sign_in_lifetime_from", "means nothing without sign_in_lifetime"))
        }
        None => Ok(LifetimeAnswer::Open),
        Some(NOT_KNOWN) => Ok(LifetimeAnswer::NotKnown),
        Some(text) => {
            let lifetime = fields.parse_duration("sign_in_lifetime", text)?;
            if lifetime.is_zero() {
                return Err(fields.error("sign_in_lifetime", "must be longer than nothing"));
            }
            Ok(LifetimeAnswer::Known(SignInLifetime { lifetime, from }))
        }
    }
}
