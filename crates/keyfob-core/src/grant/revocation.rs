//! Revocation (RFC 7009): the requests of a sign-out, refresh token first (H7).

use chrono::{DateTime, TimeDelta, Utc};

use super::credential_request::CredentialRequest;
use super::token_endpoint::{HttpAnswer, retry_after};
use crate::client_registration::Registration;
use crate::pauses::{backoff, hourly};
use crate::resource::CheckedUrl;
use crate::secret::{AccessToken, RefreshToken};

/// Revokes a refresh token.
#[expect(
    clippy::disallowed_methods,
    reason = "the refresh token goes to its issuer's revocation endpoint (F9)"
)]
pub fn of_refresh_token(
    endpoint: &CheckedUrl,
    client: &Registration,
    token: &RefreshToken,
) -> CredentialRequest {
    build(endpoint, client, token.expose_secret(), "refresh_token")
}

/// Revokes an access token.
#[expect(clippy::disallowed_methods, reason = "the access token goes to its issuer's revocation endpoint")]
pub fn of_access_token(
    endpoint: &CheckedUrl,
    client: &Registration,
    token: &AccessToken,
) -> CredentialRequest {
    build(endpoint, client, token.expose_secret(), "access_token")
}

fn build(endpoint: &CheckedUrl, client: &Registration, token: &str, hint: &str) -> CredentialRequest {
    CredentialRequest::new(endpoint, client, &[("token", token), ("token_type_hint", hint)])
}

/// What an answer means (H8): gone, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The token is gone, known or not (RFC 7009 §2.2).
    Gone,
    /// The server cannot now; it may have said when to come again.
    Later {
        /// When, by the wall clock.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The server will not: a public client, or an endpoint that wants something else (oddity 17).
    Refused(u16),
}

/// Reads a revocation answer.
pub fn read(answer: &HttpAnswer<'_>, now: DateTime<Utc>) -> Revocation {
    match answer.status {
        200..=299 => Revocation::Gone,
        429 | 500..=599 => {
            Revocation::Later { retry_at: answer.retry_after.and_then(|text| retry_after(text, now)) }
        }
        other => Revocation::Refused(other),
    }
}

/// Tries before an hour lies between two: by then the server has been away for longer than an evening's work on it.
const TRIES_BY_BACKOFF: u32 = 20;

/// The wait after so many failures in a row: as a renewal's, then hourly; never shorter than the server has named.
pub fn retry_in(failures: u32, named: Option<TimeDelta>, jitter: f64) -> TimeDelta {
    let pause = if failures > TRIES_BY_BACKOFF { hourly(jitter) } else { backoff(failures, jitter) };
    pause.max(named.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at(status: u16, retry_after: Option<&str>) -> Revocation {
        read(&HttpAnswer { status, retry_after, body: b"" }, DateTime::UNIX_EPOCH)
    }

    /// H8
    #[test]
    fn success_is_gone_trouble_is_later_and_the_rest_is_refused() {
        assert_eq!(read_at(200, None), Revocation::Gone);
        assert_eq!(read_at(503, None), Revocation::Later { retry_at: None });
        let retry_at = Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(9));
        assert_eq!(read_at(429, Some("9")), Revocation::Later { retry_at });
        assert_eq!(read_at(401, None), Revocation::Refused(401));
        assert_eq!(read_at(302, None), Revocation::Refused(302));
    }

    /// H7
    #[test]
    fn a_server_that_stays_away_is_asked_seldom_and_never_before_the_time_it_named() {
        let seconds = |failures, named| retry_in(failures, named, 0.0).num_seconds();
        assert_eq!([1, 2, 20, 21].map(|failures| seconds(failures, None)), [1, 2, 600, 3_600]);
        assert_eq!(seconds(1, Some(TimeDelta::seconds(90))), 90);
        assert_eq!(seconds(20, Some(TimeDelta::seconds(90))), 600);
    }
}
