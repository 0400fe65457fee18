//! The control socket: who may bind, who may connect.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener as StdListener;

use tokio::io::AsyncReadExt;

use super::*;

const PATIENCE: Duration = Duration::from_secs(2);

struct Place {
    _folder: tempfile::TempDir,
    lease: Lease,
    socket: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let lease = Lease::try_take(&folder.path().join("lease"), "agent").unwrap().unwrap();
    let socket = folder.path().join("run").join("control.sock");
    Place { _folder: folder, lease, socket }
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o777
}

/// V25
#[tokio::test]
async fn the_socket_is_private_and_knows_its_peer() {
    let place = place();
    let listener = ControlListener::bind(&place.socket, &place.lease).unwrap();
    assert_eq!((mode(place.socket.parent().unwrap()), mode(&place.socket)), (0o700, 0o600));
    let path = place.socket.clone();
    let client = std::thread::spawn(move || {
        let mut stream = connect_blocking(&path, PATIENCE).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let (mut stream, peer) = listener.accept().await.unwrap();
    assert_eq!(peer.pid, Some(std::process::id().cast_signed()));
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"good day").await.unwrap();
    drop(stream);
    assert_eq!(client.join().unwrap(), "good day");
}

/// The inodes of the sockets that this process holds.
#[cfg(target_os = "linux")]
fn own_sockets() -> Vec<String> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let inode =
        |name: PathBuf| Some(name.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned());
    descriptors.filter_map(|descriptor| inode(std::fs::read_link(descriptor.path()).ok()?)).collect()
}

/// V25: no abstract socket is ever listed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_socket_has_a_path_and_no_abstract_name() {
    let place = place();
    let before = own_sockets();
    let _listener = ControlListener::bind(&place.socket, &place.lease).unwrap();
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
    let ours: Vec<_> = sockets.lines().filter(|line| line.contains(place.socket.to_str().unwrap())).collect();
    assert!(!ours.is_empty());
    assert!(ours.iter().all(|line| !line.contains('@')), "{ours:?}");
    // Nor one of any other name: what this process holds by now and did not hold before.
    let held: Vec<_> = sockets
        .lines()
        .filter(|line| own_sockets().iter().any(|inode| line.split_whitespace().nth(6) == Some(inode)))
        .filter(|line| !before.iter().any(|inode| line.split_whitespace().nth(6) == Some(inode)))
        .collect();
    assert!(held.iter().all(|line| !line.contains('@')), "{held:?}");
}

/// fault 35
#[tokio::test]
async fn a_stale_socket_is_replaced_under_the_lease_and_removed_at_the_end() {
    let place = place();
    make_private_folder(place.socket.parent().unwrap()).unwrap();
    drop(StdListener::bind(&place.socket).unwrap());
    assert_eq!(connect(&place.socket).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    let listener = ControlListener::bind(&place.socket, &place.lease).unwrap();
    connect(&place.socket).await.unwrap();
    drop(listener);
    assert_eq!(connect(&place.socket).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_late_drop_leaves_the_next_keepers_socket_alone() {
    let place = place();
    let old = ControlListener::bind(&place.socket, &place.lease).unwrap();
    let new = ControlListener::bind(&place.socket, &place.lease).unwrap();
    drop(old);
    connect(&place.socket).await.unwrap();
    drop(new);
}

/// fault 35: a file or a link in the socket's place is somebody's, and is not removed.
#[tokio::test]
async fn what_is_no_socket_is_refused_and_kept() {
    let place = place();
    make_private_folder(place.socket.parent().unwrap()).unwrap();
    std::fs::write(&place.socket, "precious").unwrap();
    assert!(matches!(ControlListener::bind(&place.socket, &place.lease), Err(StoreProblem::Unsafe(_))));
    assert_eq!(std::fs::read_to_string(&place.socket).unwrap(), "precious");
    assert_eq!(
        connect_blocking(&place.socket, PATIENCE).unwrap_err().kind(),
        io::ErrorKind::PermissionDenied
    );
}

/// V25: a folder that others may enter is no place for the socket, for either side.
#[tokio::test]
async fn an_open_folder_is_refused_by_both_sides() {
    let place = place();
    let folder = place.socket.parent().unwrap();
    make_private_folder(folder).unwrap();
    let _stranger = StdListener::bind(&place.socket).unwrap();
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(connect(&place.socket).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(
        connect_blocking(&place.socket, PATIENCE).unwrap_err().kind(),
        io::ErrorKind::PermissionDenied
    );
    assert!(matches!(ControlListener::bind(&place.socket, &place.lease), Err(StoreProblem::Unsafe(_))));
}

/// V25, fault 35: by uid, root included.
#[test]
fn only_the_own_uid_is_ours() {
    let own = rustix::process::geteuid().as_raw();
    assert!(check_server(own).is_ok());
    assert_eq!(check_server(own + 1).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}

/// V25, fault 35: the uid is checked even where every permission is gone. Only root can play another user.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_user_is_not_heard() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = place();
    let listener = ControlListener::bind(&place.socket, &place.lease).unwrap();
    let folder = place.socket.parent().unwrap();
    for (path, mode) in [(folder.parent().unwrap(), 0o755), (folder, 0o755), (&place.socket, 0o666)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    let path = place.socket.clone();
    let stranger = std::thread::spawn(move || {
        // Of this thread alone.
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        let mut stream = BlockingControlStream::connect(&path).unwrap();
        let mut heard = [0; 1];
        stream.read(&mut heard).unwrap_or_default()
    });
    let accepted = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
    assert!(accepted.is_err(), "a stranger was let in");
    assert_eq!(stranger.join().unwrap(), 0, "the stranger was left waiting");
}

/// V25, fault 35: a socket that another user put in the keeper's place hears nothing from us. Only root can play that user.
#[tokio::test]
async fn a_strangers_socket_is_not_spoken_to() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = place();
    let folder = place.socket.parent().unwrap();
    make_private_folder(folder).unwrap();
    let stranger = StdListener::bind(&place.socket).unwrap();
    stranger.set_nonblocking(true).unwrap();
    std::os::unix::fs::chown(&place.socket, Some(65_534), None).unwrap();
    assert_eq!(connect(&place.socket).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(
        connect_blocking(&place.socket, PATIENCE).unwrap_err().kind(),
        io::ErrorKind::PermissionDenied
    );
    assert_eq!(stranger.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody came");
    assert!(matches!(ControlListener::bind(&place.socket, &place.lease), Err(StoreProblem::Unsafe(_))));
    assert!(place.socket.exists(), "and it is not removed");
}

/// fault 8: a keeper that is stopped takes nobody in, and its queue is full one day.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_finds_no_place_in_the_queue_gives_up_in_time() {
    let place = place();
    let _listener = ControlListener::bind(&place.socket, &place.lease).unwrap();
    let soon = Duration::from_millis(20);
    // One that has gone keeps its place until it is taken in.
    let refused = (0..10_000).find_map(|_| connect_blocking(&place.socket, soon).err()).unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
}
