//! Authorization server metadata (RFC 8414, OpenID Discovery), as a checked type: what exists has passed B2 to B5.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{parse_object, string, strings};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::grant::GrantKind;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::server_text::shown;

/// How a client proves itself at the token endpoint (RFC 6749 §2.3, RFC 7523).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body, nothing else.
    #[serde(rename = "none")]
    None,
    /// HTTP Basic with form-encoded parts.
    #[serde(rename = "client_secret_basic")]
    ClientSecretBasic,
    /// Id and secret in the body.
    #[serde(rename = "client_secret_post")]
    ClientSecretPost,
    /// A signed assertion.
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
}

impl ClientAuthentication {
    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Reads a registered name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt]
            .into_iter()
            .find(|method| method.as_str() == text)
    }
}

/// Metadata of one issuer, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationServer {
    issuer: CheckedUrl,
    authorization_endpoint: Option<CheckedUrl>,
    device_authorization_endpoint: Option<CheckedUrl>,
    token_endpoint: CheckedUrl,
    registration_endpoint: Option<CheckedUrl>,
    revocation_endpoint: Option<CheckedUrl>,
    userinfo_endpoint: Option<CheckedUrl>,
    scopes_supported: ScopeSet,
    token_endpoint_auth_methods: Vec<ClientAuthentication>,
    iss_promised: bool,
    client_id_metadata_document: bool,
    machines: bool,
}

/// RFC 8628 §4
const DEVICE_ENDPOINT: &str = "device_authorization_endpoint";

/// Where the metadata of `issuer` may lie, in the order to try (B1).
pub fn well_known_urls(issuer: &CheckedUrl) -> Vec<String> {
    let origin = issuer.origin();
    let path = issuer.url().path().trim_end_matches('/');
    if path.is_empty() {
        return vec![
            format!("{origin}/.well-known/oauth-authorization-server"),
            format!("{origin}/.well-known/openid-configuration"),
        ];
    }
    vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
        format!("{origin}{path}/.well-known/openid-configuration"),
    ]
}

impl AuthorizationServer {
    /// Reads and checks a document fetched for `issuer`, for a sign-in in the browser.
    ///
    /// # Errors
    /// [`Misbehaviour`] for a document that lies or is no document, [`Incompatibility::NoPkce`] (B5).
    pub fn check(body: &[u8], issuer: &CheckedUrl) -> Result<Self, Failure> {
        Self::check_for(body, issuer, GrantKind::AuthorizationCode)
    }

    /// The same for any grant. What only the browser's redirect needs (an authorization endpoint, PKCE) is asked of a server
    /// for that grant alone; a device needs its own endpoint.
    ///
    /// # Errors
    /// As [`AuthorizationServer::check`], and [`Incompatibility::NoGrant`] for a server without a device endpoint.
    pub fn check_for(body: &[u8], issuer: &CheckedUrl, grant: GrantKind) -> Result<Self, Failure> {
        if let Some(first) = Self::problems(body, issuer, grant).into_iter().next() {
            return Err(first);
        }
        let object = object(body)?;
        Ok(Self {
            issuer: issuer.clone(),
            authorization_endpoint: endpoint(&object, "authorization_endpoint")?,
            device_authorization_endpoint: endpoint(&object, DEVICE_ENDPOINT)?,
            token_endpoint: required(&object, "token_endpoint")?,
            registration_endpoint: endpoint(&object, "registration_endpoint")?,
            revocation_endpoint: endpoint(&object, "revocation_endpoint")?,
            userinfo_endpoint: endpoint(&object, "userinfo_endpoint")?,
            scopes_supported: ScopeSet::from_names(strings(&object, "scopes_supported").unwrap_or_default()),
            token_endpoint_auth_methods: auth_methods(&object),
            iss_promised: flag(&object, "authorization_response_iss_parameter_supported"),
            client_id_metadata_document: flag(&object, "client_id_metadata_document_supported"),
            machines: strings(&object, "grant_types_supported")
                .is_some_and(|names| names.iter().any(|name| name == "client_credentials")),
        })
    }

    /// Everything that [`Self::check_for`] has against a document, the one it would name first. Empty where it holds.
    pub fn problems(body: &[u8], issuer: &CheckedUrl, grant: GrantKind) -> Vec<Failure> {
        let object = match object(body) {
            Ok(object) => object,
            Err(failure) => return vec![failure],
        };
        let mut problems = Vec::new();
        let published = string(&object, "issuer").unwrap_or_default();
        // Byte for byte: case, port and a slash at the end make another issuer (B2).
        if published != issuer.as_str() {
            let (published, expected) = (shown(&published), issuer.to_string());
            problems.push(Misbehaviour::IssuerMismatch { published, expected }.into());
        }
        let pkce = strings(&object, "code_challenge_methods_supported").unwrap_or_default();
        let has_pkce = pkce.iter().any(|method| method == "S256");
        match grant {
            GrantKind::AuthorizationCode if !has_pkce => problems.push(Incompatibility::NoPkce.into()),
            GrantKind::Device if matches!(endpoint(&object, DEVICE_ENDPOINT), Ok(None)) => {
                problems.push(Incompatibility::NoGrant("device".into()).into());
            }
            _ => {}
        }
        problems.extend(endpoint_problems(&object, grant));
        problems
    }

