//! Sealed records, their key, their locks, and the journal.

pub mod atomic_file;
pub mod backend;
#[cfg(unix)]
pub(crate) mod folder;
#[cfg(not(unix))]
#[path = "folder_by_path.rs"]
pub(crate) mod folder;
pub mod journal;
mod key_record;
pub mod machine_id;
pub mod moving;
#[cfg_attr(not(unix), expect(dead_code, reason = "modes are those of Unix"))]
pub mod opened_to_others;
#[cfg(unix)]
mod private_group;
pub mod profile_lock;
mod sealed_file;
pub mod sealed_store;
pub mod sealing_key;

use std::time::Duration;

use keyfob_core::failure::StoreProblem;

/// A temporary file older than this has lost its writer.
pub(crate) const LONGEST_WRITE: Duration = Duration::from_mins(1);

/// The same for what was only to be read.
pub(crate) fn unreadable(error: &std::io::Error, what: &std::path::Path) -> StoreProblem {
    match problem(error, what) {
        StoreProblem::ReadOnly(text) => StoreProblem::Io(format!("cannot read: {text}")),
        other => other,
    }
}

/// What the system's error means for whoever owns this machine.
pub(crate) fn problem(error: &std::io::Error, what: &std::path::Path) -> StoreProblem {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let text = format!("{}: {error}", what.display());
    // What was opened without following links and turned out to be one.
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return StoreProblem::Unsafe(format!("{} is a link", what.display()));
    }
    match error.kind() {
        StorageFull | QuotaExceeded => StoreProblem::Full(text),
        PermissionDenied | ReadOnlyFilesystem => StoreProblem::ReadOnly(text),
        _ => StoreProblem::Io(text),
    }
}
