//! Tokens: made, renewed, checked and revoked. The rules of rotation are here and nowhere else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::clock::{Millis, millis};
use crate::oddities::{
    AccessTokenShape, AfterRevocation, EarlyRefresh, ExpiredToken, GraceAnswer, OldAccessToken, Reuse,
    Rotation, SignInSpan, Token,
};
use crate::options::PortalOptions;

/// Makes what cannot be guessed: a random seed and a counter, hashed. Only the seed needs the system's randomness.
pub(crate) struct Mint {
    seed: [u8; 32],
    counter: AtomicU64,
    mark: String,
}

impl Mint {
    pub(crate) fn new(mark: &str) -> std::io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        Ok(Self { seed, counter: AtomicU64::new(0), mark: mark.to_owned() })
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.seed).chain_update(count.to_be_bytes()).finalize().into()
    }

    /// Mark and 43 random characters; `kind` tells a reader of a trace what it is.
    pub(crate) fn token(&self, kind: &str) -> String {
        format!("{}-{kind}-{}", self.mark, URL_SAFE_NO_PAD.encode(self.bytes()))
    }
}

/// What the ledger goes by at one moment.
pub(crate) struct Terms<'a> {
    pub(crate) now: Millis,
    pub(crate) options: &'a PortalOptions,
    pub(crate) token: &'a Token,
    pub(crate) mint: &'a Mint,
}

/// A sign-in: what was granted to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    /// Absent for client credentials.
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) renews: bool,
    pub(crate) nonce: Option<String>,
}

struct HeldGrant {
    grant: Grant,
    began: Millis,
    renewed: Millis,
    ended: bool,
}

struct AccessToken {
    grant: u64,
    issued: Millis,
    expires: Millis,
    dead: bool,
}

enum Standing {
    Live,
    Used { at: Millis, successor: String },
    Dead,
}

struct RefreshToken {
    grant: u64,
    standing: Standing,
}

/// An answer of the token endpoint, before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) lasts: Millis,
    pub(crate) refresh_token: Option<String>,
    /// What is left of the sign-in.
    pub(crate) sign_in_lasts: Option<Millis>,
    pub(crate) grant: Grant,
}

/// How a renewal ended.
pub(crate) enum Renewal {
    /// The live token was presented.
    Renewed(Issued),
    /// The token before it, within the grace.
    Repeated(Issued),
    /// A used one outside the grace; answered only where reuse is tolerated.
    Reused(Option<Issued>),
    Refused,
    TooEarly,
}

/// Whose access token was presented.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client_id: String,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
}

/// All grants and tokens.
#[derive(Default)]
pub(crate) struct Ledger {
    grants: HashMap<u64, HeldGrant>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
    made: u64,
}

impl Ledger {
    /// Begins a grant and answers its first tokens.
    pub(crate) fn begin(&mut self, grant: Grant, terms: &Terms<'_>) -> (u64, Issued) {
        self.made += 1;
        let id = self.made;
        let renews = grant.renews;
        self.grants.insert(id, HeldGrant { grant, began: terms.now, renewed: terms.now, ended: false });
        let refresh_token = renews.then(|| self.new_refresh_token(id, terms));
        (id, self.issue(id, refresh_token, terms))
    }

    /// Renews: RFC 6749 section 6 with the rotation of RFC 9700 section 4.14.2.
    pub(crate) fn refresh(&mut self, token: &str, client_id: &str, terms: &Terms<'_>) -> Renewal {
        let Some(held) = self.refresh.get(token) else {
            return Renewal::Refused;
        };
        let id = held.grant;
        if !self.grant_lives(id, terms) || self.grants.get(&id).is_none_or(|g| g.grant.client_id != client_id)
        {
            return Renewal::Refused;
        }
        match &held.standing {
            Standing::Dead => Renewal::Refused,
            Standing::Live => self.renew(id, token, terms),
            Standing::Used { at, successor } => {
                let (at, successor) = (*at, successor.clone());
                self.repeat(id, token, (at, &successor), terms)
            }
        }
    }

