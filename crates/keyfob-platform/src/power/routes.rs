//! The kernel's word that a default route has appeared: a network may have come up. Works with every network program, and
//! without any.

use std::io;
use std::os::unix::net::UnixDatagram as Datagrams;
use std::time::Duration;

use keyfob_agent::ports::PowerEvent;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UnixDatagram;
use tokio::sync::mpsc;

/// `RTMGRP_IPV4_ROUTE` and `RTMGRP_IPV6_ROUTE` of linux/rtnetlink.h.
const GROUPS: u32 = 0x40 | 0x400;
/// `RTM_NEWROUTE` of linux/rtnetlink.h.
const NEW_ROUTE: u16 = 24;
/// `struct nlmsghdr` in front of every message: length (4 bytes), type (2), and 10 more.
const HEADER: usize = 16;
/// Routes come in swarms; one word for a swarm is enough.
const SETTLED: Duration = Duration::from_millis(500);

/// Tells until nobody listens, or the kernel does not let this process listen.
pub(super) async fn tell(teller: mpsc::Sender<PowerEvent>) {
    tokio::select! {
        () = teller.closed() => {}
        ended = listen(&teller) => if let Err(error) = ended {
            tracing::debug!(%error, "the kernel does not tell of routes");
        }
    }
}

async fn listen(teller: &mpsc::Sender<PowerEvent>) -> io::Result<()> {
    let socket = open()?;
    let mut buffer = [0u8; 8192];
    loop {
        let news = received(socket.recv(&mut buffer).await, &buffer)?;
        if news {
            tokio::time::sleep(SETTLED).await;
            while socket.try_recv(&mut buffer).is_ok() {}
            if teller.send(PowerEvent::NetworkUp).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// A netlink socket is read like a socket of datagrams, and tokio knows those without unsafe code.
fn open() -> io::Result<UnixDatagram> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // No protocol named is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    UnixDatagram::from_std(Datagrams::from(socket))
}

/// Messages that came too fast to be read were dropped by the kernel: something has changed, then.
fn received(received: io::Result<usize>, buffer: &[u8]) -> io::Result<bool> {
    match received {
        Ok(length) => Ok(has_default_route(&buffer[..length])),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error()) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether one of the messages announces a route to everywhere (`rtm_dst_len` 0).
fn has_default_route(mut messages: &[u8]) -> bool {
    while let Some((header, _)) = messages.split_at_checked(HEADER) {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let Some(message) = messages.get(HEADER..length) else { return false };
        if kind == NEW_ROUTE && message.get(1) == Some(&0) {
            return true;
        }
        messages = messages.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, dst_len: u8) -> Vec<u8> {
        let mut bytes = 20u32.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend([2, dst_len, 0, 0]);
        bytes
    }

    /// fault 23
    #[test]
    fn only_a_new_route_to_everywhere_is_a_network() {
        let local = message(NEW_ROUTE, 24);
        let gone = message(25, 0);
        assert!(!has_default_route(&[local.clone(), gone.clone()].concat()));
        assert!(has_default_route(&[local, gone, message(NEW_ROUTE, 0)].concat()));
    }

    #[test]
    fn cut_and_mad_messages_are_passed_over() {
        for length in 0..20 {
            assert!(!has_default_route(&message(NEW_ROUTE, 0)[..length]));
        }
        let mut mad = message(NEW_ROUTE, 9);
        mad[0..4].copy_from_slice(&0u32.to_ne_bytes());
        assert!(!has_default_route(&mad));
    }

    #[tokio::test]
    async fn the_kernel_lets_everybody_listen() {
        let quiet = open().unwrap().try_recv(&mut [0u8; 8192]).unwrap_err();
        assert_eq!(quiet.kind(), io::ErrorKind::WouldBlock);
    }
}
