//! Other programs of this user: where they are, the files they are configured by, and running them on a person's word.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use keyfob_agent::client_programs::{ClientPrograms, ReplaceError, System};
use keyfob_core::failure::StoreProblem;

use crate::paths::Paths;
use crate::store::{atomic_file, problem, profile_lock};

/// Longest run of a client's own command.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// The programs of the user who runs this process.
pub struct SystemClientPrograms {
    home: PathBuf,
    lock: PathBuf,
    /// keyfob's own folder for links.
    links: PathBuf,
}

impl SystemClientPrograms {
    /// Nothing is looked at yet.
    pub fn new(paths: &Paths) -> Self {
        let home = std::env::home_dir().unwrap_or_default();
        Self { home, lock: paths.locks_dir().join("client-files"), links: paths.links_dir() }
    }

    /// Makes the folder of a file: as any program would, and private where it is keyfob's own.
    fn make_folder(&self, folder: &Path) -> Result<(), StoreProblem> {
        if !folder.starts_with(&self.links) {
            return std::fs::create_dir_all(folder).map_err(|error| problem(&error, folder));
        }
        for own in [self.links.as_path(), folder] {
            atomic_file::private_folder(own)?;
            closed_to_others(own)?;
        }
        Ok(())
    }

    /// Runs `change` if the file still is `was`. The lock keeps other keyfob processes out; against the client itself there
    /// is only the look just before.
    fn if_still(
        &self,
        path: &Path,
        was: Option<&[u8]>,
        change: impl FnOnce() -> Result<(), StoreProblem>,
    ) -> Result<(), ReplaceError> {
        if let Some(folder) = self.lock.parent() {
            atomic_file::private_folder(folder)?;
        }
        let _guard = profile_lock::lock_for_write(&self.lock)?;
        if self.read(path)?.as_deref() != was {
            return Err(ReplaceError::Changed);
        }
        Ok(change()?)
    }
}

impl ClientPrograms for SystemClientPrograms {
    fn system(&self) -> System {
        if cfg!(windows) {
            System::Windows
        } else if cfg!(target_os = "macos") {
            System::MacOs
        } else {
            System::Linux
        }
    }

    fn home(&self) -> PathBuf {
        self.home.clone()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = std::env::var_os("PATH")?;
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        std::env::split_paths(&folders)
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
            .find(|path| path.is_file())
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreProblem> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(problem(&error, path)),
        }
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    }

    fn replace(&self, path: &Path, was: Option<&[u8]>, bytes: &[u8]) -> Result<(), ReplaceError> {
        self.if_still(path, was, || {
            path.parent().map_or(Ok(()), |folder| self.make_folder(folder))?;
            atomic_file::replace_user_file(path, bytes)
        })
    }

    fn remove(&self, path: &Path, was: &[u8]) -> Result<(), ReplaceError> {
        self.if_still(path, Some(was), || std::fs::remove_file(path).map_err(|error| problem(&error, path)))
    }

    fn run(&self, program: &Path, arguments: &[String], input: &str) -> Result<String, String> {
        let shown = program.display();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{shown} could not be started: {error}"))?;
        // A program that reads nothing closes its end; its exit code says more than the broken pipe.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        let pid = child.id();
        let (sender, ended) = mpsc::channel();
        let waiting = std::thread::Builder::new().spawn(move || sender.send(child.wait_with_output()));
        if let Err(error) = waiting {
            crate::program::end(pid);
            return Err(format!("no thread to wait for {shown}: {error}"));
        }
        let Ok(output) = ended.recv_timeout(LONGEST_RUN) else {
            crate::program::end(pid);
            return Err(format!("{shown} had not ended after {} s", LONGEST_RUN.as_secs()));
        };
        let output = output.map_err(|error| format!("{shown}: {error}"))?;
        let text = |bytes: &[u8]| keyfob_core::server_text::shown(String::from_utf8_lossy(bytes).trim());
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(format!("{shown} ended with {}: {}", output.status, text(&output.stderr)))
    }
}

/// Copies of clients' files lie there, and an earlier keyfob left the folder open to readers.
#[cfg(unix)]
fn closed_to_others(folder: &Path) -> Result<(), StoreProblem> {
    use std::os::unix::fs::PermissionsExt as _;
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder, closed).map_err(|error| problem(&error, folder))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "modes can be refused on Unix")]
fn closed_to_others(_folder: &Path) -> Result<(), StoreProblem> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_folders_of_links_are_private_also_where_they_were_open() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::resolve(Some(folder.path().join("keyfob"))).unwrap();
        let (links, machine) = (paths.links_dir(), SystemClientPrograms::new(&paths));
        std::fs::create_dir_all(&links).unwrap();
        machine.replace(&links.join("before/copy"), None, b"{}").unwrap();
        machine.replace(&folder.path().join("client/mcp.json"), None, b"{}").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&links), mode(&links.join("before"))], [0o700, 0o700]);
        assert!(folder.path().join("client/mcp.json").exists());
    }
}
