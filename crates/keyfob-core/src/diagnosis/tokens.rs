//! The steps behind the sign-in: the token answer, whom a JWT is for, renewal, and MCP's own word on the token. A token is looked into here and never told.

use chrono::TimeDelta;
use serde_json::Value;

use super::{Finding, Step};
use crate::credential::{Credential, SignIn};
use crate::failure::{About, Failure, Misbehaviour, SignInNeeded};
use crate::grant::id_token;
use crate::moment::Moment;
use crate::profile::{Profile, duration_text};
use crate::resource::{CheckedUrl, ResourceMatch, compare_resource};
use crate::token_set::TokenSet;

/// The steps that need a token.
const NEED_A_TOKEN: [Step; 5] =
    [Step::ResourceParameter, Step::Token, Step::Audience, Step::Refresh, Step::Mcp];

/// What is not looked at without a token, and why.
pub fn without_token(why: &str) -> Vec<Finding> {
    NEED_A_TOKEN.into_iter().map(|step| Finding::skip(step, why)).collect()
}

/// What the answer gave: how long, for what, and whether it can be renewed.
pub fn token(sign_in: &SignIn, profile: &Profile, about: About<'_>, now: &Moment) -> Finding {
    let again = format!("keyfob sign-in {}", about.name().unwrap_or("NAME"));
    let tokens = &sign_in.tokens;
    if !tokens.is_valid_for(profile.margin, now) {
        return match sign_in.needs_sign_in() {
            Some(need) => Finding::fail(Step::Token, need.clone().into()).for_user(again),
            None => {
                Finding::pass(Step::Token, "the token held has run out; it is renewed when it is asked for")
            }
        };
    }
    let scopes = tokens.scopes.as_ref().and_then(crate::scope::ScopeSet::to_wire);
    let scopes = scopes.map_or_else(|| "no scope told".to_owned(), |scopes| format!("scope `{scopes}`"));
    let words = format!("a Bearer token {}, {scopes}", life(tokens, now));
    match sign_in.needs_sign_in() {
        Some(need) => Finding::warn(Step::Token, format!("{words}; but {need}")).for_user(again),
        None if tokens.end_assumed => Finding::warn(Step::Token, words).for_server(
            "say how long it lives: `expires_in` in the token answer, in seconds (RFC 6749 §5.1)",
        ),
        None if tokens.is_short_lived() => {
            Finding::pass(Step::Token, format!("{words}; so short a life wants a new one for every use"))
        }
        None => Finding::pass(Step::Token, words),
    }
}

/// What is left of it and of how much; what keyfob assumes for itself is told as just that.
fn life(tokens: &TokenSet, now: &Moment) -> String {
    let whole = duration_text(rounded(tokens.lifetime));
    if tokens.end_assumed {
        return format!("whose end nobody says (keyfob takes it for good for {whole})");
    }
    let left = tokens.remaining(now).map(|left| duration_text(rounded(left))).unwrap_or_default();
    format!("with {left} left of {whole}")
}

/// In whole days, hours or minutes above two of them.
fn rounded(span: TimeDelta) -> TimeDelta {
    if span > TimeDelta::days(2) {
        TimeDelta::days(span.num_days())
    } else if span > TimeDelta::hours(2) {
        TimeDelta::hours(span.num_hours())
    } else if span > TimeDelta::minutes(2) {
        TimeDelta::minutes(span.num_minutes())
    } else {
        TimeDelta::seconds(span.num_seconds())
    }
}

/// Whom a JWT access token is for. Looked into without a check of its signature: it decides nothing.
#[expect(clippy::disallowed_methods, reason = "its audience is read; nothing else of it leaves")]
pub fn audience(sign_in: &SignIn, url: &CheckedUrl) -> Finding {
    let step = Step::Audience;
    let Some(claims) = id_token::claims(sign_in.tokens.access_token.expose_secret()) else {
        return Finding::skip(step, "the token is opaque: the server alone knows whom it is for");
    };
    let named: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let wanted = &sign_in.resource;
    if named.is_empty() {
        return Finding::warn(
            step,
            "the token is a JWT without `aud`: it would work at every server of that issuer",
        )
        .for_server(format!("put the resource into it: `\"aud\": \"{wanted}\"`"));
    }
    let fits = |aud: &str| aud == wanted || compare_resource(aud, url) != ResourceMatch::Different;
    if named.iter().any(|aud| fits(aud)) {
        return Finding::pass(step, "the token is a JWT for this resource");
    }
    let told: Vec<_> = named.iter().map(|aud| format!("`{}`", super::evidence::address(aud))).collect();
    Finding::warn(
        step,
        format!("the token is a JWT for {}; a server that checks will not take it", told.join(", ")),
    )
    .for_user("if the server names an audience of its own: keyfob add … --audience A")
    .for_server(format!("let `resource` decide the audience: `\"aud\": \"{wanted}\"`"))
}

/// How renewal stands, by what is held; nothing is tried.
pub fn refresh_held(credential: &Credential, sign_in: &SignIn, about: About<'_>) -> Finding {
    let name = about.name().unwrap_or("NAME");
    let history = &credential.history;
    if !sign_in.renews() {
        return no_refresh_token();
    }
    if let Some(need @ (SignInNeeded::Ended { .. } | SignInNeeded::RegistrationGone(_))) =
        sign_in.needs_sign_in()
    {
        return Finding::fail(Step::Refresh, need.clone().into()).for_user(format!("keyfob sign-in {name}"));
    }
    let words = format!(
        "it can be renewed; so far {} renewals, {} failures; not tried now",
        history.refreshes, history.failures
    );
    match &sign_in.waiting {
        Some(_) => Finding::warn(Step::Refresh, format!("{words}; the last one failed"))
            .for_user(format!("keyfob log {name} says why")),
        None => Finding::pass(Step::Refresh, words),
    }
}

pub(super) fn no_refresh_token() -> Finding {
    Finding::warn(Step::Refresh, "the server gave no refresh token: the sign-in ends with the access token")
        .for_server("give one to clients that register the refresh_token grant, or list `offline_access` in `scopes_supported`")
}

/// MCP's first message with the token.
pub fn mcp(answered: Result<String, Failure>) -> Finding {
    match answered {
        Ok(server) => Finding::pass(Step::Mcp, format!("the server takes it: initialize is answered, {server}")),
        Err(failure @ Failure::AuthorizationServerMisbehaved(Misbehaviour::Mcp(_))) => Finding::fail(Step::Mcp, failure)
            .for_server("answer `initialize` with 200 and a JSON-RPC result, as application/json or text/event-stream"),
        Err(failure) => Finding::fail(Step::Mcp, failure)
            .for_server("take the token of your own authorization server: check its audience, its scopes, and that `Bearer` is read in any case"),
    }
}

#[cfg(test)]
mod tests;
