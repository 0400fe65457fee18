//! The account's name from an ID token (OpenID Connect Core §2).
//!
//! Unverified on purpose: it came straight from the token endpoint over TLS (§3.1.3.7 allows that), and it is shown to
//! people and compared with the last account, never used to decide what is allowed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::server_text::shown;

/// The name people know the account by: e-mail, user name, name, subject, in this order.
pub fn account(id_token: &str) -> Option<String> {
    account_of(&claims(id_token)?)
}

/// The same from a userinfo answer (OpenID Connect Core §5.3.2).
pub fn account_from_userinfo(body: &[u8]) -> Option<String> {
    account_of(&crate::discovery::parse_object(body).ok()?)
}

/// `exp` of a JWT-shaped token, in seconds since 1970: tells the end where the server's answer does not.
pub(crate) fn expiry(token: &str) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

fn account_of(claims: &Map<String, Value>) -> Option<String> {
    ["email", "preferred_username", "name", "sub"]
        .iter()
        .find_map(|name| claims.get(*name)?.as_str().filter(|text| !text.is_empty()))
        .map(shown)
}

pub(crate) fn claims(token: &str) -> Option<Map<String, Value>> {
    let payload = token.split('.').nth(1)?;
    crate::discovery::parse_object(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_friendliest_claim_names_the_account() {
        let token = |claims: &str| format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(
            account(&token(r#"{"sub":"1","email":"ada@example.com"}"#)).as_deref(),
            Some("ada@example.com")
        );
        assert_eq!(account(&token(r#"{"sub":"1","email":""}"#)).as_deref(), Some("1"));
        assert_eq!(account("opaque"), None);
        assert_eq!(expiry(&token(r#"{"exp":5}"#)), Some(5));
    }
}
