//! Writing service units and telling the service manager. It touches no file that is not ours.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use keyfob_core::failure::StoreProblem;

use crate::service_unit::MARK;
use crate::store::{atomic_file, problem};

/// A service manager answers in milliseconds; one that does not is not there.
const PATIENCE: Duration = Duration::from_secs(20);

/// What writing a unit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// There was none.
    New,
    /// Ours was there and said something else.
    Changed,
    /// Ours was there and says the same.
    Unchanged,
}

/// Where the unit of the user's own systemd belongs.
pub fn user_unit_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(config.join("systemd/user/keyfob.service"))
}

/// Where the system's unit belongs.
pub fn system_unit_path() -> PathBuf {
    "/etc/systemd/system/keyfob.service".into()
}

/// Where the launch agent of macOS belongs.
pub fn launch_agent_path() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("HOME")?).join("Library/LaunchAgents/keyfob.agent.plist"))
}

/// True where something starts a keeper at login or with the machine: the service, or the app by the user's desktop. Windows keeps
/// neither in a file; there it is taken for granted.
pub fn starts_by_itself() -> bool {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let of_the_app = |file: &str| home.as_ref().map(|home| home.join(file));
    let places = [
        user_unit_path(),
        Some(system_unit_path()),
        launch_agent_path(),
        of_the_app(".config/autostart/keyfob.desktop"),
        of_the_app("Library/LaunchAgents/keyfob.plist"),
    ];
    cfg!(windows) || places.iter().flatten().any(|place| place.exists())
}

/// True where this process may write the system's units.
pub fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

/// The user that a system service should run as: who called `sudo`, else who this process is. A name, or the number
/// where there is none.
pub fn service_user() -> String {
    let by_sudo = std::env::var("SUDO_USER").ok().filter(|name| !name.is_empty() && is_root());
    by_sudo.unwrap_or_else(own_name)
}

#[cfg(unix)]
fn own_name() -> String {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users = known.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = users.find(|fields| fields.get(2) == Some(&uid.as_str()));
    own.and_then(|fields| fields.first().map(|name| (*name).to_owned())).unwrap_or(uid)
}

#[cfg(not(unix))]
fn own_name() -> String {
    std::env::var("USERNAME").unwrap_or_default()
}

/// Writes a unit, atomically. A file there that is not ours is refused and kept.
pub fn write(path: &Path, text: &str) -> Result<Written, StoreProblem> {
    let there = text_of_ours(path)?;
    if there.as_deref() == Some(text) {
        return Ok(Written::Unchanged);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| problem(&error, folder))?;
    }
    atomic_file::replace_user_file(path, text.as_bytes())?;
    Ok(if there.is_some() { Written::Changed } else { Written::New })
}

/// Removes a unit of ours; false where there is none.
pub fn remove(path: &Path) -> Result<bool, StoreProblem> {
    if text_of_ours(path)?.is_none() {
        return Ok(false);
    }
    std::fs::remove_file(path).map_err(|error| problem(&error, path))?;
    Ok(true)
}

fn text_of_ours(path: &Path) -> Result<Option<String>, StoreProblem> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.contains(MARK) => Ok(Some(text)),
        Ok(_) => Err(StoreProblem::Unsafe(format!("{} is there and is not keyfob's", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(problem(&error, path)),
    }
}

/// Runs one command of the service manager; an error is what it said, in one line.
pub async fn tell_manager(command: &[&str]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut child = tokio::process::Command::new(program);
    child.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, child.output())
        .await
        .map_err(|_| format!("{program} did not answer"))?
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed without a word");
    Err(keyfob_core::server_text::shown(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_written_once_changed_when_it_differs_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("systemd/user/keyfob.service");
        let text = format!("# {MARK}\n[Unit]\n");
        assert_eq!(write(&path, &text).unwrap(), Written::New);
        assert_eq!(write(&path, &text).unwrap(), Written::Unchanged);
        assert_eq!(write(&path, &format!("{text}X=1\n")).unwrap(), Written::Changed);
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
    }

    #[test]
    fn a_unit_that_is_not_ours_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyfob.service");
        std::fs::write(&path, "[Unit]\nDescription=mine\n").unwrap();
        assert!(matches!(write(&path, MARK), Err(StoreProblem::Unsafe(_))));
        assert!(matches!(remove(&path), Err(StoreProblem::Unsafe(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[Unit]\nDescription=mine\n");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_manager_says_is_told_in_one_line() {
        assert_eq!(tell_manager(&["true"]).await, Ok(()));
        let failed =
            tell_manager(&["sh", "-c", "printf '\\n\\033[1mno bus\\033[0m\\nmore\\n' >&2; exit 1"]).await;
        assert_eq!(failed, Err("[1mno bus[0m".into()));
        assert!(tell_manager(&["/nowhere/systemctl"]).await.unwrap_err().contains("/nowhere/systemctl"));
    }

    #[cfg(unix)]
    #[test]
    fn the_service_user_has_a_name() {
        assert!(!own_name().is_empty());
    }
}
