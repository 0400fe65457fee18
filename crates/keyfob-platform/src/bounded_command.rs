//! One run of a command that the user chose: never through a shell, in a process group of its own that is ended as a whole
//! when its time is up, whatever it does meanwhile (fault 38).

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use keyfob_core::server_text::shown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};

/// What is kept of its standard error, for the journal.
const MOST_SAID: usize = 1_024;
/// Of the service manager's variables, what is the keeper's own.
const KEPT_FROM_IT: [&str; 3] = ["NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "KEYFOB_PASSPHRASE_FILE"];

/// Runs `command`, a program and its arguments, with `input` on standard input and at most one variable of its own; its
/// output is thrown away, and of its errors the first line stands in the failure.
pub(crate) async fn run(
    command: &[String],
    variable: Option<(&str, &str)>,
    input: &[u8],
    patience: Duration,
) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut builder = Command::new(program);
    builder.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    for name in KEPT_FROM_IT {
        builder.env_remove(name);
    }
    builder.envs(variable);
    #[cfg(unix)]
    builder.process_group(0);
    let program = shown(program);
    let mut child = builder.kill_on_drop(true).spawn().map_err(|error| format!("{program}: {error}"))?;
    // Whoever keeps its output open is of its group still, so the number is nobody else's.
    let group = Group(child.id());
    let ended = tokio::time::timeout(patience, attend(&mut child, input)).await;
    if let Ok(outcome) = ended {
        std::mem::forget(group);
        return outcome;
    }
    drop(group);
    let _ = child.kill().await;
    Err(format!("ended after {} s, with everything it had started", patience.as_secs()))
}

/// A process group that ends with its handle: at the end of its time, or of ours.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        end_group(self.0);
    }
}

/// Writes the input, reads what is said and waits for the end of both.
async fn attend(child: &mut Child, text: &[u8]) -> Result<(), String> {
    let (input, output) = (child.stdin.take(), child.stderr.take());
    let writing = async {
        // One that does not read its input is free not to.
        if let Some(mut input) = input {
            let _ = input.write_all(text).await;
        }
    };
    let ((), said, status) = tokio::join!(writing, bounded(output), child.wait());
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ending(status, &said)),
        Err(error) => Err(error.to_string()),
    }
}

/// The first bytes; the rest is read and forgotten, so that a flood neither fills memory nor stops its writer.
async fn bounded(output: Option<ChildStderr>) -> String {
    let Some(mut output) = output else { return String::new() };
    let mut kept = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(length @ 1..) = output.read(&mut piece).await {
        let room = MOST_SAID - kept.len();
        kept.extend_from_slice(&piece[..length.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn ending(status: ExitStatus, said: &str) -> String {
    match said.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{status}: {}", shown(line)),
        None => status.to_string(),
    }
}

#[cfg(unix)]
fn end_group(group: Option<u32>) {
    let group = group.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        // Gone already is as good.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// `kill_on_drop` ends the program itself; what it has started is its own.
#[cfg(not(unix))]
fn end_group(_group: Option<u32>) {}
