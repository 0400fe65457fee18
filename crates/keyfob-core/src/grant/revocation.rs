//! Revocation (RFC 7009): the requests of a sign-out, refresh token first (H7).

use super::credential_request::CredentialRequest;
use crate::client_registration::Registration;
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
    /// The server cannot now; try again later.
    Later,
    /// The server will not: a public client, or an endpoint that wants something else (oddity 17).
    Refused(u16),
}

/// Reads the status of a revocation answer.
pub fn read(status: u16) -> Revocation {
    match status {
        200..=299 => Revocation::Gone,
        429 | 500..=599 => Revocation::Later,
        other => Revocation::Refused(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H8
    #[test]
    fn success_is_gone_trouble_is_later_and_the_rest_is_refused() {
        assert_eq!(read(200), Revocation::Gone);
        assert_eq!(read(503), Revocation::Later);
        assert_eq!(read(401), Revocation::Refused(401));
        assert_eq!(read(302), Revocation::Refused(302));
    }
}
