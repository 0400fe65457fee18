//! The tokens of one sign-in and how old they are.

use chrono::{DateTime, TimeDelta, Utc};

use crate::grant::token_endpoint::TokenAnswer;
use crate::moment::Moment;
use crate::pauses::rest;
use crate::scope::ScopeSet;
use crate::secret::{AccessToken, RefreshToken};

/// An access token, what renews it, and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSet {
    /// The bearer.
    pub access_token: AccessToken,
    /// What renews it; `None` where the server gave none (F5).
    pub refresh_token: Option<RefreshToken>,
    /// When the answer arrived.
    pub obtained: Moment,
    /// How long the access token lives from then on.
    pub lifetime: TimeDelta,
    /// True where nobody said so: then its end decides when it is renewed, and is told to nobody as a date.
    pub end_assumed: bool,
    /// Granted scopes, where known.
    pub scopes: Option<ScopeSet>,
}

impl TokenSet {
    /// The tokens of a first answer.
    pub fn from_answer(answer: TokenAnswer, requested: &ScopeSet, now: &Moment) -> Self {
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
            obtained: now.clone(),
            lifetime: answer.lifetime,
            end_assumed: answer.end_assumed,
            // RFC 6749 §5.1: left out means "as requested".
            scopes: answer.scopes.or_else(|| (!requested.is_empty()).then(|| requested.clone())),
        }
    }

    /// The tokens after a renewal: a new refresh token replaces the old one, none keeps it (F6).
    ///
    /// The same access token again keeps its end while that has not come: a server that gives what it has in store may
    /// tell the whole lifetime anew, and a token must not be taken for alive when it is dead. An end that was assumed gives
    /// way to one that is told.
    #[must_use]
    pub fn renewed(&self, answer: TokenAnswer, now: &Moment) -> Self {
        let same = answer.access_token == self.access_token && self.is_valid_for(TimeDelta::zero(), now);
        let keeps = same && (answer.end_assumed || !self.end_assumed);
        let (obtained, lifetime, end_assumed) = if keeps {
            (self.obtained.clone(), self.lifetime, self.end_assumed)
        } else {
            (now.clone(), answer.lifetime, answer.end_assumed)
        };
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token.or_else(|| self.refresh_token.clone()),
            obtained,
            lifetime,
            end_assumed,
            scopes: answer.scopes.or_else(|| self.scopes.clone()),
        }
    }

    /// How long to leave the server alone after this answer: only where it brought no new access token (trust rule 8).
    pub fn rest_after(&self, answer: &TokenAnswer, now: &Moment) -> Option<TimeDelta> {
        let same = answer.access_token == self.access_token;
        same.then(|| rest(self.remaining(now).unwrap_or_default()))
    }

    /// The end as the wall clock shows it; for people and files, not for decisions.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.obtained.wall + self.lifetime
    }

    /// True where the server grants no more at a time than what a token is handed out with at the least.
    pub fn is_short_lived(&self) -> bool {
        !self.end_assumed && self.lifetime <= TimeDelta::minutes(1)
    }

    /// What is left; `None` where the age cannot be told (trust rule 9: then one refresh).
    pub fn remaining(&self, now: &Moment) -> Option<TimeDelta> {
        self.obtained.age(now).map(|age| self.lifetime - age)
    }

    /// True while at least `needed` is left.
    pub fn is_valid_for(&self, needed: TimeDelta, now: &Moment) -> bool {
        self.remaining(now).is_some_and(|left| left > needed.max(TimeDelta::zero()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(seconds: i64) -> Moment {
        Moment {
            wall: DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap(),
            boot_ms: u64::try_from(1_000_000_000 + seconds * 1_000).unwrap(),
            boot_id: "boot".into(),
        }
    }

    pub(crate) fn answer(access: &str, refresh: Option<&str>, lifetime: i64) -> TokenAnswer {
        TokenAnswer {
            access_token: AccessToken::new(access.into()),
            lifetime: TimeDelta::seconds(lifetime),
            end_assumed: false,
            refresh_token: refresh.map(|r| RefreshToken::new(r.into())),
            scopes: None,
            sign_in_ends_in: None,
            account: None,
        }
    }

    /// F6
    #[test]
    fn a_new_refresh_token_replaces_the_old_and_none_keeps_it() {
        let first = TokenSet::from_answer(answer("a1", Some("r1"), 60), &ScopeSet::parse("read"), &at(0));
        assert_eq!(first.scopes, Some(ScopeSet::parse("read")));
        let kept = first.renewed(answer("a2", None, 60), &at(30));
        assert_eq!(kept.refresh_token, Some(RefreshToken::new("r1".into())));
        let replaced = kept.renewed(answer("a3", Some("r2"), 60), &at(60));
        assert_eq!(replaced.refresh_token, Some(RefreshToken::new("r2".into())));
    }

    /// F3
    #[test]
    fn an_assumed_end_gives_way_to_a_told_one_and_no_told_one_to_a_guess() {
        let guess = |access: &str| TokenAnswer { end_assumed: true, ..answer(access, Some("r"), 600) };
        let assumed = TokenSet::from_answer(guess("a"), &ScopeSet::default(), &at(0));
        let told = assumed.renewed(answer("a", None, 3_600), &at(60));
        assert_eq!((told.end_assumed, told.expires_at()), (false, at(3_660).wall));
        let kept = told.renewed(guess("a"), &at(120));
        assert_eq!((kept.end_assumed, kept.expires_at()), (false, at(3_660).wall));
        assert!(kept.renewed(guess("b"), &at(180)).end_assumed);
    }

    /// fault 22
    #[test]
    fn a_token_is_dead_when_its_time_has_passed_whatever_the_wall_clock_says() {
        let tokens = TokenSet::from_answer(answer("a", None, 60), &ScopeSet::default(), &at(0));
        assert!(tokens.is_valid_for(TimeDelta::seconds(29), &at(30)));
        assert!(!tokens.is_valid_for(TimeDelta::seconds(30), &at(30)));
        let set_back = Moment { wall: at(-7_200).wall, ..at(61) };
        assert!(!tokens.is_valid_for(TimeDelta::zero(), &set_back));
    }
}
