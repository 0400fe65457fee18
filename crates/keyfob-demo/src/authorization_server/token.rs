//! The token endpoint (RFC 6749 section 3.2): code, refresh token, device code, client credentials.

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::{self, Refused};
use super::authorize::{Code, check_resource};
use super::client::Client;
use super::{client_authentication, device};
use crate::exchange::Arrived;
use crate::oddities::{DeviceBody, Oddities, Override, SignInTold, WrongVerifier};
use crate::parameters::{self, Parameters};
use crate::portal::State;
use crate::record::{Refreshes, is_form};
use crate::tokens::{Grant, Issued, Renewal};

/// Answers a token request.
pub(super) fn token(state: &State, arrived: &Arrived) -> Response {
    if arrived.parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let oddities = state.oddities();
    let sent = match parameters_of(arrived, &oddities) {
        Ok(sent) => sent,
        Err(refusal) => return refusal.into_answer(),
    };
    let client = match client_authentication::authenticate(state, arrived, &sent) {
        Ok(client) => client,
        Err(refusal) => return refusal.into_answer(),
    };
    if let Err(error) = check_resource(state, &oddities, &sent) {
        return answer::error(400, error, "this resource is not served here");
    }
    let result = match sent.one("grant_type") {
        Some("authorization_code") => redeem(state, &oddities, &client, &sent),
        Some("refresh_token") => refresh(state, &oddities, &client, &sent),
        Some("client_credentials") => client_credentials(state, &oddities, &client, &sent),
        Some(device::GRANT_TYPE) => device::redeem(state, &oddities, &client, &sent),
        _ => Err(answer::refused(400, "unsupported_grant_type", "unknown grant_type")),
    };
    result.map_or_else(Refused::into_answer, |issued| success(state, &oddities, &issued))
}

fn parameters_of(arrived: &Arrived, oddities: &Oddities) -> Result<Parameters, Refused> {
    let sent = if is_form(&arrived.parts.headers) {
        Parameters::of_body(&arrived.body)
    } else if oddities.token.device_body == DeviceBody::JsonOnly {
        Parameters::of_json(&arrived.body)
    } else {
        return Err(answer::refused(400, "invalid_request", "the body must be a form"));
    };
    if sent.repeated().is_some() {
        return Err(answer::refused(400, "invalid_request", "a parameter was sent twice"));
    }
    Ok(sent)
}

/// Redeems a code (RFC 6749 section 4.1.3 with RFC 7636 section 4.6).
fn redeem(state: &State, oddities: &Oddities, client: &Client, sent: &Parameters) -> Result<Issued, Refused> {
    let code = sent.one("code").unwrap_or_default();
    let held = state.server().codes.get(code).cloned();
    let held = held.filter(|held| held.client_id == client.id && state.now() < held.expires);
    let Some(held) = held else {
        return Err(answer::refused(400, "invalid_grant", "unknown code"));
    };
    if let Some(grant) = held.used_for {
        // RFC 6749 section 4.1.2: a code that comes twice was stolen once.
        state.ledger().end(grant);
        return Err(answer::refused(400, "invalid_grant", "this code was used before"));
    }
    if sent.one("redirect_uri") != Some(&held.redirect_uri) {
        return Err(answer::refused(400, "invalid_grant", "another redirect_uri than at the authorization"));
    }
    if !verifies(&held, sent.one("code_verifier")) {
        return Err(wrong_verifier(state, &oddities.token.wrong_verifier, code));
    }
    let (id, issued) = state.ledger().begin(held.grant, &state.terms(oddities));
    state.record.change(|seen| seen.sign_ins += 1);
    if let Some(held) = state.server().codes.get_mut(code) {
        held.used_for = Some(id);
    }
    Ok(issued)
}

fn verifies(held: &Code, verifier: Option<&str>) -> bool {
    verifier.is_some_and(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == held.challenge)
}

