//! What a file of keyfob is for.

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
    Preferences,
    Lease,
    Socket,
    ProxySocket,
    Where,
    Autostart,
    Service,
    TokenFile,
    ClientConfig,
}
