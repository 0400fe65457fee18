//! Why a link is not made or undone, and which of a command's exit codes that is.

use std::path::PathBuf;

use keyfob_agent::client_programs::ReplaceError;
use keyfob_core::failure::{Failure, Temporary};

use crate::edit::EditError;

/// Why a link was not made or undone. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The client cannot be linked that way.
    #[error("{client} cannot be linked that way; it takes {ways}")]
    NoSuchWay {
        /// The client, as people call it.
        client: &'static str,
        /// The ways it takes.
        ways: String,
    },
    /// The proxy is wanted and there is none.
    #[error("there is no proxy to link to")]
    NoProxy,
    /// The client is linked to this profile already, by this way.
    #[error("{0} is linked to this profile already")]
    Linked(&'static str),
    /// There is no such link.
    #[error("{0} is not linked to this profile. Next: keyfob clients shows what is linked")]
    NotLinked(&'static str),
    /// The client's file was not understood, or the entry is not ours.
    #[error("{}: {problem}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What is the matter.
        problem: EditError,
    },
    /// The file could not be read or written.
    #[error("{}: {problem}", file.display())]
    Store {
        /// Which file.
        file: PathBuf,
        /// What is the matter.
        problem: ReplaceError,
    },
    /// The entry was changed by somebody since; it stays.
    #[error("the entry `{name}` in {} was changed since keyfob wrote it", file.display())]
    Changed {
        /// The entry.
        name: String,
        /// Which file.
        file: PathBuf,
    },
    /// The entry that keyfob's is to take the place of is not there.
    #[error("there is no entry `{name}` in {}", file.display())]
    NothingToReplace {
        /// The entry.
        name: String,
        /// Which file.
        file: PathBuf,
    },
    /// The client is configured by its own command, which is not on this machine.
    #[error(
        "{client} is configured by its own command `{program}`, which is not on the path. Next: install {client}, or put the \
         folder of `{program}` on the path, and run this again"
    )]
    NoCommand {
        /// The client, as people call it.
        client: &'static str,
        /// The program.
        program: String,
    },
    /// The client's own command failed.
    #[error("{client} did not take the change: {why}")]
    Command {
        /// The client, as people call it.
        client: String,
        /// What the command complained of.
        why: String,
    },
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Store { problem: ReplaceError::Store(problem), .. } => problem.into(),
            LinkError::Store { problem: ReplaceError::Changed, .. } => Temporary::Busy.into(),
            other => Failure::Usage(other.to_string()),
        }
    }
}
