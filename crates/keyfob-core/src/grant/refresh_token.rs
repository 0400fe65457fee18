//! Renewal (RFC 6749 §6): the request. What it may mean for the record is decided in `credential::apply_*`.

use super::credential_request::CredentialRequest;
use crate::client_registration::Registration;
use crate::resource::CheckedUrl;
use crate::secret::RefreshToken;

/// The refresh request. It asks for no scope: what was granted stays granted, and more is never asked (F7).
#[expect(
    clippy::disallowed_methods,
    reason = "the refresh token goes to the authorization server that issued it (F9)"
)]
pub fn request(
    endpoint: &CheckedUrl,
    client: &Registration,
    refresh_token: &RefreshToken,
    resource: Option<&str>,
) -> CredentialRequest {
    let mut parameters =
        vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
    parameters.extend(resource.map(|resource| ("resource", resource)));
    CredentialRequest::new(endpoint, client, &parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::authorization_server::ClientAuthentication;
    use crate::grant::credential_request::tests::client;

    /// D3, F7
    #[test]
    fn a_refresh_names_the_resource_and_no_scope() {
        let endpoint = CheckedUrl::parse("https://as.example/token").unwrap();
        let me = client(ClientAuthentication::None, None);
        let built = request(&endpoint, &me, &RefreshToken::new("r".into()), Some("https://a.example/mcp"));
        assert_eq!(
            built.body.expose_secret(),
            "grant_type=refresh_token&refresh_token=r&resource=https%3A%2F%2Fa.example%2Fmcp&client_id=me"
        );
    }
}
