//! Where there are no path sockets with peer credentials: says so. Windows needs a named pipe with a security descriptor
//! for the own SID, the first-instance flag and remote clients rejected (V26); until then every command works without a
//! keeper, under the profile locks.

use std::io;
use std::path::Path;

use keyfob_core::failure::StoreProblem;

use super::ControlPeer;
use crate::lease::Lease;

/// A connection that cannot exist here.
pub type ControlStream = tokio::io::DuplexStream;
/// A blocking connection that cannot exist here.
#[derive(Debug)]
pub struct BlockingControlStream {
    never: std::convert::Infallible,
}

impl BlockingControlStream {
    /// Cannot be called.
    pub fn set_read_timeout(&self, _patience: Option<std::time::Duration>) -> io::Result<()> {
        match self.never {}
    }
}

impl io::Read for BlockingControlStream {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        match self.never {}
    }
}

impl io::Write for BlockingControlStream {
    fn write(&mut self, _from: &[u8]) -> io::Result<usize> {
        match self.never {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.never {}
    }
}

const WHY: &str = "the control socket is not supported on this system yet";

/// A listener that cannot exist here.
#[derive(Debug)]
pub struct ControlListener {
    never: std::convert::Infallible,
}

impl ControlListener {
    /// Always an error.
    pub fn bind(_path: &Path, _lease: &Lease) -> Result<Self, StoreProblem> {
        Err(StoreProblem::Io(WHY.into()))
    }

    /// Cannot be called.
    pub async fn accept(&self) -> io::Result<(ControlStream, ControlPeer)> {
        match self.never {}
    }
}

/// Always an error.
pub async fn connect(_path: &Path) -> io::Result<ControlStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, WHY))
}

/// Always an error.
pub fn connect_blocking(_path: &Path, _patience: std::time::Duration) -> io::Result<BlockingControlStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, WHY))
}
