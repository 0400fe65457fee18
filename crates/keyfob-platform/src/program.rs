//! Which program is behind a process id, for the journal: its executable as the kernel names it. Told to people, never
//! decided on, because a process can end and its id be given to another between question and answer.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use keyfob_agent::journal::Program;
use keyfob_core::server_text;

/// What our own command line is called.
const OUR_COMMAND: &str = "keyfob";

/// The program that [`OUR_COMMAND`] becomes for all that it does not do itself; it lies beside it.
const WHOLE_PROGRAM: &str = "keyfob-cli";

/// The path of our command line, for what starts it later: a client's configuration, a service unit.
pub fn our_command() -> std::io::Result<PathBuf> {
    let running = std::env::current_exe()?;
    let command = running.with_file_name(format!("{OUR_COMMAND}{EXE_SUFFIX}"));
    let is_whole = running.file_stem().is_some_and(|name| name == WHOLE_PROGRAM);
    Ok(if is_whole && command.is_file() { command } else { running })
}

/// Goes on as the whole program, with `first` and the arguments and under the name of this one. Comes back only where it cannot,
/// with the reason, or where the system lets no process become another program.
pub fn become_the_whole(first: Option<&str>) -> Result<ExitCode, String> {
    let beside = std::env::current_exe().map_err(|error| error.to_string())?;
    let whole = beside.with_file_name(format!("{WHOLE_PROGRAM}{EXE_SUFFIX}"));
    goes_on_as(&whole, first).map_err(|error| format!("{}: {error}", whole.display()))
}

/// The same process goes on: its id, its terminal and its signals stay.
#[cfg(unix)]
fn goes_on_as(program: &Path, first: Option<&str>) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    Err(command.args(first).args(arguments).exec())
}

/// A process cannot become another program: it waits for it and ends as it does. (Never run here.)
#[cfg(not(unix))]
fn goes_on_as(program: &Path, first: Option<&str>) -> std::io::Result<ExitCode> {
    let status = Command::new(program).args(first).args(std::env::args_os().skip(1)).status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The program that asks through process `pid`; where that is our own command line, the one that started it.
pub fn behind(pid: Option<i32>) -> Program {
    let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok()) else { return Program::default() };
    let asker = named(pid);
    if !is_our_command(asker.executable.as_deref()) {
        return asker;
    }
    parent_of(pid).map_or(asker, named)
}

/// The program that started this process.
pub fn behind_this_process() -> Program {
    #[cfg(unix)]
    return named(std::os::unix::process::parent_id());
    #[cfg(not(unix))]
    return Program::default();
}

/// Ends a process that this one started.
pub(crate) fn end(pid: u32) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = pid;
}

fn named(pid: u32) -> Program {
    Program { pid: Some(pid), executable: executable(pid) }
}

/// Only the owner may follow `exe` of a process that guards itself; its short name is open to all.
#[cfg(target_os = "linux")]
fn executable(pid: u32) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe")).map(|path| path.to_string_lossy().into_owned());
    let name = path.or_else(|_| std::fs::read_to_string(format!("/proc/{pid}/comm")));
    // Any program may be called anything: what is shown in a terminal carries no escape sequences.
    name.ok().map(|name| server_text::shown(name.trim_end().trim_end_matches(" (deleted)")))
}

#[cfg(not(target_os = "linux"))]
fn executable(_pid: u32) -> Option<String> {
    None
}

fn is_our_command(executable: Option<&str>) -> bool {
    let name = executable.and_then(|path| path.rsplit('/').next());
    name == Some(OUR_COMMAND) || name == Some(WHOLE_PROGRAM)
}

/// The parent's id, the fourth field of `/proc/PID/stat`; the second one is a name in brackets that may hold anything.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_by_its_executable_and_its_parent_is_found() {
        let here = std::process::id();
        let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        assert_eq!(behind(Some(here.cast_signed())), Program { pid: Some(here), executable: Some(own) });
        assert_eq!(parent_of(here), Some(std::os::unix::process::parent_id()));
        assert_eq!(behind_this_process().pid, parent_of(here));
        assert_eq!(behind(None), Program::default());
        assert_eq!(behind(Some(-1)), Program::default());
    }

    #[test]
    fn our_own_command_line_stands_for_the_program_that_started_it() {
        assert!(is_our_command(Some("/usr/local/bin/keyfob")));
        assert!(is_our_command(Some("keyfob-cli")));
        for other in [Some("/usr/bin/keyfob-app"), Some("/keyfob/x"), None] {
            assert!(!is_our_command(other), "{other:?}");
        }
        // `sleep` under the name of our command line.
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join(OUR_COMMAND);
        std::fs::copy("/bin/sleep", &ours).unwrap();
        let mut child = std::process::Command::new(&ours).arg("60").spawn().unwrap();
        let program = behind(Some(child.id().cast_signed()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(program.pid, Some(std::process::id()));
    }
}
