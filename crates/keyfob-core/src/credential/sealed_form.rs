//! The JSON inside a sealed record. The only place where secrets are serialised, and only into a [`SecretText`].

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Credential, Endpoints, History, PendingRevocation, RefreshIntent, Reminded, SignIn, Waiting};
use crate::client_registration::{Management, Registration, RegistrationOrigin};
use crate::discovery::authorization_server::ClientAuthentication;
use crate::failure::SignInNeeded;
use crate::moment::Moment;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::secret::{
    AccessToken, ClientSecret, Fingerprint, PrivateKey, RefreshToken, RegistrationAccessToken, SecretText,
};
use crate::token_set::TokenSet;

/// Rises only when an older reader would do harm; a reader refuses newer ones (fault 37).
pub const SCHEMA: u32 = 1;

/// The opened bytes are no credential.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnreadableCredential {
    /// Written by a newer keyfob.
    #[error("schema {0} is newer than this keyfob")]
    Newer(u32),
    /// Not a credential at all.
    #[error("not a credential: {0}")]
    Malformed(String),
}

#[derive(Serialize, Deserialize)]
struct Wire {
    schema: u32,
    generation: u64,
    machine_id: String,
    #[serde(default)]
    given_client_secret: Option<String>,
    #[serde(default)]
    given_private_key: Option<String>,
    #[serde(default)]
    registration: Option<WireRegistration>,
    #[serde(default)]
    sign_in: Option<WireSignIn>,
    #[serde(default)]
    history: History,
    #[serde(default)]
    learned_lifetimes_s: Vec<i64>,
    #[serde(default)]
    reminded: Box<Reminded>,
    #[serde(default)]
    revocations: Vec<WireRevocation>,
    #[serde(default)]
    approved_commands: Vec<Fingerprint>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct WireRegistration {
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    authentication: ClientAuthentication,
    origin: WireOrigin,
    redirect_uri: Option<String>,
    scopes: Option<ScopeSet>,
    secret_expires_at: Option<DateTime<Utc>>,
    management_uri: Option<String>,
    management_token: Option<String>,
    #[serde(default)]
    management_metadata: Map<String, Value>,
    #[serde(default)]
    private_key: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WireOrigin {
    PreRegistered,
    MetadataDocument,
    Dynamic,
}

#[derive(Serialize, Deserialize)]
struct WireSignIn {
    url: CheckedUrl,
    resource: String,
    token_endpoint: CheckedUrl,
    revocation_endpoint: Option<CheckedUrl>,
    access_token: String,
    refresh_token: Option<String>,
    obtained: Moment,
    lifetime_s: i64,
    /// Unknown to records of 0.1 before it: theirs count as told.
    #[serde(default)]
    end_assumed: bool,
    scopes: Option<ScopeSet>,
    since: Moment,
    ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    ends_stated: Option<Moment>,
    account: Option<String>,
    #[serde(default)]
    machine: Option<ScopeSet>,
    #[serde(default)]
    refused_scopes: Vec<ScopeSet>,
    intent: Option<RefreshIntent>,
    dead: Option<SignInNeeded>,
    waiting: Option<Waiting>,
    #[serde(default)]
    rests_until: Option<Moment>,
}

#[derive(Serialize, Deserialize)]
struct WireRevocation {
    endpoint: CheckedUrl,
    registration: WireRegistration,
    refresh_token: Option<String>,
    access_token: String,
    #[serde(default)]
    private_network: bool,
}

/// Writes the JSON.
pub(super) fn write(credential: &Credential) -> SecretText {
    // Every key is a string and every value plain data, so this cannot fail; an empty text would be refused by `read`.
    SecretText::new(serde_json::to_string(&Wire::from(credential)).unwrap_or_default())
}

/// Reads the JSON.
#[expect(clippy::disallowed_methods, reason = "parsing an opened record back into its secret types")]
pub(super) fn read(text: &SecretText) -> Result<Credential, UnreadableCredential> {
    #[derive(Deserialize)]
    struct SchemaOnly {
        schema: u32,
    }
    let malformed = |e: serde_json::Error| {
        UnreadableCredential::Malformed(format!("{:?} at column {}", e.classify(), e.column()))
    };
    let SchemaOnly { schema } = serde_json::from_str(text.expose_secret()).map_err(malformed)?;
    if schema > SCHEMA {
        return Err(UnreadableCredential::Newer(schema));
    }
    serde_json::from_str::<Wire>(text.expose_secret()).map(Credential::from).map_err(malformed)
}

#[expect(clippy::disallowed_methods, reason = "secrets go into the text that is about to be sealed")]
impl From<&Credential> for Wire {
    fn from(c: &Credential) -> Self {
        Self {
            schema: SCHEMA,
            generation: c.generation,
            machine_id: c.machine_id.clone(),
            given_client_secret: c.given_client_secret.as_ref().map(|s| s.expose_secret().to_owned()),
            given_private_key: c.given_private_key.as_ref().map(|k| k.expose_secret().to_owned()),
            registration: c.registration.as_ref().map(WireRegistration::from),
            sign_in: c.sign_in.as_ref().map(WireSignIn::from),
            history: c.history.clone(),
            learned_lifetimes_s: c.learned_lifetimes.iter().map(TimeDelta::num_seconds).collect(),
            reminded: c.reminded.clone(),
            revocations: c.revocations.iter().map(WireRevocation::from).collect(),
            approved_commands: c.approved_commands.clone(),
            unknown: c.unknown.clone(),
        }
    }
}

impl From<Wire> for Credential {
    fn from(w: Wire) -> Self {
        Self {
            generation: w.generation,
            machine_id: w.machine_id,
            given_client_secret: w.given_client_secret.map(ClientSecret::new),
            given_private_key: w.given_private_key.map(PrivateKey::new),
            registration: w.registration.map(Registration::from),
            sign_in: w.sign_in.map(SignIn::from),
            history: w.history,
            learned_lifetimes: w.learned_lifetimes_s.into_iter().filter_map(TimeDelta::try_seconds).collect(),
            reminded: w.reminded,
            revocations: w.revocations.into_iter().map(PendingRevocation::from).collect(),
            approved_commands: w.approved_commands,
            unknown: w.unknown,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "secrets go into the text that is about to be sealed")]
impl From<&Registration> for WireRegistration {
    fn from(r: &Registration) -> Self {
        Self {
            issuer: r.issuer.clone(),
            client_id: r.client_id.clone(),
            client_secret: r.client_secret.as_ref().map(|s| s.expose_secret().to_owned()),
            authentication: r.authentication,
            origin: match r.origin {
                RegistrationOrigin::PreRegistered => WireOrigin::PreRegistered,
                RegistrationOrigin::MetadataDocument => WireOrigin::MetadataDocument,
                RegistrationOrigin::Dynamic => WireOrigin::Dynamic,
            },
            redirect_uri: r.redirect_uri.clone(),
            scopes: r.scopes.clone(),
            secret_expires_at: r.secret_expires_at,
            management_uri: r.management.as_ref().map(|m| m.uri.clone()),
            management_token: r.management.as_ref().map(|m| m.token.expose_secret().to_owned()),
            management_metadata: r.management.as_ref().map(|m| m.metadata.clone()).unwrap_or_default(),
            private_key: r.private_key.as_ref().map(|k| k.expose_secret().to_owned()),
        }
    }
}

impl From<WireRegistration> for Registration {
    fn from(w: WireRegistration) -> Self {
        let management = w.management_uri.zip(w.management_token);
        Self {
            issuer: w.issuer,
            client_id: w.client_id,
            client_secret: w.client_secret.map(ClientSecret::new),
            authentication: w.authentication,
            origin: match w.origin {
                WireOrigin::PreRegistered => RegistrationOrigin::PreRegistered,
                WireOrigin::MetadataDocument => RegistrationOrigin::MetadataDocument,
                WireOrigin::Dynamic => RegistrationOrigin::Dynamic,
            },
            redirect_uri: w.redirect_uri,
            scopes: w.scopes,
            secret_expires_at: w.secret_expires_at,
            management: management.map(|(uri, token)| Management {
                uri,
                token: RegistrationAccessToken::new(token),
                metadata: w.management_metadata,
            }),
            private_key: w.private_key.map(PrivateKey::new),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "secrets go into the text that is about to be sealed")]
impl From<&SignIn> for WireSignIn {
    fn from(s: &SignIn) -> Self {
        Self {
            url: s.url.clone(),
            resource: s.resource.clone(),
            token_endpoint: s.endpoints.token.clone(),
            revocation_endpoint: s.endpoints.revocation.clone(),
            access_token: s.tokens.access_token.expose_secret().to_owned(),
            refresh_token: s.tokens.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()),
            obtained: s.tokens.obtained.clone(),
            lifetime_s: s.tokens.lifetime.num_seconds(),
            end_assumed: s.tokens.end_assumed,
            scopes: s.tokens.scopes.clone(),
            since: s.since.clone(),
            ends_at: s.ends_at,
            ends_stated: s.ends_stated.clone(),
            account: s.account.clone(),
            machine: s.machine.clone(),
            refused_scopes: s.refused_scopes.clone(),
            intent: s.intent.clone(),
            dead: s.dead.clone(),
            waiting: s.waiting.clone(),
            rests_until: s.rests_until.clone(),
        }
    }
}

impl From<WireSignIn> for SignIn {
    fn from(w: WireSignIn) -> Self {
        Self {
            url: w.url,
            resource: w.resource,
            endpoints: Endpoints { token: w.token_endpoint, revocation: w.revocation_endpoint },
            tokens: TokenSet {
                access_token: AccessToken::new(w.access_token),
                refresh_token: w.refresh_token.map(RefreshToken::new),
                obtained: w.obtained,
                lifetime: TimeDelta::try_seconds(w.lifetime_s).unwrap_or_default(),
                end_assumed: w.end_assumed,
                scopes: w.scopes,
            },
            since: w.since,
            ends_at: w.ends_at,
            ends_stated: w.ends_stated,
            account: w.account,
            machine: w.machine,
            refused_scopes: w.refused_scopes,
            intent: w.intent,
            dead: w.dead,
            waiting: w.waiting,
            rests_until: w.rests_until,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "secrets go into the text that is about to be sealed")]
impl From<&PendingRevocation> for WireRevocation {
    fn from(r: &PendingRevocation) -> Self {
        Self {
            endpoint: r.endpoint.clone(),
            registration: WireRegistration::from(&r.registration),
            refresh_token: r.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()),
            access_token: r.access_token.expose_secret().to_owned(),
            private_network: r.private_network,
        }
    }
}

impl From<WireRevocation> for PendingRevocation {
    fn from(w: WireRevocation) -> Self {
        Self {
            endpoint: w.endpoint,
            registration: Registration::from(w.registration),
            refresh_token: w.refresh_token.map(RefreshToken::new),
            access_token: AccessToken::new(w.access_token),
            private_network: w.private_network,
        }
    }
}
