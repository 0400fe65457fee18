//! When a sign-in ends, and how that is known. A date is never invented, and one that life has disproved is dropped.
//!
//! An end is kept as a span from a moment: what is left is measured by the boot clock where it can be, so that a wall
//! clock set to another year announces no end (fault 47).

use chrono::{DateTime, TimeDelta, Utc};

use crate::credential::{LEARNED_WITHIN, SAME_END, SignIn};
use crate::grant::GrantKind;
use crate::moment::Moment;
use crate::profile::{LifetimeAnswer, LifetimeFrom, Profile};

/// How a sign-in's end is known, if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInEnd {
    /// Somebody who can know has said so.
    Known(KnownEnd),
    /// Nobody knows.
    Unknown,
    /// It ends with its access token, whose end nobody has said: no lifetime that a user knows would change that.
    WithToken,
}

/// An end, as a span from a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEnd {
    /// Who said so.
    pub source: EndSource,
    /// What the span counts from.
    pub from: Moment,
    /// How long from there.
    pub span: TimeDelta,
}

/// Who knows when a sign-in ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSource {
    /// The server said.
    Server,
    /// The user configured a lifetime.
    Configured,
    /// An earlier sign-in of this profile ended after this time.
    Learned,
}

impl SignInEnd {
    /// The date, where one is known.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Known(end) => Some(end.at()),
            Self::Unknown | Self::WithToken => None,
        }
    }

    /// `server`, `configured`, `learned` or `unknown`.
    pub fn known(&self) -> &'static str {
        match self {
            Self::Known(end) => end.source.word(),
            Self::Unknown | Self::WithToken => "unknown",
        }
    }
}

impl EndSource {
    /// `server`, `configured` or `learned`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Configured => "configured",
            Self::Learned => "learned",
        }
    }
}

impl KnownEnd {
    /// The date by the wall clock of the moment it counts from.
    pub fn at(&self) -> DateTime<Utc> {
        self.from.wall.checked_add_signed(self.span).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// What is left, negative once it is past; `None` where the clock cannot say.
    pub fn left(&self, now: &Moment) -> Option<TimeDelta> {
        self.from.age(now).map(|age| self.span - age)
    }

    /// True where the sign-in was renewed after this end: then it was none.
    fn is_disproved_by(&self, renewed: &Moment) -> bool {
        let slack = match self.source {
            EndSource::Server | EndSource::Configured => SAME_END,
            EndSource::Learned => self.span / LEARNED_WITHIN,
        };
        self.from.age(renewed).is_some_and(|age| age > self.span + slack)
    }
}

/// Works the end of a sign-in out; `learned` is the lifetime of the last one that was seen to end.
pub fn sign_in_end(sign_in: &SignIn, profile: &Profile, learned: Option<TimeDelta>) -> SignInEnd {
    if !sign_in.renews() && sign_in.tokens.end_assumed {
        return SignInEnd::WithToken;
    }
    stated(sign_in, profile, learned)
        .filter(|end| !end.is_disproved_by(&sign_in.tokens.obtained))
        .map_or(SignInEnd::Unknown, SignInEnd::Known)
}

fn stated(sign_in: &SignIn, profile: &Profile, learned: Option<TimeDelta>) -> Option<KnownEnd> {
    let tokens = &sign_in.tokens;
    // Nothing renews it: it ends with its token (F5). A client without a user just asks for the next token.
    if !sign_in.renews() {
        let span = tokens.lifetime - profile.margin;
        return Some(KnownEnd { source: EndSource::Server, from: tokens.obtained.clone(), span });
    }
    if let Some(at) = sign_in.ends_at {
        let from = sign_in.ends_stated.clone().unwrap_or_else(|| sign_in.since.clone());
        let span = at - from.wall - profile.margin;
        return Some(KnownEnd { source: EndSource::Server, from, span });
    }
    if let LifetimeAnswer::Known(configured) = profile.sign_in_lifetime {
        let from = match configured.from {
            LifetimeFrom::SignIn => &sign_in.since,
            LifetimeFrom::Refresh => &tokens.obtained,
        };
        let span = configured.lifetime - profile.margin;
        return Some(KnownEnd { source: EndSource::Configured, from: from.clone(), span });
    }
    let from = sign_in.since.clone();
    learned.map(|span| KnownEnd { source: EndSource::Learned, from, span })
}

/// True where the user should be asked when this sign-in ends: nobody knows, and "not known" has not been answered.
pub fn is_asked_for(end: &SignInEnd, profile: &Profile) -> bool {
    *end == SignInEnd::Unknown
        && profile.sign_in_lifetime != LifetimeAnswer::NotKnown
        && profile.grant != GrantKind::ClientCredentials
}

/// A lifetime to choose from when the question is put, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifetimeOffer {
    /// How long.
    pub lifetime: TimeDelta,
    /// Who says so, for people.
    pub source: &'static str,
}

/// What to offer: what was seen here, then what is usual elsewhere. "Not known" is always an answer besides.
pub fn offers(learned: &[TimeDelta]) -> Vec<LifetimeOffer> {
    let seen = learned
        .last()
        .map(|lifetime| LifetimeOffer { lifetime: *lifetime, source: "as long as the last one here lived" });
    // workers-oauth-provider's usual lifetime of a refresh token; the operator may have set another.
    let cloudflare = LifetimeOffer {
        lifetime: TimeDelta::days(30),
        source: "usual for portals built with Cloudflare's library",
    };
    seen.into_iter().chain([cloudflare]).collect()
}

#[cfg(test)]
#[path = "sign_in_end/tests.rs"]
mod tests;
