//! One request from arrival to answer: recorded, held or broken as a fault says, else given to its endpoint.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use crate::authorization_server;
use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::oddities::Service;
use crate::portal::State;
use crate::wire::WireControl;

/// No honest request is longer; more than what the loopback proxy keeps for a second sending.
const LONGEST_BODY: usize = 8 * 1024 * 1024;

/// An HTTP date has four digits for the year.
const LAST_DATE: Duration = Duration::from_secs(253_402_300_799);

/// A request that has arrived whole.
pub(crate) struct Arrived {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// Answers one request; every failure is an HTTP answer.
pub(crate) async fn exchange(
    state: Arc<State>,
    wire: WireControl,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let arrived = Arrived { parts, body: body.to_bytes() };
    let endpoint = Endpoint::of(&arrived.parts.method, arrived.parts.uri.path(), &arrived.body);
    // The fault is taken first: whoever sees the request in the record knows that its fault is in play.
    let fault = state.faults.take(endpoint);
    state.record.arrived(endpoint, state.now(), &arrived.parts, &arrived.body);
    fault.wait_before_work().await;
    let real =
        if fault.does_work() { work(&state, endpoint, arrived).await } else { Response::new(Body::empty()) };
    let mut answer = fault.made_answer().unwrap_or(real);
    set_date(&mut answer, state.now());
    state.record.answered(endpoint);
    fault.wait_before_answer().await;
    let (breaks, verbatim) = fault.into_breaks();
    wire.set(breaks, verbatim);
    Ok(answer)
}

/// The portal's own time, not the system's: a client measures the skew between the two by it.
fn set_date(answer: &mut Response, now: Millis) {
    let since = Duration::from_millis(u64::try_from(now).unwrap_or(0)).min(LAST_DATE);
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)) {
        answer.headers_mut().entry(header::DATE).or_insert(date);
    }
}

async fn work(state: &Arc<State>, endpoint: Endpoint, arrived: Arrived) -> Response {
    if !host_is_ours(state, &arrived.parts) {
        return (StatusCode::FORBIDDEN, "unknown Host").into_response();
    }
    let is_mcp = matches!(endpoint, Endpoint::Mcp | Endpoint::McpCall);
    match state.oddities().mcp.service {
        Service::Portal if is_mcp => state.mcp.answer_guarded(state, arrived).await,
        Service::OpenMcp if is_mcp => state.mcp.answer(arrived, None).await,
        Service::Portal => authorization_server::answer(state, endpoint, &arrived),
        Service::OpenMcp | Service::Nothing => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A web page that made its own name point at 127.0.0.1 (DNS rebinding) carries that name in `Host`.
fn host_is_ours(state: &State, parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = ["http://", "https://"].iter().find_map(|scheme| state.origin.strip_prefix(scheme));
    let authority = own.unwrap_or_default();
    // What stands before a portal with a public origin has its own way to it.
    let stands_behind = state.options.public_origin.is_some();
    host.is_some_and(|host| {
        host == authority
            || (stands_behind && host.starts_with("127.0.0.1:"))
            || authority
                .strip_prefix("127.0.0.1")
                .is_some_and(|port| host.strip_prefix("localhost") == Some(port))
    })
}
