//! keyfobs of other versions beside this app: the programs on disk after an update, and whoever spoke at the control socket.
//! Looked at when a window opens or comes to the front, never in between.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use keyfob_agent::client_programs::ClientPrograms as _;
use keyfob_platform::client_programs::SystemClientPrograms;
use keyfob_platform::threads;
use tokio::sync::watch;

/// This app's own, as it runs.
const OURS: &str = env!("CARGO_PKG_VERSION");

/// What is known of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// The file this app was started from is another one by now: a restart runs that.
    pub(crate) replaced: bool,
    /// The version of the command line beside this app.
    on_disk: Option<String>,
    /// The last other version that spoke.
    met: Option<String>,
}

impl Others {
    /// A version other than ours, and whether it is newer; a newer one goes before an older one.
    pub(crate) fn version(&self) -> Option<(&str, bool)> {
        // Where this app was replaced, the question is what it was replaced by.
        let met = self.met.as_ref().filter(|_| !self.replaced);
        let others = || self.on_disk.as_ref().into_iter().chain(met).filter(|version| *version != OURS);
        let newer = others().find(|version| compared(version, OURS) == Ordering::Greater);
        newer
            .map(|version| (version.as_str(), true))
            .or_else(|| others().next().map(|version| (version.as_str(), false)))
    }
}

/// Compares what is known, and is told what is new.
pub(crate) struct Versions {
    known: watch::Sender<Others>,
    own: Option<(PathBuf, Mark)>,
    looked: Mutex<Option<(PathBuf, Mark)>>,
}

impl Versions {
    /// Remembers the file this app runs from.
    pub(crate) fn new() -> Self {
        let own = std::env::current_exe().ok().and_then(|path| Mark::of(&path).map(|mark| (path, mark)));
        Self { known: watch::Sender::default(), own, looked: Mutex::default() }
    }

    /// What this app was started from is there as it was.
    #[cfg(target_os = "linux")]
    pub(crate) fn runs_its_own_file(&self) -> bool {
        self.own.as_ref().is_some_and(|(path, then)| Mark::of(path) == Some(*then))
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Others> {
        self.known.subscribe()
    }

    /// A keyfob of another version spoke at the control socket.
    pub(crate) fn met(&self, version: String) {
        self.become_so(|others| others.met = Some(version));
    }

    /// Looks at this app's own file and at `command_line`, which is asked for its version where it is another file than at
    /// the last look.
    pub(crate) async fn look(&self, command_line: Option<PathBuf>, programs: SystemClientPrograms) {
        // One that is missing for a moment is being replaced.
        let replaced =
            self.own.as_ref().is_some_and(|(path, then)| Mark::of(path).is_some_and(|now| now != *then));
        self.become_so(|others| others.replaced = replaced);
        let Some(found) = command_line.and_then(|path| Mark::of(&path).map(|mark| (path, mark))) else {
            return;
        };
        let path = found.0.clone();
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.as_ref() == Some(&found) {
                return;
            }
            *looked = Some(found);
        }
        let asked = move || programs.run(&path, &["--version".to_owned()], "");
        match threads::on_a_thread_or_here(asked).await {
            Ok(Ok(said)) => self.become_so(|others| others.on_disk = version_in(&said)),
            Ok(Err(error)) => tracing::debug!(error, "the command line does not say its version"),
            Err(error) => tracing::debug!(%error, "the command line could not be asked for its version"),
        }
    }

    fn become_so(&self, change: impl FnOnce(&mut Others)) {
        self.known.send_if_modified(|others| {
            let before = others.clone();
            change(others);
            *others != before
        });
    }
}

/// What tells one file at a path from another that took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    length: u64,
    written: Option<SystemTime>,
}

impl Mark {
    fn of(path: &Path) -> Option<Self> {
        let there = path.metadata().ok()?;
        Some(Self { length: there.len(), written: there.modified().ok() })
    }
}

/// `keyfob 0.1.0`, as `--version` prints it.
fn version_in(said: &str) -> Option<String> {
    let version = said.strip_prefix("keyfob ")?.split_whitespace().next()?;
    (!numbers(version).is_empty()).then(|| version.to_owned())
}

/// By the numbers of the release; of two with the same ones, neither is newer.
fn compared(one: &str, other: &str) -> Ordering {
    numbers(one).cmp(&numbers(other))
}

fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
