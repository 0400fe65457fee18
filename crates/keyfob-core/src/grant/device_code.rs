//! The device grant (RFC 8628): codes for a person with a browser elsewhere, and how often to ask whether they are done.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::credential_request::{CredentialRequest, Encoding};
use super::token_endpoint::{self, HttpAnswer, MAX_ANSWER, Refusal, TokenAnswer, seconds};
use crate::client_registration::Registration;
use crate::discovery::string;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::moment::Moment;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::secret::DeviceCode;
use crate::server_text::shown;

/// The grant type of a poll (RFC 8628 §3.4).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The pause between polls where the server names none (RFC 8628 §3.2).
const USUAL_INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// What `slow_down` adds, for good (RFC 8628 §3.5).
const SLOWER_BY: TimeDelta = TimeDelta::seconds(5);
/// A connection that fails doubles the pause up to here; a code lives for minutes.
const LONGEST_BACKOFF: TimeDelta = TimeDelta::minutes(1);
/// No interval is believed beyond this; the code has ended long before.
const LONGEST_INTERVAL: TimeDelta = TimeDelta::days(1);
/// Taken where the server breaks RFC 8628 §3.2 and does not say how long its code lives.
const ASSUMED_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// No code is waited for longer.
const LONGEST_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// What a device asks with.
#[derive(Debug, Clone)]
pub struct DeviceRequest<'a> {
    /// The issuer's device authorization endpoint.
    pub endpoint: &'a CheckedUrl,
    /// The client there.
    pub client: &'a Registration,
    /// `resource` (D3).
    pub resource: Option<&'a str>,
    /// `scope`.
    pub scopes: &'a ScopeSet,
    /// Further parameters, the profile's `audience` among them.
    pub extra: &'a [(String, String)],
}

/// Asks for the codes (RFC 8628 §3.1).
pub fn authorization_request(wanted: &DeviceRequest<'_>, encoding: Encoding) -> CredentialRequest {
    let scope = wanted.scopes.to_wire();
    let mut parameters = Vec::new();
    parameters.extend(scope.as_deref().map(|scope| ("scope", scope)));
    parameters.extend(wanted.resource.map(|resource| ("resource", resource)));
    parameters.extend(wanted.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    CredentialRequest::encoded(wanted.endpoint, wanted.client, &parameters, encoding)
}

/// The codes.
#[derive(Debug, Clone)]
pub struct DeviceAuthorization {
    code: DeviceCode,
    /// What the person needs.
    pub prompt: DevicePrompt,
    /// The shortest pause between polls.
    pub interval: TimeDelta,
    /// How long the codes live from the answer on.
    pub lifetime: TimeDelta,
}

/// What a person needs to go on elsewhere. It holds nothing that gives a token by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The code to type, fit to show.
    pub user_code: String,
    /// Where to type it.
    pub page: CheckedUrl,
    /// The same page with the code in it, where the server offers one on the same site.
    pub complete: Option<CheckedUrl>,
}

impl DevicePrompt {
    /// The site the person is sent to: a name to recognise, because a code can be a stranger's (RFC 8628 §5.4, H5).
    pub fn site(&self) -> &str {
        self.page.url().host_str().unwrap_or_default()
    }

    /// What a browser or a QR code is given.
    pub fn best_page(&self) -> &CheckedUrl {
        self.complete.as_ref().unwrap_or(&self.page)
    }
}

impl DeviceAuthorization {
    /// Reads the answer of the device authorization endpoint.
    ///
    /// # Errors
    /// A refusal as the token endpoint would mean it, [`Misbehaviour`] for an answer without codes or with an address that no
    /// one should be sent to (H5).
    pub fn read(answer: &HttpAnswer<'_>, client_given: bool, now: DateTime<Utc>) -> Result<Self, Failure> {
        let object = object_of(answer.body);
        let refused =
            !(200..300).contains(&answer.status) || object.as_ref().is_some_and(|o| o.contains_key("error"));
        let Some(object) = object.filter(|_| !refused) else {
            return Err(match token_endpoint::read(answer, now) {
                Err(refusal) => refusal.into_sign_in_failure(client_given),
                Ok(_) => unusable("it is no device authorization"),
            });
        };
        let text = |name: &str| string(&object, name).filter(|text| !text.is_empty());
        let code = text("device_code").ok_or_else(|| unusable("it has no device_code"))?;
        let user_code = text("user_code").map(|code| shown(&code)).filter(|code| !code.trim().is_empty());
        // Spelt `verification_url` by servers older than the RFC.
        let page = text("verification_uri").or_else(|| text("verification_url"));
        let page = address(&page.ok_or_else(|| unusable("it has no verification_uri"))?)?;
        let complete = text("verification_uri_complete").and_then(|text| CheckedUrl::parse(&text).ok());
        Ok(Self {
            code: DeviceCode::new(code),
            prompt: DevicePrompt {
                user_code: user_code.ok_or_else(|| unusable("it has no user_code"))?,
                // Another site than the one named to the person would be a trap.
                complete: complete.filter(|complete| complete.origin() == page.origin()),
                page,
            },
            interval: span(&object, "interval", USUAL_INTERVAL).min(LONGEST_INTERVAL),
            lifetime: span(&object, "expires_in", ASSUMED_LIFETIME).min(LONGEST_LIFETIME),
        })
    }

