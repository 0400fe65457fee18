//! The user's commands that get new tokens. A keeper runs them beside its work. A command line that renewed without a keeper
//! must not keep its caller waiting: it starts keyfob once more, hands the run over by standard input, and goes.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keyfob_agent::journal::{JournalEntry, JournalEvent};
use keyfob_agent::ports::{Clock, CommandRun, Commands, Journal, Ports};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::{Fingerprint, SecretText};
use keyfob_core::server_text::shown;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bounded_command;
use crate::command_marks::CommandMarks;
use crate::paths::Paths;

/// One run.
const PATIENCE: Duration = Duration::from_secs(10);
/// The hidden command that takes a run over.
pub const TAKE_OVER: &str = "run-delivery-command";

/// What is told of a run, and what stays of it, needs these.
#[derive(Clone)]
struct Witness {
    marks: CommandMarks,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
}

/// Runs commands in this process, one after the other, so that an older token never comes after a newer one.
pub struct CommandsHere {
    witness: Witness,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl CommandsHere {
    /// Tells `journal` how each run went. Needs a tokio runtime at each run.
    pub fn new(paths: &Paths, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        let marks = CommandMarks::new(paths);
        Self { witness: Witness { marks, journal, clock }, turn: Arc::default() }
    }
}

impl Commands for CommandsHere {
    fn begin(&self, run: CommandRun) {
        let (witness, turn) = (self.witness.clone(), Arc::clone(&self.turn));
        tokio::spawn(async move {
            let _turn = turn.lock().await;
            carry_out(&witness, &run).await;
        });
    }

    fn has_run(&self, profile: &ProfileName, mark: &Fingerprint) -> bool {
        self.witness.marks.has(profile, mark)
    }

    fn forget(&self, profile: &ProfileName) {
        self.witness.marks.forget(profile);
    }
}

/// Hands each run to another process, which outlives this one.
pub struct CommandsApart {
    paths: Paths,
    witness: Witness,
}

impl CommandsApart {
    /// Tells `journal` of a run that could not be handed over.
    pub fn new(paths: &Paths, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        let marks = CommandMarks::new(paths);
        Self { paths: paths.clone(), witness: Witness { marks, journal, clock } }
    }

    fn hand_over(&self, run: &CommandRun) -> Result<(), String> {
        let line = Zeroizing::new(serde_json::to_vec(&Wire::from(run)).map_err(|error| error.to_string())?);
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut builder = Command::new(program);
        if let Some(home) = self.home() {
            builder.arg("--home").arg(home);
        }
        builder.arg(TAKE_OVER).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C for the command line is not for what it leaves behind.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut builder, 0);
        let mut child = builder.spawn().map_err(|error| error.to_string())?;
        let Some(mut input) = child.stdin.take() else { return Ok(()) };
        input.write_all(&line).map_err(|error| error.to_string())
    }

    fn home(&self) -> Option<PathBuf> {
        self.paths.home_argument().ok().flatten()
    }
}

impl Commands for CommandsApart {
    fn begin(&self, run: CommandRun) {
        if let Err(why) = self.hand_over(&run) {
            note(&self.witness, &run, Err(why), None);
        }
    }

    fn has_run(&self, profile: &ProfileName, mark: &Fingerprint) -> bool {
        self.witness.marks.has(profile, mark)
    }

    fn forget(&self, profile: &ProfileName) {
        self.witness.marks.forget(profile);
    }
}

/// Carries out a run that another process handed over on standard input.
pub async fn take_over(line: &str, paths: &Paths, ports: &Ports) -> Result<(), Failure> {
    let wire: Wire = serde_json::from_str(line).map_err(|_| {
        Failure::Usage("this is for keyfob itself: it takes a run over from standard input".into())
    })?;
    let (marks, journal, clock) = (CommandMarks::new(paths), ports.journal.clone(), ports.clock.clone());
    carry_out(&Witness { marks, journal, clock }, &CommandRun::from(wire)).await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the user allowed this command to get the token")]
async fn carry_out(witness: &Witness, run: &CommandRun) {
    let began = witness.clock.now().boot_ms;
    let secret = run.secret.expose_secret();
    let outcome = match &run.variable {
        Some(name) => bounded_command::run(&run.argv, Some((name, secret)), b"", PATIENCE).await,
        None => bounded_command::run(&run.argv, None, secret.as_bytes(), PATIENCE).await,
    };
    // However it went: what a command did with its token is in the journal, and it is not tried again.
    witness.marks.add(&run.profile, &run.mark);
    note(witness, run, outcome, Some(began));
}

fn note(witness: &Witness, run: &CommandRun, outcome: Result<(), String>, began: Option<u64>) {
    let now = witness.clock.now();
    let program = shown(run.argv.first().map_or("", String::as_str));
    let (event, detail) = match outcome {
        Ok(()) => (JournalEvent::Delivered, format!("command {program}")),
        Err(why) => (JournalEvent::DeliveryFailed, format!("command {program}: {why}")),
    };
    let entry = JournalEntry::new(now.wall, event).about(&run.profile).saying(detail);
    let duration_ms = began.map(|began| now.boot_ms.saturating_sub(began));
    witness.journal.append(&JournalEntry { duration_ms, ..entry });
}

/// A run on its way to the process that takes it over: through a pipe, never through arguments.
#[derive(Serialize, Deserialize)]
struct Wire {
    profile: ProfileName,
    argv: Vec<String>,
    variable: Option<String>,
    mark: Fingerprint,
    secret: Zeroizing<String>,
}

#[expect(clippy::disallowed_methods, reason = "goes through a pipe to keyfob itself")]
impl From<&CommandRun> for Wire {
    fn from(run: &CommandRun) -> Self {
        Self {
            profile: run.profile.clone(),
            argv: run.argv.clone(),
            variable: run.variable.clone(),
            mark: run.mark,
            secret: Zeroizing::new(run.secret.expose_secret().to_owned()),
        }
    }
}

impl From<Wire> for CommandRun {
    fn from(wire: Wire) -> Self {
        let secret = SecretText::new(wire.secret.to_string());
        Self { profile: wire.profile, argv: wire.argv, variable: wire.variable, mark: wire.mark, secret }
    }
}
