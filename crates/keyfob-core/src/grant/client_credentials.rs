//! The client credentials grant (RFC 6749 §4.4): a machine asks for a token of its own, and asks again for the next one.

use super::credential_request::CredentialRequest;
use crate::client_registration::Registration;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;

/// What a machine asks for, each time anew.
#[derive(Debug, Clone)]
pub struct MachineRequest<'a> {
    /// The issuer's token endpoint.
    pub endpoint: &'a CheckedUrl,
    /// The client, with its proof.
    pub client: &'a Registration,
    /// `resource` (D3).
    pub resource: Option<&'a str>,
    /// `audience`, for servers that want it beside or instead of `resource`.
    pub audience: Option<&'a str>,
    /// `scope`; none is sent where this is empty.
    pub scopes: &'a ScopeSet,
    /// Further parameters of the user's own.
    pub extra: &'a [(String, String)],
}

/// The token request.
pub fn request(wanted: &MachineRequest<'_>) -> CredentialRequest {
    let scope = wanted.scopes.to_wire();
    let mut parameters = vec![("grant_type", "client_credentials")];
    parameters.extend(scope.as_deref().map(|scope| ("scope", scope)));
    parameters.extend(wanted.resource.map(|resource| ("resource", resource)));
    parameters.extend(wanted.audience.map(|audience| ("audience", audience)));
    parameters.extend(wanted.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    CredentialRequest::new(wanted.endpoint, wanted.client, &parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::authorization_server::ClientAuthentication;
    use crate::grant::credential_request::tests::client;

    /// D3, C11, H6: what is sent, and that the secret stands in the header alone.
    #[test]
    fn a_machine_asks_with_scope_resource_and_audience_and_proves_itself_by_basic() {
        let request = request(&MachineRequest {
            endpoint: &CheckedUrl::parse("https://as.example/token").unwrap(),
            client: &client(ClientAuthentication::ClientSecretBasic, Some("s:1")),
            resource: Some("https://a.example/mcp"),
            audience: Some("api"),
            scopes: &ScopeSet::parse("read write"),
            extra: &[("tenant".into(), "1".into())],
        });
        assert_eq!(
            request.body.expose_secret(),
            "grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fa.example%2Fmcp&audience=api&tenant=1"
        );
        assert_eq!(request.authorization.unwrap().expose_secret(), "Basic bWU6cyUzQTE=");
    }

    /// F11: nothing is sent that was left out.
    #[test]
    fn without_scope_resource_and_audience_only_the_grant_is_named() {
        let request = request(&MachineRequest {
            endpoint: &CheckedUrl::parse("https://as.example/token").unwrap(),
            client: &client(ClientAuthentication::ClientSecretPost, Some("s")),
            resource: None,
            audience: None,
            scopes: &ScopeSet::default(),
            extra: &[],
        });
        assert_eq!(
            request.body.expose_secret(),
            "grant_type=client_credentials&client_id=me&client_secret=s"
        );
        assert_eq!(request.authorization, None);
    }
}
