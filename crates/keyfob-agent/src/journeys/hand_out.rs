//! Handing out a valid access token, renewing first if needed. The same function answers the control socket, the bridge
//! and a CLI without keeper.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::credential::{Credential, SignIn};
use keyfob_core::failure::Failure;
use keyfob_core::moment::Moment;
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, Fingerprint};
use serde::{Deserialize, Serialize};

use super::refresh_transaction::{Refreshed, refresh};
use super::usable_sign_in;
use super::wish::Wish;
use crate::delivery::DeliveryReport;
use crate::ports::{Clock, CredentialStore, Ports};

/// What is wanted of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandOutRequest {
    /// It must be valid for this many seconds more.
    pub min_validity_s: i64,
    /// Renew even a valid one.
    pub fresh: bool,
    /// A server has just refused this one (SHA-256): give another.
    pub rejected: Option<Fingerprint>,
}

impl HandOutRequest {
    /// Whose wish a renewal for it is.
    pub(crate) fn wish(&self) -> Wish {
        if self.fresh { Wish::Person } else { Wish::Program }
    }
}

impl Default for HandOutRequest {
    /// Valid for another minute.
    fn default() -> Self {
        Self { min_validity_s: 60, fresh: false, rejected: None }
    }
}

/// A token on its way to a program.
#[derive(Debug, Clone)]
pub struct HandedOut {
    /// The token.
    pub access_token: AccessToken,
    /// Its end by the wall clock.
    pub expires_at: DateTime<Utc>,
    /// True where nobody said so: programs may go by it, people are not told it as a fact.
    pub end_assumed: bool,
    /// Granted scopes.
    pub scopes: Option<ScopeSet>,
    /// The resource it is for.
    pub resource: String,
    /// A failure worth telling although a token is handed out: the renewal did not work, the sign-in has ended, or the
    /// token is shorter than asked for.
    pub warning: Option<Failure>,
    /// Places where the renewal that was made for this could not write the token, each with its cause.
    pub undelivered: Vec<String>,
}

/// Gives a token that is valid now.
///
/// A still valid token is given even where the sign-in has ended or the renewal failed; then `warning` says so.
pub async fn hand_out(
    ports: &Ports,
    profile: &Profile,
    wanted: &HandOutRequest,
) -> Result<HandedOut, Failure> {
    match held(&*ports.store, &*ports.clock, profile, wanted).await? {
        Held::Suits(handed_out) => Ok(handed_out),
        Held::Stale { sign_in, fingerprint } => {
            let refreshed = refresh(ports, profile, &fingerprint, wanted.wish()).await;
            conclude(ports, profile, &sign_in, refreshed, wanted)
        }
    }
}

/// What is held, held against what is wanted.
pub(crate) enum Held {
    /// It will do.
    Suits(HandedOut),
    /// A renewal must come first.
    Stale {
        /// The sign-in as it is.
        sign_in: Box<SignIn>,
        /// Names the token that is not wanted any more.
        fingerprint: Fingerprint,
    },
}

/// The token that is held, where it will do; `None` where a renewal must come first. Neither a request nor a lock is needed.
pub async fn held_token(
    store: &dyn CredentialStore,
    clock: &dyn Clock,
    profile: &Profile,
    wanted: &HandOutRequest,
) -> Result<Option<HandedOut>, Failure> {
    Ok(match held(store, clock, profile, wanted).await? {
        Held::Suits(handed_out) => Some(handed_out),
        Held::Stale { .. } => None,
    })
}

/// Looks, without any request.
pub(crate) async fn held(
    store: &dyn CredentialStore,
    clock: &dyn Clock,
    profile: &Profile,
    wanted: &HandOutRequest,
) -> Result<Held, Failure> {
    let current = store.read(&profile.name).await?;
    let sign_in = usable_sign_in(current.as_ref(), profile)?;
    let now = clock.now();
    if suits(&now, profile, sign_in, wanted) {
        let ended = sign_in.needs_sign_in().cloned().map(Failure::from);
        let warning = ended.or_else(|| too_short(&now, profile, sign_in, wanted));
        return Ok(Held::Suits(handed_out(sign_in, warning)));
    }
    let fingerprint = sign_in.tokens.access_token.fingerprint();
    Ok(Held::Stale { sign_in: Box::new(sign_in.clone()), fingerprint })
}

