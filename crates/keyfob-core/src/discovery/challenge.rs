//! `WWW-Authenticate` (RFC 9110 §11.6.1): finding the Bearer challenge among several, in any odd spelling (A3).

use crate::scope::ScopeSet;

/// What a Bearer challenge tells (RFC 6750 §3, RFC 9728 §5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BearerChallenge {
    /// Where the resource metadata lies, as sent.
    pub resource_metadata: Option<String>,
    /// Scopes the operation needs.
    pub scope: Option<ScopeSet>,
    /// The error code, such as `invalid_token` or `insufficient_scope`.
    pub error: Option<String>,
}

/// The first Bearer challenge of all header values, `None` where there is none that can be read (then A2 applies).
pub fn bearer_challenge<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<BearerChallenge> {
    values.into_iter().find_map(bearer_in_value)
}

fn bearer_in_value(value: &str) -> Option<BearerChallenge> {
    let mut found: Option<BearerChallenge> = None;
    let mut in_bearer = false;
    for element in split_elements(value) {
        let (scheme, parameter) = split_scheme(element);
        if let Some(scheme) = scheme {
            if found.is_some() {
                break;
            }
            in_bearer = scheme.eq_ignore_ascii_case("bearer");
            if in_bearer {
                found = Some(BearerChallenge::default());
            }
        }
        if let (true, Some(challenge)) = (in_bearer, found.as_mut()) {
            take_parameter(challenge, parameter);
        }
    }
    found
}

/// Splits at commas outside quoted strings.
fn split_elements(value: &str) -> impl Iterator<Item = &str> {
    let mut elements = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (index, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                elements.push(&value[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    elements.push(&value[start..]);
    elements.into_iter().map(str::trim).filter(|e| !e.is_empty())
}

/// `Bearer realm="x"` is a scheme and a parameter, `realm="x"` only a parameter, `Negotiate abc==` a scheme and a token68.
fn split_scheme(element: &str) -> (Option<&str>, &str) {
    let end = element.find(|c: char| !is_token_char(c)).unwrap_or(element.len());
    let (word, rest) = element.split_at(end);
    if rest.trim_start().starts_with('=') {
        return (None, element);
    }
    (Some(word), rest.trim_start())
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn take_parameter(challenge: &mut BearerChallenge, parameter: &str) {
    let Some((name, value)) = parameter.split_once('=') else { return };
    let value = unquote(value.trim());
    match name.trim().to_ascii_lowercase().as_str() {
        "resource_metadata" => {
            challenge.resource_metadata.get_or_insert(value);
        }
        "scope" => {
            challenge.scope.get_or_insert_with(|| ScopeSet::parse(&value));
        }
        "error" => {
            challenge.error.get_or_insert(value);
        }
        _ => {}
    }
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metadata(values: &[&str]) -> Option<String> {
        bearer_challenge(values.iter().copied())?.resource_metadata
    }

    /// A3
    #[test]
    fn the_bearer_challenge_is_found_in_every_odd_spelling() {
        let url = Some("https://a.example/x,y".to_owned());
        for values in [
            vec![r#"Bearer resource_metadata="https://a.example/x,y""#],
            vec![
                r#"bEaReR  realm="a, b" , RESOURCE_METADATA = "https://a.example/x,y", error=invalid_token"#,
            ],
            vec!["Negotiate YWJj==", r#"Bearer resource_metadata="https://a.example/x,y""#],
            vec![
                r#"Negotiate YWJj==, Basic realm="q\"uo,te", Bearer resource_metadata="https://a.example/x,y""#,
            ],
            vec![r#"Basic realm="x", Bearer, resource_metadata="https://a.example/x,y", Digest nonce="n""#],
            vec![r#"Bearer resource_metadata="https://a.example/x\,y"#],
        ] {
            assert_eq!(metadata(&values), url, "{values:?}");
        }
    }

    /// A3
    #[test]
    fn a_parameter_of_another_scheme_is_not_bearers() {
        assert_eq!(metadata(&[r#"Bearer realm="x", Custom resource_metadata="https://evil.example""#]), None);
        assert_eq!(bearer_challenge([r#"Basic realm="x""#]), None);
        assert_eq!(bearer_challenge(["Bearer"]), Some(BearerChallenge::default()));
    }

    #[test]
    fn scope_and_error_are_read() {
        let challenge = bearer_challenge([r#"Bearer error="insufficient_scope", scope="a b""#]).unwrap();
        assert_eq!(
            (challenge.error.as_deref(), challenge.scope),
            (Some("insufficient_scope"), Some(ScopeSet::parse("a b")))
        );
    }

    proptest! {
        /// A3: a malformed one means A2, never a panic.
        #[test]
        fn no_header_value_makes_it_panic(value in ".{0,200}") {
            let _ = bearer_challenge([value.as_str()]);
        }
    }
}
