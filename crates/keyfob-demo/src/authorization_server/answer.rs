//! The answers that all endpoints share: JSON, and OAuth errors (RFC 6749 section 5.2).

use axum::response::{IntoResponse as _, Json, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::oddities::Refusal;

/// An answer sent in place of a result; boxed, because an answer is large and a result is not.
pub(super) struct Refused(Box<Response>);

impl Refused {
    pub(super) fn with(answer: Response) -> Self {
        Self(Box::new(answer))
    }

    pub(super) fn into_answer(self) -> Response {
        *self.0
    }
}

/// JSON with a status; a status that is none becomes 500.
pub(super) fn json(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

/// An OAuth error with its reason in words.
pub(super) fn error(status: u16, error: &str, description: &str) -> Response {
    json(status, json!({ "error": error, "error_description": description }))
}

/// The same, in place of a result.
pub(super) fn refused(status: u16, code: &str, description: &str) -> Refused {
    Refused::with(error(status, code, description))
}

/// A refusal as the oddities spell it.
pub(super) fn refusal(refusal: &Refusal, description: &str) -> Response {
    match refusal {
        Refusal::Error { status, error: code } => error(*status, code, description),
        Refusal::Empty { status } => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}
