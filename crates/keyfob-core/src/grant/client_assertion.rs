//! A client's proof by signature, `private_key_jwt` (RFC 7523 §3, H6): what is signed, and how it joins a request.
//!
//! The signing itself is the machine's work: elliptic curves draw a random number for each signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::client_registration::Registration;
use crate::secret::SecretText;

/// RFC 7523 §2.2
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Random bytes of one assertion's `jti`: each names one request, and servers refuse a second use.
pub const RANDOM_BYTES: usize = 16;

/// How long an assertion is good for: one request, and a clock that is a little off.
const LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// How a key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKind {
    /// RFC 7518 §3.1: `ES256`, `RS256`, `EdDSA`.
    pub algorithm: &'static str,
    /// The key's own name, where it has one.
    pub key_id: Option<String>,
}

/// The header and claims to sign (RFC 7515 §5.1). The audience is the issuer: an assertion is for one server, whatever its
/// endpoints are called.
pub fn signing_input(
    client: &Registration,
    kind: &KeyKind,
    random: &[u8; RANDOM_BYTES],
    now: DateTime<Utc>,
) -> SecretText {
    let mut header = json!({ "alg": kind.algorithm, "typ": "JWT" });
    if let Some(key_id) = &kind.key_id {
        header["kid"] = Value::from(key_id.as_str());
    }
    let claims = json!({
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": client.issuer,
        "iat": now.timestamp(),
        "exp": (now + LIFETIME).timestamp(),
        "jti": URL_SAFE_NO_PAD.encode(random),
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    SecretText::new(format!("{}.{}", part(&header), part(&claims)))
}

/// The whole assertion.
#[expect(clippy::disallowed_methods, reason = "the signed text becomes the assertion, a secret as well")]
pub fn signed(input: &SecretText, signature: &[u8]) -> SecretText {
    SecretText::new(format!("{}.{}", input.expose_secret(), URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::authorization_server::ClientAuthentication;
    use crate::grant::credential_request::tests::client;

    fn read(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// H6: for the issuer, by the client itself, short, and named by 128 random bits.
    #[test]
    fn an_assertion_is_for_the_issuer_short_and_named_once() {
        let me = client(ClientAuthentication::PrivateKeyJwt, None);
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let kind = KeyKind { algorithm: "ES256", key_id: Some("k1".into()) };
        let assertion = signed(&signing_input(&me, &kind, &[7; RANDOM_BYTES], now), b"signature");
        let parts: Vec<&str> = assertion.expose_secret().split('.').collect();
        assert_eq!(read(parts[0]), json!({"alg": "ES256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            read(parts[1]),
            json!({"iss": "me", "sub": "me", "aud": "https://as.example", "iat": 1_700_000_000, "exp": 1_700_000_060,
                "jti": "BwcHBwcHBwcHBwcHBwcHBw"})
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap(), b"signature");
        let nameless =
            signing_input(&me, &KeyKind { algorithm: "EdDSA", key_id: None }, &[8; RANDOM_BYTES], now);
        let header = read(nameless.expose_secret().split('.').next().unwrap());
        assert_eq!(header, json!({"alg": "EdDSA", "typ": "JWT"}));
    }
}
