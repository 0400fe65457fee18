//! `keyfob token` and `keyfob headers`: the token, and nothing else, on standard output.

use keyfob_agent::control::client::ControlFailure;
use keyfob_agent::control::hand_outs;
use keyfob_agent::control::wire::{Hello, MAX_FRAME, Request, Response, decode, encode, frame_length};
use keyfob_agent::delivery::formats::rfc3339;
use keyfob_agent::journeys::hand_out::{HandOutRequest, HandedOut, hand_out};
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_platform::{control_socket, program};
use serde_json::json;
use std::io::{ErrorKind, Read, Write};

use super::time_span_argument::time_span;
use crate::arguments::{Command, Token, TokenFormat};
use crate::context::{Context, HELLO_PATIENCE, profile_name};
use crate::output;

/// Answers `token` and `headers` from a running keeper: one socket round trip, no runtime, no store, no keyring. `None`
/// where no keeper answers or the command is another one; then the same transaction runs in this process.
pub(crate) fn from_keeper(context: &Context, command: &Command) -> Option<Result<(), Failure>> {
    let (name, wanted, format) = match command {
        Command::Token(token) => (&token.name, wanted(token), token.format),
        Command::Headers(headers) => (&headers.name, Ok(HandOutRequest::default()), TokenFormat::Header),
        _ => return None,
    };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(failure) => return Some(Err(failure)),
    };
    let handed_out = by_keeper(context, name, wanted)?;
    Some(handed_out.map(|handed_out| match command {
        Command::Headers(_) => show_headers(name, &handed_out),
        _ => show(name, &handed_out, format),
    }))
}

/// The token of a running keeper; `None` where none answers.
pub(crate) fn by_keeper(
    context: &Context,
    name: &str,
    wanted: HandOutRequest,
) -> Option<Result<HandedOut, Failure>> {
    if context.does_without_keeper() {
        return None;
    }
    let profile = profile_name(name).ok()?;
    let response = match ask(context, &Request::HandOut { profile, wanted }) {
        Ok(Response::NotKnown { .. }) => None,
        Ok(response) => Some(response),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            context.keeper_does_not_move();
            None
        }
        // No keeper at all, or one whose words make no sense here.
        Err(_) => None,
    };
    let Some(response) = response else {
        context.do_without_keeper();
        return None;
    };
    Some(match response {
        Response::Token(token) => Ok(token.into()),
        Response::Failed { failure } => Err(failure),
        other => Err(Failure::Bug(format!("an answer out of place: {other:?}"))),
    })
}

fn ask(context: &Context, request: &Request) -> std::io::Result<Response> {
    let mut stream = control_socket::connect_blocking(&context.paths.control_socket(), HELLO_PATIENCE)?;
    // Both frames in one write: one round trip.
    let mut frames = encode(&Hello::ours())?;
    frames.extend_from_slice(&encode(request)?);
    stream.set_read_timeout(Some(HELLO_PATIENCE))?;
    stream.write_all(&frames)?;
    let _theirs: Hello = read_frame(&mut stream)?;
    stream.set_read_timeout(Some(control_socket::BLOCKING_PATIENCE))?;
    read_frame(&mut stream)
}

fn read_frame<T: serde::de::DeserializeOwned>(stream: &mut impl Read) -> std::io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; frame_length(length, MAX_FRAME)?];
    stream.read_exact(&mut body)?;
    decode(&body)
}

/// `keyfob token` without a keeper.
pub(crate) async fn print(token: &Token, context: &Context) -> Result<(), Failure> {
    let handed_out = take(&token.name, &wanted(token)?, context).await?;
    show(&token.name, &handed_out, token.format);
    Ok(())
}

/// `keyfob headers` without a keeper.
pub(crate) async fn headers(name: &str, context: &Context) -> Result<(), Failure> {
    let handed_out = take(name, &HandOutRequest::default(), context).await?;
    show_headers(name, &handed_out);
    Ok(())
}

/// A token for this process, from the keeper if one runs, else by the same transaction here.
pub(crate) async fn take(
    name: &str,
    wanted: &HandOutRequest,
    context: &Context,
) -> Result<HandedOut, Failure> {
    if let Some(mut keeper) = context.keeper().await {
        match keeper.hand_out(profile_name(name)?, wanted.clone()).await {
            // Of another version, or gone in the middle: the same transaction runs here (fault 34).
            Err(ControlFailure::OtherVersion(_) | ControlFailure::Broken(_)) => context.do_without_keeper(),
            outcome => return Ok(outcome?),
        }
    }
    let profile = context.profile(name)?;
    let ports = context.ports()?;
    let outcome = hand_out(ports, &profile, wanted).await;
    let telling = (&*ports.journal, &*ports.clock);
    hand_outs::note_alone(telling, &profile.name, &program::behind_this_process(), outcome.as_ref().err());
    outcome
}

pub(super) fn wanted(token: &Token) -> Result<HandOutRequest, Failure> {
    Ok(HandOutRequest {
        min_validity_s: time_span(&token.min_validity)?.num_seconds(),
        fresh: token.fresh,
        rejected: None,
    })
}

#[expect(clippy::disallowed_methods, reason = "printing the token is what this command is for")]
fn show(name: &str, handed_out: &HandedOut, format: TokenFormat) {
    warn(name, handed_out);
    let token = handed_out.access_token.expose_secret();
    let expires = rfc3339(handed_out.expires_at);
    let text = match format {
        TokenFormat::Bare => token.to_owned(),
        TokenFormat::Header => format!("Authorization: Bearer {token}"),
        TokenFormat::Env => format!("KEYFOB_ACCESS_TOKEN={token}"),
        TokenFormat::Git => format!("username=oauth2\npassword={token}"),
        TokenFormat::Json => json!({
            "access_token": token, "token_type": "Bearer", "expires_at": expires,
            "scope": handed_out.scopes.as_ref().and_then(keyfob_core::scope::ScopeSet::to_wire), "resource": handed_out.resource,
        })
        .to_string(),
        TokenFormat::Bazel => json!({ "headers": { "Authorization": [format!("Bearer {token}")] }, "expires": expires }).to_string(),
        TokenFormat::ExecCredential => json!({
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": { "token": token, "expirationTimestamp": expires },
        })
        .to_string(),
        TokenFormat::Docker => json!({ "ServerURL": handed_out.resource, "Username": "oauth2", "Secret": token }).to_string(),
    };
    output::data(&text);
}

/// As it is, on a line.
#[expect(clippy::disallowed_methods, reason = "printing the token is what this command is for")]
pub(crate) fn show_bare(name: &str, handed_out: &HandedOut) {
    warn(name, handed_out);
    output::data(handed_out.access_token.expose_secret());
}

/// As the header a request needs.
#[expect(clippy::disallowed_methods, reason = "printing the header is what this command is for")]
pub(crate) fn show_headers(name: &str, handed_out: &HandedOut) {
    warn(name, handed_out);
    let bearer = format!("Bearer {}", handed_out.access_token.expose_secret());
    output::data(&json!({ "Authorization": bearer }).to_string());
}

/// The token works now, and something will need care: on standard error.
pub(super) fn warn(name: &str, handed_out: &HandedOut) {
    for undelivered in &handed_out.undelivered {
        output::warning(undelivered);
    }
    let Some(warning) = &handed_out.warning else { return };
    output::warning(&warning.to_string());
    if matches!(
        warning,
        Failure::SignInNeeded(SignInNeeded::Ended { .. } | SignInNeeded::RegistrationGone(_))
    ) {
        output::hint(&format!("this token still works; keyfob sign-in {name}"));
    }
}