/// Turns the end of a renewal into an answer for one asker.
pub(crate) fn conclude(
    ports: &Ports,
    profile: &Profile,
    before: &SignIn,
    refreshed: Result<Refreshed, Failure>,
    wanted: &HandOutRequest,
) -> Result<HandedOut, Failure> {
    match refreshed {
        Ok(Refreshed { credential, failure, deliveries }) => {
            let mut handed_out = after_refresh(ports, profile, &credential, failure, wanted)?;
            handed_out.undelivered = deliveries.iter().flatten().filter_map(DeliveryReport::told).collect();
            Ok(handed_out)
        }
        // Not begun: what is held may still serve.
        Err(failure) => last_resort(ports, profile, before, failure, wanted),
    }
}

fn after_refresh(
    ports: &Ports,
    profile: &Profile,
    credential: &Credential,
    failure: Option<Failure>,
    wanted: &HandOutRequest,
) -> Result<HandedOut, Failure> {
    let sign_in = usable_sign_in(Some(credential), profile)?;
    match failure {
        None => Ok(handed_out(sign_in, too_short(&ports.clock.now(), profile, sign_in, wanted))),
        Some(failure) => last_resort(ports, profile, sign_in, failure, wanted),
    }
}

/// The held token, if it is still valid at all and nobody has refused it or asked for a new one.
fn last_resort(
    ports: &Ports,
    profile: &Profile,
    sign_in: &SignIn,
    failure: Failure,
    wanted: &HandOutRequest,
) -> Result<HandedOut, Failure> {
    let refused = wanted.rejected == Some(sign_in.tokens.access_token.fingerprint());
    let alive = sign_in.tokens.is_valid_for(profile.margin, &ports.clock.now());
    if alive && !refused && !wanted.fresh { Ok(handed_out(sign_in, Some(failure))) } else { Err(failure) }
}

fn suits(now: &Moment, profile: &Profile, sign_in: &SignIn, wanted: &HandOutRequest) -> bool {
    let tokens = &sign_in.tokens;
    if wanted.fresh || wanted.rejected == Some(tokens.access_token.fingerprint()) {
        return false;
    }
    if tokens.is_valid_for(needed(profile, wanted), now) {
        return true;
    }
    // More was asked than the server ever grants: renewing again before half of this token's life is used cannot help.
    let beyond_grant = tokens.lifetime <= needed(profile, wanted);
    let young = tokens.remaining(now).is_some_and(|left| left > tokens.lifetime / 2);
    beyond_grant && young
}

/// Told to whoever asked for more than is usual: that a server grants less than that is said once, at the sign-in and by the
/// doctor, and not with each token.
fn too_short(now: &Moment, profile: &Profile, sign_in: &SignIn, wanted: &HandOutRequest) -> Option<Failure> {
    let asked_for_more = wanted.min_validity_s > HandOutRequest::default().min_validity_s;
    if !asked_for_more || sign_in.tokens.is_valid_for(needed(profile, wanted), now) {
        return None;
    }
    let granted = sign_in.tokens.lifetime.num_seconds();
    Some(Failure::Usage(format!(
        "the server grants {granted} s at a time; {} s were asked for",
        wanted.min_validity_s
    )))
}

fn needed(profile: &Profile, wanted: &HandOutRequest) -> TimeDelta {
    TimeDelta::try_seconds(wanted.min_validity_s.max(0)).unwrap_or(TimeDelta::MAX / 2) + profile.margin
}

fn handed_out(sign_in: &SignIn, warning: Option<Failure>) -> HandedOut {
    HandedOut {
        access_token: sign_in.tokens.access_token.clone(),
        expires_at: sign_in.tokens.expires_at(),
        end_assumed: sign_in.tokens.end_assumed,
        scopes: sign_in.tokens.scopes.clone(),
        resource: sign_in.resource.clone(),
        warning,
        undelivered: Vec::new(),
    }
}
