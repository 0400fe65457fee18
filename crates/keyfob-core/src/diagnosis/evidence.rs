//! What was sent and received, in words that hold no secret and no control character.
//!
//! What may be shown is named; everything else is masked. A new member of a token answer is a secret until somebody knows
//! better.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use crate::grant::credential_request::{CredentialRequest, Encoding};
use crate::server_text::shown;

/// One request and what came back, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request.
    pub sent: String,
    /// The answer, or why there was none.
    pub received: String,
}

/// Stands in the place of a secret.
pub const MASKED: &str = "(masked)";

/// Most of a body that is shown, in characters.
const MOST_SHOWN: usize = 4_000;

/// What kind of body it is: what may be shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Published for everybody, such as a metadata document.
    Public,
    /// An answer that may hold tokens, codes or client secrets.
    Secret,
    /// Not shown at all, such as what an MCP server tells a person who is signed in.
    Untold,
}

/// Headers of an answer that say something about the chain.
const TELLING_HEADERS: [header::HeaderName; 5] = [
    header::WWW_AUTHENTICATE,
    header::CONTENT_TYPE,
    header::LOCATION,
    header::RETRY_AFTER,
    header::CACHE_CONTROL,
];

/// Members of a token, registration or error answer that are no secret.
const TELLING_MEMBERS: &str = "error error_description error_uri token_type expires_in scope refresh_token_expires_in \
    refresh_expires_in resource application_type client_name client_secret_expires_at \
    client_id_issued_at grant_types redirect_uris response_types token_endpoint_auth_method";

/// A URL with the values of its query masked: keys are handed out in queries.
pub fn url(url: &Url) -> String {
    let mut told = url.clone();
    if url.query().is_some() {
        let names: Vec<_> = url.query_pairs().map(|(name, _)| format!("{}={MASKED}", shown(&name))).collect();
        told.set_query(Some(&names.join("&")));
    }
    shown(told.as_str())
}

/// The same for a text that may be no URL at all.
pub fn address(text: &str) -> String {
    // Without a query as it was written: identifiers differ by a slash.
    match Url::parse(text) {
        Ok(parsed) if parsed.query().is_some() => url(&parsed),
        _ => shown(text),
    }
}

/// Parameters of a form with credentials that are no secret. A client id is none either, but names who signed in.
const TELLING_PARAMETERS: &str = "grant_type resource scope audience redirect_uri token_type_hint client_assertion_type \
    code_challenge_method response_type";

/// A request that carries credentials: its parameters by name, and the harmless ones with their values.
#[expect(
    clippy::disallowed_methods,
    reason = "names and harmless values are picked out; nothing else leaves"
)]
pub fn credential_request(request: &CredentialRequest) -> String {
    let mut lines = vec![format!("POST {}", url(request.endpoint.url()))];
    lines.extend(request.authorization.as_ref().map(|_| format!("authorization: Basic {MASKED}")));
    match request.encoding {
        Encoding::Form => {
            lines.extend(parameters(url::form_urlencoded::parse(request.body.expose_secret().as_bytes())));
        }
        // Read as a form, the whole object would be a name, and names are shown.
        Encoding::Json => lines.push(format!("  a JSON object {MASKED}")),
    }
    lines.join("\n")
}

/// The parameters of an authorization request, told the same way.
pub fn authorization_request(request: &Url) -> String {
    let mut bare = request.clone();
    bare.set_query(None);
    let mut lines = vec![format!("GET {}", shown(bare.as_str()))];
    lines.extend(parameters(request.query_pairs()));
    lines.join("\n")
}

fn parameters(pairs: url::form_urlencoded::Parse<'_>) -> Vec<String> {
    let told = |name: &str| is_listed(TELLING_PARAMETERS, name);
    pairs
        .map(|(name, value)| {
            let value = if told(&name) { shown(&value) } else { MASKED.to_owned() };
            format!("  {}={value}", shown(&name))
        })
        .collect()
}

/// The answer's first line, its telling headers, and its body.
pub fn answer(status: u16, headers: &HeaderMap, body: &[u8], kind: Body) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut lines = vec![format!("{status} {}", reason.unwrap_or_default()).trim_end().to_owned()];
    for name in TELLING_HEADERS {
        for value in headers.get_all(&name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = if name == header::LOCATION { address(&value) } else { shown(&value) };
            lines.push(format!("{name}: {value}"));
        }
    }
    lines.extend(self::body(body, kind));
    lines.join("\n")
}

