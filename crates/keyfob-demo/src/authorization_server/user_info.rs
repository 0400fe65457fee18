//! OpenID Connect's userinfo: who signed in.

use axum::response::Response;
use http::header;
use serde_json::json;

use super::answer;
use crate::exchange::Arrived;
use crate::portal::State;

/// Tells the account behind an access token.
pub(super) fn user_info(state: &State, arrived: &Arrived) -> Response {
    let oddities = state.oddities();
    let value = arrived.parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    let caller = token.and_then(|token| state.ledger().check(token, &state.terms(&oddities)));
    match caller.and_then(|caller| caller.account) {
        Some(account) => {
            answer::json(200, json!({ "sub": account, "email": account, "email_verified": true }))
        }
        None => answer::error(401, "invalid_token", "no good token"),
    }
}
