//! The socket between the keeper and everything else of keyfob on this machine: a path socket in a folder only this user
//! may enter, with the peer's user id checked on both sides (V25, fault 35). Never an abstract socket, which has no
//! permissions at all.
//!
//! What is said over it is the agent's `control` module.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{BlockingControlStream, ControlListener, ControlStream, connect, connect_blocking};

#[cfg(not(unix))]
mod not_supported_yet;
#[cfg(not(unix))]
pub use not_supported_yet::{
    BlockingControlStream, ControlListener, ControlStream, connect, connect_blocking,
};

/// How long a blocking client waits for one read or write: longer than any flight (20 s) and its retries.
pub const BLOCKING_PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);

/// Who is at the other end of an accepted connection; its user id is ours, or it would not have been accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlPeer {
    /// Its process id, where the system says.
    pub pid: Option<i32>,
}