    /// Asks whether the person is done (RFC 8628 §3.4).
    #[expect(clippy::disallowed_methods, reason = "the device code goes to the token endpoint of its issuer")]
    pub fn poll_request(
        &self,
        endpoint: &CheckedUrl,
        client: &Registration,
        resource: Option<&str>,
        encoding: Encoding,
    ) -> CredentialRequest {
        // In full, as at each grant: tests/security_rules.rs reads which grants are ever asked for.
        let mut parameters = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", self.code.expose_secret()),
        ];
        parameters.extend(resource.map(|resource| ("resource", resource)));
        CredentialRequest::encoded(endpoint, client, &parameters, encoding)
    }
}

/// What a poll was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// The person has allowed it.
    Tokens(Box<TokenAnswer>),
    /// Not yet.
    Pending,
    /// Not yet, and this was too soon.
    SlowDown,
    /// Nothing was said: no connection, or a server in trouble, which may name a time.
    Silence {
        /// The earliest next poll that the server allows.
        until: Option<DateTime<Utc>>,
    },
    /// It is over (H3).
    Over(Failure),
}

/// Reads the answer to a poll. The `error` member is judged before the status (oddity 1).
pub fn read_poll(answer: &HttpAnswer<'_>, client_given: bool, now: DateTime<Utc>) -> Polled {
    let error = object_of(answer.body).and_then(|object| string(&object, "error"));
    match error.as_deref() {
        Some("authorization_pending") => return Polled::Pending,
        Some("slow_down") => return Polled::SlowDown,
        Some("expired_token") => return Polled::Over(Failure::SignInTimedOut),
        Some("access_denied") => return Polled::Over(Failure::UserDeclined("at the server".into())),
        _ => {}
    }
    match token_endpoint::read(answer, now) {
        Ok(tokens) => Polled::Tokens(Box::new(tokens)),
        Err(Refusal::Temporary { retry_at, .. }) => Polled::Silence { until: retry_at },
        Err(Refusal::Other { error, .. }) if error == "unsupported_grant_type" => {
            Polled::Over(Incompatibility::NoGrant("device".into()).into())
        }
        Err(refusal) => Polled::Over(refusal.into_sign_in_failure(client_given)),
    }
}

/// How often to ask, and until when.
#[derive(Debug, Clone)]
pub struct Polling {
    interval: TimeDelta,
    since: Moment,
    patience: TimeDelta,
    not_before: Option<DateTime<Utc>>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Poll after this pause.
    PollIn(TimeDelta),
    /// No poll fits in any more: it is over after this (H3).
    OverIn(TimeDelta),
}

impl Polling {
    /// Begins with the answer that brought the codes; `patience` is the person's own limit.
    pub fn begin(authorization: &DeviceAuthorization, patience: TimeDelta, now: &Moment) -> Self {
        Self {
            interval: authorization.interval,
            since: now.clone(),
            patience: authorization.lifetime.min(patience),
            not_before: None,
        }
    }

    /// When to poll next.
    pub fn next(&self, now: &Moment) -> Next {
        // An unknown age is a wall clock that was moved over a restart; no sign-in lives through one.
        let left = self.since.age(now).map_or(TimeDelta::zero(), |age| self.patience - age);
        let named = self.not_before.map_or(TimeDelta::zero(), |until| until - now.wall);
        let pause = self.interval.max(named);
        if pause < left { Next::PollIn(pause) } else { Next::OverIn(left.max(TimeDelta::zero())) }
    }

    /// Takes an answer in: the pause grows by `slow_down` and by silence, and never shrinks again (H1, H2).
    pub fn heard(&mut self, polled: &Polled) {
        self.not_before = None;
        match polled {
            Polled::SlowDown => self.interval += SLOWER_BY,
            Polled::Silence { until } => {
                self.interval = (self.interval * 2).min(LONGEST_BACKOFF.max(self.interval));
                self.not_before = *until;
            }
            Polled::Tokens(_) | Polled::Pending | Polled::Over(_) => {}
        }
    }
}

fn object_of(body: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) if body.len() <= MAX_ANSWER => Some(object),
        _ => None,
    }
}

fn span(object: &Map<String, Value>, name: &str, usual: TimeDelta) -> TimeDelta {
    seconds(object, name).and_then(TimeDelta::try_seconds).unwrap_or(usual)
}

/// H5: https, or loopback; nothing that a terminal or a browser could be tricked with.
fn address(text: &str) -> Result<CheckedUrl, Failure> {
    CheckedUrl::parse(text).map_err(|why| {
        let (name, url) = ("verification_uri".to_owned(), shown(text));
        Misbehaviour::UnusableEndpoint { name, url, why: why.to_string() }.into()
    })
}

fn unusable(why: &str) -> Failure {
    Misbehaviour::Document("device authorization".into(), why.into()).into()
}

#[cfg(test)]
#[path = "device_code_tests.rs"]
mod tests;
