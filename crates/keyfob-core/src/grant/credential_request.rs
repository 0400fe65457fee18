//! A form POST that carries credentials: to the token endpoint and the revocation endpoint, with client authentication.
//!
//! Built here and not by the `oauth2` crate, because that one refuses loopback http for revocation and hides the bytes of
//! a token request behind its own HTTP trait; see docs/adr/0005.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::client_assertion::ASSERTION_TYPE;
use crate::client_registration::Registration;
use crate::discovery::authorization_server::ClientAuthentication;
use crate::resource::CheckedUrl;
use crate::secret::SecretText;

/// A POST that carries credentials and must never follow a redirect (F10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRequest {
    /// Where it goes.
    pub endpoint: CheckedUrl,
    /// The value of `Authorization`, for Basic clients.
    pub authorization: Option<SecretText>,
    /// The body, a form wherever the RFCs are kept.
    pub body: SecretText,
    /// How the body is written.
    pub encoding: Encoding,
}

impl CredentialRequest {
    /// The same request with an assertion as the client's proof (RFC 7523 §2.2).
    #[expect(
        clippy::disallowed_methods,
        reason = "the assertion joins the body that goes to its one audience"
    )]
    #[must_use]
    pub fn proven_by(&self, assertion: &SecretText) -> Self {
        let proof =
            [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.expose_secret())];
        let body = self.body.expose_secret();
        let body = match (self.encoding, serde_json::from_str(body)) {
            (Encoding::Json, Ok(Value::Object(mut members))) => {
                members.extend(proof.map(|(name, value)| (name.to_owned(), Value::from(value))));
                Value::Object(members).to_string()
            }
            _ => Serializer::new(body.to_owned()).extend_pairs(proof).finish(),
        };
        Self { body: SecretText::new(body), ..self.clone() }
    }
}

/// How a request's parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// A form, as RFC 6749 says.
    #[default]
    Form,
    /// A JSON object: one widely used server takes nothing else for a device, and answers a form with 415.
    Json,
}

impl Encoding {
    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }

    /// The other one, to try where a server refuses this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Form => Self::Json,
            Self::Json => Self::Form,
        }
    }
}

/// One parameter; secrets among them are exposed by the caller, who holds the reason.
pub(crate) type Parameter<'a> = (&'a str, &'a str);

impl CredentialRequest {
    /// Builds the form and proves the client by its registered method (RFC 6749 §2.3.1; a server holds a client to it).
    pub(crate) fn new(endpoint: &CheckedUrl, client: &Registration, parameters: &[Parameter<'_>]) -> Self {
        Self::encoded(endpoint, client, parameters, Encoding::Form)
    }

    /// The same in either encoding.
    #[expect(clippy::disallowed_methods, reason = "the client secret goes to its own authorization server")]
    pub(crate) fn encoded(
        endpoint: &CheckedUrl,
        client: &Registration,
        parameters: &[Parameter<'_>],
        encoding: Encoding,
    ) -> Self {
        let mut all = parameters.to_vec();
        let secret = client.client_secret.as_ref().map(super::super::secret::ClientSecret::expose_secret);
        let mut authorization = None;
        match (client.authentication, secret) {
            (ClientAuthentication::ClientSecretBasic, Some(secret)) => {
                authorization = Some(basic(&client.client_id, secret));
            }
            (ClientAuthentication::ClientSecretPost, Some(secret)) => {
                all.extend([("client_id", client.client_id.as_str()), ("client_secret", secret)]);
            }
            _ => {
                all.push(("client_id", &client.client_id));
            }
        }
        let body = match encoding {
            Encoding::Form => Serializer::new(String::new()).extend_pairs(&all).finish(),
            Encoding::Json => json(&all),
        };
        Self { endpoint: endpoint.clone(), authorization, body: SecretText::new(body), encoding }
    }
}

fn json(parameters: &[Parameter<'_>]) -> String {
    let members = parameters.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Value::Object(members.collect()).to_string()
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
        let public = Registration::public("https://as.example", "me", RegistrationOrigin::PreRegistered);
        let client_secret = secret.map(|s| ClientSecret::new(s.into()));
        Registration { client_secret, authentication, ..public }
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

    /// The same parameters as JSON; a Basic client's secret stays in the header.
    #[test]
    fn a_server_that_takes_json_alone_gets_the_same_parameters() {
        let endpoint = CheckedUrl::parse("https://as.example/device").unwrap();
        let build = |method, secret| {
            let me = client(method, secret);
            CredentialRequest::encoded(&endpoint, &me, &[("scope", "a \"b\"")], Encoding::Json)
        };
        let public = build(ClientAuthentication::None, None);
        assert_eq!(public.body.expose_secret(), r#"{"client_id":"me","scope":"a \"b\""}"#);
        assert_eq!(public.encoding.content_type(), "application/json");
        let basic = build(ClientAuthentication::ClientSecretBasic, Some("s"));
        assert!(basic.authorization.is_some() && !basic.body.expose_secret().contains("client"));
    }

    /// H6
    #[test]
    fn an_assertion_joins_the_request_in_its_own_encoding() {
        let endpoint = CheckedUrl::parse("https://as.example/token").unwrap();
        let me = client(ClientAuthentication::PrivateKeyJwt, None);
        let proven = |encoding| {
            let request = CredentialRequest::encoded(&endpoint, &me, &[("a", "b")], encoding);
            request.proven_by(&SecretText::new("h.c.s".into())).body.expose_secret().to_owned()
        };
        assert_eq!(
            proven(Encoding::Form),
            "a=b&client_id=me&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=h.c.s"
        );
        let json: Value = serde_json::from_str(&proven(Encoding::Json)).unwrap();
        assert_eq!((&json["a"], &json["client_assertion"]), (&Value::from("b"), &Value::from("h.c.s")));
    }
}
