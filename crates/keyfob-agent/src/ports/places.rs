//! Where tokens go for other programs.

use std::collections::BTreeSet;

use async_trait::async_trait;
use keyfob_core::failure::StoreProblem;
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::secret::{Fingerprint, SecretText};

/// Files for other programs: mode 0600 from the first system call, atomic, symlinks and foreign folders refused.
#[async_trait]
pub trait TokenFiles: Send + Sync {
    /// Writes the whole file.
    async fn write(&self, path: &str, contents: &SecretText) -> Result<(), StoreProblem>;
    /// Replaces or adds one line `KEY=value` in a `.env` file; every other byte stays.
    async fn write_env_line(&self, path: &str, key: &str, value: &SecretText) -> Result<(), StoreProblem>;
    /// Reads a template of the user's, which holds no secret.
    async fn read_template(&self, path: &str) -> Result<String, StoreProblem>;
    /// Removes a file keyfob wrote; one that is not there is fine.
    async fn remove(&self, path: &str) -> Result<(), StoreProblem>;
    /// Takes the line `KEY=…` out of a `.env` file.
    async fn remove_env_line(&self, path: &str, key: &str) -> Result<(), StoreProblem>;
    /// Checks, without writing, that `path` could be written.
    async fn check(&self, path: &str) -> Result<(), StoreProblem>;
    /// True where the file holds exactly this; one that had become open to others is private again.
    async fn holds(&self, _path: &str, _contents: &SecretText) -> Result<bool, StoreProblem> {
        Ok(true)
    }
    /// True where the `.env` file has this line, and no other of this key.
    async fn holds_env_line(
        &self,
        _path: &str,
        _key: &str,
        _value: &SecretText,
    ) -> Result<bool, StoreProblem> {
        Ok(true)
    }
    /// Waits until somebody, keyfob included, may have changed one of these files, and says which; for ever where the system
    /// does not tell. One listener at a time; what happens between two calls is told by the second.
    async fn changed(&self, _paths: &BTreeSet<String>) -> BTreeSet<String> {
        std::future::pending().await
    }
    /// Local time's offset from UTC in seconds at that moment, for formats without a zone.
    fn local_offset(&self, at: &Moment) -> i32;
}

/// Keyring entries for other programs; every call answers within 3 s.
#[async_trait]
pub trait KeyringEntries: Send + Sync {
    /// Writes an entry.
    async fn write(&self, service: &str, account: &str, secret: &SecretText) -> Result<(), StoreProblem>;
    /// Removes an entry; one that is not there is fine.
    async fn remove(&self, service: &str, account: &str) -> Result<(), StoreProblem>;
    /// True where the entry holds exactly this.
    async fn holds(
        &self,
        _service: &str,
        _account: &str,
        _secret: &SecretText,
    ) -> Result<bool, StoreProblem> {
        Ok(true)
    }
}

/// Runs the commands that the user allowed to get new tokens: never through a shell, each in a process group of its own
/// that is ended as a whole after 10 s. How it went is written to the journal.
pub trait Commands: Send + Sync {
    /// Begins one; never waits for it (fault 38).
    fn begin(&self, run: CommandRun);
    /// Whether a run with this mark has come to its end, in whichever process.
    fn has_run(&self, profile: &ProfileName, mark: &Fingerprint) -> bool;
    /// Forgets the runs of a profile.
    fn forget(&self, profile: &ProfileName);
}

/// A command about to run.
#[derive(Debug)]
pub struct CommandRun {
    /// The profile whose token it gets.
    pub profile: ProfileName,
    /// The program and its arguments, as the user wrote them.
    pub argv: Vec<String>,
    /// The variable that holds `secret`; `None` where it is written to standard input.
    pub variable: Option<String>,
    /// Stands for this command with this token.
    pub mark: Fingerprint,
    /// What the command is given.
    pub secret: SecretText,
}