    /// The issuer, byte for byte as published.
    pub fn issuer(&self) -> &CheckedUrl {
        &self.issuer
    }
    /// Where the browser goes (RFC 6749 §3.1).
    pub fn authorization_endpoint(&self) -> Option<&CheckedUrl> {
        self.authorization_endpoint.as_ref()
    }
    /// Where a device gets its codes (RFC 8628 §3.1).
    pub fn device_authorization_endpoint(&self) -> Option<&CheckedUrl> {
        self.device_authorization_endpoint.as_ref()
    }
    /// Where tokens come from (RFC 6749 §3.2).
    pub fn token_endpoint(&self) -> &CheckedUrl {
        &self.token_endpoint
    }
    /// Dynamic registration (RFC 7591 §3).
    pub fn registration_endpoint(&self) -> Option<&CheckedUrl> {
        self.registration_endpoint.as_ref()
    }
    /// Revocation (RFC 7009).
    pub fn revocation_endpoint(&self) -> Option<&CheckedUrl> {
        self.revocation_endpoint.as_ref()
    }
    /// OpenID Connect's userinfo: where an account's name may be asked.
    pub fn userinfo_endpoint(&self) -> Option<&CheckedUrl> {
        self.userinfo_endpoint.as_ref()
    }
    /// Scopes the server lists.
    pub fn scopes_supported(&self) -> &ScopeSet {
        &self.scopes_supported
    }
    /// Methods the token endpoint takes; the RFC's default where it does not say (C11).
    pub fn token_endpoint_auth_methods(&self) -> &[ClientAuthentication] {
        &self.token_endpoint_auth_methods
    }
    /// True where the redirect must carry `iss` (RFC 9207 §3).
    pub fn iss_promised(&self) -> bool {
        self.iss_promised
    }
    /// True where a client id may be the URL of a metadata document.
    pub fn takes_client_id_metadata_document(&self) -> bool {
        self.client_id_metadata_document
    }

    /// Whether its document offers this way to sign in; a machine's only by name (RFC 8414 §2).
    pub fn offers(&self, grant: GrantKind) -> bool {
        match grant {
            GrantKind::AuthorizationCode => self.authorization_endpoint.is_some(),
            GrantKind::Device => self.device_authorization_endpoint.is_some(),
            GrantKind::ClientCredentials => self.machines,
        }
    }
}

/// Endpoints that are missing for the grant, and those that nobody may speak to (B4).
fn endpoint_problems(object: &Map<String, Value>, grant: GrantKind) -> Vec<Failure> {
    let (needed, optional): (&[_], &[_]) = match grant {
        GrantKind::AuthorizationCode => (&["authorization_endpoint", "token_endpoint"], &[DEVICE_ENDPOINT]),
        GrantKind::Device | GrantKind::ClientCredentials => {
            (&["token_endpoint"], &["authorization_endpoint", DEVICE_ENDPOINT])
        }
    };
    let others = ["registration_endpoint", "revocation_endpoint", "userinfo_endpoint"];
    let missing = needed.iter().filter_map(|name| required(object, name).err());
    let unusable = optional.iter().chain(&others).filter_map(|name| endpoint(object, name).err());
    missing.chain(unusable).collect()
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    parse_object(body).map_err(|why| Misbehaviour::Document("OAuth metadata".into(), why).into())
}

