//! What a file of keyfob is for.

use keyfob_platform::paths::OwnFile;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileKind {
    Profiles,
    Config,
    Records,
    Key,
    Locks,
    ClientKeys,
    Journal,
    Links,
    CommandMarks,
    Written,
    Preferences,
    Lease,
    Socket,
    SocketPointer,
    ProxySocket,
    MachineId,
    Where,
    Autostart,
    Service,
    TokenFile,
    ClientConfig,
}

impl From<OwnFile> for FileKind {
    fn from(own: OwnFile) -> Self {
        match own {
            OwnFile::Profiles => Self::Profiles,
            OwnFile::Config => Self::Config,
            OwnFile::Records => Self::Records,
            OwnFile::Key => Self::Key,
            OwnFile::Locks => Self::Locks,
            OwnFile::ClientKeys => Self::ClientKeys,
            OwnFile::Journal => Self::Journal,
            OwnFile::Links => Self::Links,
            OwnFile::CommandMarks => Self::CommandMarks,
            OwnFile::Written => Self::Written,
            OwnFile::Preferences => Self::Preferences,
            OwnFile::Lease => Self::Lease,
            OwnFile::Socket => Self::Socket,
            OwnFile::SocketPointer => Self::SocketPointer,
            OwnFile::ProxySocket => Self::ProxySocket,
            OwnFile::MachineId => Self::MachineId,
            OwnFile::Where => Self::Where,
        }
    }
}
