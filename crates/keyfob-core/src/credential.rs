//! The credential of one profile: what is sealed on disk, and how an answer changes it.
//!
//! A credential is never deleted because a renewal failed. Only a sign-out empties it, and what a refusal does to it is
//! written down here as plain functions from old to new.

mod reminded;
mod sealed_form;
mod sign_in;
mod verdict;
mod waiting;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client_registration::{Given, GivenProof, Registration, RegistrationOrigin};
use crate::failure::Temporary;
use crate::grant::token_endpoint::{Refusal, TokenAnswer};
use crate::moment::Moment;
use crate::pauses::later;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::secret::{AccessToken, ClientSecret, Fingerprint, PrivateKey, RefreshToken, SecretText};
use crate::token_set::TokenSet;

pub use reminded::{Reminded, ToldMark, ToldNeed};
pub use sealed_form::{SCHEMA, UnreadableCredential};
pub use sign_in::{Endpoints, LEARNED_WITHIN, RefreshIntent, SAME_END, SignIn};
use verdict::{Verdict, verdict};
use waiting::{Pause, Try};
pub use waiting::{Silence, Waiting};

/// The sealed record of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Rises by one with every durable write; a writer with an older one loses (compare and swap).
    pub generation: u64,
    /// The machine that wrote it (trust rule 12).
    pub machine_id: String,
    /// A client secret the operator gave, for pre-registered clients.
    pub given_client_secret: Option<ClientSecret>,
    /// A private key the operator's client signs with.
    pub given_private_key: Option<PrivateKey>,
    /// The client at the issuer, kept over sign-outs.
    pub registration: Option<Registration>,
    /// The sign-in, if there is one.
    pub sign_in: Option<SignIn>,
    /// Renewals and failures so far.
    pub history: History,
    /// Lifetimes of sign-ins seen to end, newest last.
    pub learned_lifetimes: Vec<TimeDelta>,
    /// What the user has been told about this sign-in's end.
    pub reminded: Box<Reminded>,
    /// Tokens forgotten here that the server may still honour: revoked as soon as it can be reached (H7, H8).
    pub revocations: Vec<PendingRevocation>,
    /// Commands that their owner has allowed to get the token (V9).
    pub approved_commands: Vec<Fingerprint>,
    /// Members written by another version, kept as they are.
    pub unknown: Map<String, Value>,
}

/// Tokens that wait for their revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRevocation {
    /// The issuer's revocation endpoint.
    pub endpoint: CheckedUrl,
    /// The client they were given to.
    pub registration: Registration,
    /// Revoked first.
    pub refresh_token: Option<RefreshToken>,
    /// Revoked second.
    pub access_token: AccessToken,
    /// The profile, which may be gone, let its requests reach private addresses (A9).
    pub private_network: bool,
}

/// Renewals and failures so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Successful renewals since the sign-in.
    pub refreshes: u64,
    /// Failed attempts since the sign-in.
    pub failures: u64,
    /// The last attempt.
    pub last_refresh: Option<LastRefresh>,
}

/// The last attempt to renew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRefresh {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: RefreshOutcome,
}

/// How a renewal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefreshOutcome {
    /// A new token.
    Renewed,
    /// A failure that passes.
    Failed,
    /// The sign-in has ended.
    Rejected,
}

/// A new sign-in, ready to be taken in.
#[derive(Debug, Clone)]
pub struct NewSignIn {
    /// The client that was used.
    pub registration: Registration,
    /// The MCP URL.
    pub url: CheckedUrl,
    /// The published resource identifier.
    pub resource: String,
    /// Validated endpoints.
    pub endpoints: Endpoints,
    /// What the token endpoint answered.
    pub answer: TokenAnswer,
    /// Scopes asked for.
    pub requested: ScopeSet,
    /// The account, where userinfo told it.
    pub account: Option<String>,
    /// True for a machine's own sign-in (RFC 6749 §4.4): it is renewed by asking again.
    pub machine: bool,
}

impl Credential {
    /// A credential with nothing in it yet.
    pub fn empty(machine_id: &str) -> Self {
        Self {
            generation: 0,
            machine_id: machine_id.to_owned(),
            given_client_secret: None,
            given_private_key: None,
            registration: None,
            sign_in: None,
            history: History::default(),
            learned_lifetimes: Vec::new(),
            reminded: Box::default(),
            revocations: Vec::new(),
            approved_commands: Vec::new(),
            unknown: Map::new(),
        }
    }

