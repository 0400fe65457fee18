//! Revocation (RFC 7009): a token that is unknown is gone, and that is a success.

use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};

use super::{answer, client_authentication};
use crate::exchange::Arrived;
use crate::oddities::RevocationSupport;
use crate::parameters::Parameters;
use crate::portal::State;

/// Answers a revocation request.
pub(super) fn revoke(state: &State, arrived: &Arrived) -> Response {
    let oddities = state.oddities();
    if oddities.token.revocation == RevocationSupport::NoEndpoint {
        return StatusCode::NOT_FOUND.into_response();
    }
    if arrived.parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let sent = Parameters::of_body(&arrived.body);
    let client = match client_authentication::authenticate(state, arrived, &sent) {
        Ok(client) => client,
        Err(refusal) => return refusal.into_answer(),
    };
    if oddities.token.revocation == RevocationSupport::ConfidentialOnly && client.secret.is_none() {
        return answer::error(401, "invalid_client", "public clients cannot revoke");
    }
    let Some(token) = sent.one("token") else {
        return answer::error(400, "invalid_request", "no token");
    };
    if state.ledger().revoke(token, &client.id, &state.terms(&oddities)) {
        state.record.change(|seen| seen.revoked.push(token.to_owned()));
    }
    StatusCode::OK.into_response()
}
