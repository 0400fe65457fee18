//! `keyfob exec`: runs a command with the token in one variable of its environment, and ends as it ends.

use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::failure::{About, Failure};

use super::token::take;
use crate::arguments::Exec;
use crate::context::Context;
use crate::output;

/// As `env(1)`: keyfob itself failed.
const KEYFOB_FAILED: u8 = 125;
/// As `env(1)`: the command cannot be run.
const CANNOT_RUN: u8 = 126;
/// As `env(1)`: there is no such command.
const NOT_FOUND: u8 = 127;

pub(crate) async fn run(exec: &Exec, context: &Context) -> Result<u8, Failure> {
    let handed_out = match take(&exec.name, &HandOutRequest::default(), context).await {
        Ok(handed_out) => handed_out,
        Err(failure) => {
            output::failure(&failure, About::Profile(&exec.name));
            return Ok(KEYFOB_FAILED);
        }
    };
    let Some((program, arguments)) = exec.command.split_first() else { return Ok(KEYFOB_FAILED) };
    // G10: each start is on record; arguments stay out of it, for they may hold secrets of the user's own.
    tracing::info!(profile = %exec.name, program = %program.to_string_lossy(), "starts a command with the token");
    #[expect(clippy::disallowed_methods, reason = "giving the token to this command is what exec is for")]
    let status = tokio::process::Command::new(program)
        .args(arguments)
        .env(&exec.env, handed_out.access_token.expose_secret())
        .status()
        .await;
    match status {
        Ok(status) => Ok(code(status)),
        Err(error) => {
            output::note(&format!("error: {}: {error}", program.to_string_lossy()));
            Ok(if error.kind() == std::io::ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN })
        }
    }
}

fn code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(CANNOT_RUN);
    }
    status.code().and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(CANNOT_RUN)
}