    /// The same with what the operator gave for its client.
    #[must_use]
    pub fn with_given(self, proof: GivenProof) -> Self {
        match proof {
            GivenProof::Secret(secret) => Self { given_client_secret: Some(secret), ..self },
            GivenProof::PrivateKey(key) => Self { given_private_key: Some(key), ..self },
        }
    }

    /// What kind of proof the operator gave.
    pub fn given(&self) -> Given {
        match (&self.given_private_key, &self.given_client_secret) {
            (Some(_), _) => Given::PrivateKey,
            (None, Some(_)) => Given::Secret,
            (None, None) => Given::Nothing,
        }
    }

    /// The JSON that is sealed.
    pub fn to_plaintext(&self) -> SecretText {
        sealed_form::write(self)
    }

    /// Reads what [`Credential::to_plaintext`] wrote, also by newer versions of the same schema.
    pub fn from_plaintext(text: &SecretText) -> Result<Self, UnreadableCredential> {
        sealed_form::read(text)
    }

    /// The registration, if it belongs to `issuer` and is still usable (C6, C8).
    pub fn registration_at(&self, issuer: &str, now: DateTime<Utc>) -> Option<&Registration> {
        self.registration.as_ref().filter(|r| r.issuer == issuer && r.is_usable(now) && r.is_known())
    }

    /// The sign-in, if it belongs to this URL (V10: a profile pointed elsewhere has none there).
    pub fn sign_in_for(&self, url: &CheckedUrl) -> Option<&SignIn> {
        self.sign_in.as_ref().filter(|sign_in| sign_in.url == *url)
    }

    /// Takes a new sign-in in: registration and tokens change in the same write (C13).
    #[must_use]
    pub fn signed_in(&self, new: NewSignIn, now: &Moment) -> Self {
        let machine = new.machine.then(|| new.requested.clone());
        let answer = if new.machine { without_refresh_token(new.answer) } else { new.answer };
        let ends_at = answer.sign_in_ends_in.map(|left| now.wall + left);
        let account = new.account.or_else(|| answer.account.clone());
        let sign_in = SignIn {
            url: new.url,
            resource: new.resource,
            endpoints: new.endpoints,
            tokens: TokenSet::from_answer(answer, &new.requested, now),
            machine,
            since: now.clone(),
            ends_at,
            ends_stated: ends_at.map(|_| now.clone()),
            account,
            refused_scopes: Vec::new(),
            intent: None,
            dead: None,
            waiting: None,
            rests_until: None,
        };
        Self {
            registration: Some(new.registration),
            sign_in: Some(sign_in),
            history: History::default(),
            reminded: Box::new(self.reminded.after_sign_in()),
            ..self.clone()
        }
    }

    /// Forgets the sign-in; client registration and what was learned stay. Its tokens wait for their revocation where the
    /// server offers one.
    #[must_use]
    pub fn signed_out(&self) -> Self {
        let mut next = self.clone();
        next.history = History::default();
        let revocation =
            next.sign_in.take().zip(next.registration.clone()).and_then(|(s, r)| pending_revocation(&s, r));
        next.revocations.extend(revocation);
        next
    }

    /// Forgets everything but tokens that wait for their revocation: what stays of a removed profile.
    #[must_use]
    pub fn removed(&self, private_network: bool) -> Self {
        let mut out = self.signed_out();
        out.revocations.iter_mut().for_each(|pending| pending.private_network = private_network);
        Self { generation: out.generation, revocations: out.revocations, ..Self::empty(&out.machine_id) }
    }

    /// Takes an updated registration in (RFC 7592 §3), also for tokens of the same client that wait for their revocation: its
    /// old secret may be dead (C9). A record that has another client by now stays as it is.
    #[must_use]
    pub fn with_updated_registration(&self, updated: &Registration) -> Self {
        let mut next = self.clone();
        let waiting = next.revocations.iter_mut().map(|pending| &mut pending.registration);
        for registration in next.registration.iter_mut().chain(waiting) {
            if registration.issuer == updated.issuer && registration.client_id == updated.client_id {
                registration.clone_from(updated);
            }
        }
        next
    }

    /// Notes that the refresh token is about to be spent (trust rule 2).
    #[must_use]
    pub fn with_intent(&self, now: &Moment) -> Self {
        let mut next = self.clone();
        if let Some(sign_in) = &mut next.sign_in {
            sign_in.intent = sign_in
                .tokens
                .refresh_token
                .as_ref()
                .map(|t| RefreshIntent { token: t.fingerprint(), at: now.clone() });
        }
        next
    }

    /// True where the outcome of a renewal with the very refresh token held now is not known.
    pub fn has_open_intent(&self) -> bool {
        let open = self.sign_in.as_ref().and_then(|sign_in| {
            Some(sign_in.intent.as_ref()?.token == sign_in.tokens.refresh_token.as_ref()?.fingerprint())
        });
        open.unwrap_or(false)
    }

