//! One sign-in: what it is bound to, its tokens, and what is known of its next renewal.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::waiting::Waiting;
use crate::failure::{Failure, SignInNeeded, Temporary};
use crate::moment::Moment;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::secret::Fingerprint;
use crate::token_set::TokenSet;

/// Servers give seconds that are left; two ends this close are one.
pub const SAME_END: TimeDelta = TimeDelta::minutes(2);

/// An ending teaches a lifetime only where it is known within this part of it.
pub const LEARNED_WITHIN: i32 = 10;

/// One sign-in: bound to resource, issuer and client, and every send checks that binding (V10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The MCP URL the profile had.
    pub url: CheckedUrl,
    /// The published resource identifier, sent as `resource`.
    pub resource: String,
    /// Endpoints from validated issuer metadata (B9).
    pub endpoints: Endpoints,
    /// The tokens.
    pub tokens: TokenSet,
    /// A machine's sign-in (RFC 6749 §4.4): the scopes with which each new token is asked for. `None` for every other grant.
    pub machine: Option<ScopeSet>,
    /// When the user signed in.
    pub since: Moment,
    /// When the sign-in ends, where the server said.
    pub ends_at: Option<DateTime<Utc>>,
    /// When the server first stated this end; records of older versions lack it.
    pub ends_stated: Option<Moment>,
    /// The account, where known.
    pub account: Option<String>,
    /// Scopes asked for and refused, so that they are not asked again and again (D8).
    pub refused_scopes: Vec<ScopeSet>,
    /// A renewal whose outcome is not known (trust rule 2).
    pub intent: Option<RefreshIntent>,
    /// Why it cannot be renewed any more.
    pub dead: Option<SignInNeeded>,
    /// The last failure that passes, and when to try again.
    pub waiting: Option<Waiting>,
    /// The server gave the same access token again: no earlier try than this (trust rule 8).
    pub rests_until: Option<Moment>,
}

/// Endpoints of the issuer, as last validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// RFC 6749 §3.2
    pub token: CheckedUrl,
    /// RFC 7009
    pub revocation: Option<CheckedUrl>,
}

/// Written before a refresh token is spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshIntent {
    /// SHA-256 of the refresh token about to be sent.
    pub token: Fingerprint,
    /// When.
    pub at: Moment,
}

impl SignIn {
    /// True where a new token can be had without a person: by the refresh token, or by asking again as a machine does.
    pub fn renews(&self) -> bool {
        self.tokens.refresh_token.is_some() || self.machine.is_some()
    }

    /// True where it can give no further token: past its end and nothing to renew it with (F5).
    pub fn has_run_out(&self, now: &Moment) -> bool {
        !self.renews() && !self.tokens.is_valid_for(TimeDelta::zero(), now)
    }

    /// Why the user should sign in again, whether tries go on or not.
    pub fn needs_sign_in(&self) -> Option<&SignInNeeded> {
        let told = self.waiting.as_ref().and_then(|waiting| match &waiting.failure {
            Failure::SignInNeeded(why) => Some(why),
            _ => None,
        });
        self.dead.as_ref().or(told)
    }

    /// The server says when the sign-in ends: a date that has not moved keeps the moment it was first stated.
    pub(super) fn state_end(&mut self, at: DateTime<Utc>, now: &Moment) {
        if self.ends_at.is_none_or(|before| (at - before).abs() > SAME_END) {
            self.ends_at = Some(at);
            self.ends_stated = Some(now.clone());
        }
    }

    /// The lifetime that the end of this sign-in teaches. One that a lost answer may have ended teaches none, nor one whose
    /// client is gone.
    pub(super) fn lesson(&self, why: &SignInNeeded, now: &Moment) -> Option<TimeDelta> {
        let ended_by_grant = matches!(why, SignInNeeded::Ended { error, .. } if error == "invalid_grant")
            && self.dead.is_none()
            && self.machine.is_none();
        let was_cut =
            self.waiting.as_ref().is_some_and(|w| matches!(w.failure, Failure::Temporary(Temporary::Cut(_))));
        (ended_by_grant && !was_cut).then(|| self.lived_until(now)).flatten()
    }

    /// How long it lived, seen to have ended `now` by a server's `invalid_grant`: at least until its last renewal and at most
    /// until now. Where the two are too far apart (a machine asleep, a sign-in never renewed), nobody can tell.
    pub(crate) fn lived_until(&self, now: &Moment) -> Option<TimeDelta> {
        let renewed = &self.tokens.obtained;
        let lived = self.since.age(renewed)?;
        let unsure = renewed.age(now)?;
        (lived > TimeDelta::zero() && unsure <= lived / LEARNED_WITHIN).then_some(lived)
    }
}