/// A body as shown; `None` for an empty one.
pub fn body(body: &[u8], kind: Body) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let told = match (serde_json::from_slice::<Value>(body), kind) {
        (_, Body::Untold) => format!("({} bytes, not shown)", body.len()),
        (Ok(value), Body::Public) => pretty(&value),
        (Ok(Value::Object(object)), Body::Secret) => pretty(&Value::Object(masked(object))),
        (_, Body::Secret) => format!("({} bytes that are no JSON object, not shown)", body.len()),
        (Err(_), Body::Public) => format!("({} bytes that are no JSON)", body.len()),
    };
    Some(bounded(&told))
}

/// Every member that is not known to be harmless.
fn masked(object: Map<String, Value>) -> Map<String, Value> {
    let told = |name: &str| is_listed(TELLING_MEMBERS, name);
    object
        .into_iter()
        .map(|(name, value)| if told(&name) { (name, value) } else { (name, Value::from(MASKED)) })
        .collect()
}

fn is_listed(list: &str, name: &str) -> bool {
    list.split(' ').any(|listed| listed == name)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Line by line, so that the lines stay lines.
fn bounded(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(shown).collect();
    let text = lines.join("\n");
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}\n… ({} bytes in all)", &text[..at], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V13
    #[test]
    fn of_a_token_answer_only_harmless_members_are_shown() {
        let told = body(
            br#"{"access_token":"canary","x_new":"canary","token_type":"Bearer","error_description":"no\u001b[1m"}"#,
            Body::Secret,
        )
        .unwrap();
        assert!(!told.contains("canary") && told.contains(r#""access_token": "(masked)""#), "{told}");
        assert!(told.contains(r#""token_type": "Bearer""#) && !told.contains('\u{1b}'));
        assert_eq!(
            body(b"access_token=canary", Body::Secret).unwrap(),
            "(19 bytes that are no JSON object, not shown)"
        );
        assert_eq!(
            body(br#"["canary"]"#, Body::Secret).unwrap(),
            "(10 bytes that are no JSON object, not shown)"
        );
        assert_eq!(body(b"{}", Body::Untold).unwrap(), "(2 bytes, not shown)");
    }

    #[test]
    fn queries_keep_their_names_and_lose_their_values() {
        assert_eq!(
            address("https://a.example/mcp?key=canary&b"),
            "https://a.example/mcp?key=(masked)&b=(masked)"
        );
        assert_eq!(address("no url\u{7}"), "no url");
    }

    /// V13, F9
    #[test]
    fn of_a_form_only_harmless_values_are_shown() {
        let request = CredentialRequest {
            endpoint: crate::resource::CheckedUrl::parse("https://a.example/token").unwrap(),
            authorization: Some(crate::secret::SecretText::new("Basic canary".into())),
            body: crate::secret::SecretText::new(
                "grant_type=refresh_token&refresh_token=canary&x=canary".into(),
            ),
            encoding: Encoding::Form,
        };
        assert_eq!(
            credential_request(&request),
            "POST https://a.example/token\nauthorization: Basic (masked)\n  grant_type=refresh_token\n  refresh_token=(masked)\n  x=(masked)"
        );
        let json = crate::secret::SecretText::new(r#"{"device_code":"canary"}"#.into());
        let json = CredentialRequest { body: json, encoding: Encoding::Json, ..request };
        assert!(!credential_request(&json).contains("canary"), "{}", credential_request(&json));
        let visit = Url::parse("https://a.example/authorize?state=canary&scope=read").unwrap();
        assert_eq!(
            authorization_request(&visit),
            "GET https://a.example/authorize\n  state=(masked)\n  scope=read"
        );
    }

    /// F12
    #[test]
    fn answers_are_bounded_and_show_the_headers_that_tell() {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", "Bearer".parse().unwrap());
        headers.insert("set-cookie", "canary".parse().unwrap());
        headers.insert("location", "https://a.example/?code=canary".parse().unwrap());
        let told = answer(401, &headers, b"", Body::Public);
        assert_eq!(
            told,
            "401 Unauthorized\nwww-authenticate: Bearer\nlocation: https://a.example/?code=(masked)"
        );
        let long = serde_json::to_vec(&vec!["x"; 5_000]).unwrap();
        assert!(answer(200, &headers, &long, Body::Public).len() < 5_000);
    }
}
