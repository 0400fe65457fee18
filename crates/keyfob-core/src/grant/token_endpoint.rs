//! Reading the token endpoint's answers (RFC 6749 §5) as leniently as real servers need, and telling temporary from final.
//!
//! The HTTP status is no guide (oddity 1): the `error` member is judged first; what is no JSON says nothing about the
//! grant and is always temporary (trust rule 6).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::id_token;
use crate::discovery::string;
use crate::failure::{Failure, Misbehaviour, Temporary};
use crate::scope::ScopeSet;
use crate::secret::{AccessToken, RefreshToken, is_header_safe};
use crate::server_text::shown;

/// Largest answer that is read, in bytes (fault 49).
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Lifetime taken for a token whose end nobody tells: short enough that a dead one is rarely handed out, long enough
/// not to trouble the server (F3).
pub const ASSUMED_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// No stated lifetime is believed beyond this (F3).
const LONGEST_LIFETIME: TimeDelta = TimeDelta::days(366);

/// Longest `Retry-After` that is honoured (trust rule 6).
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::hours(1);

/// A usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The access token, fit for a header (G6).
    pub access_token: AccessToken,
    /// How long it lives from the answer on.
    pub lifetime: TimeDelta,
    /// True where nobody said how long, neither the answer nor the token: then the lifetime is keyfob's own guess (F3).
    pub end_assumed: bool,
    /// A new refresh token; `None` where the server sent none or an empty one (F5, F6).
    pub refresh_token: Option<RefreshToken>,
    /// Granted scopes where the server says (F4).
    pub scopes: Option<ScopeSet>,
    /// When the sign-in itself ends, counted from the answer, where the server says.
    pub sign_in_ends_in: Option<TimeDelta>,
    /// The account, from an ID token.
    pub account: Option<String>,
}

/// A refusal, classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Says nothing about the grant; try again, not before `retry_at` where the server named a time.
    Temporary {
        /// What happened.
        cause: Temporary,
        /// The earliest next try the server allows.
        retry_at: Option<DateTime<Utc>>,
    },
    /// `invalid_grant`: code or refresh token is dead.
    InvalidGrant {
        /// The server's words.
        description: String,
    },
    /// `invalid_client`: the registration is gone or the secret wrong.
    InvalidClient {
        /// The server's words.
        description: String,
    },
    /// Any other OAuth error.
    Other {
        /// The error code.
        error: String,
        /// The server's words.
        description: String,
    },
    /// A success that breaks RFC 6749 §5.1.
    Unusable(String),
}

/// What came back over HTTP, as far as the rules need it.
#[derive(Debug, Clone)]
pub struct HttpAnswer<'a> {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, else `X-Retry-After` (both seen).
    pub retry_after: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// Reads an answer of the token endpoint.
pub fn read(answer: &HttpAnswer<'_>, now: DateTime<Utc>) -> Result<TokenAnswer, Refusal> {
    let retry_at = answer.retry_after.and_then(|text| retry_after(text, now));
    if answer.status == 429 {
        let until = retry_at.unwrap_or(now + TimeDelta::seconds(30));
        return Err(Refusal::Temporary { cause: Temporary::RetryAfter { until }, retry_at: Some(until) });
    }
    let temporary = |cause| Err(Refusal::Temporary { cause, retry_at });
    let object = match serde_json::from_slice::<Value>(answer.body) {
        Ok(Value::Object(object)) if answer.body.len() <= MAX_ANSWER => object,
        _ => return temporary(not_from_the_server(answer)),
    };
    if let Some(error) = string(&object, "error") {
        return Err(classify(&error, &object, answer.status, retry_at));
    }
    if !(200..300).contains(&answer.status) {
        return temporary(Temporary::ServerTrouble(format!(
            "status {} without an OAuth error",
            answer.status
        )));
    }
    usable(&object, now).map_err(Refusal::Unusable)
}

fn not_from_the_server(answer: &HttpAnswer<'_>) -> Temporary {
    let status = answer.status;
    match status {
        300..=399 => {
            Temporary::Intercepted(format!("a redirect (status {status}) where a token was expected"))
        }
        500..=599 if status != 511 => Temporary::ServerTrouble(format!("status {status}")),
        _ if answer.body.is_empty() => Temporary::ServerTrouble(format!("an empty answer (status {status})")),
        _ => Temporary::Intercepted(format!("status {status} and no JSON")),
    }
}

fn classify(
    error: &str,
    object: &Map<String, Value>,
    status: u16,
    retry_at: Option<DateTime<Utc>>,
) -> Refusal {
    let description = string(object, "error_description").map(|text| shown(&text)).unwrap_or_default();
    let error = shown(error);
    match error.as_str() {
        "invalid_grant" => Refusal::InvalidGrant { description },
        "invalid_client" => Refusal::InvalidClient { description },
        "temporarily_unavailable" | "server_error" | "slow_down" => {
            Refusal::Temporary { cause: Temporary::ServerTrouble(error), retry_at }
        }
        _ if status >= 500 => Refusal::Temporary { cause: Temporary::ServerTrouble(error), retry_at },
        _ => Refusal::Other { error, description },
    }
}