fn wrong_verifier(state: &State, rule: &WrongVerifier, code: &str) -> Refused {
    let (WrongVerifier::CodeGone(refusal) | WrongVerifier::CodeLives(refusal)) = rule;
    if matches!(rule, WrongVerifier::CodeGone(_)) {
        state.server().codes.remove(code);
    }
    Refused::with(answer::refusal(refusal, "the code_verifier does not fit the code_challenge"))
}

/// Renews (RFC 6749 section 6).
fn refresh(
    state: &State,
    oddities: &Oddities,
    client: &Client,
    sent: &Parameters,
) -> Result<Issued, Refused> {
    let token = sent.one("refresh_token").unwrap_or_default();
    let renewal = state.ledger().refresh(token, &client.id, &state.terms(oddities));
    let count = |add: fn(&mut Refreshes)| state.record.change(|seen| add(&mut seen.refreshes));
    let refused = || {
        Refused::with(answer::refusal(
            &oddities.token.refused_refresh,
            "the refresh token is not good any more",
        ))
    };
    match renewal {
        Renewal::Renewed(issued) => {
            count(|seen| seen.renewed += 1);
            Ok(issued)
        }
        Renewal::Repeated(issued) => {
            count(|seen| seen.repeated += 1);
            Ok(issued)
        }
        Renewal::Reused(answered) => {
            count(|seen| seen.reused += 1);
            answered.ok_or_else(refused)
        }
        Renewal::Refused => {
            count(|seen| seen.refused += 1);
            Err(refused())
        }
        Renewal::TooEarly => {
            count(|seen| seen.refused += 1);
            Err(answer::refused(400, "invalid_request", "the access token is still fresh"))
        }
    }
}

/// A machine's own token (RFC 6749 section 4.4): no account, no refresh token.
fn client_credentials(
    state: &State,
    oddities: &Oddities,
    client: &Client,
    sent: &Parameters,
) -> Result<Issued, Refused> {
    let allowed = client.grant_types.iter().any(|grant| grant == "client_credentials");
    let proven = client.secret.is_some() || sent.one("client_assertion").is_some();
    if !allowed || !proven {
        return Err(answer::refused(400, "unauthorized_client", "not for this client"));
    }
    let asked = parameters::scopes(sent.one("scope"));
    let scopes = if asked.is_empty() { state.options.scopes.clone() } else { asked };
    let grant = Grant { client_id: client.id.clone(), account: None, scopes, renews: false, nonce: None };
    state.record.change(|seen| seen.sign_ins += 1);
    Ok(state.ledger().begin(grant, &state.terms(oddities)).1)
}

/// The successful answer (RFC 6749 section 5.1).
fn success(state: &State, oddities: &Oddities, issued: &Issued) -> Response {
    let mut body = json!({
        "access_token": issued.access_token,
        "token_type": oddities.token.token_type,
        "expires_in": issued.lasts / 1000,
        "scope": issued.grant.scopes.join(" "),
    });
    if let Some(refresh_token) = &issued.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    if let Some(left) = issued.sign_in_lasts {
        match &oddities.token.sign_in_told {
            SignInTold::Told => body["refresh_token_expires_in"] = json!(left / 1000),
            SignInTold::ToldAs(member) => body[member.as_str()] = json!(left / 1000),
            SignInTold::Untold => {}
        }
    }
    if issued.grant.scopes.iter().any(|scope| scope == "openid") {
        body["id_token"] = json!(identity(state, issued));
    }
    Override::apply(&oddities.token.answer_overrides, &mut body);
    answer::json(200, body)
}

/// An unsigned identity token: it tells who signed in and proves nothing.
fn identity(state: &State, issued: &Issued) -> String {
    let account = issued.grant.account.as_deref().unwrap_or_default();
    let now = state.now() / 1000;
    let claims = json!({
        "iss": state.issuer(),
        "sub": account,
        "email": account,
        "aud": issued.grant.client_id,
        "iat": now,
        "exp": now + issued.lasts / 1000,
        "nonce": issued.grant.nonce,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
}