    fn renew(&mut self, id: u64, token: &str, terms: &Terms<'_>) -> Renewal {
        if let Some(early) = self.early(id, token, terms) {
            return early;
        }
        let refresh_token = match terms.token.rotation {
            Rotation::EachTime => Some(self.rotate(id, token, terms)),
            Rotation::SameAgain => Some(token.to_owned()),
            Rotation::Omitted => None,
        };
        Renewal::Renewed(self.reissue(id, refresh_token, terms))
    }

    /// A renewal before half of the access token's life, where the portal has a rule against it.
    fn early(&self, id: u64, token: &str, terms: &Terms<'_>) -> Option<Renewal> {
        if terms.token.early_refresh == EarlyRefresh::Renewed {
            return None;
        }
        let of_grant = self.access.iter().filter(|(_, access)| access.grant == id && !access.dead);
        let (access_token, access) = of_grant.max_by_key(|(_, access)| access.issued)?;
        if terms.now >= access.issued + (access.expires - access.issued) / 2 {
            return None;
        }
        if terms.token.early_refresh == EarlyRefresh::Refused {
            return Some(Renewal::TooEarly);
        }
        let grant = self.grants.get(&id)?;
        Some(Renewal::Renewed(Issued {
            access_token: access_token.clone(),
            lasts: access.expires - terms.now,
            refresh_token: Some(token.to_owned()),
            sign_in_lasts: sign_in_lasts(grant, terms),
            grant: grant.grant.clone(),
        }))
    }

    /// A used token: answered within the grace while its successor is unused, else judged as reuse.
    fn repeat(
        &mut self,
        id: u64,
        token: &str,
        (at, successor): (Millis, &str),
        terms: &Terms<'_>,
    ) -> Renewal {
        let unused = self.refresh.get(successor).is_some_and(|next| matches!(next.standing, Standing::Live));
        let grace = terms.options.refresh_grace;
        if !grace.is_zero() && unused && terms.now - at <= millis(grace) {
            let refresh_token = match terms.token.grace {
                GraceAnswer::SamePairAgain => successor.to_owned(),
                GraceAnswer::AllPairsLive => self.new_refresh_token(id, terms),
                GraceAnswer::LastPairLives => {
                    self.kill(successor);
                    let next = self.new_refresh_token(id, terms);
                    self.use_up(token, at, next.clone());
                    next
                }
            };
            return Renewal::Repeated(self.reissue(id, Some(refresh_token), terms));
        }
        match terms.token.reuse {
            Reuse::Refused => Renewal::Reused(None),
            Reuse::EndsGrant => {
                self.end(id);
                Renewal::Reused(None)
            }
            Reuse::Tolerated => {
                let refresh_token = self.new_refresh_token(id, terms);
                Renewal::Reused(Some(self.reissue(id, Some(refresh_token), terms)))
            }
        }
    }

    fn rotate(&mut self, id: u64, token: &str, terms: &Terms<'_>) -> String {
        let next = self.new_refresh_token(id, terms);
        self.use_up(token, terms.now, next.clone());
        next
    }

    fn use_up(&mut self, token: &str, at: Millis, successor: String) {
        if let Some(held) = self.refresh.get_mut(token) {
            held.standing = Standing::Used { at, successor };
        }
    }

    fn kill(&mut self, token: &str) {
        if let Some(held) = self.refresh.get_mut(token) {
            held.standing = Standing::Dead;
        }
    }

