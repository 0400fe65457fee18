//! Becoming a client of an authorization server: the order of choice (C1) and what is remembered of it.

pub mod dynamic;
pub mod metadata_document;
pub mod update;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::discovery::authorization_server::{AuthorizationServer, ClientAuthentication};
use crate::failure::{Failure, Incompatibility};
use crate::profile::ClientChoice;
use crate::scope::ScopeSet;
use crate::secret::{ClientSecret, PrivateKey, RegistrationAccessToken};

/// A client at one issuer. Never used at another (C6, B8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The issuer it belongs to, byte for byte.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// The secret, for confidential clients.
    pub client_secret: Option<ClientSecret>,
    /// How it proves itself at the token endpoint.
    pub authentication: ClientAuthentication,
    /// How it came to be.
    pub origin: RegistrationOrigin,
    /// The redirect URI it is registered with, port and all (D13).
    pub redirect_uri: Option<String>,
    /// Scopes it is registered for.
    pub scopes: Option<ScopeSet>,
    /// When the secret ends; `None` is never (C8).
    pub secret_expires_at: Option<DateTime<Utc>>,
    /// Where the registration is managed (RFC 7592).
    pub management: Option<Management>,
    /// The key that signs its assertions, for `private_key_jwt`.
    pub private_key: Option<PrivateKey>,
}

/// What an operator gave beside the client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenProof {
    /// A shared secret.
    Secret(ClientSecret),
    /// A private key, whose public half the operator has.
    PrivateKey(PrivateKey),
}

/// RFC 7592 management of a dynamic registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Management {
    /// `registration_client_uri`.
    pub uri: String,
    /// `registration_access_token`.
    pub token: RegistrationAccessToken,
    /// The client's metadata as the server has it: an update must send all of it again. Empty in records of older versions.
    pub metadata: Map<String, Value>,
}

/// Where a registration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationOrigin {
    /// The operator gave the client id.
    PreRegistered,
    /// The client id is the URL of a metadata document.
    MetadataDocument,
    /// RFC 7591.
    Dynamic,
}

/// What kind of proof an operator gave, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// None: a public client.
    Nothing,
    /// A shared secret.
    Secret,
    /// A private key; it goes before a secret, because it never leaves this machine.
    PrivateKey,
}

impl From<Option<&GivenProof>> for Given {
    fn from(proof: Option<&GivenProof>) -> Self {
        match proof {
            Some(GivenProof::PrivateKey(_)) => Self::PrivateKey,
            Some(GivenProof::Secret(_)) => Self::Secret,
            None => Self::Nothing,
        }
    }
}

/// How to become a client, in the order of C1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationChoice {
    /// Use the client id the profile names.
    PreRegistered {
        /// The client id.
        client_id: String,
        /// The method to use.
        authentication: ClientAuthentication,
    },
    /// Use the metadata document's URL as client id.
    MetadataDocument(String),
    /// Register at this endpoint.
    Dynamic(crate::resource::CheckedUrl),
}

/// Picks the way: pre-registered, then a client metadata document where the server takes one and the profile has a URL,
/// then dynamic registration (C1).
///
/// # Errors
/// [`Incompatibility::NoRegistration`] where none is possible; a metadata URL that breaks C2 is a usage error.
pub fn choose(
    client: &ClientChoice,
    given: Given,
    server: &AuthorizationServer,
) -> Result<RegistrationChoice, Failure> {
    if let Some(client_id) = &client.client_id {
        return Ok(RegistrationChoice::PreRegistered {
            client_id: client_id.clone(),
            authentication: client.authentication.unwrap_or_else(|| default_authentication(given, server)),
        });
    }
    if let Some(url) = client.metadata_url.as_ref().filter(|_| server.takes_client_id_metadata_document()) {
        metadata_document::check_client_id(url)?;
        return Ok(RegistrationChoice::MetadataDocument(url.clone()));
    }
    match server.registration_endpoint() {
        Some(endpoint) => Ok(RegistrationChoice::Dynamic(endpoint.clone())),
        None => Err(Incompatibility::NoRegistration.into()),
    }
}