    /// Takes a renewal's answer in.
    #[must_use]
    pub fn renewed(&self, answer: TokenAnswer, now: &Moment) -> Self {
        let mut next = self.clone();
        let Some(sign_in) = &mut next.sign_in else { return next };
        let answer = if sign_in.machine.is_some() { without_refresh_token(answer) } else { answer };
        if let Some(left) = answer.sign_in_ends_in {
            sign_in.state_end(now.wall + left, now);
        }
        if let Some(account) = &answer.account {
            sign_in.account = Some(account.clone());
        }
        let rest = sign_in.tokens.rest_after(&answer, now);
        sign_in.rests_until = rest.map(|rest| later(now, rest));
        sign_in.tokens = sign_in.tokens.renewed(answer, now);
        sign_in.intent = None;
        sign_in.dead = None;
        sign_in.waiting = None;
        next.reminded.needed = None;
        next.history.refreshes += 1;
        next.history.last_refresh = Some(LastRefresh { at: now.wall, outcome: RefreshOutcome::Renewed });
        next
    }

    /// The next try begins the backoff anew: the network came back, or a person asked (trust rule 6).
    #[must_use]
    pub fn with_backoff_reset(mut self) -> Self {
        if let Some(waiting) = self.sign_in.as_mut().and_then(|sign_in| sign_in.waiting.as_mut()) {
            waiting.failures_in_a_row = 0;
        }
        self
    }

    /// Takes a refusal in: final ones mark the sign-in dead and keep everything, the others wait (trust rules 6 and 7).
    ///
    /// `jitter` in -1.0..=1.0 spreads the next try. The intent is closed, because an answer came.
    #[must_use]
    pub fn refused(&self, refusal: &Refusal, now: &Moment, jitter: f64) -> Self {
        let Some(sign_in) = &self.sign_in else { return self.clone() };
        let client_given =
            self.registration.as_ref().is_some_and(|r| r.origin == RegistrationOrigin::PreRegistered);
        self.failed(verdict(refusal, sign_in, client_given, now), now, jitter, false)
    }

    /// Takes a failure without any answer in. `sent` keeps the intent open: the outcome is not known.
    #[must_use]
    pub fn unanswered(&self, cause: Temporary, sent: bool, now: &Moment, jitter: f64) -> Self {
        let pause = Pause::Backoff { answered: false, named: None };
        self.failed(Verdict::Wait { failure: cause.into(), pause }, now, jitter, sent)
    }

    fn failed(&self, verdict: Verdict, now: &Moment, jitter: f64, keep_intent: bool) -> Self {
        let mut next = self.clone();
        let Some(sign_in) = &mut next.sign_in else { return next };
        if !keep_intent {
            sign_in.intent = None;
        }
        next.history.failures += 1;
        let outcome = match verdict {
            Verdict::Final(why) => {
                next.learned_lifetimes.extend(sign_in.lesson(&why, now));
                sign_in.waiting = None;
                sign_in.dead = Some(why);
                RefreshOutcome::Rejected
            }
            Verdict::Wait { failure, pause } => {
                let past_end = !sign_in.tokens.is_valid_for(TimeDelta::zero(), now);
                let tried = Try { before: sign_in.waiting.as_ref(), past_end, now, jitter };
                sign_in.waiting = Some(Waiting::after(&tried, failure, pause));
                RefreshOutcome::Failed
            }
        };
        next.history.last_refresh = Some(LastRefresh { at: now.wall, outcome });
        next
    }
}

/// A machine asks again with its own proof; a refresh token that a server adds (RFC 6749 §4.4.3: it should not) is one more
/// secret to lose, and its end would be taken for the sign-in's.
fn without_refresh_token(answer: TokenAnswer) -> TokenAnswer {
    TokenAnswer { refresh_token: None, sign_in_ends_in: None, ..answer }
}

/// The revocation of a sign-in's tokens, where the server offers one and it is known who may ask for it.
pub fn pending_revocation(sign_in: &SignIn, registration: Registration) -> Option<PendingRevocation> {
    registration.is_known().then_some(())?;
    Some(PendingRevocation {
        endpoint: sign_in.endpoints.revocation.clone()?,
        registration,
        refresh_token: sign_in.tokens.refresh_token.clone(),
        access_token: sign_in.tokens.access_token.clone(),
        private_network: false,
    })
}

#[cfg(test)]
#[path = "credential/tests.rs"]
pub(crate) mod tests;