fn usable(object: &Map<String, Value>, now: DateTime<Utc>) -> Result<TokenAnswer, String> {
    let token = string(object, "access_token").filter(|t| !t.is_empty()).ok_or("it has no access_token")?;
    // Compared without case (F2); what is sent is always `Bearer` (oddity 13).
    match string(object, "token_type") {
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(kind) => return Err(format!("its token_type is `{}`, not Bearer", shown(&kind))),
        None => return Err("it has no token_type".into()),
    }
    if !is_header_safe(&token) {
        return Err("its access_token has characters that may not stand in a header".into());
    }
    let stated = lifetime(object, &token, now);
    Ok(TokenAnswer {
        lifetime: stated.unwrap_or(ASSUMED_LIFETIME),
        end_assumed: stated.is_none(),
        access_token: AccessToken::new(token),
        refresh_token: string(object, "refresh_token").filter(|t| !t.is_empty()).map(RefreshToken::new),
        scopes: string(object, "scope").map(|text| ScopeSet::parse(&text)),
        sign_in_ends_in: sign_in_ends_in(object),
        account: string(object, "id_token").and_then(|token| id_token::account(&token)),
    })
}

/// `expires_in` as a number or a number in quotes; else the token's own `exp`; `None` where nobody says.
fn lifetime(object: &Map<String, Value>, token: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    seconds(object, "expires_in")
        .or_else(|| id_token::expiry(token).map(|exp| exp.saturating_sub(now.timestamp())).filter(|s| *s > 0))
        .and_then(TimeDelta::try_seconds)
        .map(|stated| stated.min(LONGEST_LIFETIME))
}

/// The names under which servers tell the end of the refresh token.
fn sign_in_ends_in(object: &Map<String, Value>) -> Option<TimeDelta> {
    ["refresh_token_expires_in", "refresh_expires_in", "rt_expires_in"]
        .iter()
        .find_map(|name| seconds(object, name))
        .and_then(TimeDelta::try_seconds)
        .filter(|stated| *stated <= LONGEST_LIFETIME * 10)
}

/// A positive whole number of seconds, also written as text or with a fraction.
pub(super) fn seconds(object: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = object.get(name)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as saturates; the filter below drops what is not positive"
    )]
    let number =
        value.as_i64().or_else(|| value.as_f64().map(|f| f as i64)).or_else(|| value.as_str()?.parse().ok());
    number.filter(|s| *s > 0)
}

/// `Retry-After` in seconds or as a date, at most [`LONGEST_RETRY_AFTER`] from now; junk counts as absent (fault 13).
pub fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(LONGEST_RETRY_AFTER)
    } else {
        DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc) - now
    };
    Some(now + wait.clamp(TimeDelta::zero(), LONGEST_RETRY_AFTER))
}

impl Refusal {
    /// The refusal of a sign-in's code exchange, as a failure to show.
    pub fn into_sign_in_failure(self, client_given: bool) -> Failure {
        match self {
            Self::Temporary { cause, .. } => cause.into(),
            Self::InvalidClient { description } if client_given => {
                Failure::ClientRejected(named("invalid_client", &description))
            }
            Self::InvalidClient { description } => {
                crate::failure::SignInNeeded::RegistrationGone(description).into()
            }
            Self::InvalidGrant { description } => {
                Misbehaviour::Refused { error: "invalid_grant".into(), description }.into()
            }
            Self::Other { error, description } if client_given && error == "unauthorized_client" => {
                Failure::ClientRejected(named(&error, &description))
            }
            Self::Other { error, description } => Misbehaviour::Refused { error, description }.into(),
            Self::Unusable(why) => Misbehaviour::TokenAnswer(why).into(),
        }
    }
}