/// The method for a client whose method nobody named: none without a proof, an assertion with a key, and for a secret Basic unless the server lists only the body.
pub fn default_authentication(given: Given, server: &AuthorizationServer) -> ClientAuthentication {
    use ClientAuthentication::{ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt};
    let listed = server.token_endpoint_auth_methods();
    match given {
        Given::Nothing => return None,
        Given::PrivateKey => return PrivateKeyJwt,
        Given::Secret => {}
    }
    if !listed.contains(&ClientSecretBasic) && listed.contains(&ClientSecretPost) {
        return ClientSecretPost;
    }
    ClientSecretBasic
}

impl Registration {
    /// A public client of this issuer, of which nothing else is known; a client with more says the rest.
    pub fn public(issuer: &str, client_id: &str, origin: RegistrationOrigin) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            authentication: ClientAuthentication::None,
            origin,
            redirect_uri: None,
            scopes: None,
            secret_expires_at: None,
            management: None,
            private_key: None,
        }
    }

    /// Stands beside tokens that were brought from elsewhere without their client: nothing can be asked for with it.
    pub fn unknown(issuer: &str) -> Self {
        Self::public(issuer, "", RegistrationOrigin::Dynamic)
    }

    /// False for the client that nobody knows.
    pub fn is_known(&self) -> bool {
        !self.client_id.is_empty()
    }

    /// True where a sign-in with this redirect and these scopes can be begun by it.
    pub fn serves(&self, redirect_uri: Option<&str>, scopes: &ScopeSet) -> bool {
        self.redirect_uri.as_deref() == redirect_uri && self.scopes.as_ref().is_none_or(|s| s.covers(scopes))
    }

    /// False once the secret has ended (C8).
    pub fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.secret_expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::CheckedUrl;
    use serde_json::json;

    fn server(changes: &serde_json::Value) -> AuthorizationServer {
        let mut document = json!({
            "issuer": "https://as.example", "authorization_endpoint": "https://as.example/a",
            "token_endpoint": "https://as.example/t", "code_challenge_methods_supported": ["S256"],
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        let body = serde_json::to_vec(&document).unwrap();
        AuthorizationServer::check(&body, &CheckedUrl::parse("https://as.example").unwrap()).unwrap()
    }

    fn full() -> AuthorizationServer {
        server(
            &json!({"client_id_metadata_document_supported": true, "registration_endpoint": "https://as.example/r"}),
        )
    }

    /// C1
    #[test]
    fn the_order_is_pre_registered_then_document_then_dynamic_then_ask() {
        let mut client = ClientChoice {
            client_id: Some("me".into()),
            metadata_url: Some("https://k.example/c.json".into()),
            ..Default::default()
        };
        assert!(matches!(
            choose(&client, Given::Nothing, &full()),
            Ok(RegistrationChoice::PreRegistered { .. })
        ));
        client.client_id = None;
        assert_eq!(
            choose(&client, Given::Nothing, &full()),
            Ok(RegistrationChoice::MetadataDocument("https://k.example/c.json".into()))
        );
        let no_documents = server(&json!({"registration_endpoint": "https://as.example/r"}));
        assert!(matches!(choose(&client, Given::Nothing, &no_documents), Ok(RegistrationChoice::Dynamic(_))));
        assert!(matches!(
            choose(&ClientChoice::default(), Given::Nothing, &full()),
            Ok(RegistrationChoice::Dynamic(_))
        ));
        assert_eq!(
            choose(&client, Given::Nothing, &server(&json!({}))),
            Err(Incompatibility::NoRegistration.into())
        );
    }

    /// C11
    #[test]
    fn a_secret_goes_by_basic_unless_only_the_body_is_listed() {
        let post = server(&json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
        assert_eq!(default_authentication(Given::Secret, &post), ClientAuthentication::ClientSecretPost);
        assert_eq!(default_authentication(Given::Secret, &full()), ClientAuthentication::ClientSecretBasic);
        assert_eq!(default_authentication(Given::Nothing, &full()), ClientAuthentication::None);
    }
}
