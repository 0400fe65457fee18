//! What a system call is and what it works on, as far as a crash between two of them could be seen afterwards.

use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::libc;
use nix::unistd::Pid;

/// One system call of the program.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its name; `other` for those that leave nothing behind.
    pub(crate) name: &'static str,
    /// What it works on.
    pub(crate) target: Target,
    /// Its third argument: of a write, how many bytes.
    pub(crate) bytes: u64,
    /// When it was begun, or ended where its end is looked at.
    pub(crate) at: Instant,
}

/// What a call works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file or folder.
    File(PathBuf),
    /// A socket to a server, or one that listens for the browser.
    Network,
    /// A socket to a program of this machine: the session bus, a keeper.
    Local,
    /// Standard output and error, and other pipes.
    Pipe,
    /// Anything else.
    Other,
}

/// Where the call names what it works on.
enum Named {
    /// The first argument is an open file.
    File,
    /// The arguments at these places are a folder (`None`: the working folder) and a path below it.
    Path(Option<usize>, usize),
    /// Nothing that is of interest.
    Nothing,
}

impl Call {
    /// Whether the world is another one after this call: something was written, sent, received or locked. `home`
    /// holds keyfob's files.
    pub(crate) fn leaves_a_trace(&self, home: &Path) -> bool {
        match &self.target {
            Target::File(path) => self.name != "read" && self.name != "other" && path.starts_with(home),
            Target::Network | Target::Local | Target::Pipe => self.name != "other",
            Target::Other => false,
        }
    }

    /// For a report: the name and what it works on, without what differs from run to run.
    pub(crate) fn shown(&self, home: &Path) -> String {
        let on = match &self.target {
            Target::File(path) => shown_path(path.strip_prefix(home).unwrap_or(path)),
            Target::Network => "(network)".to_owned(),
            Target::Local => "(local socket)".to_owned(),
            Target::Pipe => "(pipe)".to_owned(),
            Target::Other => String::new(),
        };
        format!("{} {on}", self.name)
    }
}

/// Temporary files have random names.
fn shown_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let Some((before, _)) = text.rsplit_once('.').filter(|(_, ending)| *ending == "new") else {
        return text.into_owned();
    };
    format!("{}.*.new", before.rsplit_once('.').map_or(before, |(name, _)| name))
}

/// Reads a call at its start. `text` gives the text at an address of the program.
pub(crate) fn read(program: Pid, number: u64, arguments: [u64; 6], text: impl Fn(u64) -> PathBuf) -> Call {
    let (name, named) = kind(i64::try_from(number).unwrap_or(-1), &arguments);
    let target = match named {
        Named::Nothing => Target::Other,
        Named::File => target_of(program, arguments[0]),
        Named::Path(folder, path) => {
            let folder = folder.map(|place| target_of(program, arguments[place]));
            let folder = if let Some(Target::File(folder)) = folder { folder } else { PathBuf::new() };
            Target::File(folder.join(text(arguments[path])))
        }
    };
    Call { name, target, bytes: arguments[2], at: Instant::now() }
}

/// Files are opened to be changed where they are created; the rest of the flags only read.
fn opens(flags: u64) -> &'static str {
    let creates = u64::from(libc::O_CREAT.cast_unsigned());
    if flags & creates == 0 { "read" } else { "create" }
}

fn kind(number: i64, arguments: &[u64; 6]) -> (&'static str, Named) {
    match number {
        libc::SYS_open => (opens(arguments[1]), Named::Path(None, 0)),
        libc::SYS_openat => (opens(arguments[2]), Named::Path(Some(0), 1)),
        libc::SYS_mkdir => ("mkdir", Named::Path(None, 0)),
        libc::SYS_mkdirat => ("mkdir", Named::Path(Some(0), 1)),
        libc::SYS_rename => ("rename", Named::Path(None, 1)),
        libc::SYS_renameat | libc::SYS_renameat2 => ("rename", Named::Path(Some(2), 3)),
        libc::SYS_link => ("link", Named::Path(None, 1)),
        libc::SYS_linkat => ("link", Named::Path(Some(2), 3)),
        libc::SYS_unlink | libc::SYS_rmdir => ("unlink", Named::Path(None, 0)),
        libc::SYS_unlinkat => ("unlink", Named::Path(Some(0), 1)),
        libc::SYS_chmod => ("chmod", Named::Path(None, 0)),
        _ => kind_of_open_file(number),
    }
}

fn kind_of_open_file(number: i64) -> (&'static str, Named) {
    let name = match number {
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => "write",
        libc::SYS_fsync | libc::SYS_fdatasync => "fsync",
        libc::SYS_ftruncate => "truncate",
        libc::SYS_fallocate => "allocate",
        libc::SYS_fchmod => "chmod",
        libc::SYS_flock => "flock",
        libc::SYS_connect => "connect",
        libc::SYS_bind => "bind",
        libc::SYS_listen => "listen",
        libc::SYS_accept | libc::SYS_accept4 => "accept",
        libc::SYS_sendto | libc::SYS_sendmsg => "send",
        libc::SYS_recvfrom | libc::SYS_recvmsg => "receive",
        libc::SYS_shutdown => "shutdown",
        _ => return ("other", Named::Nothing),
    };
    (name, Named::File)
}

fn target_of(program: Pid, file: u64) -> Target {
    let Ok(link) = std::fs::read_link(format!("/proc/{program}/fd/{file}")) else { return Target::Other };
    let text = link.to_string_lossy();
    if text.starts_with('/') {
        return Target::File(link);
    }
    if text.starts_with("pipe:") {
        return Target::Pipe;
    }
    let inode = text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
    inode.map_or(Target::Other, |inode| if is_local(inode) { Target::Local } else { Target::Network })
}

/// Whether a socket is one of this machine's own kind (AF_UNIX).
fn is_local(inode: &str) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    sockets.lines().any(|line| line.split_whitespace().nth(6) == Some(inode))
}