    fn reissue(&mut self, id: u64, refresh_token: Option<String>, terms: &Terms<'_>) -> Issued {
        if terms.token.old_access_token == OldAccessToken::Dies {
            self.kill_access_tokens(id);
        }
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.renewed = terms.now;
        }
        self.issue(id, refresh_token, terms)
    }

    fn issue(&mut self, id: u64, refresh_token: Option<String>, terms: &Terms<'_>) -> Issued {
        let access_token = shaped(terms);
        let left = self.grants.get(&id).and_then(|grant| sign_in_lasts(grant, terms));
        let lasts = millis(terms.options.access_token_lifetime).min(left.unwrap_or(Millis::MAX));
        let access = AccessToken { grant: id, issued: terms.now, expires: terms.now + lasts, dead: false };
        self.access.insert(access_token.clone(), access);
        let grant = self.grants.get(&id).map(|held| held.grant.clone()).unwrap_or_default();
        Issued {
            access_token,
            lasts,
            sign_in_lasts: left.filter(|_| refresh_token.is_some()),
            refresh_token,
            grant,
        }
    }

    fn new_refresh_token(&mut self, id: u64, terms: &Terms<'_>) -> String {
        let token = terms.mint.token("refresh");
        self.refresh.insert(token.clone(), RefreshToken { grant: id, standing: Standing::Live });
        token
    }

    /// Whose token this is, if it is good now.
    pub(crate) fn check(&mut self, token: &str, terms: &Terms<'_>) -> Option<Caller> {
        let access = self.access.get(token)?;
        let id = access.grant;
        if terms.now >= access.expires {
            if terms.token.expired_token == ExpiredToken::EndsGrant {
                self.end(id);
            }
            return None;
        }
        let held = self.grants.get(&id).filter(|_| !access.dead)?;
        let Grant { client_id, account, scopes, .. } = held.grant.clone();
        Some(Caller { client_id, account, scopes })
    }

    /// Revokes either kind of token (RFC 7009 section 2.1); `false` for one that is unknown or another client's.
    pub(crate) fn revoke(&mut self, token: &str, client_id: &str, terms: &Terms<'_>) -> bool {
        let access = self.access.get(token).map(|access| access.grant);
        let refresh = self.refresh.get(token).map(|refresh| refresh.grant);
        let Some(id) = access.or(refresh) else {
            return false;
        };
        if self.grants.get(&id).is_none_or(|held| held.grant.client_id != client_id) {
            return false;
        }
        if let Some(access) = self.access.get_mut(token) {
            access.dead = true;
            return true;
        }
        match terms.token.after_revocation {
            AfterRevocation::AccessTokenDies => self.end(id),
            AfterRevocation::AccessTokenLivesOn => self.end_renewal(id),
        }
        true
    }

    /// Ends every grant of a client and account.
    pub(crate) fn end_grants_of(&mut self, client_id: &str, account: &str) {
        let of_both = |held: &HeldGrant| {
            held.grant.client_id == client_id && held.grant.account.as_deref() == Some(account)
        };
        let ids: Vec<u64> = self.grants.iter().filter(|(_, held)| of_both(held)).map(|(id, _)| *id).collect();
        for id in ids {
            self.end(id);
        }
    }

    /// Ends every grant.
    pub(crate) fn end_all(&mut self) {
        let ids: Vec<u64> = self.grants.keys().copied().collect();
        for id in ids {
            self.end(id);
        }
    }

    /// Makes every access token dead before its time; refresh tokens live on.
    pub(crate) fn kill_all_access_tokens(&mut self) {
        self.access.values_mut().for_each(|access| access.dead = true);
    }

    /// Ends a grant with all its tokens.
    pub(crate) fn end(&mut self, id: u64) {
        self.end_renewal(id);
        self.kill_access_tokens(id);
    }

    fn end_renewal(&mut self, id: u64) {
        if let Some(held) = self.grants.get_mut(&id) {
            held.ended = true;
        }
    }

    fn kill_access_tokens(&mut self, id: u64) {
        self.access.values_mut().filter(|access| access.grant == id).for_each(|access| access.dead = true);
    }

    fn grant_lives(&self, id: u64, terms: &Terms<'_>) -> bool {
        let margin = millis(terms.token.refused_before_end);
        self.grants.get(&id).is_some_and(|held| {
            !held.ended && sign_in_lasts(held, terms).is_none_or(|left| left > margin.max(0))
        })
    }
}

/// What is left of a sign-in, where it has an end.
fn sign_in_lasts(held: &HeldGrant, terms: &Terms<'_>) -> Option<Millis> {
    let whole: Duration = terms.options.sign_in_lifetime?;
    let from = match terms.token.sign_in_span {
        SignInSpan::FromSignIn => held.began,
        SignInSpan::FromRefresh => held.renewed,
    };
    Some((from + millis(whole) - terms.now).max(0))
}

fn shaped(terms: &Terms<'_>) -> String {
    let token = terms.mint.token("access");
    match &terms.token.access_token {
        AccessTokenShape::Plain => token,
        AccessTokenShape::Long(length) => token.clone() + &"x".repeat(length.saturating_sub(token.len())),
        AccessTokenShape::WithSuffix(suffix) => token + suffix,
    }
}
