//! A form POST that carries credentials: to the token endpoint and the revocation endpoint, with client authentication.
//!
//! Built here and not by the `oauth2` crate, because that one refuses loopback http for revocation and hides the bytes of
//! a token request behind its own HTTP trait; see docs/adr/0005.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::client_registration::Registration;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::resource::CheckedUrl;
use crate::secret::SecretText;

/// A POST with `Content-Type: application/x-www-form-urlencoded` that must never follow a redirect (F10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRequest {
    /// Where it goes.
    pub endpoint: CheckedUrl,
    /// The value of `Authorization`, for Basic clients.
    pub authorization: Option<SecretText>,
    /// The form.
    pub body: SecretText,
}

/// One parameter; secrets among them are exposed by the caller, who holds the reason.
pub(crate) type Parameter<'a> = (&'a str, &'a str);

impl CredentialRequest {
    /// Builds the form and proves the client by its registered method (RFC 6749 §2.3.1; a server holds a client to it).
    #[expect(clippy::disallowed_methods, reason = "the client secret goes to its own authorization server")]
    pub(crate) fn new(endpoint: &CheckedUrl, client: &Registration, parameters: &[Parameter<'_>]) -> Self {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(parameters);
        let secret = client.client_secret.as_ref().map(super::super::secret::ClientSecret::expose_secret);
        let mut authorization = None;
        match (client.authentication, secret) {
            (ClientAuthentication::ClientSecretBasic, Some(secret)) => {
                authorization = Some(basic(&client.client_id, secret));
            }
            (ClientAuthentication::ClientSecretPost, Some(secret)) => {
                form.append_pair("client_id", &client.client_id).append_pair("client_secret", secret);
            }
            _ => {
                form.append_pair("client_id", &client.client_id);
            }
        }
        Self { endpoint: endpoint.clone(), authorization, body: SecretText::new(form.finish()) }
    }
}

/// Both parts are form-encoded before base64 (C11): servers decode them so, and a secret with `:` or `+` breaks otherwise.
fn basic(client_id: &str, secret: &str) -> SecretText {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    SecretText::new(format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)))))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::client_registration::RegistrationOrigin;
    use crate::secret::ClientSecret;

    pub(crate) fn client(authentication: ClientAuthentication, secret: Option<&str>) -> Registration {
        Registration {
            issuer: "https://as.example".into(),
            client_id: "me".into(),
            client_secret: secret.map(|s| ClientSecret::new(s.into())),
            authentication,
            origin: RegistrationOrigin::PreRegistered,
            redirect_uri: None,
            scopes: None,
            secret_expires_at: None,
            management: None,
        }
    }

    fn build(authentication: ClientAuthentication, secret: Option<&str>) -> (Option<String>, String) {
        let endpoint = CheckedUrl::parse("https://as.example/token").unwrap();
        let request = CredentialRequest::new(&endpoint, &client(authentication, secret), &[("a", "b c&d")]);
        (request.authorization.map(|a| a.expose_secret().to_owned()), request.body.expose_secret().to_owned())
    }

    /// C11
    #[test]
    fn basic_form_encodes_id_and_secret_before_base64() {
        let (authorization, body) = build(ClientAuthentication::ClientSecretBasic, Some("a:b/c+d e"));
        assert_eq!(authorization.unwrap(), format!("Basic {}", STANDARD.encode("me:a%3Ab%2Fc%2Bd+e")));
        assert_eq!(body, "a=b+c%26d");
    }

    #[test]
    fn post_puts_both_in_the_body_and_a_public_client_only_its_id() {
        assert_eq!(
            build(ClientAuthentication::ClientSecretPost, Some("s")),
            (None, "a=b+c%26d&client_id=me&client_secret=s".into())
        );
        assert_eq!(build(ClientAuthentication::None, None), (None, "a=b+c%26d&client_id=me".into()));
    }
}
