//! Dynamic client registration (RFC 7591): the request, and lenient reading of the answer.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::{Management, Registration, RegistrationOrigin};
use crate::discovery::authorization_server::{AuthorizationServer, ClientAuthentication};
use crate::discovery::{parse_object, string, strings};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::grant::device_code;
use crate::resource::CheckedUrl;
use crate::scope::ScopeSet;
use crate::secret::{ClientSecret, RegistrationAccessToken};
use crate::server_text::shown;

/// The body of a registration request.
///
/// `grant_types` names `refresh_token` because several servers give none otherwise, `application_type` is native because
/// others then allow any loopback port (C4, oddity 10), and the scopes are the ones that will be asked for (oddity 9). A
/// client without a redirect URI is a device's.
pub fn request(
    server: &AuthorizationServer,
    redirect_uri: Option<&str>,
    scopes: &ScopeSet,
    client_name: &str,
) -> Value {
    metadata(registered_method(server), redirect_uri, scopes, client_name)
}

/// The same for a client that proves itself by `method`.
pub(super) fn metadata(
    method: ClientAuthentication,
    redirect_uri: Option<&str>,
    scopes: &ScopeSet,
    client_name: &str,
) -> Value {
    let is_device = redirect_uri.is_none();
    let mut body = json!({
        "client_name": client_name,
        "redirect_uris": redirect_uri.into_iter().collect::<Vec<_>>(),
        "grant_types": [if is_device { device_code::GRANT_TYPE } else { "authorization_code" }, "refresh_token"],
        "response_types": if is_device { vec![] } else { vec!["code"] },
        "application_type": "native",
        "token_endpoint_auth_method": method.as_str(),
    });
    if let Some(scope) = scopes.to_wire() {
        body["scope"] = Value::String(scope);
    }
    body
}

/// A native app keeps no secret from its user, so a public client is asked for wherever the server lists `none`, or lists
/// nothing keyfob can do.
fn registered_method(server: &AuthorizationServer) -> ClientAuthentication {
    use ClientAuthentication::{ClientSecretBasic, ClientSecretPost, None};
    let listed = server.token_endpoint_auth_methods();
    [None, ClientSecretBasic, ClientSecretPost].into_iter().find(|m| listed.contains(m)).unwrap_or(None)
}

/// Reads the answer. `sent` is the body that [`request`] made: values the server leaves out are the ones asked for, values
/// it changes are used (C7).
///
/// # Errors
/// [`Incompatibility::RegistrationRefused`] with the server's own reason (C5), or [`Misbehaviour::Document`].
pub fn read_answer(
    status: u16,
    body: &[u8],
    issuer: &CheckedUrl,
    sent: &Value,
) -> Result<Registration, Failure> {
    let object = parse_object(body);
    if !(200..300).contains(&status) {
        return Err(refusal(status, object.ok().as_ref()));
    }
    let object = object.map_err(|why| Misbehaviour::Document("registration answer".into(), why))?;
    let client_id = string(&object, "client_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Misbehaviour::Document("registration answer".into(), "it has no client_id".into()))?;
    let redirect_uri = sent["redirect_uris"][0].as_str();
    let kept = strings(&object, "redirect_uris");
    if redirect_uri.zip(kept).is_some_and(|(ours, kept)| !kept.iter().any(|uri| uri == ours)) {
        return Err(Incompatibility::RegistrationRefused("it dropped our redirect address".into()).into());
    }
    let client_secret = string(&object, "client_secret").filter(|s| !s.is_empty()).map(ClientSecret::new);
    Ok(Registration {
        issuer: issuer.as_str().to_owned(),
        client_id,
        authentication: authentication(&object, client_secret.is_some(), sent),
        client_secret,
        origin: RegistrationOrigin::Dynamic,
        redirect_uri: redirect_uri.map(str::to_owned),
        scopes: string(&object, "scope")
            .or_else(|| sent["scope"].as_str().map(str::to_owned))
            .map(|s| ScopeSet::parse(&s)),
        secret_expires_at: secret_end(&object),
        management: management(&object, sent),
        private_key: None,
    })
}

/// The method the server says, else the one asked for. A secret nobody asked for is used all the same (oddity 10).
pub(super) fn authentication(
    object: &Map<String, Value>,
    has_secret: bool,
    sent: &Value,
) -> ClientAuthentication {
    let named = string(object, "token_endpoint_auth_method")
        .or_else(|| sent["token_endpoint_auth_method"].as_str().map(str::to_owned))
        .and_then(|name| ClientAuthentication::parse(&name));
    match named {
        Some(ClientAuthentication::None) | None if has_secret => ClientAuthentication::ClientSecretPost,
        Some(method) if has_secret => method,
        _ => ClientAuthentication::None,
    }
}

/// C8: 0 and absent mean never.
pub(super) fn secret_end(object: &Map<String, Value>) -> Option<DateTime<chrono::Utc>> {
    let seconds = object.get("client_secret_expires_at")?.as_i64().filter(|s| *s > 0)?;
    DateTime::from_timestamp(seconds, 0)
}

fn management(object: &Map<String, Value>, sent: &Value) -> Option<Management> {
    let (uri, token) = (management_uri(object)?, management_token(object)?);
    Some(Management { uri, token, metadata: described(object, sent) })
}

pub(super) fn management_uri(object: &Map<String, Value>) -> Option<String> {
    string(object, "registration_client_uri").filter(|uri| CheckedUrl::parse(uri).is_ok())
}

pub(super) fn management_token(object: &Map<String, Value>) -> Option<RegistrationAccessToken> {
    string(object, "registration_access_token").map(RegistrationAccessToken::new)
}

/// What an update may not send: secrets, and what the server alone decides (RFC 7592 §2.2).
const NO_METADATA: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_client_uri",
    "registration_access_token",
];

