//! The control socket where path sockets and peer credentials exist.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob_core::failure::StoreProblem;
use tokio::net::UnixListener;

use super::{BLOCKING_PATIENCE, ControlPeer};
use crate::lease::Lease;

/// A connection to the keeper, or from a client of it.
pub type ControlStream = tokio::net::UnixStream;
/// A connection for a program without a runtime.
pub type BlockingControlStream = std::os::unix::net::UnixStream;

/// A pause after a failed `accept`, so that running out of file descriptors (fault 39) is no busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The keeper's end. Dropping it removes the socket.
#[derive(Debug)]
pub struct ControlListener {
    listener: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
}

impl ControlListener {
    /// Binds at `path`, in a folder that is made 0700 if it is not there. Needs a tokio runtime.
    ///
    /// The lease is the proof that no keeper is alive, so a socket found there is stale and is replaced; anything that is
    /// no socket of this user is refused.
    pub fn bind(path: &Path, _lease: &Lease) -> Result<Self, StoreProblem> {
        let folder =
            path.parent().ok_or_else(|| StoreProblem::Io("the socket's path has no folder".into()))?;
        make_private_folder(folder)?;
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(|error| io_problem(path, &error))?;
        // The folder is the lock; the socket's own mode is a second one for systems that look at it.
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))
            .map_err(|error| io_problem(path, &error))?;
        let metadata = path.symlink_metadata().map_err(|error| io_problem(path, &error))?;
        Ok(Self { listener, path: path.to_owned(), inode: inode(&metadata) })
    }

    /// The next connection of this user; others are closed unheard (fault 35). Safe to cancel.
    pub async fn accept(&self) -> io::Result<(ControlStream, ControlPeer)> {
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the control socket could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match stream.peer_cred() {
                Ok(peer) if is_ours(peer.uid()) => return Ok((stream, ControlPeer { pid: peer.pid() })),
                Ok(peer) => tracing::warn!(uid = peer.uid(), "refused another user at the control socket"),
                Err(error) => tracing::warn!(%error, "refused a nameless peer at the control socket"),
            }
        }
    }
}

impl Drop for ControlListener {
    /// Removes the socket, unless the next keeper's is there already.
    fn drop(&mut self) {
        if self.path.symlink_metadata().is_ok_and(|there| inode(&there) == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Connects to the keeper of this user. A socket of another user is [`io::ErrorKind::PermissionDenied`], no keeper
/// [`io::ErrorKind::NotFound`] or [`io::ErrorKind::ConnectionRefused`].
pub async fn connect(path: &Path) -> io::Result<ControlStream> {
    check_socket(path)?;
    let stream = ControlStream::connect(path).await?;
    check_server(stream.peer_cred()?.uid())?;
    Ok(stream)
}

/// The same without a runtime, for the fast path of `keyfob token`. Reads and writes give up after 40 s; a keeper that has not
/// taken the last thousand callers in is [`io::ErrorKind::WouldBlock`] after `patience`.
pub fn connect_blocking(path: &Path, patience: Duration) -> io::Result<BlockingControlStream> {
    check_socket(path)?;
    let stream = connected(path, patience)?;
    #[cfg(target_os = "linux")]
    check_server(rustix::net::sockopt::socket_peercred(&stream)?.uid.as_raw())?;
    stream.set_read_timeout(Some(BLOCKING_PATIENCE))?;
    stream.set_write_timeout(Some(BLOCKING_PATIENCE))?;
    Ok(stream)
}

/// A full queue is waited for as long as the socket may wait to send, which has to be said before.
#[cfg(target_os = "linux")]
fn connected(path: &Path, patience: Duration) -> io::Result<BlockingControlStream> {
    use rustix::net::sockopt::{Timeout, set_socket_timeout};
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

#[cfg(not(target_os = "linux"))]
fn connected(path: &Path, _patience: Duration) -> io::Result<BlockingControlStream> {
    BlockingControlStream::connect(path)
}

/// Before connecting: the socket and its folder are ours, so that nobody else could have put it there. On systems whose
/// peer credentials need a runtime this is the check of the blocking client.
fn check_socket(path: &Path) -> io::Result<()> {
    let metadata = path.symlink_metadata()?;
    if !metadata.file_type().is_socket() || !is_ours(metadata.uid()) {
        return Err(foreign("the control socket is not this user's"));
    }
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?.symlink_metadata()?;
    if !is_private_folder(&folder) {
        return Err(foreign("the control socket's folder is open to others"));
    }
    Ok(())
}

fn check_server(uid: u32) -> io::Result<()> {
    if is_ours(uid) { Ok(()) } else { Err(foreign("another user answers at the control socket")) }
}

fn foreign(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

fn make_private_folder(folder: &Path) -> Result<(), StoreProblem> {
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        return Err(io_problem(folder, &error));
    }
    let metadata = folder.symlink_metadata().map_err(|error| io_problem(folder, &error))?;
    if is_private_folder(&metadata) {
        return Ok(());
    }
    Err(StoreProblem::Unsafe(format!("{} must be a folder of this user with mode 0700", folder.display())))
}

fn is_private_folder(metadata: &Metadata) -> bool {
    metadata.is_dir() && is_ours(metadata.uid()) && metadata.mode() & 0o077 == 0
}

fn remove_stale(path: &Path) -> Result<(), StoreProblem> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_problem(path, &error)),
    };
    if !metadata.file_type().is_socket() || !is_ours(metadata.uid()) {
        return Err(StoreProblem::Unsafe(format!("{} is no socket of this user", path.display())));
    }
    std::fs::remove_file(path).map_err(|error| io_problem(path, &error))
}

fn is_ours(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw()
}

fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn io_problem(path: &Path, error: &io::Error) -> StoreProblem {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreProblem::ReadOnly(text),
        io::ErrorKind::StorageFull => StoreProblem::Full(text),
        _ => StoreProblem::Io(text),
    }
}

#[cfg(test)]
#[path = "unix_tests.rs"]
mod tests;