fn named(error: &str, description: &str) -> String {
    if description.is_empty() { error.to_owned() } else { format!("{error}: {description}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn at(status: u16, body: &str) -> Result<TokenAnswer, Refusal> {
        read(&HttpAnswer { status, retry_after: None, body: body.as_bytes() }, now())
    }

    fn ok(extra: &str) -> TokenAnswer {
        at(200, &format!(r#"{{"access_token":"t","token_type":"bEARER"{extra}}}"#)).unwrap()
    }

    /// F2
    #[test]
    fn a_success_needs_a_bearer_token_in_json() {
        assert_eq!(ok("").refresh_token, None);
        for body in [
            r#"{"token_type":"Bearer"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"t"}"#,
            r#"{"access_token":"t","token_type":"mac"}"#,
            r#"{"access_token":7,"token_type":"Bearer"}"#,
        ] {
            assert!(matches!(at(200, body), Err(Refusal::Unusable(_))), "{body}");
        }
    }

    /// G6
    #[test]
    fn a_token_that_would_break_a_header_is_refused() {
        for bad in [r"a\r\nX: y", r"a\rb", "a b", r"a\tb", r"a\u0000b", r"a\u007fb", "\u{e4}"] {
            let body = format!(r#"{{"access_token":"{bad}","token_type":"Bearer"}}"#);
            assert!(matches!(at(200, &body), Err(Refusal::Unusable(why)) if why.contains("header")), "{bad}");
        }
    }

    /// F3
    #[test]
    fn odd_lifetimes_become_safe_ones() {
        for odd in [
            "",
            r#","expires_in":-5"#,
            r#","expires_in":0"#,
            r#","expires_in":"soon""#,
            r#","expires_in":null"#,
            r#","expires_in":{}"#,
        ] {
            assert_eq!((ok(odd).lifetime, ok(odd).end_assumed), (ASSUMED_LIFETIME, true), "{odd}");
        }
        assert_eq!(ok(r#","expires_in":120"#).lifetime, TimeDelta::seconds(120));
        assert_eq!(ok(r#","expires_in":"120""#).lifetime, TimeDelta::seconds(120));
        assert_eq!(ok(r#","expires_in":119.5"#).lifetime, TimeDelta::seconds(119));
        assert_eq!(ok(r#","expires_in":1e300"#).lifetime, ASSUMED_LIFETIME.max(TimeDelta::zero()));
        assert_eq!(ok(r#","expires_in":99999999999"#).lifetime, LONGEST_LIFETIME);
    }

    /// F4, F5
    #[test]
    fn narrower_scopes_are_recorded_and_an_empty_refresh_token_is_none() {
        let answer = ok(r#","scope":"read","refresh_token":"","unknown":[1]"#);
        assert_eq!((answer.scopes, answer.refresh_token), (Some(ScopeSet::parse("read")), None));
    }

    /// fault 47
    #[test]
    fn the_end_of_the_sign_in_is_read_from_vendor_fields() {
        assert_eq!(ok(r#","refresh_expires_in":60"#).sign_in_ends_in, Some(TimeDelta::seconds(60)));
        assert_eq!(ok(r#","refresh_token_expires_in":"60""#).sign_in_ends_in, Some(TimeDelta::seconds(60)));
        assert_eq!(ok("").sign_in_ends_in, None);
    }

    /// oddity 1, fault 14
    #[test]
    fn the_error_member_is_judged_before_the_status() {
        for status in [400, 401, 403, 500] {
            assert!(
                matches!(at(status, r#"{"error":"invalid_grant"}"#), Err(Refusal::InvalidGrant { .. })),
                "{status}"
            );
        }
        for status in [400, 401] {
            assert!(
                matches!(at(status, r#"{"error":"invalid_client"}"#), Err(Refusal::InvalidClient { .. })),
                "{status}"
            );
        }
        assert!(matches!(at(400, r#"{"error":"temporarily_unavailable"}"#), Err(Refusal::Temporary { .. })));
        assert!(matches!(at(400, r#"{"error":"invalid_request"}"#), Err(Refusal::Other { .. })));
        assert!(matches!(at(200, r#"{"error":"invalid_grant"}"#), Err(Refusal::InvalidGrant { .. })));
    }

    /// fault 15, oddity 1
    #[test]
    fn what_is_no_json_says_nothing_about_the_grant() {
        for (status, body) in [
            (200, "<html>"),
            (302, ""),
            (401, "<html>"),
            (403, "no"),
            (511, "log in"),
            (400, ""),
            (200, ""),
            (200, "\u{1f}\u{8b}"),
            (502, "[]"),
        ] {
            assert!(matches!(at(status, body), Err(Refusal::Temporary { .. })), "{status} {body}");
        }
        assert!(matches!(at(404, r#"{"message":"x"}"#), Err(Refusal::Temporary { .. })));
    }

    /// fault 13
    #[test]
    fn retry_after_is_honoured_and_clamped() {
        let after = |text: &str| retry_after(text, now()).map(|t| (t - now()).num_seconds());
        assert_eq!(after("5"), Some(5));
        assert_eq!(after("Tue, 14 Nov 2023 22:13:30 GMT"), Some(10));
        assert_eq!(after("1000000000000"), Some(3600));
        assert_eq!(after("99999999999999999999999"), Some(3600));
        assert_eq!(after("Mon, 01 Jan 2001 00:00:00 GMT"), Some(0));
        for junk in ["soon", "-5", "", "5 s"] {
            assert_eq!(after(junk), None, "{junk}");
        }
        let limited = read(&HttpAnswer { status: 429, retry_after: Some("7"), body: b"" }, now());
        assert!(
            matches!(limited, Err(Refusal::Temporary { retry_at: Some(at), .. }) if at == now() + TimeDelta::seconds(7))
        );
    }

    /// F12
    #[test]
    fn the_servers_words_are_cleaned() {
        let Err(Refusal::InvalidGrant { description }) =
            at(400, "{\"error\":\"invalid_grant\",\"error_description\":\"a\\u001b[2Jb\\u202e\"}")
        else {
            panic!("not classified")
        };
        assert_eq!(description, "a[2Jb");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(status in 100u16..999, body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&HttpAnswer { status, retry_after: Some("x"), body: &body }, now());
        }
    }

    /// fault 49
    #[test]
    fn json_nested_very_deep_does_not_overflow_the_stack() {
        assert!(matches!(at(200, &"[".repeat(100_000)), Err(Refusal::Temporary { .. })));
    }
}