/// More than this is no client of ours; it is not kept, and an update sends what was asked for.
const MOST_METADATA: usize = 16 * 1024;

/// The client's metadata: what was asked for, as the server has changed it and added to it.
pub(super) fn described(object: &Map<String, Value>, sent: &Value) -> Map<String, Value> {
    let mut all = sent.as_object().cloned().unwrap_or_default();
    all.extend(object.clone());
    all.retain(|name, value| !value.is_null() && !NO_METADATA.contains(&name.as_str()));
    if Value::from(all.clone()).to_string().len() > MOST_METADATA { Map::new() } else { all }
}

pub(super) fn refusal(status: u16, object: Option<&Map<String, Value>>) -> Failure {
    let member = |name| object.and_then(|o| string(o, name)).map(|text| shown(&text)).unwrap_or_default();
    let (error, description) = (member("error"), member("error_description"));
    if status == 429 || status >= 500 {
        return crate::failure::Temporary::ServerTrouble(format!(
            "the registration answered {}",
            format!("{status} {error}").trim_end()
        ))
        .into();
    }
    let reason = match (error.as_str(), description.as_str()) {
        ("", "") => format!("status {status}"),
        (error, "") => error.to_owned(),
        (error, description) => format!("{error}: {description}"),
    };
    Incompatibility::RegistrationRefused(reason).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(methods: &Value) -> AuthorizationServer {
        let document = json!({
            "issuer": "https://as.example", "authorization_endpoint": "https://as.example/a",
            "token_endpoint": "https://as.example/t", "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
        });
        let body = serde_json::to_vec(&document).unwrap();
        AuthorizationServer::check(&body, &issuer()).unwrap()
    }

    fn issuer() -> CheckedUrl {
        CheckedUrl::parse("https://as.example").unwrap()
    }

    fn sent() -> Value {
        request(
            &server(&json!(["none"])),
            Some("http://127.0.0.1:7/callback"),
            &ScopeSet::parse("read"),
            "keyfob",
        )
    }

    /// C4
    #[test]
    fn the_request_is_native_and_lists_the_refresh_grant() {
        let body = sent();
        assert_eq!(body["application_type"], "native");
        assert_eq!(body["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(body["token_endpoint_auth_method"], "none");
        assert_eq!(body["scope"], "read");
        let basic =
            request(&server(&json!(["client_secret_basic"])), Some("u"), &ScopeSet::default(), "keyfob");
        assert_eq!(basic["token_endpoint_auth_method"], "client_secret_basic");
        assert_eq!(basic.get("scope"), None);
    }

    /// C7, oddity 10
    #[test]
    fn returned_values_win_and_missing_ones_are_those_asked_for() {
        let read = |body: Value| read_answer(200, body.to_string().as_bytes(), &issuer(), &sent());
        let plain = read(json!({"client_id": "c"})).unwrap();
        assert_eq!(
            (plain.authentication, plain.scopes),
            (ClientAuthentication::None, Some(ScopeSet::parse("read")))
        );
        let changed = read(json!({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_basic", "scope": "x"})).unwrap();
        assert_eq!(changed.authentication, ClientAuthentication::ClientSecretBasic);
        assert_eq!(changed.scopes, Some(ScopeSet::parse("x")));
        let dropped = read(json!({"client_id": "c", "redirect_uris": ["https://else.example"]})).unwrap_err();
        assert!(matches!(
            dropped,
            Failure::AuthorizationServerIncompatible(Incompatibility::RegistrationRefused(_))
        ));
    }

    /// C5
    #[test]
    fn a_refusal_names_the_servers_reason() {
        let body = br#"{"error":"invalid_redirect_uri","error_description":"must be https"}"#;
        assert_eq!(
            read_answer(400, body, &issuer(), &sent()).unwrap_err(),
            Incompatibility::RegistrationRefused("invalid_redirect_uri: must be https".into()).into()
        );
    }

    /// C8
    #[test]
    fn a_secret_that_ends_at_zero_never_ends() {
        let end = |value: Value| {
            let body = json!({"client_id": "c", "client_secret": "s", "client_secret_expires_at": value})
                .to_string();
            read_answer(201, body.as_bytes(), &issuer(), &sent()).unwrap()
        };
        assert_eq!(end(json!(0)).secret_expires_at, None);
        let ends = end(json!(1_000));
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        assert!(ends.is_usable(at(999)) && !ends.is_usable(at(1_000)));
    }

    /// A device is a client of its own: no address to come back to, and nobody has to keep one.
    #[test]
    fn a_device_registers_its_own_grant_without_a_redirect() {
        let sent = request(&server(&json!(["none"])), None, &ScopeSet::default(), "keyfob");
        assert_eq!(
            sent["grant_types"],
            json!(["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"])
        );
        assert_eq!((&sent["redirect_uris"], &sent["response_types"]), (&json!([]), &json!([])));
        for kept in [r#"{"client_id":"x"}"#, r#"{"client_id":"x","redirect_uris":[]}"#] {
            let registration = read_answer(201, kept.as_bytes(), &issuer(), &sent).unwrap();
            assert_eq!((registration.redirect_uri, registration.client_id), (None, "x".to_owned()));
        }
    }
}
