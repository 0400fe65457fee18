//! The MCP endpoint: the guard in front, the official library behind.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse as _, Json, Response};
use http::{HeaderValue, Request, StatusCode, header};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use serde_json::{Value, json};

use crate::endpoint::path;
use crate::exchange::Arrived;
use crate::oddities::{BearerSpelling, Challenge, McpSessions, Oddities, WrongToken};
use crate::options::PortalOptions;
use crate::portal::State;
use crate::record::Record;
use crate::tokens::Caller;
use crate::tools::Tools;

/// The MCP server of a portal.
pub(crate) struct McpServer {
    service: StreamableHttpService<Tools, LocalSessionManager>,
}

impl McpServer {
    pub(crate) fn new(options: &PortalOptions, record: Record) -> Self {
        let kept = options.oddities.mcp.sessions == McpSessions::Kept;
        let public = options.public_origin.iter().filter_map(|origin| origin.split("://").nth(1));
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(kept)
            .with_json_response(!kept)
            .with_allowed_hosts(["localhost", "127.0.0.1", "::1"].into_iter().chain(public));
        let tools = Tools::new(&options.name, record);
        let service = StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config);
        Self { service }
    }

    /// Answers a request that carries a good token, and challenges every other (RFC 6750 section 3).
    pub(crate) async fn answer_guarded(&self, state: &State, arrived: Arrived) -> Response {
        let oddities = state.oddities();
        let Some(token) = bearer(&arrived, oddities.mcp.bearer) else {
            state.record.change(|seen| seen.mcp_refused += 1);
            return challenge(state, &oddities, None);
        };
        let Some(caller) = state.ledger().check(&token, &state.terms(&oddities)) else {
            state.record.change(|seen| seen.mcp_refused += 1);
            return wrong_token(state, &oddities);
        };
        if let Some(scope) = lacking_scope(&state.options, &arrived, &caller) {
            state.record.change(|seen| seen.mcp_refused += 1);
            return insufficient_scope(state, &scope);
        }
        state.record.change(|seen| seen.mcp_accepted += 1);
        self.answer(arrived, Some(caller)).await
    }

    /// Answers a request whoever sent it.
    pub(crate) async fn answer(&self, arrived: Arrived, caller: Option<Caller>) -> Response {
        let mut parts = arrived.parts;
        if let Some(caller) = caller {
            parts.extensions.insert(caller);
        }
        let request = Request::from_parts(parts, Body::from(arrived.body));
        self.service.handle(request).await.map(Body::new)
    }
}

/// The token of the Authorization header (RFC 6750 section 2.1); one in the query is no token.
fn bearer(arrived: &Arrived, spelling: BearerSpelling) -> Option<String> {
    let value = arrived.parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = match spelling {
        BearerSpelling::AnyCase => scheme.eq_ignore_ascii_case("Bearer"),
        BearerSpelling::Exact => scheme == "Bearer",
    };
    known.then(|| token.trim().to_owned())
}

fn wrong_token(state: &State, oddities: &Oddities) -> Response {
    match oddities.mcp.wrong_token {
        WrongToken::Challenged => challenge(state, oddities, Some("invalid_token")),
        WrongToken::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        WrongToken::ChallengedInJsonRpc => {
            let error = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_000, "message": "Unauthorized" } });
            let mut answer = (StatusCode::UNAUTHORIZED, Json(error)).into_response();
            let challenge = challenge(state, oddities, Some("invalid_token"));
            answer.headers_mut().extend(challenge.into_parts().0.headers);
            answer
        }
    }
}

/// 401 with the challenge that the oddities ask for.
fn challenge(state: &State, oddities: &Oddities, error: Option<&str>) -> Response {
    let metadata = state.url(&format!("{}{}", path::PROTECTED_RESOURCE, path::MCP));
    let mut with_metadata = format!("Bearer resource_metadata=\"{metadata}\"");
    if let Some(error) = error {
        with_metadata = format!("{with_metadata}, error=\"{error}\"");
    }
    let values = match &oddities.mcp.challenge {
        Challenge::MetadataAndScope => {
            vec![format!("{with_metadata}, scope=\"{}\"", state.options.scopes.join(" "))]
        }
        Challenge::Metadata => vec![with_metadata],
        Challenge::Bare => vec!["Bearer".to_owned()],
        Challenge::Absent => Vec::new(),
        Challenge::Verbatim(values) => values.clone(),
    };
    challenged(StatusCode::UNAUTHORIZED, &values)
}

fn challenged(status: StatusCode, values: &[String]) -> Response {
    let mut answer = status.into_response();
    for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
        answer.headers_mut().append(header::WWW_AUTHENTICATE, value);
    }
    answer
}

/// The scope that a tool call takes and the token lacks.
fn lacking_scope(options: &PortalOptions, arrived: &Arrived, caller: &Caller) -> Option<String> {
    let message: Value = serde_json::from_slice(&arrived.body).ok()?;
    let name = message["params"]["name"].as_str().filter(|_| message["method"] == "tools/call")?;
    let scoped = options.scoped_tools.iter().find(|scoped| scoped.tool == name)?;
    (!caller.scopes.contains(&scoped.scope)).then(|| scoped.scope.clone())
}

fn insufficient_scope(state: &State, scope: &str) -> Response {
    let metadata = state.url(&format!("{}{}", path::PROTECTED_RESOURCE, path::MCP));
    let value =
        format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\", resource_metadata=\"{metadata}\"");
    challenged(StatusCode::FORBIDDEN, &[value])
}