fn flag(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// RFC 8414 §2: left out means `client_secret_basic` (C11).
fn auth_methods(object: &Map<String, Value>) -> Vec<ClientAuthentication> {
    match strings(object, "token_endpoint_auth_methods_supported") {
        Some(names) => names.iter().filter_map(|name| ClientAuthentication::parse(name)).collect(),
        None => vec![ClientAuthentication::ClientSecretBasic],
    }
}

fn required(object: &Map<String, Value>, name: &str) -> Result<CheckedUrl, Failure> {
    endpoint(object, name)?
        .ok_or_else(|| Misbehaviour::Document("OAuth metadata".into(), format!("it has no {name}")).into())
}

/// An endpoint: absent is fine, present must be https or loopback http (B4, D9).
fn endpoint(object: &Map<String, Value>, name: &str) -> Result<Option<CheckedUrl>, Failure> {
    let Some(text) = string(object, name) else { return Ok(None) };
    CheckedUrl::parse(&text).map(Some).map_err(|why| {
        Misbehaviour::UnusableEndpoint { name: name.to_owned(), url: shown(&text), why: why.to_string() }
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn issuer(text: &str) -> CheckedUrl {
        CheckedUrl::parse(text).unwrap()
    }

    fn document(changes: &Value) -> Vec<u8> {
        let mut document = json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        serde_json::to_vec(&document).unwrap()
    }

    fn check(changes: &Value) -> Result<AuthorizationServer, Failure> {
        AuthorizationServer::check(&document(changes), &issuer("https://as.example"))
    }

    /// B1
    #[test]
    fn an_issuer_with_a_path_has_three_places_and_one_without_has_two() {
        assert_eq!(
            well_known_urls(&issuer("https://as.example/t/1/")),
            [
                "https://as.example/.well-known/oauth-authorization-server/t/1",
                "https://as.example/.well-known/openid-configuration/t/1",
                "https://as.example/t/1/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            well_known_urls(&issuer("https://as.example/")),
            [
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration"
            ]
        );
    }

    /// B2
    #[test]
    fn the_issuer_must_be_byte_identical() {
        for lie in [
            "https://as.example/",
            "https://AS.example",
            "https://as.example:443",
            "https://evil.example",
            "",
        ] {
            let error = check(&json!({ "issuer": lie })).unwrap_err();
            assert!(
                matches!(error, Failure::AuthorizationServerMisbehaved(Misbehaviour::IssuerMismatch { .. })),
                "{lie}"
            );
        }
    }

    /// B4, D9
    #[test]
    fn every_endpoint_must_be_https() {
        for name in
            ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"]
        {
            for lie in
                ["http://as.example/x", "javascript:alert(1)", "file:///etc/passwd", "x-app://y", "/relative"]
            {
                let error = check(&json!({ name: lie })).unwrap_err();
                assert!(
                    matches!(
                        error,
                        Failure::AuthorizationServerMisbehaved(Misbehaviour::UnusableEndpoint { .. })
                    ),
                    "{name} {lie}"
                );
            }
        }
    }

    /// B5
    #[test]
    fn pkce_without_s256_is_refused() {
        for methods in [json!(null), json!([]), json!(["plain"])] {
            assert_eq!(
                check(&json!({ "code_challenge_methods_supported": methods })).unwrap_err(),
                Incompatibility::NoPkce.into()
            );
        }
    }

    /// C11
    #[test]
    fn auth_methods_left_out_mean_basic() {
        assert_eq!(
            check(&json!({})).unwrap().token_endpoint_auth_methods(),
            [ClientAuthentication::ClientSecretBasic]
        );
        let listed =
            check(&json!({"token_endpoint_auth_methods_supported": ["none", "tls_client_auth"]})).unwrap();
        assert_eq!(listed.token_endpoint_auth_methods(), [ClientAuthentication::None]);
    }

    /// B5: PKCE and a page to sign in on are asked for where a browser is sent there, and nowhere else.
    #[test]
    fn a_machine_needs_no_authorization_endpoint_and_a_device_needs_its_own() {
        let body = |more: Value| {
            let mut document =
                json!({"issuer": "https://as.example", "token_endpoint": "https://as.example/token"});
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::to_vec(&document).unwrap()
        };
        let check = |more: Value, grant| {
            AuthorizationServer::check_for(&body(more), &issuer("https://as.example"), grant)
        };
        assert!(check(json!({}), GrantKind::ClientCredentials).is_ok());
        assert_eq!(
            check(json!({}), GrantKind::AuthorizationCode).unwrap_err(),
            Incompatibility::NoPkce.into()
        );
        assert_eq!(
            check(json!({}), GrantKind::Device).unwrap_err(),
            Incompatibility::NoGrant("device".into()).into()
        );
        let device =
            check(json!({"device_authorization_endpoint": "https://as.example/d"}), GrantKind::Device);
        assert_eq!(device.unwrap().device_authorization_endpoint().unwrap().as_str(), "https://as.example/d");
        let lie = json!({"device_authorization_endpoint": "http://as.example/d"});
        assert!(matches!(
            check(lie, GrantKind::Device).unwrap_err(),
            Failure::AuthorizationServerMisbehaved(Misbehaviour::UnusableEndpoint { .. })
        ));
    }

    #[test]
    fn a_way_to_sign_in_is_offered_by_its_endpoint_and_a_machines_by_name() {
        let usual = check(&json!({})).unwrap();
        let offered = |server: &AuthorizationServer| {
            [GrantKind::AuthorizationCode, GrantKind::Device, GrantKind::ClientCredentials]
                .map(|grant| server.offers(grant))
        };
        assert_eq!(offered(&usual), [true, false, false]);
        let more = check(&json!({
            "device_authorization_endpoint": "https://as.example/device",
            "grant_types_supported": ["authorization_code", "client_credentials"],
        }));
        assert_eq!(offered(&more.unwrap()), [true, true, true]);
    }
}
