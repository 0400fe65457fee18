//! The port to other programs of this user: what links into their configurations and imports from their stores may use,
//! and no journey.

use std::path::{Path, PathBuf};

use keyfob_core::failure::StoreProblem;

/// Which of the three systems this is; clients keep their files in other places on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux and its like.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// Other programs of this user, and the files they are configured by. Synchronous: small files, on a person's word.
pub trait ClientPrograms: Send + Sync {
    /// The system.
    fn system(&self) -> System;
    /// The user's home folder.
    fn home(&self) -> PathBuf;
    /// A variable of the environment; an empty one is none.
    fn variable(&self, name: &str) -> Option<String>;
    /// Whether a file or folder is there.
    fn exists(&self, path: &Path) -> bool;
    /// The program of this name on the user's path.
    fn program(&self, name: &str) -> Option<PathBuf>;
    /// A whole file; `None` where there is none.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreProblem>;
    /// What lies directly in a folder; nothing where it cannot be read.
    fn list(&self, folder: &Path) -> Vec<PathBuf>;
    /// Replaces a file atomically, if it still is `was` (`None`: not there). Links are followed and their target replaced;
    /// its mode stays.
    fn replace(&self, path: &Path, was: Option<&[u8]>, bytes: &[u8]) -> Result<(), ReplaceError>;
    /// Removes a file, if it still is `was`.
    fn remove(&self, path: &Path, was: &[u8]) -> Result<(), ReplaceError>;
    /// Runs a program with this on its standard input, for at most 30 s; what it printed, or what it complained of.
    fn run(&self, program: &Path, arguments: &[String], input: &str) -> Result<String, String>;
}

/// Why a client's file was not replaced. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// Another program has changed it meanwhile.
    #[error("another program has changed it meanwhile")]
    Changed,
    /// The file system refuses.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}
