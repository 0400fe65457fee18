//! Telling systemd how the keeper is (`sd_notify`): one datagram to the socket it names. Without such a socket nothing is
//! said, and a manager that does not listen hurts nobody.

use std::ffi::OsString;

/// The service manager that started this process, if it wants to hear.
#[derive(Debug, Clone)]
pub struct ServiceManager {
    socket: Option<OsString>,
}

impl ServiceManager {
    /// As named in `NOTIFY_SOCKET`.
    pub fn of_this_process() -> Self {
        Self { socket: std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) }
    }

    /// The keeper serves.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The keeper ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, line: &str) {
        // A second line would be a message of its own.
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.tell(&format!("STATUS={line}"));
    }

    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket, message) {
            tracing::warn!(%error, "the service manager was not told");
        }
    }
}

#[cfg(unix)]
fn send(socket: &OsString, message: &str) -> std::io::Result<()> {
    let to = address(socket)?;
    let from = std::os::unix::net::UnixDatagram::unbound()?;
    // A full queue must not hold the keeper up.
    from.set_nonblocking(true)?;
    from.send_to_addr(message.as_bytes(), &to).map(|_| ())
}

/// A leading `@` stands for the zero byte of an abstract name.
#[cfg(target_os = "linux")]
fn address(socket: &OsString) -> std::io::Result<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::SocketAddr;
    match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(socket),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn address(socket: &OsString) -> std::io::Result<std::os::unix::net::SocketAddr> {
    std::os::unix::net::SocketAddr::from_pathname(socket)
}

#[cfg(not(unix))]
fn send(_socket: &OsString, _message: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    fn heard(manager: &UnixDatagram) -> String {
        manager.set_nonblocking(true).unwrap();
        let mut message = [0; 256];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_hears_at_a_path_and_at_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("keyfob-test-{}", std::process::id());
        let by_name = SocketAddr::from_abstract_name(&name).unwrap();
        let listening = [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&by_name).unwrap(), format!("@{name}").into()),
        ];
        for (manager, socket) in listening {
            let service = ServiceManager { socket: Some(socket) };
            service.ready();
            assert_eq!(heard(&manager), "READY=1");
            service.status("2 sign-ins alive\nREADY=0");
            assert_eq!(heard(&manager), "STATUS=2 sign-ins alive READY=0");
            service.stopping();
            assert_eq!(heard(&manager), "STOPPING=1");
        }
    }

    #[test]
    fn nobody_listening_hurts_nobody() {
        ServiceManager { socket: None }.ready();
        ServiceManager { socket: Some("/nowhere/at/all".into()) }.ready();
    }
}
